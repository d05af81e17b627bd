//! Interaction payloads: what does the diff of some work look like, in a modal?
//! For where no browser can reach us. Nobody of another workspace sees anything of a run.

use serde_json::{Value, json};

use super::Actor;
use super::click::asker;
use super::outcome::{Acted, Handled};
use super::pressed_card::Pressed;
use crate::commands::{self, Asker, Moment};
use crate::run::{Attempt, Channel, Run, StageState};
use crate::slack::Click;
use crate::store::StoreError;
use crate::thread::{DiffPlace, DiffTurn, GateValue, ModalDiff, diff_modal};

const NOT_KEPT: &str = "The diff is not kept any more.";

const NOT_THEIRS: &str = "That run is in a channel that you are not in.";

/// A page of a diff.
enum DiffPage {
    View(Value),
    /// Not for them, or not kept; what they are told.
    Refused(String),
}

/// What of a diff is looked at.
#[derive(Clone, Copy, Default)]
struct DiffSight {
    since_round: bool,
    page: usize,
}

impl DiffSight {
    const fn after(turn: DiffTurn, since_round: bool) -> Self {
        match turn {
            DiffTurn::Page(page) => Self { since_round, page },
            DiffTurn::SinceRound => Self { since_round: true, page: 0 },
            DiffTurn::All => Self { since_round: false, page: 0 },
        }
    }
}

impl Actor {
    /// What the pressed card was about, however much newer work there is.
    pub(super) async fn show_diff(&self, it: &Click, said: Moment) -> Handled {
        let Ok(value) = serde_json::from_str::<GateValue>(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &value.run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        if !self.may_look_at(it, &run, said).await {
            return Ok(Acted::told(NOT_THEIRS));
        }
        let Some((stage, attempt)) = run.asked_about(&value.gate()) else {
            return Ok(Acted::told(NOT_KEPT));
        };
        match self.diff_page(it, (&run, stage, attempt), DiffSight::default()).await? {
            DiffPage::View(view) => Ok(self.open_view(&it.trigger_id, view).await),
            DiffPage::Refused(why) => Ok(Acted::Told(why)),
        }
    }

    /// Whether that is a run of a channel they are in, or one that they are asked about. Slack is asked no more than it takes: a trigger lives
    /// three seconds.
    async fn may_look_at(&self, it: &Click, run: &Run, said: Moment) -> bool {
        // A tab or a form is in no channel, but in a workspace.
        let nowhere = Channel { team: it.team.clone(), channel: String::new() };
        let asker = asker(it, said);
        let channel = asker.channel.clone().or(Some(nowhere));
        let asker = Asker { channel, ..asker };
        commands::is_visible_to(run, &asker)
            || commands::is_visible_to(run, &self.with_sight_of(run, asker.clone()).await)
            || !self.memberships(run, &asker.person).await.of.is_empty()
    }

    /// Another page of the diff that is open.
    pub(super) async fn turn_page(&self, it: &Click) -> Handled {
        let (Ok(at), Some(turn)) =
            (serde_json::from_str::<DiffPlace>(&it.private_metadata), DiffTurn::parse(&it.value))
        else {
            return Ok(Acted::Silent);
        };
        let (Some(view_id), Some(run)) = (&it.view_id, self.services.store.run(&at.run).await?)
        else {
            return Ok(Acted::Silent);
        };
        let Some((stage, attempt)) = work_at(&run, &at) else {
            return Ok(Acted::told(NOT_KEPT));
        };
        let sight = DiffSight::after(turn, at.since_round);
        let view = match self.diff_page(it, (&run, stage, attempt), sight).await? {
            DiffPage::View(view) => view,
            DiffPage::Refused(why) => return Ok(Acted::Told(why)),
        };
        Ok(self.update_view(it, view_id, &view).await)
    }

    async fn update_view(&self, it: &Click, view_id: &str, view: &Value) -> Acted {
        match self.slack.update_view(view_id, it.view_hash.as_deref(), view).await {
            Ok(()) => Acted::Silent,
            // A second press on the same page: it is being turned.
            Err(e) if e.is_view_moved_on() => Acted::Silent,
            Err(e) => {
                tracing::warn!(error = %e, "could not turn a page");
                Acted::told("Slack did not turn the page. Please try again.")
            }
        }
    }

    /// A page of what an attempt changed. Guests may read along.
    async fn diff_page(
        &self,
        it: &Click,
        (run, stage, attempt): (&Run, &StageState, &Attempt),
        DiffSight { since_round, page }: DiffSight,
    ) -> Result<DiffPage, StoreError> {
        let person = it.person();
        let home = run.request.channel.as_ref().map_or(&it.team, |channel| &channel.team);
        let (reader, patch) = tokio::join!(
            self.may_read(&person, home),
            commands::patch_of(&self.services.store, (run, stage), attempt)
        );
        if let Err(refused) = reader {
            return Ok(DiffPage::Refused(refused.text()));
        }
        let Some(patch) = &patch? else {
            return Ok(DiffPage::Refused(NOT_KEPT.to_owned()));
        };
        let diff = ModalDiff { run, stage, attempt, patch, since_round, page };
        Ok(DiffPage::View(json!(diff_modal(diff))))
    }
}

/// The work that an open modal is about; of one that an older version opened, the newest.
fn work_at<'a>(run: &'a Run, at: &DiffPlace) -> Option<(&'a StageState, &'a Attempt)> {
    let stage = run.stage(&at.stage)?;
    let attempt = at.attempt.map_or_else(|| run.shown(&at.stage), |n| stage.attempt(n))?;
    Some((stage, attempt))
}
