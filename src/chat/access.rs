//! Who is that, and may they start or decide anything at all?
//! Only Slack knows guests, bots, people who left and other workspaces. Not said is not allowed.

use super::Actor;
use crate::commands::{self, Answer, Reply, ReplyKind, StartRun};
use crate::run::{Approver, Broken, GroupId, PersonId, Refusal, Run, Zone, prove_refusals};
use crate::slack::Member;
use crate::store::StoreError;

const UNSURE: &str = "Slack does not say who you are, so it is not certain yet that this was started. It is tried again.";

/// Somebody who never starts or decides anything, whatever a pipeline says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    Bot,
    Deactivated,
    Elsewhere,
    Guest,
}

impl Stranger {
    /// What they are told.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Bot => "Only people can decide.",
            Self::Deactivated => "This account is deactivated.",
            Self::Elsewhere => "Only people of this workspace can see or decide this.",
            Self::Guest => {
                "Guests of this workspace cannot start or decide anything; a full member can."
            }
        }
    }
}

/// Whether somebody may decide in the workspace `home`, whose request says that they are at home in `team`.
pub(super) fn full_member(member: &Member, team: &str, home: &str) -> Result<(), Stranger> {
    let elsewhere = team != home || !(member.team.is_empty() || member.team == home);
    let marks = [
        (member.bot, Stranger::Bot),
        (member.deactivated, Stranger::Deactivated),
        (elsewhere, Stranger::Elsewhere),
        (member.guest, Stranger::Guest),
    ];
    marks.into_iter().find(|(marked, _)| *marked).map_or(Ok(()), |(_, stranger)| Err(stranger))
}

/// Where it was seen that who may not decide is refused; without it no door opens.
#[derive(Clone, Copy, Debug)]
pub struct Proven(());

/// Asks the rules and this door about answers that must be refused.
///
/// # Errors
/// The first one that would be let through.
pub fn prove() -> Result<Proven, Broken> {
    prove_refusals()?;
    prove_members(full_member)?;
    Ok(Proven(()))
}

type Check = fn(&Member, &str, &str) -> Result<(), Stranger>;

fn prove_members(check: Check) -> Result<(), Broken> {
    let full = Member {
        id: "UPROOF".to_owned(),
        name: "proof".to_owned(),
        display: "Proof".to_owned(),
        guest: false,
        bot: false,
        deactivated: false,
        team: "TPROOF".to_owned(),
        zone: Zone::UTC,
    };
    let strangers = [
        ("a guest's answer", Member { guest: true, ..full.clone() }, "TPROOF"),
        ("a bot's answer", Member { bot: true, ..full.clone() }, "TPROOF"),
        ("the answer of somebody who left", Member { deactivated: true, ..full.clone() }, "TPROOF"),
        ("the answer of somebody who says to be of another workspace", full.clone(), "TELSEWHERE"),
        (
            "the answer of somebody whom Slack knows to be of another workspace",
            Member { team: "TELSEWHERE".to_owned(), ..full.clone() },
            "TPROOF",
        ),
    ];
    if let Some((what, ..)) =
        strangers.iter().find(|(_, member, team)| check(member, team, "TPROOF").is_ok())
    {
        return Err(Broken(what));
    }
    check(&full, "TPROOF", "TPROOF")
        .map_err(|_| Broken("nobody's answer, not even a full member's"))
}

/// Why somebody was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotAdmitted {
    Stranger(Stranger),
    /// Slack did not say who they are.
    Unknown,
    /// It would depend on who is in this group, and Slack did not say.
    UnknownGroup(GroupId),
}

impl NotAdmitted {
    /// What they are told.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Stranger(stranger) => stranger.told().to_owned(),
            Self::Unknown => {
                "Slack did not say who you are, so nothing was recorded. Please try again."
                    .to_owned()
            }
            Self::UnknownGroup(group) => {
                format!(
                    "Slack did not say who is in <!subteam^{}>, so nothing was recorded. Please try again.",
                    group.group
                )
            }
        }
    }
}

/// What Slack says of the groups that a run names.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    /// Those that this person is in.
    pub(super) of: Vec<GroupId>,
    /// One that Slack did not answer about.
    pub(super) unknown: Option<GroupId>,
}

impl Actor {
    /// Starts a run for who may spend money on it: a full member.
    pub(super) async fn start(&self, order: StartRun) -> Result<Reply, StoreError> {
        let home = order.asker.channel.as_ref().map(|channel| channel.team.as_str());
        match self.member(&order.asker.person, home).await {
            Ok(_) => commands::start(&self.services, order).await,
            // It may have been started before.
            Err(NotAdmitted::Unknown) if order.asker.said.retried => {
                Ok(Reply::new(ReplyKind::Unsure, UNSURE))
            }
            Err(refused) => Ok(Reply::new(ReplyKind::Refused, refused.told())),
        }
    }

    /// Lets in whoever gives an answer, with their clock, and the groups they are in where it depends on them.
    pub(super) async fn admit(&self, run: &Run, answer: &mut Answer) -> Result<(), NotAdmitted> {
        // Acted on again, it was let in before.
        if run.answer_to(&answer.key).is_some() {
            return Ok(());
        }
        let person = answer.asker.person.clone();
        let home = run
            .request
            .channel
            .as_ref()
            .or(answer.asker.channel.as_ref())
            .map(|channel| channel.team.as_str());
        let member = self.member(&person, home).await?;
        answer.asker.zone = member.zone;
        let depends =
            |answer: &Answer| run.authorize(&answer.decision(run)) == Err(Refusal::NotAllowed);
        if depends(answer) {
            let seen = self.memberships(run, &person).await;
            answer.groups = seen.of;
            if let Some(unknown) = seen.unknown.filter(|_| depends(answer)) {
                return Err(NotAdmitted::UnknownGroup(unknown));
            }
        }
        Ok(())
    }

    /// Who that is, if they are a full member of the workspace `home`; without one, of their own.
    pub(super) async fn member(
        &self,
        person: &PersonId,
        home: Option<&str>,
    ) -> Result<Member, NotAdmitted> {
        let PersonId::Slack { team, user } = person else {
            return Err(NotAdmitted::Stranger(Stranger::Elsewhere));
        };
        let member = self.slack.member(user).await.map_err(|e| {
            tracing::warn!(error = %e, "could not ask Slack who somebody is");
            NotAdmitted::Unknown
        })?;
        full_member(&member, team, home.unwrap_or(team)).map_err(NotAdmitted::Stranger)?;
        Ok(member)
    }

    /// In which of the groups that this run names somebody is: now, not when the question was asked.
    pub(super) async fn memberships(&self, run: &Run, person: &PersonId) -> Memberships {
        let PersonId::Slack { team, user } = person else { return Memberships::default() };
        let mut found = Memberships::default();
        let mut asked: Vec<&GroupId> = Vec::new();
        for approver in run.named() {
            // A group of another workspace cannot be asked about, and nobody of this one is in it.
            let Approver::Group(group) = approver else { continue };
            if &group.team != team || asked.contains(&group) {
                continue;
            }
            asked.push(group);
            match self.slack.group_members(&group.group).await {
                Ok(members) if members.contains(user) => found.of.push(group.clone()),
                Ok(_) => {}
                Err(e) if e.is_group_gone() => {}
                Err(e) => {
                    tracing::warn!(error = %e, "could not ask Slack who is in {group}");
                    found.unknown = Some(group.clone());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_door_refuses_who_may_not_decide() {
        assert!(prove().is_ok());
    }

    #[test]
    fn a_door_that_lets_a_stranger_in_is_not_opened() {
        let broken: [(Check, &str); 4] = [
            (|_, _, _| Ok(()), "a guest's answer"),
            (|m, _, _| if m.guest { Err(Stranger::Guest) } else { Ok(()) }, "a bot's answer"),
            (
                |m, _, home| {
                    if m.guest || m.bot || m.deactivated || m.team != home {
                        Err(Stranger::Bot)
                    } else {
                        Ok(())
                    }
                },
                "says to be of another",
            ),
            (|_, _, _| Err(Stranger::Guest), "nobody's answer"),
        ];
        for (check, what) in broken {
            assert!(prove_members(check).is_err_and(|broken| broken.0.contains(what)), "{what}");
        }
    }
}
