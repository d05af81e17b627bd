//! How do I try it?
//! `signoff up` finds or installs, starts and supervises Postgres, Temporal, a local Slack, `serve` and `worker`.

mod banner;
mod bridge;
pub mod child;
pub mod claude_cli;
mod console;
mod demo;
mod fetch;
mod local_slack;
mod machine;
mod message;
mod npm;
mod ports;
mod postgres;
mod postgres_binaries;
mod programs;
mod ready;
mod service;
mod slack_door;
mod stop;
mod supervisor;
mod temporal;
mod temporal_cli;
mod up;
mod up_file;

pub use bridge::Bridge;
pub use console::Console;
pub use demo::PhaseOf;
pub use fetch::client;
pub use machine::{Machine, UpError, UpOptions, exit_code};
pub use programs::web_url;
pub use temporal_cli::official_archive;
pub use up::up;
pub use up_file::{Mode, Pids, UpFile};
