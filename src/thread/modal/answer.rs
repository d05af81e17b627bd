//! What does an answer need that a press cannot say?
//! Words and a choice. The gate that is answered comes back with the form: what opened it may be old by then.

use slack_morphism::prelude::{SlackBlock, SlackBlockChoiceItem, SlackBlockPlainText, SlackBlockRadioButtonsElement, SlackBlockText, SlackView};

use super::super::GateValue;
use super::super::blocks::section;
use super::super::text::bare;
use super::{Modal, input, optional, words};
use crate::run::{Decision, OnReject, Run};

/// `callback_id` of the form for changes: `words`/`words`, and `start`/`start` with the value `top` or `base`.
pub const CHANGES_FORM: &str = "changes";
/// `callback_id` of the form for a rejection: `words`/`words`, which may be empty.
pub const REJECT_FORM: &str = "reject";
/// `callback_id` of the form for more time: `until`/`until` with the value `1h`, `8h` or `tomorrow`.
pub const EXTEND_FORM: &str = "extend";

/// Most characters of an option.
const OPTION: usize = 75;

/// Asks what should be different. Comes back as `CHANGES_FORM`, with the gate's value as metadata.
#[must_use]
pub fn changes_modal(value: &GateValue, run: &Run) -> SlackView {
    let what = words("words", "What should be different? The agent reads exactly this.", Decision::WORDS as u64).with_multiline(true);
    let start = choose("start", &[("On top of this work", "top"), ("From what the stage started with", "base")]);
    let lead = format!("Another round of *{}* of {}: the words are its feedback, and you are asked again.", value.stage, run.request.project);
    let blocks = vec![section(&lead), input("words", "Changes", what.into()).into(), input("start", "Where to start", start.into()).into()];
    form(value, ("Request changes", CHANGES_FORM, "Request changes"), blocks)
}

/// Asks why, if there is anything to say, and says what a rejection does. Comes back as `REJECT_FORM`.
#[must_use]
pub fn reject_modal(value: &GateValue, run: &Run) -> SlackView {
    let why = words("words", "Why? Whoever started the run reads this.", Decision::WORDS as u64).with_multiline(true);
    let effect = match run.spec_of(&value.gate()).map(|spec| spec.on_reject) {
        Some(OnReject::Skip) => "The run goes on without this stage's work.",
        _ => {
            "This *ends the run* without this stage's work; what was kept before stays. It cannot be undone: to have it done differently, request changes instead."
        }
    };
    let lead = format!("Reject *{}* of {}? {effect}", value.stage, run.request.project);
    form(value, ("Reject", REJECT_FORM, "Reject"), vec![section(&lead), optional(input("words", "Reason", why.into()))])
}

/// Asks how much more time is needed. Comes back as `EXTEND_FORM`.
#[must_use]
pub fn extend_modal(value: &GateValue, run: &Run) -> SlackView {
    let until = choose("until", &[("1 hour more", "1h"), ("8 hours more", "8h"), ("Until tomorrow, 9:00 where you are", "tomorrow")]);
    let lead = format!("More time to answer for *{}* of {}.", value.stage, run.request.project);
    form(value, ("Extend", EXTEND_FORM, "Extend"), vec![section(&lead), input("until", "How long", until.into()).into()])
}

fn form(value: &GateValue, (title, callback_id, submit): (&str, &str, &str), blocks: Vec<SlackBlock>) -> SlackView {
    Modal { title, callback_id, private_metadata: &value.json(), submit: Some(submit), blocks }.view()
}

/// One of a few, all in sight; the first is chosen already.
fn choose(id: &str, choices: &[(&str, &str)]) -> SlackBlockRadioButtonsElement {
    let option = |(text, value): &(&str, &str)| {
        let text: SlackBlockText = SlackBlockPlainText::new(bare(text, OPTION)).into();
        SlackBlockChoiceItem::new(text, (*value).to_owned())
    };
    let options: Vec<_> = choices.iter().map(option).collect();
    let first = options.first().cloned();
    SlackBlockRadioButtonsElement::new(options).with_action_id(id.to_owned().into()).opt_initial_option(first)
}
