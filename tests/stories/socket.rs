//! What users were promised, where nobody can knock at our door: the same chapters as in `main.rs`, told over Socket Mode.

mod world;

mod start;

mod approvals;
mod approvers;
mod changes;
mod conversation;
mod home;
mod rollback;
mod time;

mod stop;

mod direct;

mod crash;
mod guards;
mod outages;
mod refusals;

mod command_line;

mod transport;
