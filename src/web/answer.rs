//! Who answers what with a click or a word?
//! Who may is asked here of Slack, and by the rules of `run/`; an answer counts for the question its giver saw.

use chrono::{DateTime, Utc};

use super::act::{Acted, Actor, told};
use crate::commands::{self, Answer, Asker, ReplyKind, Said};
use crate::run::{Channel, PersonId, Run, Verdict, Via};
use crate::slack::{Click, Inbound, ThreadMessage, Ts, heard};
use crate::store::StoreError;
use crate::thread::{APPROVE, DIFF, GateValue, REJECT};

impl Actor {
    pub(super) async fn click(&self, it: &Click, said: Said) -> Result<Acted, StoreError> {
        let verdict = match it.action_id.as_str() {
            APPROVE => Verdict::Approve,
            REJECT => Verdict::Reject,
            DIFF => return self.show_diff(it).await,
            // Links and other buttons are Slack's business.
            _ => return Ok(Acted::Silent),
        };
        let Ok(value) = serde_json::from_str::<GateValue>(&it.value) else { return Ok(Acted::Silent) };
        let Some(run) = self.doors.store.run(&value.run).await? else {
            return Ok(Acted::Told("This run is not known here any more.".to_owned()));
        };
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Button,
            said,
            place: it.channel.clone().map(|channel| Channel { team: it.team.clone(), channel }),
            thread_root: it.thread_ts.as_ref().map(|ts| ts.as_str().to_owned()),
        };
        self.decide(&run, Answer { verdict, gate: Some(value.gate()), words: None, asker, key: it.key.clone() }).await
    }

    /// Words in a run's thread: `approve` and `reject …` count, everything else is talk.
    pub(super) async fn message(&self, it: &ThreadMessage, said: Said) -> Result<Acted, StoreError> {
        let (Some((verdict, words)), Some(root)) = (verdict_in(it), &it.thread_ts) else { return Ok(Acted::Silent) };
        let place = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let Some(id) = self.doors.store.run_of_thread(&place, root.as_str()).await? else { return Ok(Acted::Silent) };
        let Some(run) = self.doors.store.run(&id).await? else { return Ok(Acted::Silent) };
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Thread,
            // Slack tells of a message up to an hour late.
            said: Said { at: written_at(&it.ts).map_or(said.at, |at| at.min(said.at)), ..said },
            place: Some(place),
            thread_root: Some(root.as_str().to_owned()),
        };
        self.decide(&run, Answer { verdict, gate: None, words, asker, key: it.key.clone() }).await
    }

    pub(super) async fn decide(&self, run: &Run, answer: Answer) -> Result<Acted, StoreError> {
        tracing::Span::current().record("run.id", tracing::field::display(run.id()));
        if let Some(why) = self.no_member(&answer.asker.person).await {
            return Ok(Acted::Told(why));
        }
        let key = answer.key.clone();
        let reply = commands::decide(&self.doors, run, answer).await?;
        if reply.kind == ReplyKind::Done {
            return Ok(Acted::PassedOn { run: run.id().clone(), key });
        }
        Ok(told(&reply))
    }

    /// Why this person may never decide, if so: guests, bots and people who left. Only Slack knows.
    async fn no_member(&self, person: &PersonId) -> Option<String> {
        let PersonId::Slack { user, .. } = person else { return None };
        match self.slack.member(user).await {
            Ok(member) if member.bot => Some("Only people can decide.".to_owned()),
            Ok(member) if member.guest => Some("Guests of this workspace cannot decide; a full member can.".to_owned()),
            Ok(member) if member.deactivated => Some("This account is deactivated.".to_owned()),
            Ok(_) => None,
            Err(e) => {
                tracing::warn!(error = %e, "could not ask Slack who decides");
                Some("Slack did not say who you are, so nothing was recorded. Please try again.".to_owned())
            }
        }
    }
}

/// Whether a request asks anything of us. What people say to each other is not ours to keep.
pub(super) fn asks(inbound: &Inbound) -> bool {
    match inbound {
        Inbound::Message(it) | Inbound::Mention(it) => it.thread_ts.is_some() && verdict_in(it).is_some(),
        Inbound::Click(it) => [APPROVE, REJECT, DIFF].contains(&it.action_id.as_str()),
        Inbound::Command(_) | Inbound::Submission(_) => true,
        _ => false,
    }
}

/// The answer that a message begins with, and what follows it.
fn verdict_in(it: &ThreadMessage) -> Option<(Verdict, Option<String>)> {
    let text = heard(&it.text);
    let mut words = text.split_whitespace().filter(|w| !w.starts_with("<@"));
    let verdict = match words.next()?.trim_end_matches(['.', '!', ',', ':']).to_lowercase().as_str() {
        "approve" | "approved" => Verdict::Approve,
        "reject" | "rejected" => Verdict::Reject,
        "stop" => Verdict::Stop,
        _ => return None,
    };
    let more = Some(words.collect::<Vec<_>>().join(" ")).filter(|w| !w.is_empty());
    Some((verdict, more))
}

/// When a message was written: its name says so, in seconds since 1970.
fn written_at(ts: &Ts) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(ts.as_str().split('.').next()?.parse().ok()?, 0)
}
