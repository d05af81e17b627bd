//! Message keys: what is a message known by, however often it is redrawn?
//! They stand as text in the database, in Slack's metadata and in `thread --json`, so none of them may ever change.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::run::{GateId, GateKind, Reminder, RunId, StageName};

/// Before the number of a question about money, and of one about a stage that has failed.
const MONEY: &str = "money-";
const RECOVERY: &str = "recovery-";

/// A question of a run: the stage that asks, and the round, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GateKey {
    pub kind: GateKind,
    pub stage: StageName,
    pub round: u32,
}

/// The key of a message, or of something else that a run has in Slack. It is unique in its run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageKey {
    /// The run card.
    Card,
    Ledger,
    /// That little is left of a budget of so many nano-dollars.
    LowBudget(i64),
    /// That an attempt waits for a worker, or did.
    WorkerWait {
        stage: StageName,
        attempt: u32,
    },
    /// The same of a run that does a stage beside others.
    WorkerWaitBeside {
        run: RunId,
        attempt: u32,
    },
    /// The card of a question.
    Gate(GateKey),
    /// What several features of a batch ask at the same time; counts from 1.
    Questions(usize),
    /// The same to one person directly, once more: the first time that it is for that reason.
    QuestionsReminder {
        questions: usize,
        why: Called,
        user: String,
    },
    /// The closing message.
    End,
    /// The picture of what stages cost and took.
    Chart,
    /// To one person directly; `nth` counts the reminders of a question, from 1.
    Reminder {
        gate: GateKey,
        reminder: Reminder,
        nth: usize,
        user: String,
    },
    /// To one person directly.
    Escalation {
        gate: GateKey,
        user: String,
    },
    /// A question to one person directly, because its card could not be posted.
    Unposted {
        gate: GateKey,
        user: String,
    },
    /// No message: operators were told that nobody can see this question.
    Alarm(GateKey),
    /// No message: our reaction to somebody's note, which has this timestamp.
    Reaction(String),
    /// Something that another version of us wrote.
    Other(String),
}

/// Why somebody is called about a question that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Called {
    Half,
    Soon,
    Escalation,
}

impl Called {
    const fn name(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Soon => "soon",
            Self::Escalation => "escalation",
        }
    }
}

impl From<Reminder> for Called {
    fn from(reminder: Reminder) -> Self {
        match reminder {
            Reminder::Half => Self::Half,
            Reminder::Soon => Self::Soon,
        }
    }
}

impl From<&GateId> for GateKey {
    fn from(gate: &GateId) -> Self {
        Self { kind: gate.kind, stage: gate.stage.clone(), round: gate.round }
    }
}

impl MessageKey {
    /// Reads what [`Display`](fmt::Display) wrote; anything else is `Other`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let key = known(text).filter(|key| key.to_string() == text);
        key.unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

fn known(text: &str) -> Option<MessageKey> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    Some(match kind {
        "card" => MessageKey::Card,
        "ledger" => MessageKey::Ledger,
        "low" => MessageKey::LowBudget(rest.parse().ok()?),
        "questions" => MessageKey::Questions(rest.parse().ok()?),
        "end" => MessageKey::End,
        "worker" => {
            let (stage, attempt) = rest.split_once(':')?;
            MessageKey::WorkerWait { stage: stage.parse().ok()?, attempt: attempt.parse().ok()? }
        }
        "worker-beside" => {
            let (run, attempt) = rest.split_once(':')?;
            MessageKey::WorkerWaitBeside { run: run.parse().ok()?, attempt: attempt.parse().ok()? }
        }
        "questions-reminder" => questions_reminder(rest)?,
        "chart" => MessageKey::Chart,
        "gate" => MessageKey::Gate(gate(rest)?.0),
        "silent" => MessageKey::Alarm(gate(rest.strip_prefix("gate:")?)?.0),
        "note" => MessageKey::Reaction(rest.to_owned()),
        "reminder" => reminder(rest)?,
        "escalation" => {
            let (gate, user) = gate(rest)?;
            MessageKey::Escalation { gate, user: user.to_owned() }
        }
        "unposted" => {
            let (gate, user) = gate(rest)?;
            MessageKey::Unposted { gate, user: user.to_owned() }
        }
        _ => return None,
    })
}

/// `<stage>:<round>`, and what follows after another colon.
fn gate(text: &str) -> Option<(GateKey, &str)> {
    let (stage, rest) = text.split_once(':')?;
    let (round, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let of_kind = |kind, mark| round.strip_prefix(mark).map(|round| (kind, round));
    let (kind, round) = of_kind(GateKind::Budget, MONEY)
        .or_else(|| of_kind(GateKind::Recovery, RECOVERY))
        .unwrap_or((GateKind::Approve, round));
    Some((GateKey { kind, stage: stage.parse().ok()?, round: round.parse().ok()? }, rest))
}

fn questions_reminder(text: &str) -> Option<MessageKey> {
    let mut parts = text.splitn(3, ':');
    let questions = parts.next()?.parse().ok()?;
    let all = [Called::Half, Called::Soon, Called::Escalation];
    let name = parts.next()?;
    let why = all.into_iter().find(|why| why.name() == name)?;
    Some(MessageKey::QuestionsReminder { questions, why, user: parts.next()?.to_owned() })
}

fn reminder(text: &str) -> Option<MessageKey> {
    let (gate, rest) = gate(text)?;
    let mut parts = rest.splitn(3, ':');
    let reminder = match parts.next()? {
        "half" => Reminder::Half,
        "soon" => Reminder::Soon,
        _ => return None,
    };
    let nth = parts.next()?.parse().ok()?;
    Some(MessageKey::Reminder { gate, reminder, nth, user: parts.next()?.to_owned() })
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            GateKind::Approve => "",
            GateKind::Budget => MONEY,
            GateKind::Recovery => RECOVERY,
        };
        write!(f, "{}:{kind}{}", self.stage, self.round)
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card => f.write_str("card"),
            Self::Ledger => f.write_str("ledger"),
            Self::WorkerWait { stage, attempt } => write!(f, "worker:{stage}:{attempt}"),
            Self::LowBudget(budget) => write!(f, "low:{budget}"),
            Self::Gate(gate) => write!(f, "gate:{gate}"),
            Self::Questions(n) => write!(f, "questions:{n}"),
            Self::QuestionsReminder { questions, why, user } => {
                write!(f, "questions-reminder:{questions}:{}:{user}", why.name())
            }
            Self::WorkerWaitBeside { run, attempt } => write!(f, "worker-beside:{run}:{attempt}"),
            Self::End => f.write_str("end"),
            Self::Chart => f.write_str("chart"),
            Self::Reminder { gate, reminder, nth, user } => {
                let which = Called::from(*reminder).name();
                write!(f, "reminder:{gate}:{which}:{nth}:{user}")
            }
            Self::Escalation { gate, user } => write!(f, "escalation:{gate}:{user}"),
            Self::Unposted { gate, user } => write!(f, "unposted:{gate}:{user}"),
            Self::Alarm(gate) => write!(f, "silent:gate:{gate}"),
            Self::Reaction(message) => write!(f, "note:{message}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Serialize for MessageKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn the_texts_that_stand_in_databases_are_read() {
        for text in [
            "card",
            "ledger",
            "gate:core-implementation:1",
            "end",
            "worker:core-implementation:2",
            "worker-beside:llm-wrapper-k3f9qdz:2",
            "questions:2",
            "questions-reminder:2:soon:UBEN",
            "reminder:core-implementation:1:half:1:UBEN",
            "reminder:core-implementation:12:soon:2:UCLEO",
            "escalation:core-implementation:1:UDAN",
            "unposted:core-implementation:1:UANA",
            "silent:gate:core-implementation:1",
            "note:1795340936.000022",
        ] {
            let key = MessageKey::parse(text);
            assert!(!matches!(key, MessageKey::Other(_)), "{text}");
            assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_exactly_one_of_them_is_kept_as_it_is() {
        for text in
            ["", "card:1", "gate:a", "gate:a:01", "gate:a:1:x", "gate:A:1", "silent:a:1", "batch:1"]
        {
            assert_eq!(MessageKey::parse(text), MessageKey::Other(text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_changed(text in "(card|gate|worker|reminder|unposted|note|x)?(:(a|1|half|U:2|\\PC{0,3})){0,6}") {
            prop_assert_eq!(MessageKey::parse(&text).to_string(), text);
        }
    }
}
