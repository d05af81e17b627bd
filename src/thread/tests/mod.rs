//! Test code of the whole room: runs to draw, Slack's limits, laws of every drawing, and the cards as they are sent.
//! Other rooms' tests draw the same runs. Tests of one file stand beside it.

mod goldens;
mod laws;
pub(crate) mod samples;
pub(crate) mod slack_limits;
