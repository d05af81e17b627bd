//! Modals: the form that starts a run.
//! What is wrong with it stands at its field, and nothing that was typed is lost.

use serde_json::json;

use super::act::{Acted, Actor, reply_outcome};
use crate::commands::{self, Asker, Misunderstood, Moment, StartRun};
use crate::run::{Channel, ProjectName, Usd, Via};
use crate::slack::{SlashCommand, ViewSubmission};
use crate::store::StoreError;
use crate::thread::{self, DevelopForm};

const PROJECT: &str = "project";
const BUDGET: &str = "budget";
const BRIEF: &str = "brief";

impl Actor {
    pub(super) async fn open_start_form(&self, it: &SlashCommand) -> Acted {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let projects: Vec<ProjectName> = self.services.projects.names().cloned().collect();
        let metadata = serde_json::to_string(&channel).unwrap_or_default();
        let view = thread::develop_modal(DevelopForm {
            projects: &projects,
            project: None,
            private_metadata: &metadata,
        });
        self.open_view(&it.trigger_id, json!(view)).await
    }

    pub(super) async fn start_submitted(
        &self,
        it: &ViewSubmission,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let (Some(channel), Some(project)) = (form_channel(it), it.text(PROJECT, PROJECT)) else {
            return Ok(Acted::Silent);
        };
        let budget = match budget(it) {
            Ok(budget) => budget,
            Err(wrong) => return Ok(wrong_field(BUDGET, wrong.text.replace('`', ""))),
        };
        let brief = match commands::read_brief(it.text(BRIEF, BRIEF).unwrap_or_default()) {
            Ok(brief) => brief,
            Err(wrong) => return Ok(wrong_field(BRIEF, wrong.text)),
        };
        let Ok(project) = project.parse() else { return Ok(Acted::Silent) };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        let start = StartRun { project, brief, budget };
        Ok(reply_outcome(&self.start(start, asker, &it.key).await?))
    }
}

/// What may be spent; nothing typed is no limit.
fn budget(it: &ViewSubmission) -> Result<Option<Usd>, Misunderstood> {
    let typed = it.text(BUDGET, BUDGET).map(str::trim).filter(|typed| !typed.is_empty());
    typed.map(commands::read_budget).transpose()
}

fn wrong_field(field: &str, why: String) -> Acted {
    Acted::Wrong { field: field.to_owned(), why }
}

/// Where the form was opened from; none for other forms.
pub(super) fn form_channel(it: &ViewSubmission) -> Option<Channel> {
    serde_json::from_str(&it.private_metadata).ok()
}
