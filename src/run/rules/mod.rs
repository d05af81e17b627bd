//! What follows from what happened?
//! The rules that workflows execute: every change of one needs a new `RULES`, and a branch on it.

mod authorize;
mod fold;
#[cfg(test)]
mod laws;
mod next;
mod plan;
#[cfg(test)]
pub(super) mod play;
mod refusal_selftest;
mod wait;

pub(super) use fold::seconds_between;
pub use next::Next;
pub use plan::{Compare, Plan};
pub use refusal_selftest::{Broken, prove_refusals};
