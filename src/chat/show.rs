//! What can somebody look at, over the thread and at home?
//! Nobody of another workspace sees anything of a run.

use serde_json::{Value, json};

use super::act::{Acted, Actor};
use super::click::Pressed;
use crate::commands::{self, Asker, Moment};
use crate::metrics;
use crate::run::{Channel, Run, StageName, Via};
use crate::slack::{Click, HomeOpened, plainer};
use crate::store::StoreError;
use crate::thread::{self, DiffPlace, GateValue, ModalDiff, diff_modal};

/// A page of a diff.
enum DiffPage {
    View(Value),
    /// Not for them, or not kept; what they are told.
    Refused(String),
}

impl Actor {
    pub(super) async fn show_diff(&self, it: &Click) -> Result<Acted, StoreError> {
        let Ok(GateValue { run, stage, .. }) = serde_json::from_str(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::Told(why.to_owned())),
        };
        match self.diff_page(it, &run, &stage, 0).await? {
            DiffPage::View(view) => Ok(self.open_view(&it.trigger_id, view).await),
            DiffPage::Refused(why) => Ok(Acted::Told(why)),
        }
    }

    /// Another page of the diff that is open.
    pub(super) async fn turn_page(&self, it: &Click) -> Result<Acted, StoreError> {
        let (Ok(place), Ok(page)) =
            (serde_json::from_str::<DiffPlace>(&it.private_metadata), it.value.parse())
        else {
            return Ok(Acted::Silent);
        };
        let (Some(view_id), Some(run)) = (&it.view_id, self.services.store.run(&place.run).await?)
        else {
            return Ok(Acted::Silent);
        };
        let view = match self.diff_page(it, &run, &place.stage, page).await? {
            DiffPage::View(view) => view,
            DiffPage::Refused(why) => return Ok(Acted::Told(why)),
        };
        match self.slack.update_view(view_id, it.view_hash.as_deref(), &view).await {
            Ok(()) => Ok(Acted::Silent),
            // A second press on the same page: it is being turned.
            Err(e) if e.is_view_moved_on() => Ok(Acted::Silent),
            Err(e) => {
                tracing::warn!(error = %e, "could not turn a page");
                Ok(Acted::Told("Slack did not turn the page. Please try again.".to_owned()))
            }
        }
    }

    /// A page of what a stage changed. Guests may read along.
    async fn diff_page(
        &self,
        it: &Click,
        run: &Run,
        stage: &StageName,
        page: usize,
    ) -> Result<DiffPage, StoreError> {
        let person = it.person();
        let home =
            run.request.channel.as_ref().map_or(it.team.as_str(), |channel| channel.team.as_str());
        let (reader, patch) = tokio::join!(
            self.may_read(&person, home),
            commands::shown_patch(&self.services.store, run, stage)
        );
        if let Err(refused) = reader {
            return Ok(DiffPage::Refused(refused.text()));
        }
        let Some(patch) = patch? else {
            return Ok(DiffPage::Refused("The diff is not kept any more.".to_owned()));
        };
        Ok(DiffPage::View(json!(diff_modal(ModalDiff {
            run,
            stage,
            files: &patch.files,
            truncated: patch.truncated,
            page,
        }))))
    }

    /// Draws somebody's Home tab: what waits for them, and for others.
    pub(super) async fn show_home(&self, at: &HomeOpened) {
        let person = at.person();
        if self.may_read(&person, &at.team).await.is_err() {
            return;
        }
        let now = (self.clock)();
        // The tab is in no channel, but in a workspace.
        let channel = Channel { team: at.team.clone(), channel: String::new() };
        let asker =
            Asker { channel: Some(channel), ..Asker::new(person, Via::Home, Moment::now(now)) };
        let waiting = match self.waiting(&asker).await {
            Ok(seen) => seen.all.into_iter().map(|it| (it.run, it.mine)).collect::<Vec<_>>(),
            Err(e) => return tracing::warn!(error = %e, "could not ask what waits for somebody"),
        };
        let blocks = thread::home(&waiting, now, &self.render);
        let mut drawn = self.slack.publish_home(&at.user, blocks.clone()).await;
        if let Some(refused) = drawn.as_ref().err().filter(|e| e.is_invalid_blocks()) {
            metrics::message_drawn_plainly();
            tracing::error!(error = %refused, "Slack does not take somebody's Home tab as it is drawn; it is drawn more plainly");
            // Each by itself, or the words of the last questions would be cut away above their buttons.
            drawn = self
                .slack
                .publish_home(&at.user, blocks.chunks(1).flat_map(plainer).collect())
                .await;
        }
        if let Err(e) = drawn {
            tracing::warn!(error = %e, "could not draw somebody's Home tab");
        }
    }
}
