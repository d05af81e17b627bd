//! Test support: drives a run by its rules alone, and checks what must hold for every run.

mod batch;
mod by_hand;
mod driver;
mod invariants;

pub(in crate::run) use driver::{CENT, Facts, RunDriver, ana, decision, request, slack, snapshot};
