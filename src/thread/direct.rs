//! Direct messages: what is said to people directly?
//! Reminders and escalations of a question, and the question itself where its card cannot be posted.
//! Drawings like all others: edited when the question closes. The time left is told as a moment, so that no clock redraws them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::batch::is_asked_in_batch;
use super::gate::{GateView, SnoozeButton};
use super::message_key::Called;
use super::people::{called_by, in_person};
use super::{GateKey, Groups, Message, MessageKey, RenderContext, To, clock};
use crate::run::{Answerer, Approver, PersonId, Reminder, Run, Verdict};
use crate::slack::{Mrkdwn, actions, context, section};

/// Why somebody is called directly.
#[derive(Clone, Copy)]
enum Why {
    /// The nth of the question's reminders, from 1.
    Reminder {
        reminder: Reminder,
        nth: usize,
    },
    Escalation,
    /// The card could not be posted.
    Unposted,
}

/// Whoever was called about a question is not called again within this time.
const PEACE: TimeDelta = TimeDelta::minutes(1);

/// A message to one person about one question.
struct DirectCall<'a> {
    question: &'a GateView<'a>,
    why: Why,
    user: String,
}

/// Reminders and escalations of every question the run has asked; what is part of another run leaves them to that.
pub(super) fn direct(run: &Run, groups: &Groups, render: &RenderContext) -> Vec<Message> {
    if is_asked_in_batch(run) {
        return Vec::new();
    }
    let of_question = |question: GateView<'_>| {
        let calls = reminders(&question, groups).chain(escalations(&question, groups));
        one_at_a_time(calls).map(|call| call.message(render)).collect::<Vec<_>>()
    };
    GateView::all(run).flat_map(of_question).collect()
}

/// Who is called about a question, in person, and why.
pub(super) fn called(question: &GateView<'_>, groups: &Groups) -> Vec<(Called, String)> {
    let calls = reminders(question, groups).chain(escalations(question, groups));
    let why = |why| match why {
        Why::Reminder { reminder, .. } => Some(reminder.into()),
        Why::Escalation => Some(Called::Escalation),
        Why::Unposted => None,
    };
    one_at_a_time(calls).filter_map(|call| Some((why(call.why)?, call.user))).collect()
}

/// Without those that come within a minute of another to the same person: half of the time may be over just when others are asked as well.
fn one_at_a_time<'a>(
    calls: impl Iterator<Item = (DateTime<Utc>, DirectCall<'a>)>,
) -> impl Iterator<Item = DirectCall<'a>> {
    let calls: Vec<_> = calls.collect();
    let mut in_time: Vec<usize> = (0..calls.len()).collect();
    in_time.sort_by_key(|i| calls[*i].0);
    let mut last: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    let mut goes = vec![false; calls.len()];
    for i in in_time {
        let (at, user) = (calls[i].0, calls[i].1.user.as_str());
        goes[i] = last.get(user).is_none_or(|before| at - *before >= PEACE);
        if goes[i] {
            last.insert(user, at);
        }
    }
    calls.into_iter().zip(goes).filter_map(|((_, call), goes)| goes.then_some(call))
}

/// A question to the starter and to everybody who can answer it, because Slack takes its card in no form. The same buttons; edited when it
/// closes. None where the run never asked it.
#[must_use]
pub fn unposted(
    run: &Run,
    gate: &GateKey,
    render: &RenderContext,
    groups: &Groups,
) -> Vec<Message> {
    let Some(question) = GateView::all(run).find(|question| question.gate_key() == *gate) else {
        return Vec::new();
    };
    let starter = Approver::Person(run.request.starter.clone());
    let called = called_by(run, &question.gate.id, question.spec);
    let users = in_person(run, [&starter].into_iter().chain(&called), groups);
    let call = |user| DirectCall { question: &question, why: Why::Unposted, user };
    users.into_iter().map(|user| call(user).message(render)).collect()
}

fn reminders<'a>(
    question: &'a GateView<'a>,
    groups: &'a Groups,
) -> impl Iterator<Item = (DateTime<Utc>, DirectCall<'a>)> {
    let numbered = question.gate.reminders.iter().zip(1..);
    numbered.flat_map(move |(reminded, nth)| {
        let why = Why::Reminder { reminder: reminded.reminder, nth };
        let users = reminded_people(question, groups, reminded.at).into_iter();
        users.map(move |user| (reminded.at, DirectCall { question, why, user }))
    })
}

fn escalations<'a>(
    question: &'a GateView<'a>,
    groups: &'a Groups,
) -> impl Iterator<Item = (DateTime<Utc>, DirectCall<'a>)> {
    question.gate.escalated_at.into_iter().flat_map(move |at| {
        let others = question.spec.escalation.iter().flat_map(|escalation| &escalation.to);
        let mut users = in_person(question.run, others, groups);
        users.retain(|user| !has_approved(question, user, at));
        let call = move |user| (at, DirectCall { question, why: Why::Escalation, user });
        users.into_iter().map(call)
    })
}

/// Who could answer then: those who are listed, or whoever started the run where nobody else is. Not who had approved, or wanted silence.
fn reminded_people(question: &GateView<'_>, groups: &Groups, at: DateTime<Utc>) -> Vec<String> {
    let starter = Approver::Person(question.run.request.starter.clone());
    let who_started = in_person(question.run, [&starter], groups);
    let mut users = listed_people(question, groups, at);
    users.retain(|user| question.spec.self_approval || !who_started.contains(user));
    users.retain(|user| can_answer(question, groups, user));
    // A group whose members are not known yet may still have somebody to call.
    if users.is_empty() && !names_unknown_group(question.spec.listed(), groups) {
        users = who_started;
    }
    let silent = |user: &String| {
        question.gate.snoozed.iter().any(|snooze| snooze.at < at && is(&snooze.by, user))
    };
    users.retain(|user| !silent(user) && !has_approved(question, user, at));
    users
}

/// Those who are listed to answer, and those it was escalated to by then.
fn listed_people(question: &GateView<'_>, groups: &Groups, at: DateTime<Utc>) -> Vec<String> {
    if let Some(by_hand) = question.gate.by_hand.as_ref().filter(|it| it.at <= at) {
        return in_person(question.run, [&Approver::Person(by_hand.by.clone())], groups);
    }
    let spec = question.spec;
    let escalated = question.gate.escalated_at.is_some_and(|since| since <= at);
    let others = spec
        .escalation
        .iter()
        .filter(|_| escalated && !spec.approvers.is_empty())
        .flat_map(|escalation| &escalation.to);
    in_person(question.run, spec.listed().iter().chain(others), groups)
}

fn names_unknown_group(approvers: &[Approver], groups: &Groups) -> bool {
    approvers
        .iter()
        .any(|who| matches!(who, Approver::Group(group) if !groups.0.contains_key(group)))
}

/// Whether the rules let this person approve, as far as their groups are known.
fn can_answer(question: &GateView<'_>, groups: &Groups, user: &str) -> bool {
    let (run, spec) = (question.run, question.spec);
    let Some(home) = &run.request.channel else { return true };
    let person = PersonId::Slack { team: home.team.clone(), user: user.to_owned() };
    let member_of = groups.0.iter().filter(|(_, users)| users.iter().any(|u| u == user));
    let seen: Vec<_> = member_of.map(|(group, _)| group.clone()).collect();
    let who = Answerer { person: &person, groups: &seen };
    names_unknown_group(&spec.only, groups)
        || run.may_answer(&question.gate.id, who, Verdict::Approve).is_ok()
}

fn has_approved(question: &GateView<'_>, user: &str, until: DateTime<Utc>) -> bool {
    let here =
        question.run.decisions.iter().filter(|d| {
            d.gate.as_ref() == Some(&question.gate.id) && d.verdict == Verdict::Approve
        });
    here.filter(|d| d.at <= until).any(|d| is(&d.by, user))
}

fn is(person: &PersonId, named: &str) -> bool {
    matches!(person, PersonId::Slack { user, .. } if user == named)
}

impl DirectCall<'_> {
    fn key(&self) -> MessageKey {
        let (gate, user) = (self.question.gate_key(), self.user.clone());
        match self.why {
            Why::Reminder { reminder, nth } => MessageKey::Reminder { gate, reminder, nth, user },
            Why::Escalation => MessageKey::Escalation { gate, user },
            Why::Unposted => MessageKey::Unposted { gate, user },
        }
    }

    fn message(self, render: &RenderContext) -> Message {
        let question = self.question;
        let mut blocks = vec![section(self.headline(render)), section(question.figures())];
        blocks.extend(question.look_twice().map(section));
        if self.can_still_answer() {
            blocks.push(actions(
                &question.key().to_string(),
                question.buttons(render, self.snooze()),
            ));
        }
        blocks.push(context(Mrkdwn::join(self.small_print(render), " · ")));
        let notice = self.lead() + question.notice();
        Message::new(self.key(), To::Person(self.user), &notice, blocks)
    }

    /// Whether a press of this person would change anything.
    fn can_still_answer(&self) -> bool {
        let approved = self.question.gate.approvals.iter().any(|by| is(by, &self.user));
        self.question.is_open() && !approved
    }

    /// Whether this person wanted no more reminders of this question.
    fn is_snoozed(&self) -> bool {
        self.question.gate.snoozed.iter().any(|snooze| is(&snooze.by, &self.user))
    }

    fn snooze(&self) -> SnoozeButton {
        if matches!(self.why, Why::Reminder { .. }) && !self.is_snoozed() {
            SnoozeButton::Offered
        } else {
            SnoozeButton::NotOffered
        }
    }

    fn headline(&self, render: &RenderContext) -> Mrkdwn {
        let question = self.question;
        if !question.is_open() {
            return question.outcome();
        }
        let mut sentences = vec![question.asked().into()];
        if self.can_still_answer() {
            sentences.push(self.because());
            sentences.extend(
                question
                    .gate
                    .overdue_since
                    .map(|at| "Overdue since " + clock::moment(at, render) + "."),
            );
        } else {
            sentences.push("You approved.".into());
        }
        let first = Mrkdwn::join(sentences, " ");
        Mrkdwn::join([first].into_iter().chain(question.approvals()), "\n")
    }

    fn because(&self) -> Mrkdwn {
        match self.why {
            Why::Reminder { reminder: Reminder::Half, .. } => {
                "It still waits for an answer.".into()
            }
            Why::Reminder { reminder: Reminder::Soon, .. } => {
                "The time to answer is almost over.".into()
            }
            Why::Escalation => "Nobody has answered, so you are asked as well.".into(),
            Why::Unposted => {
                "Its card could not be posted in "
                    + self.question.channel()
                    + ", so it comes to you."
            }
        }
    }

    /// What a lock screen says first.
    const fn lead(&self) -> &'static str {
        match self.why {
            _ if !self.question.is_open() => "",
            Why::Reminder { reminder: Reminder::Half, .. } => "Reminder: ",
            Why::Reminder { reminder: Reminder::Soon, .. } => "Almost over: ",
            Why::Escalation => "Nobody answered: ",
            Why::Unposted => "",
        }
    }

    fn small_print(&self, render: &RenderContext) -> Vec<Mrkdwn> {
        let question = self.question;
        let mut small = Vec::new();
        if self.can_still_answer() {
            small.push(question.effect().into());
            small.push("answer until " + clock::moment(question.gate.deadline, render));
            small.extend(question.extended());
            small.extend(self.is_snoozed().then(|| "no more reminders for you".into()));
        }
        small.push(to_the_thread(question, render));
        small.extend(if self.can_still_answer() {
            question.diff_link_below_button(render)
        } else {
            question.diff_link(render)
        });
        small
    }
}

/// The thread of the run that asks, or the channel that it is in, and the run.
pub(super) fn to_the_thread(question: &GateView<'_>, render: &RenderContext) -> Mrkdwn {
    let to = render
        .thread
        .as_ref()
        .map_or_else(|| question.channel(), |thread| Mrkdwn::link(thread, "Open the thread"));
    to + format!(" · `{}`", question.run.id())
}

#[cfg(test)]
mod tests;
