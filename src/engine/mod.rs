//! The engine, on Temporal: what happens next?
//! The only room that knows Temporal. It cannot speak to Slack: it makes events, and others draw them.

mod activities;
mod authenticity;
mod client;
mod connection;
mod examination;
mod history;
mod retry_policy;
mod worker;
mod workflow;

pub use activities::{
    Bench, CheckInput, Circuits, DeliverInput, FindWorkerInput, Slots, WriteInput,
};
pub use authenticity::{Seal, SignedRequest};
pub use client::{Engine, EngineError};
pub use connection::{Address, connect};
pub use examination::{Examination, ExaminationError};
pub use history::{Difference, ReplayError, Replayed, replay};
pub use worker::Worker;
pub use workflow::Develop;

use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributes};

use crate::run::Request;

/// The task queue of the activity `record`, so that it never waits behind agents.
fn records_of(task_queue: &str) -> String {
    format!("{task_queue}-records")
}

/// The task queue of the activity `await_slot`: many wait at once.
fn slots_of(task_queue: &str) -> String {
    format!("{task_queue}-slots")
}

/// The task queue of what is done beside attempts, which must not take their slots.
fn beside_of(task_queue: &str) -> String {
    format!("{task_queue}-beside")
}

/// The type of failure by which a worker hands work back that it cannot do.
const UNFIT: &str = "Unfit";

/// What operators can list runs by; registered by whoever connects first.
const PHASE: SearchAttributeKey<String> = SearchAttributeKey::keyword("SignoffPhase");
const PROJECT: SearchAttributeKey<String> = SearchAttributeKey::keyword("SignoffProject");
const STARTER: SearchAttributeKey<String> = SearchAttributeKey::keyword("SignoffStarter");
const ATTRIBUTES: [SearchAttributeKey<String>; 3] = [PHASE, PROJECT, STARTER];

/// Those of a run that nobody took on yet.
fn attributes_of(request: &Request) -> SearchAttributes {
    SearchAttributes::new([
        PHASE.value_set("starting".to_owned()),
        PROJECT.value_set(request.project.to_string()),
        STARTER.value_set(request.starter.to_string()),
    ])
}
