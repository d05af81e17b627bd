//! What opens over a conversation, and what comes back from it?

use super::act::{Acted, Actor, told};
use crate::commands::{self, Asker, Order, Said};
use crate::run::{Channel, PersonId, ProjectName, Via};
use crate::slack::{Click, SlashCommand, ViewSubmission};
use crate::store::StoreError;
use crate::thread::{self, DEVELOP, DevelopForm, GateValue, ModalDiff};
use crate::workspace::Patch;

impl Actor {
    pub(super) async fn open_form(&self, it: &SlashCommand) -> Acted {
        let place = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let projects: Vec<ProjectName> = self.doors.projects.names().cloned().collect();
        let metadata = serde_json::to_string(&place).unwrap_or_default();
        let view = thread::develop_modal(DevelopForm { projects: &projects, project: None, private_metadata: &metadata });
        self.open(&it.trigger_id, &view).await
    }

    pub(super) async fn submission(&self, it: &ViewSubmission, said: Said) -> Result<Acted, StoreError> {
        if it.callback_id != DEVELOP {
            return Ok(Acted::Silent);
        }
        let (Some(place), Some(project)) = (form_place(it), it.text("project", "project")) else { return Ok(Acted::Silent) };
        let budget = match it.text("budget", "budget").map(str::trim).filter(|b| !b.is_empty()).map(commands::read_budget).transpose() {
            Ok(budget) => budget,
            Err(wrong) => return Ok(Acted::Wrong { field: "budget".to_owned(), why: wrong.0.replace('`', "") }),
        };
        let brief = match commands::read_brief(it.text("brief", "brief").unwrap_or_default()) {
            Ok(brief) => brief,
            Err(wrong) => return Ok(Acted::Wrong { field: "brief".to_owned(), why: wrong.0 }),
        };
        let Ok(project) = project.parse() else { return Ok(Acted::Silent) };
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Command,
            said,
            place: Some(place),
            thread_root: None,
        };
        let what = commands::Develop { project, brief, budget };
        let reply = commands::start(&self.doors, Order { what, asker, key: it.key.clone() }).await?;
        Ok(told(&reply))
    }

    pub(super) async fn show_diff(&self, it: &Click) -> Result<Acted, StoreError> {
        let Ok(value) = serde_json::from_str::<GateValue>(&it.value) else { return Ok(Acted::Silent) };
        let Some(run) = self.doors.store.run(&value.run).await? else { return Ok(Acted::Silent) };
        let patch: Option<Patch> = self.doors.store.diff(&value.run, &value.stage).await?;
        let Some(patch) = patch else { return Ok(Acted::Told("The diff is not kept any more.".to_owned())) };
        let view = thread::diff_modal(ModalDiff { run: &run, stage: &value.stage, files: &patch.files, truncated: patch.truncated, page: 0 });
        Ok(self.open(&it.trigger_id, &view).await)
    }

    async fn open(&self, trigger_id: &str, view: &impl serde::Serialize) -> Acted {
        let Ok(view) = serde_json::to_value(view) else { return Acted::Silent };
        match self.slack.open_view(trigger_id, &view).await {
            Ok(_) => Acted::Silent,
            Err(e) => {
                tracing::warn!(error = %e, "could not open a form");
                Acted::Told("Slack did not open the form. Please try again.".to_owned())
            }
        }
    }
}

/// Where a form was opened from.
pub(super) fn form_place(it: &ViewSubmission) -> Option<Channel> {
    serde_json::from_str(&it.private_metadata).ok()
}
