//! A drawn message: what is one message, and how urgent is it?

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::people::listed;
use super::{ActionId, GateValue, MessageKey};
use crate::run::{GroupId, RunId};
use crate::slack::{Mrkdwn, Priority, SlackBlock, fit, plainer, pressable, words_of};

/// Most characters of a notification: what a lock screen shows.
pub(super) const NOTICE: usize = 150;
/// Most characters of a message that is words alone, with how to answer: Slack takes 4,000.
const WORDS: usize = 3_900;
/// Longest name of a run.
const RUN: usize = 80;

/// A message that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub key: MessageKey,
    pub to: To,
    /// For notifications, screen readers and clients that cannot show the blocks.
    pub text: Mrkdwn,
    pub blocks: Vec<SlackBlock>,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// The channel: the root of the thread.
    Channel,
    Thread,
    /// A person directly, by their Slack user id.
    Person(String),
}

/// Who is in which user group, by Slack user ids: what a drawing needs to know to call people directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(pub BTreeMap<GroupId, Vec<String>>);

/// A reaction that should be on somebody's message: their note is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The message, by its Slack timestamp.
    pub message: String,
    pub emoji: &'static str,
}

impl Message {
    /// Within Slack's limits, and on a lock screen in one line.
    pub(super) fn new(key: MessageKey, to: To, notice: &Mrkdwn, blocks: Vec<SlackBlock>) -> Self {
        Self { key, to, text: notice.truncate(NOTICE), blocks: fit(blocks) }
    }

    /// SHA-256 of everything Slack would be sent: equal digests are equal messages.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(json!([self.text, self.blocks]).to_string()))
    }

    /// The same with more below it.
    pub(super) fn with(mut self, more: impl IntoIterator<Item = SlackBlock>) -> Self {
        self.blocks.extend(more);
        self
    }

    /// Whether somebody has to find it to answer it. A run card only repeats what its batch asks in a message of its own.
    #[must_use]
    pub fn asks(&self) -> bool {
        let answers = |id| ActionId::parse(id).is_some_and(ActionId::answers);
        self.to != To::Channel && pressable(&self.blocks).any(|(id, _)| answers(id))
    }

    /// The same message of nothing but short paragraphs and its buttons: what is sent when Slack refuses the blocks.
    #[must_use]
    pub fn plainer(&self) -> Vec<SlackBlock> {
        plainer(&self.blocks)
    }

    /// The same in words alone, and how to answer by words: what is sent when Slack refuses blocks of any kind.
    #[must_use]
    pub fn words(&self) -> Mrkdwn {
        let how = self.asks().then(|| self.how_to_answer());
        let room = WORDS.saturating_sub(how.as_ref().map_or(0, |how| how.length() + 1));
        let text = words_of(&self.blocks).truncate(room);
        Mrkdwn::join(text.non_empty().into_iter().chain(how), "\n")
    }

    /// The words for its buttons. Several questions in one message are told apart by the runs that ask them.
    fn how_to_answer(&self) -> Mrkdwn {
        let place = match self.to {
            To::Channel | To::Thread => "in this thread",
            To::Person(_) => "below this message",
        };
        let (mut ways, mut runs) = (Vec::<Mrkdwn>::new(), Vec::<RunId>::new());
        for (id, value) in pressable(&self.blocks) {
            let Some((verb, rest)) = ActionId::parse(id).and_then(ActionId::word) else { continue };
            let is_numbered = id.contains(':');
            let which = if is_numbered { " RUN" } else { "" };
            let way = Mrkdwn::from(format!("`{verb}{which}{rest}`"));
            if !ways.contains(&way) {
                ways.push(way);
            }
            let asks = serde_json::from_str::<GateValue>(value).ok().filter(|_| is_numbered);
            runs.extend(asks.map(|asks| asks.run).filter(|run| !runs.contains(run)));
        }
        let runs = runs.iter().map(|run| Mrkdwn::code(run.as_str(), RUN)).collect();
        let runs = listed(runs, " or ").non_empty().map(|runs| "; RUN is " + runs);
        let how = Mrkdwn::from("*To answer, reply ") + place + ":* " + listed(ways, " or ");
        how + runs.unwrap_or_default()
    }

    /// Which message goes first where Slack lets few through.
    #[must_use]
    pub fn priority(&self) -> Priority {
        match self.key {
            MessageKey::Card => Priority::Milestone,
            MessageKey::Ledger => Priority::Tick,
            _ => Priority::Call,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{GateKind, Outcome, Reminder};
    use crate::thread::samples::{Tale, name, no_pages};
    use crate::thread::{GateKey, card, direct, gate, side_run, unposted};

    fn cards(tale: &Tale) -> Vec<Message> {
        gate::gates(&tale.run, tale.now, &no_pages())
    }

    /// What people read of it where Slack takes no blocks.
    fn how(message: &Message) -> String {
        assert!(message.asks(), "{message:?}");
        message.words().as_str().lines().last().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_question_of_any_kind_asks_and_says_how_it_is_answered() {
        let work = Tale::waiting();
        insta::assert_snapshot!(how(&cards(&work)[0]), @"*To answer, reply in this thread:* `approve`, `changes: …` or `reject: …`");
        let money = Tale::new().started().begins("scaffold", 1).runs_out_of_money("scaffold", 1);
        insta::assert_snapshot!(how(&cards(&money)[0]), @"*To answer, reply in this thread:* `raise $5`, `raise no limit` or `stop`");
        let failed =
            Tale::rolled_back().recovers("streaming").errs("streaming", 2).errs("streaming", 3);
        let failed = failed.follows();
        let question = |tale: &Tale| cards(tale).pop().expect("a question");
        insta::assert_snapshot!(how(&question(&failed)), @"*To answer, reply in this thread:* `retry`, `retry: …`, `skip`, `takeover` or `stop`");
        let by_hand = failed.takes_over(crate::thread::samples::ben());
        insta::assert_snapshot!(how(&question(&by_hand)), @"*To answer, reply in this thread:* `done`, `retry` or `stop`");
        assert!(!cards(&work.closes(Outcome::Stopped, None))[0].asks(), "it is closed");
    }

    #[test]
    fn a_question_about_money_reaches_people_directly() {
        let money = Tale::new().started().begins("scaffold", 1).runs_out_of_money("scaffold", 1);
        let gate = GateKey { kind: GateKind::Budget, stage: name("scaffold"), round: 1 };
        let sent = unposted(&money.run, &gate, &no_pages(), &Groups::default());
        insta::assert_snapshot!(how(&sent[0]), @"*To answer, reply below this message:* `raise $5`, `raise no limit` or `stop`");
        let reminded = money.after(1_800).reminds(Reminder::Half);
        let reminders = direct::direct(&reminded.run, &Groups::default(), &no_pages());
        assert!(!reminders.is_empty() && reminders.iter().all(Message::asks));
    }

    #[test]
    fn what_only_stops_a_run_or_rolls_it_back_asks_nothing() {
        let tale = Tale::rolled_back();
        let beside = side_run::Beside::default();
        let mut card = card::card((&tale.run, None), beside, tale.now, &no_pages());
        card.to = To::Thread;
        assert!(pressable(&card.blocks).count() == 2 && !card.asks());
    }
}
