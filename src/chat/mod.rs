//! What do people ask of us in Slack, and what do they get?
//! Whichever way a request came, it goes in here: kept, admitted, acted on, answered. Knows nothing of HTTP.
//!
//! A delivery is kept once, and acknowledged in time, in `intake`; `act` dispatches it by its kind: `click`, `command` (slash commands and
//! mentions), `reply` (in threads), `form`. `access` says who may; `decide` passes an answer on; `respond` tells privately what became of
//! it; `retry` sees to what is owed.

mod access;
mod ack;
mod act;
mod again_form;
mod answer_form;
mod arrival;
mod click;
mod command;
mod decide;
mod deleted;
mod diff;
mod form;
mod home;
mod intake;
mod mention;
mod no_thread;
mod note;
mod outcome;
mod pressed_card;
mod reply;
mod respond;
mod retry;
mod sight;
mod start_form;
mod waiting;

pub use access::{Proven, prove};
pub use act::Actor;
pub use arrival::{Arrival, PATIENCE, Way};
pub use retry::retry_owed;
