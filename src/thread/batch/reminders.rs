//! Reminders of what a run's parts ask: who is called once more?
//! One message to each person for all that is open at the same time, edited as it is answered: several parts call people as often as one run.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::questions::{Asked, groups, row_of, what_asks, with_room};
use crate::run::Run;
use crate::slack::{Mrkdwn, SlackBlock, context, section};
use crate::thread::direct::{called, to_the_thread};
use crate::thread::gate::GateView;
use crate::thread::message_key::Called;
use crate::thread::{Groups, Message, MessageKey, RenderContext, To};

/// To everybody who is called about any of them, each time that one of them is due for the first time.
pub(in crate::thread) fn reminders(
    parts: &[Run],
    who: &Groups,
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<Message> {
    let groups = groups(parts);
    let of_group = |(group, questions): (&Vec<Asked<'_>>, usize)| {
        let mut calls = BTreeMap::<(Called, String), Vec<&Asked<'_>>>::new();
        for asked in group {
            let view = GateView::all(asked.run).find(|it| it.gate.id == asked.gate.id);
            let called = view.iter().flat_map(|view| called(view, who));
            called.for_each(|call| calls.entry(call).or_default().push(asked));
        }
        let message = |((why, user), asked): ((Called, String), Vec<&Asked<'_>>)| {
            let key = MessageKey::QuestionsReminder { questions, why, user: user.clone() };
            Message::new(
                key,
                To::Person(user),
                &head(why, &asked),
                blocks(why, &asked, now, render),
            )
        };
        calls.into_iter().map(message).collect::<Vec<_>>()
    };
    groups.iter().zip(1..).flat_map(of_group).collect()
}

fn blocks(
    why: Called,
    asked: &[&Asked<'_>],
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    let rows = with_room(asked.iter().copied()).into_iter().zip(1..);
    let rows = rows.flat_map(|(asked, n)| row_of((asked, n), now, render));
    let first = asked.first().and_then(|it| GateView::all(it.run).next());
    let place = first.map(|view| context(to_the_thread(&view, render)));
    [section(head(why, asked))].into_iter().chain(rows).chain(place).collect()
}

/// What a lock screen says first.
fn head(why: Called, asked: &[&Asked<'_>]) -> Mrkdwn {
    let open: Vec<&Asked<'_>> = asked.iter().copied().filter(|it| it.closed_at.is_none()).collect();
    if open.is_empty() {
        return "*Answered*".into();
    }
    let because = match why {
        Called::Half => "Nobody has answered yet.",
        Called::Soon => "The time to answer is almost over.",
        Called::Escalation => "Nobody has answered, so you are asked as well.",
    };
    Mrkdwn::from(format!("{} {because}", what_asks(&open)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{BatchMember, Reminder, Verdict};
    use crate::thread::direct::direct;
    use crate::thread::samples::{Tale, ben, name, no_pages};
    use crate::thread::transcript;

    fn of_batch(tale: Tale, n: usize) -> Run {
        let batch = "llm-wrapper-batch22".parse().expect("an id");
        let slug = name(["roses", "pond"][n - 1]);
        let mut run = tale.run;
        run.request.run = format!("llm-wrapper-part{n}").parse().expect("an id");
        run.request.part_of = Some(BatchMember { batch, is_stage: false, n, of: 2, slug });
        run
    }

    fn shown(parts: &[Run]) -> String {
        let now = Tale::waiting().after(1_800).now;
        transcript(&reminders(parts, &Groups::default(), now, &no_pages()))
    }

    #[test]
    fn what_several_ask_at_the_same_time_is_one_reminder_for_each_person() {
        let waits = || Tale::waiting().after(1_800).reminds(Reminder::Half);
        let parts = [of_batch(waits(), 1), of_batch(waits().after(120), 2)];
        insta::assert_snapshot!(shown(&parts), @"
        → @UBEN: *2 features ask something.* Nobody has answered yet.
          *1 roses* · *Keep core-implementation of llm-wrapper?*
          3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
          [Approve] [Request changes] [Reject] [View diff]
          times out within 1 h
          *2 pond* · *Keep core-implementation of llm-wrapper?*
          3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
          [Approve] [Request changes] [Reject] [View diff]
          times out within 1 h
          #C1 · `llm-wrapper-part1`
        ");
        let sent =
            reminders(&parts, &Groups::default(), Tale::waiting().after(1_800).now, &no_pages());
        assert!(sent.iter().all(Message::asks), "so they are sent");
        insta::assert_snapshot!(sent[0].words().as_str().lines().last().unwrap(), @"*To answer, reply below this message:* `approve RUN`, `changes RUN: …` or `reject RUN: …`; RUN is `llm-wrapper-part1` or `llm-wrapper-part2`");
        let own = parts.iter().flat_map(|run| direct(run, &Groups::default(), &no_pages()));
        assert_eq!(own.count(), 0, "their own threads call nobody");
        let answered = of_batch(waits().after(60).decides(ben(), Verdict::Approve, None), 1);
        let one_left = shown(&[answered.clone(), of_batch(waits(), 2)]);
        assert!(
            one_left.contains("*A feature asks something.* Nobody has answered yet"),
            "{one_left}"
        );
        assert!(shown(&[answered]).contains("*Answered*"));
    }
}
