//! What users were promised, chapter by chapter. Each story runs on real servers, a real repository and real processes;
//! only Slack is ours, behind Slack's own wire. `socket.rs` tells what touches that wire by Slack's other one.

mod world;

mod start;

mod approvals;
mod approvers;
mod changes;
mod conversation;
mod fixing;
mod home;
mod leftovers;
mod meter;
mod money;
mod names;
mod proof;
mod repositories;
mod rollback;
mod second_reader;
mod setup;
mod side_by_side;
mod time;
mod visibility;

mod queue;
mod stop;

mod direct;

mod authenticity;
mod by_hand;
mod canaries;
mod crash;
mod disks;
mod features;
mod foreign;
mod guards;
mod kills;
mod outages;

mod looking_back;
mod pruning;
mod recovery;
mod refusals;
mod undo;
mod workers;

mod command_line;

mod http;
mod publisher;
mod socket;

use world::story;
