//! Access control at Slack's door: who is that, and may they do this?
//! Slack is asked who somebody is and in which groups; `commands/admission.rs` judges with it. The only file that lets people of Slack in.

use super::Actor;
use crate::commands::{
    self, Admitted, Answer, Asker, FullMember, Memberships, NotAdmitted, Reply, ReplyKind,
    StartRun, Stranger,
};
use crate::run::{Approver, Broken, GroupId, PersonId, RequestId, Run, prove_refusals};
use crate::store::StoreError;

const UNSURE: &str = "Slack does not say who you are, so it is not certain yet that this was started. It is tried again.";

/// That who may not decide was seen to be refused; without it no door opens.
#[derive(Clone, Copy, Debug)]
pub struct Proven(());

/// Asks the rules and this door about answers that must be refused.
///
/// # Errors
/// The first one that would be let through.
pub fn prove() -> Result<Proven, Broken> {
    prove_refusals()?;
    commands::prove_members()?;
    Ok(Proven(()))
}

impl Actor {
    /// Starts a run for who may spend money on it: a full member.
    pub(super) async fn start(
        &self,
        start: StartRun,
        asker: Asker,
        key: &RequestId,
    ) -> Result<Reply, StoreError> {
        let home = asker.channel.clone();
        let team = home.as_ref().map(|channel| channel.team.as_str());
        let member = self.full_member(&asker.person, team).await;
        let retried = asker.said.retried;
        match member.and_then(|member| commands::admit_start(start, asker, key.clone(), member)) {
            Ok(admitted) => {
                let reply = commands::start(&self.services, admitted).await?;
                Ok(self.with_thread_note(reply, home.as_ref()).await)
            }
            // It may have been started before.
            Err(NotAdmitted::Unknown) if retried => Ok(Reply::new(ReplyKind::Unsure, UNSURE)),
            Err(refused) => Ok(refused.reply()),
        }
    }

    /// Lets an answer in, if who gives it may.
    pub(super) async fn admit(&self, run: &Run, answer: Answer) -> Result<Admitted, NotAdmitted> {
        let person = answer.asker.person.clone();
        let home = answer.workspace(run).map(str::to_owned);
        let of_home = commands::presumed(run, &answer);
        let member = self.full_member(&person, home.as_deref());
        commands::admit(run, answer, member, self.memberships(run, &of_home)).await
    }

    /// Whether somebody may look at what happens in the workspace `home`: its full members may, and its guests.
    pub(super) async fn may_read(&self, person: &PersonId, home: &str) -> Result<(), NotAdmitted> {
        match self.full_member(person, Some(home)).await {
            Ok(_) | Err(NotAdmitted::Stranger(Stranger::Guest)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Who that is, if they are a full member of the workspace `home`; without one, of their own.
    pub(super) async fn full_member(
        &self,
        person: &PersonId,
        home: Option<&str>,
    ) -> Result<FullMember, NotAdmitted> {
        let PersonId::Slack { user, .. } = person else { return Err(Stranger::Elsewhere.into()) };
        let member = self.slack.member(user).await.map_err(|e| {
            tracing::warn!(error = %e, "could not ask Slack who somebody is");
            NotAdmitted::Unknown
        })?;
        Ok(FullMember::check(&member, person, home)?)
    }

    /// In which of the groups that this run names somebody is: now, not when the question was asked.
    pub(super) async fn memberships(&self, run: &Run, person: &PersonId) -> Memberships {
        let mut found = Memberships::default();
        let PersonId::Slack { team, user } = person else { return found };
        for group in groups_in(run, team) {
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

/// The groups that a run names, each once. One of another workspace cannot be asked about, and nobody of this one is in it.
fn groups_in<'a>(run: &'a Run, team: &str) -> Vec<&'a GroupId> {
    let mut groups: Vec<&GroupId> = Vec::new();
    for approver in run.named() {
        match approver {
            Approver::Group(group) if group.team == team && !groups.contains(&group) => {
                groups.push(group);
            }
            _ => {}
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_door_refuses_who_may_not_decide() {
        assert!(super::prove().is_ok());
    }
}
