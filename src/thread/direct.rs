//! What is said to people directly?
//! Reminders and escalations of a question, and the question itself where its card cannot be posted. Drawings like all others: edited
//! when the question closes. The time left is told as a moment, so that no clock redraws them.

use chrono::{DateTime, Utc};

use super::gate::{GateView, SnoozeButton};
use super::people::{called_by, in_person};
use super::{Groups, Message, RenderContext, To, clock};
use crate::run::{Approver, PersonId, Reminder, Run, Verdict};
use crate::slack::{Mrkdwn, actions, context, section};

/// Why somebody is called directly.
#[derive(Clone, Copy)]
enum Why {
    Reminder(Reminder),
    Escalation,
    /// The card could not be posted.
    Unposted,
}

/// Reminders and escalations of every question the run has asked.
pub(super) fn direct(run: &Run, groups: &Groups, place: &RenderContext) -> Vec<Message> {
    GateView::all(run).flat_map(|question| of_question(&question, groups, place)).collect()
}

/// The question `gate:<stage>:<round>`, to the starter and to everybody who can answer it, because Slack takes its card in no form. The same
/// buttons; edited when it closes. None for a key that is no question's.
#[must_use]
pub fn unposted(run: &Run, gate_key: &str, place: &RenderContext, groups: &Groups) -> Vec<Message> {
    let Some(question) = GateView::all(run).find(|question| question.key() == gate_key) else {
        return Vec::new();
    };
    let starter = Approver::Person(run.request.starter.clone());
    let called = called_by(run, &question.gate.id, question.spec);
    let users = in_person(run, [&starter].into_iter().chain(&called), groups);
    let key = |user: &str| {
        format!("unposted:{}:{}:{user}", question.stage.name(), question.gate.id.round)
    };
    users
        .into_iter()
        .map(|user| draw(&question, Why::Unposted, (key(&user), user), place))
        .collect()
}

fn of_question(question: &GateView<'_>, groups: &Groups, place: &RenderContext) -> Vec<Message> {
    let (stage, round) = (question.stage.name(), question.gate.id.round);
    let mut messages = Vec::new();
    for (i, reminded) in question.gate.reminders.iter().enumerate() {
        let which = match reminded.reminder {
            Reminder::Half => "half",
            Reminder::Soon => "soon",
        };
        for user in reminded_people(question, groups, reminded.at) {
            let key = format!("reminder:{stage}:{round}:{which}:{}:{user}", i + 1);
            messages.push(draw(question, Why::Reminder(reminded.reminder), (key, user), place));
        }
    }
    let others = question.spec.escalation.iter().flat_map(|escalation| &escalation.to);
    for (at, user) in question.gate.escalated_at.into_iter().flat_map(|at| {
        in_person(question.run, others.clone(), groups).into_iter().map(move |u| (at, u))
    }) {
        if !has_approved(question, &user, at) {
            messages.push(draw(
                question,
                Why::Escalation,
                (format!("escalation:{stage}:{round}:{user}"), user),
                place,
            ));
        }
    }
    messages
}

/// Who could answer then: those who are listed, or whoever started the run where nobody else is. Not who had approved, or wanted silence.
fn reminded_people(question: &GateView<'_>, groups: &Groups, at: DateTime<Utc>) -> Vec<String> {
    let (run, spec) = (question.run, question.spec);
    let starter = Approver::Person(run.request.starter.clone());
    let escalated = question.gate.escalated_at.is_some_and(|since| since <= at);
    let others = spec
        .escalation
        .iter()
        .filter(|_| escalated && !spec.approvers.is_empty())
        .flat_map(|escalation| &escalation.to);
    let who_started = in_person(run, [&starter], groups);
    let may_start = |user: &String| spec.self_approval || !who_started.contains(user);
    let asked = spec.listed();
    let mut users: Vec<String> = in_person(run, asked.iter().chain(others), groups);
    users.retain(|user| may_start(user) && can_answer((question, groups), user));
    let unknown =
        asked.iter().any(|a| matches!(a, Approver::Group(group) if !groups.0.contains_key(group)));
    // While nobody knows who is in a group, nobody knows either that it has nobody to call.
    if users.is_empty() && !unknown {
        users = who_started;
    }
    let silent = |user: &String| {
        question.gate.snoozed.iter().any(|snooze| snooze.at < at && is(&snooze.by, user))
    };
    users.retain(|user| !silent(user) && !has_approved(question, user, at));
    users
}

/// Whether the rules let this person approve, as far as their groups are known.
fn can_answer((question, groups): (&GateView<'_>, &Groups), user: &str) -> bool {
    let (run, spec) = (question.run, question.spec);
    let Some(home) = &run.request.channel else { return true };
    let person = PersonId::Slack { team: home.team.clone(), user: user.to_owned() };
    let seen: Vec<_> = groups
        .0
        .iter()
        .filter(|(_, users)| users.iter().any(|u| u == user))
        .map(|(group, _)| group.clone())
        .collect();
    let unknown = spec
        .only
        .iter()
        .any(|a| matches!(a, Approver::Group(group) if !groups.0.contains_key(group)));
    unknown || run.may_answer((&question.gate.id, spec), (&person, &seen), Verdict::Approve).is_ok()
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

fn draw(
    question: &GateView<'_>,
    why: Why,
    (key, user): (String, String),
    place: &RenderContext,
) -> Message {
    let mut blocks =
        vec![section(headline(question, why, &user, place)), section(question.figures())];
    blocks.extend(question.look_twice().map(section));
    let mut small = Vec::new();
    if can_still(question, &user) {
        let silenced = question.gate.snoozed.iter().any(|snooze| is(&snooze.by, &user));
        let silence = if matches!(why, Why::Reminder(_)) && !silenced {
            SnoozeButton::Offered
        } else {
            SnoozeButton::NotOffered
        };
        blocks.push(actions(&question.key(), question.buttons(place, silence)));
        small.push(question.effect().into());
        small.push("answer until " + clock::moment(question.gate.deadline, place));
        small.extend(question.extended());
        small.extend(silenced.then(|| "no more reminders for you".into()));
    }
    small.push(to_the_thread(question, place));
    small.extend(question.diff_link(place));
    blocks.push(context(Mrkdwn::join(small, " · ")));
    Message::new(key, To::Person(user), &(lead(question, why) + question.notice()), blocks)
}

/// Whether a press of this person would change anything.
fn can_still(question: &GateView<'_>, user: &str) -> bool {
    question.is_open() && !question.gate.approvals.iter().any(|by| is(by, user))
}

fn headline(question: &GateView<'_>, why: Why, user: &str, place: &RenderContext) -> Mrkdwn {
    if !question.is_open() {
        return question.outcome();
    }
    let mut said = vec![question.asked().into()];
    if can_still(question, user) {
        said.push(match why {
            Why::Reminder(Reminder::Half) => "It still waits for an answer.".into(),
            Why::Reminder(Reminder::Soon) => "The time to answer is almost over.".into(),
            Why::Escalation => "Nobody has answered, so you are asked as well.".into(),
            Why::Unposted => {
                "Its card could not be posted in " + question.channel() + ", so it comes to you."
            }
        });
        said.extend(
            question.gate.overdue_since.map(|at| "Overdue since " + clock::moment(at, place) + "."),
        );
    } else {
        said.push("You approved.".into());
    }
    Mrkdwn::join([Mrkdwn::join(said, " ")].into_iter().chain(question.approvals()), "\n")
}

/// What a lock screen says first.
const fn lead(question: &GateView<'_>, why: Why) -> &'static str {
    match why {
        _ if !question.is_open() => "",
        Why::Reminder(Reminder::Half) => "Reminder: ",
        Why::Reminder(Reminder::Soon) => "Almost over: ",
        Why::Escalation => "Nobody answered: ",
        Why::Unposted => "",
    }
}

fn to_the_thread(question: &GateView<'_>, place: &RenderContext) -> Mrkdwn {
    let to = place
        .thread
        .as_ref()
        .map_or_else(|| question.channel(), |thread| Mrkdwn::link(thread, "Open the thread"));
    to + format!(" · `{}`", question.run.id())
}

#[cfg(test)]
mod tests;
