//! The verbs that answer no run: those that look, and those that start one.

use super::{Asks, Takes, Verb};
use crate::thread::{AGAIN_FORM, ActionId};

/// What they have in common.
pub(super) const LOOKS: Verb = Verb {
    names: &[],
    asks: Asks::Help,
    takes: Takes::Nothing,
    usage: "",
    help: "",
    about: "",
    examples: "",
    button: None,
    form: None,
    in_thread: false,
};

pub(super) const STATUS: Verb = Verb {
    names: &["status"],
    asks: Asks::Status,
    usage: "[run]",
    help: "how far it is",
    about: "How far a run is",
    ..LOOKS
};

pub(super) const LIST: Verb = Verb {
    names: &["list"],
    asks: Asks::List,
    help: "the newest runs",
    about: "The newest runs",
    ..LOOKS
};

pub(super) const COSTS: Verb = Verb {
    names: &["costs"],
    asks: Asks::Costs,
    usage: "[project] [30d]",
    help: "what was spent, and on what",
    about: "What was spent: by project, stage, model and person",
    ..LOOKS
};

pub(super) const FAILURES: Verb = Verb {
    names: &["failures"],
    asks: Asks::Failures,
    usage: "[project] [30d]",
    help: "what went wrong, and what helped",
    about: "What went wrong, in which words, and what helped",
    ..LOOKS
};

pub(super) const COMPARE: Verb = Verb {
    names: &["compare"],
    asks: Asks::Compare,
    usage: "RUN RUN",
    help: "two runs side by side",
    about: "Two runs side by side: tests, money, time, and what differs in their code",
    ..LOOKS
};

pub(super) const WAITING: Verb = Verb {
    names: &["waiting"],
    asks: Asks::Waiting,
    help: "what waits for you, and for others",
    about: "What waits for you, and for others",
    ..LOOKS
};

pub(super) const QUEUE: Verb = Verb {
    names: &["queue"],
    asks: Asks::Queue,
    help: "who is at work, and who waits for a slot",
    about: "Who is at work, who waits for a slot, why, and about how long",
    ..LOOKS
};

pub(super) const SNAPSHOTS: Verb = Verb {
    names: &["snapshots"],
    asks: Asks::Snapshots,
    usage: "[run]",
    help: "what it can go back to",
    about: "The snapshots of a run: what it can go back to",
    ..LOOKS
};

pub(super) const FIX: Verb = Verb {
    names: &["fix"],
    asks: Asks::Fix,
    usage: "PROJECT what is wrong [attempts=5] [until=\"npm run e2e\"] [budget=$5]",
    help: "tries until the project's checks are green, and that command with them",
    about: "Start a loop that tries until the project's checks are green",
    ..LOOKS
};

pub(super) const AGAIN: Verb = Verb {
    names: &["again"],
    asks: Asks::Again,
    usage: "[run] [from STAGE] [model=ID] [budget=$5] [a note…]",
    help: "a new run with the same brief, from its start or from a stage; `/develop again` alone asks by a form",
    about: "Start a new run with the brief of another, from its start or from a stage of it",
    button: Some(ActionId::Again),
    form: Some(AGAIN_FORM),
    ..LOOKS
};

pub(super) const FEATURES: Verb = Verb {
    names: &["features"],
    asks: Asks::Features,
    usage: "PROJECT \"one feature\" \"another\" [budget=$5]",
    help: "several features side by side, merged at the end; without any, a form asks for them",
    about: "Develop several features of a project side by side, and merge them",
    ..LOOKS
};

pub(super) const HELP: Verb = Verb { names: &["help"], asks: Asks::Help, ..LOOKS };
