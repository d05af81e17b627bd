//! What do people ask of us in Slack, and what do they get?
//! Whichever way a request came, it goes in here: kept, admitted, acted on, answered. Knows nothing of HTTP.

mod access;
mod act;
mod click;
mod command;
mod deleted;
mod form;
mod intake;
mod reply;
mod respond;
mod retry;
mod show;

pub use access::{Proven, prove};
pub use act::Actor;
pub use intake::{Arrival, PATIENCE, Way};
pub use retry::retry_owed;
