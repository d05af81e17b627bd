//! Access control: may this person do what they ask for?
//! Asked once, at the door, before anything acts; what acts takes the proof that is made here and nowhere else. Who asks is a fact that
//! the door brings: Slack's a [`FullMember`], the shell's a [`ShellUser`]. What they may, and whether their card is stale, is decided by
//! `run/rules/authorize.rs`.

use super::outcome::{judged_reply, refused};
use super::{
    Answer, Asker, FullMember, Memberships, Moment, Reply, ReplyKind, SentAnswer, ShellUser,
    StartRun, Stranger,
};
use crate::run::{
    Approver, Decision, GroupId, PersonId, Refusal, RequestId, Run, RunId, Verdict, Zone,
};
use crate::store::InboxRow;
use crate::thread::words;

/// An answer that was let in. Nobody can decide without one, and only [`admit`] and [`admit_at_shell`] make one of an answer:
///
/// ```compile_fail
/// // An answer is what somebody says, whoever they are: `decide` does not take it.
/// commands::decide(&services, answer).await?;
/// // The fields are private: nobody writes a proof by hand.
/// commands::decide(&services, Admitted { sent, entry }).await?;
/// // A full member is made of what Slack says; a person's name alone is none.
/// commands::admit(&run, answer, ready(Ok(person)), groups).await?;
/// ```
#[derive(Debug)]
pub struct Admitted {
    sent: SentAnswer,
    entry: Entry,
}

/// What an answer that was let in still needs.
#[derive(Debug)]
pub(super) enum Entry {
    /// To be sent to its run.
    Send { decision: Box<Decision>, said: Moment },
    /// Nothing: the run has judged it before.
    Judged(Reply),
}

/// A run that somebody may start. Nobody can start one without it, and only [`admit_start`] and [`admit_start_at_shell`] make it.
#[derive(Debug)]
pub struct AdmittedStart {
    start: StartRun,
    /// Whoever was let in.
    asker: Asker,
    key: RequestId,
}

/// Why somebody was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    Stranger(Stranger),
    /// Slack did not say who they are.
    Unknown,
    /// It would depend on who is in this group, and Slack did not say.
    UnknownGroup(GroupId),
    /// Something is missing in what they say, or it is too long.
    Unfit(String),
    /// They may not, or the question is no longer open.
    Refused {
        why: Refusal,
        text: String,
    },
}

/// Lets an answer from Slack in, if its giver may. `member` and `groups` ask Slack, and are waited for only where it depends on them.
pub async fn admit(
    run: &Run,
    answer: Answer,
    member: impl Future<Output = Result<FullMember, NotAdmitted>>,
    groups: impl Future<Output = Memberships>,
) -> Result<Admitted, NotAdmitted> {
    if let Some(before) = Admitted::before(run, &answer) {
        return Ok(before);
    }
    let member = member.await?.of(answer.workspace(run))?;
    let mut decision = answer.decision(run, member.person_in(run), member.zone());
    let mut judged = run.authorize(&decision);
    if judged == Err(Refusal::NotAllowed) {
        let seen = groups.await;
        decision.groups = seen.of;
        judged = run.authorize(&decision);
        if let (Err(Refusal::NotAllowed), Some(group)) = (&judged, seen.unknown) {
            return Err(NotAdmitted::UnknownGroup(group));
        }
    }
    Admitted::judged(run, &answer, decision, judged)
}

/// Lets an answer from a shell in, if its giver may.
pub fn admit_at_shell(
    run: &Run,
    answer: &Answer,
    user: &ShellUser,
) -> Result<Admitted, NotAdmitted> {
    if let Some(before) = Admitted::before(run, answer) {
        return Ok(before);
    }
    let decision = answer.decision(run, user.person(), user.zone());
    let judged = run.authorize(&decision);
    Admitted::judged(run, answer, decision, judged)
}

/// Lets a full member start a run.
pub fn admit_start(
    start: StartRun,
    asker: Asker,
    key: RequestId,
    member: FullMember,
) -> Result<AdmittedStart, NotAdmitted> {
    let member = member.of(asker.channel.as_ref().map(|channel| channel.team.as_str()))?;
    let asker = Asker { person: member.person().clone(), ..asker };
    Ok(AdmittedStart { start, asker, key })
}

/// Lets whoever is at a shell start a run.
#[must_use]
pub fn admit_start_at_shell(
    start: StartRun,
    asker: Asker,
    key: RequestId,
    user: &ShellUser,
) -> AdmittedStart {
    AdmittedStart { start, asker: Asker { person: user.person().clone(), ..asker }, key }
}

/// Why an answer like this would be refused, whatever else it says, before anything is asked of Slack: a member of a group may still be
/// let in.
#[must_use]
pub fn certain_refusal(run: &Run, answer: &Answer) -> Option<Reply> {
    // A snooze is judged like every other answer to this gate, and needs neither words nor a time.
    let verdict = if answer.verdict == Verdict::Extend { Verdict::Snooze } else { answer.verdict };
    let decision = answer.decision(run, &presumed(run, answer), Zone::UTC);
    let refusal = run.authorize(&Decision { verdict, ..decision }).err()?;
    let may_be_in_a_group = refusal == Refusal::NotAllowed
        && run.named().any(|approver| matches!(approver, Approver::Group(_)));
    (!may_be_in_a_group).then(|| refused(run, &refusal, answer.verdict))
}

/// Who somebody is to this run, before Slack says it: its starter or somebody whom it names, if that is the same account; else of its workspace.
#[must_use]
pub fn presumed(run: &Run, answer: &Answer) -> PersonId {
    let PersonId::Slack { user, .. } = &answer.asker.person else {
        return answer.asker.person.clone();
    };
    let is_they =
        |person: &&PersonId| matches!(person, PersonId::Slack { user: known, .. } if known == user);
    let named = run.named().filter_map(|approver| match approver {
        Approver::Person(person) => Some(person),
        Approver::Group(_) => None,
    });
    let known = std::iter::once(&run.request.starter).chain(named).find(is_they);
    known.cloned().unwrap_or_else(|| match answer.workspace(run) {
        Some(team) => PersonId::Slack { team: team.to_owned(), user: user.clone() },
        None => answer.asker.person.clone(),
    })
}

impl Admitted {
    /// An answer that is acted on again: the run has judged it, so it was let in before.
    fn before(run: &Run, answer: &Answer) -> Option<Self> {
        let judged = run.answer_to(&answer.key)?;
        let entry = Entry::Judged(judged_reply(run, judged, answer.verdict));
        Some(Self { sent: SentAnswer::of(run.id(), answer.verdict, &answer.key), entry })
    }

    fn judged(
        run: &Run,
        answer: &Answer,
        decision: Decision,
        judged: Result<(), Refusal>,
    ) -> Result<Self, NotAdmitted> {
        // Who only talks in the thread is told that nobody listens before they are told how to say it.
        let talks = answer.verdict == Verdict::Note;
        let refuse = |why: Refusal| {
            let text = words::refusal(&why, run, answer.verdict).into();
            Err(NotAdmitted::Refused { why, text })
        };
        match (judged, answer.unfit()) {
            (Err(why @ (Refusal::NotAllowed | Refusal::RunEnded)), _) if talks => refuse(why),
            (_, Some(unfit)) => Err(NotAdmitted::Unfit(unfit)),
            (Err(why), None) => refuse(why),
            (Ok(()), None) => {
                let entry = Entry::Send { decision: Box::new(decision), said: answer.asker.said };
                Ok(Self { sent: SentAnswer::of(run.id(), answer.verdict, &answer.key), entry })
            }
        }
    }

    /// An answer from a shell that was let in and sent, and whose arrival nobody confirmed; its process may be gone. None for other rows.
    #[must_use]
    pub fn owed(row: &InboxRow) -> Option<Self> {
        let (run, decision): (RunId, Decision) =
            serde_json::from_value(row.payload.clone()).ok()?;
        let said = Moment { at: row.received_at, retried: true };
        let sent = SentAnswer::of(&run, decision.verdict, &decision.request);
        Some(Self { sent, entry: Entry::Send { decision: Box::new(decision), said } })
    }

    /// What to wait for, once it is on its way.
    #[must_use]
    pub fn sent(&self) -> SentAnswer {
        self.sent.clone()
    }

    pub(super) fn into_entry(self) -> (RunId, Entry) {
        (self.sent.run, self.entry)
    }
}

impl AdmittedStart {
    pub(super) fn into_parts(self) -> (StartRun, Asker, RequestId) {
        (self.start, self.asker, self.key)
    }
}

impl NotAdmitted {
    /// What they are told.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Stranger(stranger) => stranger.text().to_owned(),
            Self::Unknown => {
                "Slack did not say who you are, so nothing was recorded. Please try again."
                    .to_owned()
            }
            Self::UnknownGroup(group) => format!(
                "Slack did not say who is in <!subteam^{}>, so nothing was recorded. Please try again.",
                group.group
            ),
            Self::Unfit(text) | Self::Refused { text, .. } => text.clone(),
        }
    }

    #[must_use]
    pub fn reply(&self) -> Reply {
        Reply::new(ReplyKind::Refused, self.text())
    }
}

impl From<Stranger> for NotAdmitted {
    fn from(stranger: Stranger) -> Self {
        Self::Stranger(stranger)
    }
}

#[cfg(test)]
mod tests;
