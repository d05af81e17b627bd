//! What follows from what happened?
//! The rules that workflows execute: every change of one needs a new `RULES`, and a branch on it.

mod authorize;
mod fold;
mod next;
mod plan;
mod refusal_selftest;
#[cfg(test)]
pub(super) mod tests;
mod wait;

pub(super) use fold::seconds_between;
pub use next::Next;
pub use plan::{Compare, Plan};
pub use refusal_selftest::{Broken, prove_refusals};
