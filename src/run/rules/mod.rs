//! What follows from what happened?
//! The rules that workflows execute: every change of one needs a new `RULES`, and a branch on it.

mod attempt_facts;
mod authorize;
mod fold;
mod gated_work;
mod next;
mod plan;
mod refusal_selftest;
#[cfg(test)]
pub(super) mod tests;
mod wait;

pub use attempt_facts::AttemptFacts;
pub use authorize::Answerer;
pub(super) use fold::seconds_between;
pub use next::Next;
pub use plan::{Compare, Plan};
pub use refusal_selftest::{Broken, prove_refusals};
