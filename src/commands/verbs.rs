//! Which verbs can people say? One table for all doors: what is typed in Slack and at a shell, and what is pressed.
//! The grammar, the help, the buttons, the forms and the shell's subcommands are read from it.

use crate::run::Verdict;
use crate::thread::{ActionId, CHANGES_FORM, EXTEND_FORM, REJECT_FORM, RETRY_FORM};

/// A verb, and everything that the doors know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// Its name, then other words for it.
    pub names: &'static [&'static str],
    pub asks: Asks,
    pub takes: Takes,
    /// What may follow its name in Slack, as the help shows it; Slack's mrkdwn.
    pub usage: &'static str,
    /// What it does, in the help of Slack.
    pub help: &'static str,
    /// What it does, in the help of the shell; empty where the shell has no such subcommand.
    pub about: &'static str,
    /// What the shell's help of this subcommand ends with.
    pub examples: &'static str,
    /// The button that says it.
    pub button: Option<ActionId>,
    /// The form that its button opens, by its `callback_id`.
    pub form: Option<&'static str>,
    /// Whether the run's thread shows what became of it; else its giver is told.
    pub in_thread: bool,
}

/// What a verb asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Status,
    List,
    Costs,
    /// A run once more.
    Again,
    Waiting,
    Snapshots,
    Help,
    /// To answer a gate, or to stop a run.
    Answer(Verdict),
}

/// What may follow a verb; in front of it may stand the run that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// Words that hold no condition: it counts at once.
    Unconditional,
    /// Why.
    Words,
    /// What should be different, and `--from-base`.
    Feedback,
    /// How much more time.
    Time,
    /// How much more money.
    Money,
    /// In what another try is different.
    Retry,
    /// Which snapshot, and why.
    Snapshot,
}

impl Takes {
    /// Whether words may follow.
    #[must_use]
    pub(super) const fn words(self) -> bool {
        matches!(self, Self::Unconditional | Self::Words | Self::Feedback)
    }
}

/// What the verbs that only look have in common.
const LOOKS: Verb = Verb {
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

/// What the answers have in common.
const ANSWERS: Verb =
    Verb { takes: Takes::Words, usage: "[run][: why…]", in_thread: true, ..LOOKS };

/// The verbs, in the order of the help.
pub static VERBS: [Verb; 17] = [
    Verb {
        names: &["status"],
        asks: Asks::Status,
        usage: "[run]",
        help: "how far it is",
        about: "How far a run is",
        ..LOOKS
    },
    Verb {
        names: &["list"],
        asks: Asks::List,
        help: "the newest runs",
        about: "The newest runs",
        ..LOOKS
    },
    Verb {
        names: &["costs"],
        asks: Asks::Costs,
        usage: "[project] [30d]",
        help: "what was spent, and on what",
        about: "What was spent: by project, stage, model and person",
        ..LOOKS
    },
    Verb {
        names: &["waiting"],
        asks: Asks::Waiting,
        help: "what waits for you, and for others",
        about: "What waits for you, and for others",
        ..LOOKS
    },
    Verb {
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
    },
    Verb {
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
    },
    Verb {
        names: &["reject", "rejected"],
        asks: Asks::Answer(Verdict::Reject),
        help: "answers a gate: not this",
        about: "Answer a gate: not this work; ends the run, or passes the stage over where its pipeline says so",
        examples: "Example:\n  signoff reject llm-wrapper-k3f9qdz it retries what must not be sent twice",
        button: Some(ActionId::Reject),
        form: Some(REJECT_FORM),
        ..ANSWERS
    },
    Verb {
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
    },
    Verb {
        names: &["raise"],
        asks: Asks::Answer(Verdict::Raise),
        takes: Takes::Money,
        usage: "[run] $5",
        help: "more money, on top of its budget; or `no limit`; or `nothing`, to go on with what there is",
        about: "Give a run more money, on top of its budget, or no limit any more",
        examples: "Examples:\n  signoff raise llm-wrapper-k3f9qdz '$5'\n  signoff raise llm-wrapper-k3f9qdz no limit\n  signoff raise llm-wrapper-k3f9qdz nothing      it goes on with what it has",
        ..ANSWERS
    },
    Verb {
        names: &["retry"],
        asks: Asks::Answer(Verdict::Retry),
        takes: Takes::Retry,
        usage: "[run] [longer] [model=ID][: a note]",
        help: "a stage has failed: another try",
        about: "Try a stage that has failed once more: the same, longer, with another model or with a note",
        examples: "\
Examples:
  signoff retry llm-wrapper-k3f9qdz
  signoff retry llm-wrapper-k3f9qdz longer           half as much time again
  signoff retry llm-wrapper-k3f9qdz model=claude-opus-4-5
  signoff retry llm-wrapper-k3f9qdz : mock the clock",
        button: Some(ActionId::Retry),
        form: Some(RETRY_FORM),
        ..ANSWERS
    },
    Verb {
        names: &["skip"],
        asks: Asks::Answer(Verdict::Skip),
        takes: Takes::Unconditional,
        help: "a stage has failed: go on without it",
        about: "Go on without a stage that has failed, where no other builds on it",
        examples: "Example:\n  signoff skip llm-wrapper-k3f9qdz we write the documentation ourselves",
        button: Some(ActionId::Skip),
        ..ANSWERS
    },
    Verb {
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
        ..ANSWERS
    },
    Verb {
        names: &["snapshots"],
        asks: Asks::Snapshots,
        usage: "[run]",
        help: "what it can go back to",
        about: "The snapshots of a run: what it can go back to",
        ..LOOKS
    },
    Verb {
        names: &["snooze"],
        asks: Asks::Answer(Verdict::Snooze),
        takes: Takes::Nothing,
        usage: "[run]",
        help: "no more reminders for you",
        about: "No more reminders of a gate for you",
        button: Some(ActionId::Snooze),
        in_thread: false,
        ..ANSWERS
    },
    Verb {
        names: &["stop"],
        asks: Asks::Answer(Verdict::Stop),
        help: "ends a run",
        about: "End a run, whatever it does",
        examples: "Example:\n  signoff stop llm-wrapper-k3f9qdz we start over on Monday",
        button: Some(ActionId::Stop),
        ..ANSWERS
    },
    Verb {
        names: &["again"],
        asks: Asks::Again,
        usage: "[run] [from STAGE] [model=ID] [budget=$5] [a note…]",
        help: "a new run with the same brief, from its start or from a stage",
        about: "Start a new run with the brief of another, from its start or from a stage of it",
        ..LOOKS
    },
    Verb { names: &["help"], asks: Asks::Help, ..LOOKS },
];

impl Verb {
    /// The verb that is called so, in any case.
    #[must_use]
    pub fn called(word: &str) -> Option<&'static Self> {
        let word = word.to_lowercase();
        VERBS.iter().find(|verb| verb.names.contains(&word.as_str()))
    }

    /// The verb whose button this is.
    #[must_use]
    pub fn of_button(button: ActionId) -> Option<&'static Self> {
        let raises = button.raise().and_then(|_| Self::of_verdict(Verdict::Raise));
        let retries = button.retries().then(|| Self::of_verdict(Verdict::Retry)).flatten();
        raises.or(retries).or_else(|| VERBS.iter().find(|verb| verb.button == Some(button)))
    }

    /// The verb whose form this is.
    #[must_use]
    pub fn of_form(callback_id: &str) -> Option<&'static Self> {
        VERBS.iter().find(|verb| verb.form == Some(callback_id))
    }

    /// The verb that says this; a note is said without one.
    #[must_use]
    pub fn of_verdict(verdict: Verdict) -> Option<&'static Self> {
        VERBS.iter().find(|verb| verb.verdict() == Some(verdict))
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// What it answers, if it is an answer.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match self.asks {
            Asks::Answer(verdict) => Some(verdict),
            _ => None,
        }
    }
}

/// What can be typed, for `help` and for who typed something else; Slack's mrkdwn.
#[must_use]
pub fn help() -> String {
    let lines: Vec<String> = VERBS
        .iter()
        .filter(|verb| !verb.help.is_empty())
        .map(|verb| {
            let typed = format!("{} {}", verb.name(), verb.usage);
            format!("`/develop {}` {}", typed.trim_end(), verb.help)
        })
        .collect();
    format!(
        "\
`/develop PROJECT [what you want…] [budget=$5]` starts a run
`/develop` alone asks by a form
{}
In a run's thread, `approve`, `changes: …` and `reject because …` alone are enough; other words there are notes for the next attempt. \
`@signoff` understands all of this too, in channels, threads and directly.",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_verbs_share_a_word_a_button_or_a_form() {
        for verb in &VERBS {
            assert!(verb.names.iter().all(|name| Verb::called(name) == Some(verb)), "{verb:?}");
            assert!(verb.button.is_none_or(|button| Verb::of_button(button) == Some(verb)));
            assert!(verb.form.is_none_or(|form| Verb::of_form(form) == Some(verb)));
        }
    }

    #[test]
    fn every_answer_but_a_note_has_a_verb() {
        for verdict in [
            Verdict::Approve,
            Verdict::Changes,
            Verdict::Reject,
            Verdict::Stop,
            Verdict::Extend,
            Verdict::Snooze,
            Verdict::Raise,
            Verdict::Retry,
            Verdict::Skip,
            Verdict::Rollback,
        ] {
            assert!(Verb::of_verdict(verdict).is_some(), "{verdict:?}");
        }
        assert_eq!(Verb::of_verdict(Verdict::Note), None);
    }

    #[test]
    fn the_help_has_a_line_for_each_verb() {
        insta::assert_snapshot!(help(), @r"
        `/develop PROJECT [what you want…] [budget=$5]` starts a run
        `/develop` alone asks by a form
        `/develop status [run]` how far it is
        `/develop list` the newest runs
        `/develop costs [project] [30d]` what was spent, and on what
        `/develop waiting` what waits for you, and for others
        `/develop approve [run][: why…]` answers a gate: go on
        `/develop changes [run]: WHAT SHOULD BE DIFFERENT [--from-base]` answers a gate: another round
        `/develop reject [run][: why…]` answers a gate: not this
        `/develop extend [run] [1h|8h|tomorrow]` more time to answer
        `/develop raise [run] $5` more money, on top of its budget; or `no limit`; or `nothing`, to go on with what there is
        `/develop retry [run] [longer] [model=ID][: a note]` a stage has failed: another try
        `/develop skip [run][: why…]` a stage has failed: go on without it
        `/develop rollback [run] SNAPSHOT[: what should be different]` a run goes back to a snapshot; `undo` takes that back
        `/develop snapshots [run]` what it can go back to
        `/develop snooze [run]` no more reminders for you
        `/develop stop [run][: why…]` ends a run
        `/develop again [run] [from STAGE] [model=ID] [budget=$5] [a note…]` a new run with the same brief, from its start or from a stage
        In a run's thread, `approve`, `changes: …` and `reject because …` alone are enough; other words there are notes for the next attempt. `@signoff` understands all of this too, in channels, threads and directly.
        ");
    }
}
