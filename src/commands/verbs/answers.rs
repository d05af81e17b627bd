//! The verbs that answer a run: each says a verdict.

use super::looks::LOOKS;
use super::{Asks, Takes, Verb};
use crate::run::Verdict;
use crate::thread::{ActionId, CHANGES_FORM, EXTEND_FORM, REJECT_FORM, RETRY_FORM, ROLLBACK_FORM};

/// What they have in common.
const ANSWERS: Verb =
    Verb { takes: Takes::Words, usage: "[run][: why…]", in_thread: true, ..LOOKS };

pub(super) const APPROVE: Verb = Verb {
    names: &["approve", "approved"],
    asks: Asks::Answer(Verdict::Approve),
    takes: Takes::Unconditional,
    help: "answers a gate: go on",
    about: "Answer a gate: go on",
    examples: "\
Examples:
  signoff approve llm-wrapper-k3f9qdz
  signoff approve llm-wrapper-k3f9qdz nice and small
  signoff approve                            the only run that waits for you
  signoff approve : nice and small           the same, and why

Exit codes: 0 decided, or recorded where no worker took it up yet · 3 refused: answered already, or not yours to answer",
    button: Some(ActionId::Approve),
    ..ANSWERS
};

pub(super) const CHANGES: Verb = Verb {
    names: &["changes", "change"],
    asks: Asks::Answer(Verdict::Changes),
    takes: Takes::Feedback,
    usage: "[run]: WHAT SHOULD BE DIFFERENT [--from-base]",
    help: "answers a gate: another round",
    about: "Answer a gate: another round, with your words as its feedback",
    examples: "\
Examples:
  signoff changes llm-wrapper-k3f9qdz keep the public names
  signoff changes llm-wrapper-k3f9qdz --from-base 'start over:
    one file is enough'",
    button: Some(ActionId::Changes),
    form: Some(CHANGES_FORM),
    ..ANSWERS
};

pub(super) const REJECT: Verb = Verb {
    names: &["reject", "rejected"],
    asks: Asks::Answer(Verdict::Reject),
    help: "answers a gate: not this",
    about: "Answer a gate: not this work; ends the run, or passes the stage over where its pipeline says so",
    examples: "Example:\n  signoff reject llm-wrapper-k3f9qdz it retries what must not be sent twice",
    button: Some(ActionId::Reject),
    form: Some(REJECT_FORM),
    ..ANSWERS
};

pub(super) const EXTEND: Verb = Verb {
    names: &["extend"],
    asks: Asks::Answer(Verdict::Extend),
    takes: Takes::Time,
    usage: "[run] [1h|8h|tomorrow]",
    help: "more time to answer",
    about: "Give a gate more time",
    examples: "Examples:\n  signoff extend llm-wrapper-k3f9qdz\n  signoff extend llm-wrapper-k3f9qdz tomorrow",
    button: Some(ActionId::Extend),
    form: Some(EXTEND_FORM),
    ..ANSWERS
};

pub(super) const RAISE: Verb = Verb {
    names: &["raise"],
    asks: Asks::Answer(Verdict::Raise),
    takes: Takes::Money,
    usage: "[run] $5",
    help: "more money, on top of its budget; or `no limit`; or `nothing`, to go on with what there is",
    about: "Give a run more money, on top of its budget, or no limit any more",
    examples: "Examples:\n  signoff raise llm-wrapper-k3f9qdz '$5'\n  signoff raise llm-wrapper-k3f9qdz no limit\n  signoff raise llm-wrapper-k3f9qdz nothing      it goes on with what it has",
    ..ANSWERS
};

pub(super) const RETRY: Verb = Verb {
    names: &["retry"],
    asks: Asks::Answer(Verdict::Retry),
    takes: Takes::Retry,
    usage: "[run] [longer] [smaller] [model=ID][: a note]",
    help: "a stage has failed: another try",
    about: "Try a stage that has failed once more: the same, longer, in smaller steps, with another model or with a note",
    examples: "\
Examples:
  signoff retry llm-wrapper-k3f9qdz
  signoff retry llm-wrapper-k3f9qdz longer           half as much time again
  signoff retry llm-wrapper-k3f9qdz smaller          its agent splits the task, and each part is an attempt
  signoff retry llm-wrapper-k3f9qdz model=claude-opus-4-5
  signoff retry llm-wrapper-k3f9qdz : mock the clock",
    button: Some(ActionId::Retry),
    form: Some(RETRY_FORM),
    ..ANSWERS
};

pub(super) const SKIP: Verb = Verb {
    names: &["skip"],
    asks: Asks::Answer(Verdict::Skip),
    takes: Takes::Unconditional,
    help: "a stage has failed: go on without it",
    about: "Go on without a stage that has failed, where no other builds on it",
    examples: "Example:\n  signoff skip llm-wrapper-k3f9qdz we write the documentation ourselves",
    button: Some(ActionId::Skip),
    ..ANSWERS
};

pub(super) const TAKE_OVER: Verb = Verb {
    names: &["takeover", "take over", "take-over"],
    asks: Asks::Answer(Verdict::TakeOver),
    takes: Takes::Unconditional,
    help: "a stage has failed: do it yourself, on a branch",
    about: "Do a stage that has failed yourself: its card, and `status`, say which branch to fetch",
    examples: "\
The work of the last attempt is put on a branch of the project's repository. Commit on top of it and push: that hands it in, as `done` does, and
the checks judge it like an agent's work. `retry` gives it back to the agent instead.

Examples:
  signoff takeover llm-wrapper-k3f9qdz
  signoff status llm-wrapper-k3f9qdz              the branch, and the commands to fetch it
  signoff done llm-wrapper-k3f9qdz",
    button: Some(ActionId::TakeOver),
    ..ANSWERS
};

pub(super) const HAND_IN: Verb = Verb {
    names: &["done", "i'm done", "i’m done", "im done", "i am done"],
    asks: Asks::Answer(Verdict::HandIn),
    takes: Takes::Unconditional,
    help: "what you took over is ready: the checks judge it",
    about: "Hand in what you took over: the checks judge what is on its branch",
    examples: "Examples:\n  signoff done llm-wrapper-k3f9qdz\n  signoff done llm-wrapper-k3f9qdz the clock is mocked now",
    button: Some(ActionId::HandIn),
    ..ANSWERS
};

pub(super) const ROLLBACK: Verb = Verb {
    names: &["rollback"],
    asks: Asks::Answer(Verdict::Rollback),
    takes: Takes::Snapshot,
    usage: "[run] SNAPSHOT[: what should be different]",
    help: "a run goes back to a snapshot; `undo` takes that back",
    about: "Let a run go back to one of its snapshots; what is behind it is done again",
    examples: "\
A stage's name means the work that it has kept, `start` what the run began with. What there is now stays a snapshot, so a rollback can be
undone. Approvals of what is left behind do not count for what comes.

Examples:
  signoff rollback k3f9qdz scaffold
  signoff rollback k3f9qdz streaming-2 : keep the public names
  signoff rollback k3f9qdz undo
  signoff snapshots k3f9qdz                      what there is to go back to",
    button: Some(ActionId::Rollback),
    form: Some(ROLLBACK_FORM),
    ..ANSWERS
};

pub(super) const SNOOZE: Verb = Verb {
    names: &["snooze"],
    asks: Asks::Answer(Verdict::Snooze),
    takes: Takes::Nothing,
    usage: "[run]",
    help: "no more reminders for you",
    about: "No more reminders of a gate for you",
    button: Some(ActionId::Snooze),
    in_thread: false,
    ..ANSWERS
};

pub(super) const STOP: Verb = Verb {
    names: &["stop"],
    asks: Asks::Answer(Verdict::Stop),
    help: "ends a run",
    about: "End a run, whatever it does",
    examples: "Example:\n  signoff stop llm-wrapper-k3f9qdz we start over on Monday",
    button: Some(ActionId::Stop),
    ..ANSWERS
};
