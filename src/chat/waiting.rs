//! What waits for somebody of Slack, and for others?
//! Whether a question waits for them may depend on a group, and only Slack knows who is in it.

use super::Actor;
use crate::commands::{self, Asker, NotAdmitted, Reply, Waiting};
use crate::store::StoreError;

const MAYBE_MORE: &str =
    "\nSlack did not say all about you, so more may wait for you. Please look again in a minute.";

/// What waits, as far as Slack says who somebody is.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) all: Vec<Waiting>,
    /// Why more may wait for them.
    pub(super) doubt: Option<NotAdmitted>,
}

impl Actor {
    /// Every question that is open here, and whether it waits for this person.
    pub(super) async fn waiting(&self, asker: &Asker) -> Result<Seen, StoreError> {
        let runs = commands::waiting_runs(&self.services, asker).await?;
        let home = asker.channel.as_ref().map(|channel| channel.team.as_str());
        let member = self.full_member(&asker.person, home).await;
        let (member, refused) = match member {
            Ok(member) => (Some(member), None),
            Err(refused) => (None, Some(refused)),
        };
        let mut doubt = refused.filter(|refused| *refused == NotAdmitted::Unknown);
        let mut all = Vec::new();
        let mut sight = None;
        for run in runs {
            let person = member.as_ref().map(|member| member.person_in(&run).clone());
            let mut called = false;
            let mut mine = person.as_ref().is_some_and(|it| commands::waits_for(&run, it, &[]));
            // Slack is not asked again and again what it does not answer.
            if let Some(person) = person.filter(|_| !mine && doubt.is_none()) {
                let seen = self.memberships(&run, &person).await;
                mine = !seen.of.is_empty() && commands::waits_for(&run, &person, &seen.of);
                called = mine;
                doubt = seen.unknown.map(NotAdmitted::UnknownGroup);
            }
            // Who is called to answer sees the question wherever it stands; who only could, where they are.
            if called
                || commands::is_visible_to(&run, asker)
                || mine && commands::is_visible_to(&run, self.seer(asker, &mut sight).await)
            {
                all.push(Waiting { run, mine });
            }
        }
        Ok(Seen { all, doubt })
    }

    /// Whoever asks, with what Slack lets them see; it is asked once.
    async fn seer<'s>(&self, asker: &Asker, known: &'s mut Option<Asker>) -> &'s Asker {
        if known.is_none() {
            *known = Some(self.with_sight(asker.clone()).await);
        }
        known.get_or_insert_with(|| asker.clone())
    }

    pub(super) async fn waiting_reply(&self, asker: &Asker) -> Result<Reply, StoreError> {
        let seen = self.waiting(asker).await?;
        let stuck = commands::runs_without_worker(&self.services, asker).await?;
        let mut reply = commands::waiting(&seen.all, &stuck, (self.clock)());
        if seen.doubt.is_some() {
            reply.text.push_str(MAYBE_MORE);
        }
        Ok(reply)
    }
}
