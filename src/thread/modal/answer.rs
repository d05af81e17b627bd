//! Modals for answers: what does an answer need that a press cannot say?
//! Words and a choice. The gate that is answered comes back with the form: what opened it may be old by then.

use crate::run::{Decision, OnReject, Run};
use crate::slack::{Field, Modal, SlackBlock, SlackView, Words, radio, section, text_input};
use crate::thread::GateValue;

/// `callback_id` of the form for changes: `words`/`words`, and `start`/`start` with the value `top` or `base`.
pub const CHANGES_FORM: &str = "changes";
/// `callback_id` of the form for a rejection: `words`/`words`, which may be empty.
pub const REJECT_FORM: &str = "reject";
/// `callback_id` of the form for more time: `until`/`until` with the value `1h`, `8h` or `tomorrow`.
pub const EXTEND_FORM: &str = "extend";

/// `callback_id` of the form for another try: `words`/`words`, which may be empty, `time`/`time` with the value `same` or `longer`, and
/// `model`/`model` with `same` or a model's id.
pub const RETRY_FORM: &str = "retry";
/// Slack's radio buttons are ten at most.
const MODELS: usize = 10;

/// Asks what should be different. Comes back as `CHANGES_FORM`, with the gate's value as metadata.
#[must_use]
pub fn changes_modal(value: &GateValue, run: &Run) -> SlackView {
    let what = words("What should be different? The agent reads exactly this.");
    let starts = [("On top of this work", "top"), ("From what the stage started with", "base")];
    let lead = format!(
        "Another round of *{}* of {}: the words are its feedback, and you are asked again.",
        value.stage, run.request.project
    );
    let mut blocks = vec![section(lead), text_input(Field::new("words", "Changes"), what)];
    blocks.extend(radio(Field::new("start", "Where to start"), &starts));
    Form { title: "Request changes", callback_id: CHANGES_FORM }.view(value, blocks)
}

/// Asks why, if there is anything to say, and says what a rejection does. Comes back as `REJECT_FORM`.
#[must_use]
pub fn reject_modal(value: &GateValue, run: &Run) -> SlackView {
    let why = words("Why? Whoever started the run reads this.");
    let effect = match run.spec_of(&value.gate()).map(|spec| spec.on_reject) {
        Some(OnReject::Skip) => "The run goes on without this stage's work.",
        _ => {
            "This *ends the run* without this stage's work; what was kept before stays. It cannot be undone: to have it done differently, request changes instead."
        }
    };
    let lead = format!("Reject *{}* of {}? {effect}", value.stage, run.request.project);
    let blocks = vec![section(lead), text_input(Field::optional("words", "Reason"), why)];
    Form { title: "Reject", callback_id: REJECT_FORM }.view(value, blocks)
}

/// Asks how much more time is needed. Comes back as `EXTEND_FORM`.
#[must_use]
pub fn extend_modal(value: &GateValue, run: &Run) -> SlackView {
    let times = [
        ("1 hour more", "1h"),
        ("8 hours more", "8h"),
        ("Until tomorrow, 9:00 where you are", "tomorrow"),
    ];
    let lead =
        section(format!("More time to answer for *{}* of {}.", value.stage, run.request.project));
    let blocks = [lead].into_iter().chain(radio(Field::new("until", "How long"), &times)).collect();
    Form { title: "Extend", callback_id: EXTEND_FORM }.view(value, blocks)
}

/// Asks what the next try should do otherwise. Comes back as `RETRY_FORM`.
#[must_use]
pub fn retry_modal(value: &GateValue, run: &Run) -> SlackView {
    let what = words("What should the next try do otherwise? The agent reads exactly this.");
    let lead = format!(
        "Another try of *{}* of {}, and you are asked again if it fails.",
        value.stage, run.request.project
    );
    let mut blocks = vec![section(lead), text_input(Field::optional("words", "A note"), what)];
    let time = [("As much as before", "same"), ("Half as much again", "longer")];
    blocks.extend(radio(Field::new("time", "Time"), &time));
    let agent = &run.request.pipeline.agent;
    if !agent.models.is_empty() {
        let all = agent.offered().map(|id| (id, id));
        let models: Vec<_> = [("The same", "same")].into_iter().chain(all).take(MODELS).collect();
        blocks.extend(radio(Field::new("model", "Model"), &models));
    }
    Form { title: "Retry", callback_id: RETRY_FORM }.view(value, blocks)
}

/// What forms for answers differ in. The button that sends one says what its title says.
struct Form {
    title: &'static str,
    callback_id: &'static str,
}

impl Form {
    fn view(self, value: &GateValue, blocks: Vec<SlackBlock>) -> SlackView {
        let Self { title, callback_id } = self;
        let private_metadata = &value.json();
        Modal { title, callback_id, private_metadata, submit: Some(title), blocks }.view()
    }
}

const fn words(placeholder: &str) -> Words<'_> {
    Words { placeholder, many_lines: true, most: Decision::WORDS }
}
