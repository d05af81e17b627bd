//! Interaction payloads: what does a stage's diff look like, in a modal?
//! For where no browser can reach us. Nobody of another workspace sees anything of a run.

use serde_json::{Value, json};

use super::Actor;
use super::outcome::{Acted, Handled};
use super::pressed_card::Pressed;
use crate::commands;
use crate::run::{Run, StageName};
use crate::slack::Click;
use crate::store::StoreError;
use crate::thread::{DiffPlace, GateValue, ModalDiff, diff_modal};

/// A page of a diff.
enum DiffPage {
    View(Value),
    /// Not for them, or not kept; what they are told.
    Refused(String),
}

impl Actor {
    pub(super) async fn show_diff(&self, it: &Click) -> Handled {
        let Ok(GateValue { run, stage, .. }) = serde_json::from_str(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        match self.diff_page(it, &run, &stage, 0).await? {
            DiffPage::View(view) => Ok(self.open_view(&it.trigger_id, view).await),
            DiffPage::Refused(why) => Ok(Acted::Told(why)),
        }
    }

    /// Another page of the diff that is open.
    pub(super) async fn turn_page(&self, it: &Click) -> Handled {
        let (Ok(at), Ok(page)) =
            (serde_json::from_str::<DiffPlace>(&it.private_metadata), it.value.parse())
        else {
            return Ok(Acted::Silent);
        };
        let (Some(view_id), Some(run)) = (&it.view_id, self.services.store.run(&at.run).await?)
        else {
            return Ok(Acted::Silent);
        };
        let view = match self.diff_page(it, &run, &at.stage, page).await? {
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

    /// A page of what a stage changed. Guests may read along.
    async fn diff_page(
        &self,
        it: &Click,
        run: &Run,
        stage: &StageName,
        page: usize,
    ) -> Result<DiffPage, StoreError> {
        let person = it.person();
        let home = run.request.channel.as_ref().map_or(&it.team, |channel| &channel.team);
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
        let (files, truncated) = (&patch.files, patch.truncated);
        Ok(DiffPage::View(json!(diff_modal(ModalDiff { run, stage, files, truncated, page }))))
    }
}
