//! The rules: what follows from what happened?
//! `fold` makes state of events, `next` and `plan` say what to do, `authorize` which answers count. Workflows execute all this: every
//! change of a rule needs a new `RULES`, and a branch on it.

mod attempt_facts;
mod authorize;
mod batch;
mod first_try;
mod fold;
mod gated_work;
mod iterate;
mod memory;
mod money;
mod next;
mod parts;
mod plan;
mod recovery;
mod refusal_selftest;
mod review;
mod rollback;
mod same_failure;
mod side_by_side;
#[cfg(test)]
pub(super) mod tests;
mod wait;

pub use attempt_facts::AttemptFacts;
pub use authorize::Answerer;
pub(super) use fold::seconds_between;
pub use next::Next;
pub use parts::TaskPart;
pub use plan::{Compare, Plan, Watched};
pub use refusal_selftest::{Broken, prove_refusals};
pub use review::ReviewPlan;
