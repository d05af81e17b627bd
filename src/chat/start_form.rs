//! Modals: the form that starts a run.
//! What is wrong with it stands at its field, and nothing that was typed is lost.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use crate::commands::{self, Asker, FeatureWords, Moment, ReplyKind, StartRun};
use crate::run::{Channel, ProjectName, RunId, Usd, Via};
use crate::slack::{SlashCommand, Ts, ViewSubmission};
use crate::thread::{self, DevelopForm};

const PROJECT: &str = "project";
const BUDGET: &str = "budget";
pub(super) const BRIEF: &str = "brief";

/// Where a form that starts a run was opened: comes back with it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StartPlace {
    /// Where the run's thread will be.
    #[serde(flatten)]
    pub(super) channel: Channel,
    /// The thread that its button stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) thread_ts: Option<Ts>,
    /// The run that it does once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) again: Option<RunId>,
}

impl StartPlace {
    pub(super) const fn of(channel: Channel) -> Self {
        Self { channel, thread_ts: None, again: None }
    }
}

impl Actor {
    pub(super) async fn open_start_form(&self, it: &SlashCommand) -> Acted {
        self.open_form(it, None).await
    }

    /// The same for several features of a project.
    pub(super) async fn open_features_form(
        &self,
        it: &SlashCommand,
        project: &ProjectName,
    ) -> Acted {
        self.open_form(it, Some(project)).await
    }

    async fn open_form(&self, it: &SlashCommand, features_of: Option<&ProjectName>) -> Acted {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let projects: Vec<ProjectName> =
            self.services.projects.current().names().cloned().collect();
        let metadata = json!(StartPlace::of(channel)).to_string();
        let view = thread::develop_modal(DevelopForm {
            projects: &projects,
            project: features_of,
            private_metadata: &metadata,
            features: features_of.is_some(),
        });
        self.open_view(&it.trigger_id, json!(view)).await
    }

    pub(super) async fn start_submitted(&self, it: &ViewSubmission, said: Moment) -> Handled {
        self.start_as_read(it, read(it), said).await
    }

    pub(super) async fn features_submitted(&self, it: &ViewSubmission, said: Moment) -> Handled {
        self.start_as_read(it, read_features(it), said).await
    }

    async fn start_as_read(
        &self,
        it: &ViewSubmission,
        start: Result<StartRun, Acted>,
        said: Moment,
    ) -> Handled {
        let Some(StartPlace { channel, .. }) = form_place(it) else { return Ok(Acted::Silent) };
        let start = match start {
            Ok(start) => start,
            Err(wrong) => return Ok(wrong),
        };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        let reply = self.start(start, asker, &it.key).await?;
        Ok(match reply.kind {
            ReplyKind::Done | ReplyKind::Unsure => reply_outcome(&reply),
            _ => wrong_field(BRIEF, self.resolve_mentions(&reply.text).await),
        })
    }
}

/// What was filled in; else what is wrong with it.
fn read(it: &ViewSubmission) -> Result<StartRun, Acted> {
    let project = it.text(PROJECT, PROJECT).ok_or(Acted::Silent)?;
    let budget = budget(it)?;
    let brief = commands::read_brief(it.text(BRIEF, BRIEF).unwrap_or_default());
    let brief = brief.map_err(|wrong| wrong_field(BRIEF, wrong.text))?;
    let project = project.parse().map_err(|_| Acted::Silent)?;
    Ok(StartRun::new(project, brief, budget))
}

/// The features that were filled in, one a line.
fn read_features(it: &ViewSubmission) -> Result<StartRun, Acted> {
    let project = it.text(PROJECT, PROJECT).ok_or(Acted::Silent)?;
    let project = project.parse().map_err(|_| Acted::Silent)?;
    let budget = budget(it)?;
    let words = FeatureWords::of(project, it.text(BRIEF, BRIEF).unwrap_or_default(), budget);
    let words = words.and_then(FeatureWords::named);
    let words = words.map_err(|wrong| wrong_field(BRIEF, wrong.text.replace('`', "")))?;
    Ok(words.start())
}

/// What may be spent; nothing typed is no limit.
pub(super) fn budget(it: &ViewSubmission) -> Result<Option<Usd>, Acted> {
    let typed = it.text(BUDGET, BUDGET).map(str::trim).filter(|typed| !typed.is_empty());
    let budget = typed.map(commands::read_budget).transpose();
    budget.map_err(|wrong| wrong_field(BUDGET, wrong.text.replace('`', "")))
}

pub(super) fn wrong_field(field: &str, why: String) -> Acted {
    Acted::Wrong { field: field.to_owned(), why }
}

/// Where the form was opened from; none for other forms.
pub(super) fn form_place(it: &ViewSubmission) -> Option<StartPlace> {
    serde_json::from_str(&it.private_metadata).ok()
}
