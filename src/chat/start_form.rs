//! Modals: the form that starts a run.
//! What is wrong with it stands at its field, and nothing that was typed is lost.

use serde_json::json;

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use crate::commands::{self, Asker, Misunderstood, Moment, StartRun};
use crate::run::{Channel, ProjectName, Usd, Via};
use crate::slack::{SlashCommand, ViewSubmission};
use crate::thread::{self, DevelopForm};

const PROJECT: &str = "project";
const BUDGET: &str = "budget";
const BRIEF: &str = "brief";

impl Actor {
    pub(super) async fn open_start_form(&self, it: &SlashCommand) -> Acted {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let projects: Vec<ProjectName> =
            self.services.projects.current().names().cloned().collect();
        let metadata = serde_json::to_string(&channel).unwrap_or_default();
        let view = thread::develop_modal(DevelopForm {
            projects: &projects,
            project: None,
            private_metadata: &metadata,
        });
        self.open_view(&it.trigger_id, json!(view)).await
    }

    pub(super) async fn start_submitted(&self, it: &ViewSubmission, said: Moment) -> Handled {
        let Some(channel) = form_channel(it) else { return Ok(Acted::Silent) };
        let start = match read(it) {
            Ok(start) => start,
            Err(wrong) => return Ok(wrong),
        };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        Ok(reply_outcome(&self.start(start, asker, &it.key).await?))
    }
}

/// What was filled in; else what is wrong with it.
fn read(it: &ViewSubmission) -> Result<StartRun, Acted> {
    let project = it.text(PROJECT, PROJECT).ok_or(Acted::Silent)?;
    let budget = budget(it).map_err(|wrong| wrong_field(BUDGET, wrong.text.replace('`', "")))?;
    let brief = commands::read_brief(it.text(BRIEF, BRIEF).unwrap_or_default());
    let brief = brief.map_err(|wrong| wrong_field(BRIEF, wrong.text))?;
    let project = project.parse().map_err(|_| Acted::Silent)?;
    Ok(StartRun { project, brief, budget, again: None })
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
