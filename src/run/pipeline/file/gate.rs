//! The gates of a pipeline file: how is one written down?
//! `gate = true` asks with the usual terms; a table says what is different.

use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::Spanned;

use super::did_you_mean;
use super::duration::seconds;
use super::fields::Fields;
use crate::run::{Approver, Escalation, GateSpec, Hours, OnDeadline, OnReject};

const DEADLINE_SECONDS: u64 = 3600;
/// People have weekends and holidays: a question may stay open for thirty days.
const DEADLINES_SECONDS: RangeInclusive<u64> = 1..=30 * 24 * 3600;
/// More people than this never agree on anything.
const QUORUMS: RangeInclusive<u32> = 1..=20;
/// How somebody who can be asked is written.
pub const APPROVER: &str = "Write slack:<team>:<user or user group> (the ids) or cli:<user>";

/// Reads `gate`.
pub fn read(fields: &Fields<'_, '_>) -> Option<GateSpec> {
    fields.switch("gate", GateSpec::usual(DEADLINE_SECONDS), |gate| {
        let deadline = seconds(gate, "deadline", DEADLINES_SECONDS).unwrap_or(DEADLINE_SECONDS);
        let words = [("fail", OnDeadline::Fail), ("wait", OnDeadline::Wait)];
        let on_deadline = word(gate, "on_deadline", words);
        let over = (on_deadline == OnDeadline::Fail).then_some(deadline);
        GateSpec {
            on_deadline,
            on_reject: word(gate, "on_reject", [("end", OnReject::End), ("skip", OnReject::Skip)]),
            approvers: approvers(gate, "approvers"),
            quorum: quorum(gate),
            self_approval: gate.boolean("self_approval").unwrap_or(true),
            escalation: gate.within("escalate", |it| escalation(it, over)).flatten(),
            hours: hours(gate),
            ..GateSpec::usual(deadline)
        }
    })
}

/// Reads `recovery`: how it is asked what becomes of a stage that has failed.
pub fn recovery(fields: &Fields<'_, '_>) -> Option<GateSpec> {
    let usual = GateSpec::recovery();
    if !fields.has("recovery") {
        return Some(usual);
    }
    fields.switch("recovery", usual.clone(), |asked| {
        let deadline = seconds(asked, "deadline", DEADLINES_SECONDS);
        GateSpec {
            approvers: approvers(asked, "approvers"),
            hours: hours(asked),
            ..GateSpec::usual(deadline.unwrap_or(usual.deadline_seconds))
        }
    })
}

fn hours(gate: &Fields<'_, '_>) -> Option<Hours> {
    const REMEDY: &str = "Write them like \"Mon-Fri 09:00-17:00 Europe/Berlin\"";
    let text = gate.text("hours")?;
    gate.parse(&text, "description of working hours", REMEDY)
}

/// Reads a list of people and user groups.
pub fn approvers(fields: &Fields<'_, '_>, key: &'static str) -> Vec<Approver> {
    named(fields, &fields.texts(key).unwrap_or_default())
}

fn named(fields: &Fields<'_, '_>, texts: &[Spanned<String>]) -> Vec<Approver> {
    texts.iter().filter_map(|text| fields.parse(text, "person or user group", APPROVER)).collect()
}

/// Reads how many people must approve; at least one.
pub fn quorum(fields: &Fields<'_, '_>) -> u32 {
    let Some(text) = fields.number("quorum") else { return 1 };
    match u32::from_str(text.get_ref()) {
        Ok(n) if QUORUMS.contains(&n) => n,
        _ => {
            fields.problem_at(
                &text,
                format!("{} is no quorum", text.get_ref()),
                format!("Use 1 to {}", QUORUMS.end()),
            );
            1
        }
    }
}

/// `over` is when the question ends, where it does.
fn escalation(fields: &Fields<'_, '_>, over: Option<u64>) -> Option<Escalation> {
    fields.required("after", "Say after how long: after = \"30m\"");
    fields.required("to", APPROVER);
    let to = fields.texts("to");
    if to.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("to is empty: nobody else would be asked", APPROVER);
    }
    let to = named(fields, &to.unwrap_or_default());
    let after_seconds = seconds(fields, "after", DEADLINES_SECONDS)?;
    if over.is_some_and(|over| after_seconds >= over) {
        fields.problem(
            "nobody else would be asked: the deadline comes first, and the stage fails then",
            "Use a shorter `after`, a longer `deadline`, or on_deadline = \"wait\"",
        );
    }
    Some(Escalation { after_seconds, to })
}

/// One of two words; the first is usual.
fn word<T: Copy>(fields: &Fields<'_, '_>, key: &'static str, words: [(&'static str, T); 2]) -> T {
    let Some(text) = fields.text(key) else { return words[0].1 };
    let known = words.iter().find(|(word, _)| word == text.get_ref());
    if known.is_none() {
        let names = words.map(|(word, _)| word);
        let remedy =
            did_you_mean(text.get_ref(), names, &format!("Use {:?} or {:?}", names[0], names[1]));
        fields.problem_at(&text, format!("{key} = {:?} is not known", text.get_ref()), remedy);
    }
    known.map_or(words[0].1, |(_, value)| *value)
}
