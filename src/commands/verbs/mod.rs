//! Which verbs can people say? One table for all doors: what is typed in Slack and at a shell, and what is pressed.
//! The grammar, the help, the buttons, the forms and the shell's subcommands are read from it.

mod answers;
mod looks;

use crate::run::Verdict;
use crate::thread::ActionId;

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
    Failures,
    Compare,
    /// Several features side by side.
    Features,
    /// A loop that tries until it works.
    Fix,
    /// A run once more.
    Again,
    Waiting,
    Queue,
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

/// The verbs, in the order of the help.
pub static VERBS: [Verb; 24] = [
    looks::STATUS,
    looks::LIST,
    looks::COSTS,
    looks::FAILURES,
    looks::COMPARE,
    looks::WAITING,
    looks::QUEUE,
    answers::APPROVE,
    answers::CHANGES,
    answers::REJECT,
    answers::EXTEND,
    answers::RAISE,
    answers::RETRY,
    answers::SKIP,
    answers::TAKE_OVER,
    answers::HAND_IN,
    answers::ROLLBACK,
    looks::SNAPSHOTS,
    answers::SNOOZE,
    answers::STOP,
    looks::FEATURES,
    looks::FIX,
    looks::AGAIN,
    looks::HELP,
];

impl Verb {
    /// The verb that is called so, in any case.
    #[must_use]
    pub fn called(word: &str) -> Option<&'static Self> {
        let word = word.to_lowercase();
        VERBS.iter().find(|verb| verb.names.contains(&word.as_str()))
    }

    /// The verb that a text begins with, and all behind it. Some have names of several words: the longest counts.
    #[must_use]
    pub fn at_the_start(text: &str) -> Option<(&'static Self, &str)> {
        let names = VERBS.iter().flat_map(|verb| verb.names.iter().map(move |name| (verb, *name)));
        let said = names.filter_map(|(verb, name)| {
            let (front, rest) = text.split_at_checked(name.len())?;
            let is_whole = !rest.starts_with(char::is_alphabetic);
            (is_whole && front.to_lowercase() == name).then_some((verb, rest))
        });
        said.min_by_key(|(_, rest)| rest.len())
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

/// Whether this is a verb and no project's name.
#[must_use]
pub fn is_verb(word: &str) -> bool {
    Verb::called(word).is_some()
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
            Verdict::TakeOver,
            Verdict::HandIn,
            Verdict::Rollback,
        ] {
            assert!(Verb::of_verdict(verdict).is_some(), "{verdict:?}");
        }
        assert_eq!(Verb::of_verdict(Verdict::Note), None);
    }

    #[test]
    fn the_help_has_a_line_for_each_verb() {
        insta::assert_snapshot!(help(), @r#"
        `/develop PROJECT [what you want…] [budget=$5]` starts a run
        `/develop` alone asks by a form
        `/develop status [run]` how far it is
        `/develop list` the newest runs
        `/develop costs [project] [30d]` what was spent, and on what
        `/develop failures [project] [30d]` what went wrong, and what helped
        `/develop compare RUN RUN` two runs side by side
        `/develop waiting` what waits for you, and for others
        `/develop queue` who is at work, and who waits for a slot
        `/develop approve [run][: why…]` answers a gate: go on
        `/develop changes [run]: WHAT SHOULD BE DIFFERENT [--from-base]` answers a gate: another round
        `/develop reject [run][: why…]` answers a gate: not this
        `/develop extend [run] [1h|8h|tomorrow]` more time to answer
        `/develop raise [run] $5` more money, on top of its budget; or `no limit`; or `nothing`, to go on with what there is
        `/develop retry [run] [longer] [smaller] [model=ID][: a note]` a stage has failed: another try
        `/develop skip [run][: why…]` a stage has failed: go on without it
        `/develop takeover [run][: why…]` a stage has failed: do it yourself, on a branch
        `/develop done [run][: why…]` what you took over is ready: the checks judge it
        `/develop rollback [run] SNAPSHOT[: what should be different]` a run goes back to a snapshot; `undo` takes that back
        `/develop snapshots [run]` what it can go back to
        `/develop snooze [run]` no more reminders for you
        `/develop stop [run][: why…]` ends a run
        `/develop features PROJECT "one feature" "another" [budget=$5]` several features side by side, merged at the end; without any, a form asks for them
        `/develop fix PROJECT what is wrong [attempts=5] [until="npm run e2e"] [budget=$5]` tries until the project's checks are green, and that command with them
        `/develop again [run] [from STAGE] [model=ID] [budget=$5] [a note…]` a new run with the same brief, from its start or from a stage; `/develop again` alone asks by a form
        In a run's thread, `approve`, `changes: …` and `reject because …` alone are enough; other words there are notes for the next attempt. `@signoff` understands all of this too, in channels, threads and directly.
        "#);
    }
}
