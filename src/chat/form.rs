//! What opens over a conversation, and what comes back from it?
//! A trigger lives three seconds: what opens is opened before Slack is asked anything else.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::act::{Acted, Actor, reply_outcome};
use crate::commands::{self, Answer, Asker, Moment, More, StartRun, Terms};
use crate::run::{Channel, ProjectName, Rework, Run, Verdict, Via};
use crate::slack::{Click, SlashCommand, Surface, ViewSubmission};
use crate::store::StoreError;
use crate::thread::{
    self, CHANGES_FORM, DEVELOP, DevelopForm, EXTEND_FORM, GateValue, REJECT_FORM, changes_modal,
    extend_modal, plain_text, reject_modal,
};

/// The field of a form for an answer, which is also where a refusal stands.
const WORDS: &str = "words";
const START: &str = "start";
const UNTIL: &str = "until";

/// A press that opens a form, and the answer that it begins.
#[derive(Clone, Copy)]
pub(super) struct AnswerStart<'a> {
    pub(super) run: &'a Run,
    pub(super) value: &'a GateValue,
    pub(super) answer: &'a Answer,
}

/// What a form for an answer brings back of the press that opened it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AnsweredForm {
    #[serde(flatten)]
    pub(super) gate: GateValue,
    /// Whether it was pressed on the Home tab.
    #[serde(default)]
    pub(super) home: bool,
}

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

    /// Opens the form that an answer needs, unless it is certain already that it would not count.
    pub(super) async fn open_answer_form(
        &self,
        it: &Click,
        AnswerStart { run, value, answer }: AnswerStart<'_>,
    ) -> Result<Acted, StoreError> {
        if let Some(refused) = commands::certain_refusal(run, answer) {
            return Ok(reply_outcome(&refused));
        }
        let view = match answer.verdict {
            Verdict::Changes => changes_modal(value, run),
            Verdict::Extend => extend_modal(value, run),
            _ => reject_modal(value, run),
        };
        let mut view = json!(view);
        view["private_metadata"] = json!(
            json!(AnsweredForm { gate: value.clone(), home: it.surface == Surface::Home })
                .to_string()
        );
        Ok(self.open_view(&it.trigger_id, view).await)
    }

    pub(super) async fn submission(
        &self,
        it: &ViewSubmission,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        match it.callback_id.as_str() {
            DEVELOP => self.start_submitted(it, said).await,
            CHANGES_FORM => self.answer_submitted(it, Verdict::Changes, said).await,
            REJECT_FORM => self.answer_submitted(it, Verdict::Reject, said).await,
            EXTEND_FORM => self.answer_submitted(it, Verdict::Extend, said).await,
            _ => Ok(Acted::Silent),
        }
    }

    async fn start_submitted(
        &self,
        it: &ViewSubmission,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let (Some(channel), Some(project)) = (form_channel(it), it.text("project", "project"))
        else {
            return Ok(Acted::Silent);
        };
        let budget = match it
            .text("budget", "budget")
            .map(str::trim)
            .filter(|b| !b.is_empty())
            .map(commands::read_budget)
            .transpose()
        {
            Ok(budget) => budget,
            Err(wrong) => {
                return Ok(Acted::Wrong {
                    field: "budget".to_owned(),
                    why: wrong.text.replace('`', ""),
                });
            }
        };
        let brief = match commands::read_brief(it.text("brief", "brief").unwrap_or_default()) {
            Ok(brief) => brief,
            Err(wrong) => return Ok(Acted::Wrong { field: "brief".to_owned(), why: wrong.text }),
        };
        let Ok(project) = project.parse() else { return Ok(Acted::Silent) };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        let start = StartRun { project, brief, budget };
        let reply = self.start(start, asker, &it.key).await?;
        Ok(reply_outcome(&reply))
    }

    /// An answer with words. Refused, it stands in the form, and nothing that was typed is lost.
    async fn answer_submitted(
        &self,
        it: &ViewSubmission,
        verdict: Verdict,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let Some(form) = answered_form(it) else { return Ok(Acted::Silent) };
        let field = if verdict == Verdict::Extend { UNTIL } else { WORDS };
        let wrong = |why: String| Ok(Acted::Wrong { field: field.to_owned(), why });
        let Some(run) = self.services.store.run(&form.gate.run).await? else {
            return wrong("This run is not known here any more.".to_owned());
        };
        let more = match it.text(UNTIL, UNTIL).map(str::parse::<More>).transpose() {
            Ok(more) => more,
            Err(misunderstood) => return wrong(plain_text(&misunderstood.text)),
        };
        let terms = Terms {
            words: it
                .text(WORDS, WORDS)
                .filter(|words| !words.trim().is_empty())
                .map(str::to_owned),
            rework: if it.text(START, START) == Some("base") { Rework::Base } else { Rework::Top },
            more,
        };
        let asker = Asker::new(it.person(), if form.home { Via::Home } else { Via::Button }, said);
        let answer = Answer {
            gate: Some(form.gate.gate()),
            terms,
            ..Answer::new(verdict, asker, it.key.clone())
        };
        match self.decide(&run, answer).await? {
            Acted::Told(why) => wrong(self.resolve_mentions(&why).await),
            acted => Ok(acted),
        }
    }

    /// A sentence for a form, where mentions are no names.
    async fn resolve_mentions(&self, text: &str) -> String {
        let mut said = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<@") {
            let Some((user, after)) = after.split_once('>') else { break };
            said.push_str(before);
            match self.slack.member(user).await {
                Ok(member) => said.push_str(&member.display),
                Err(_) => said.push_str("somebody"),
            }
            rest = after;
        }
        said.push_str(rest);
        plain_text(&said).replace('`', "")
    }

    pub(super) async fn open_view(&self, trigger_id: &str, view: Value) -> Acted {
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
pub(super) fn form_channel(it: &ViewSubmission) -> Option<Channel> {
    serde_json::from_str(&it.private_metadata).ok()
}

/// The gate that a form answers, and where it was opened.
pub(super) fn answered_form(it: &ViewSubmission) -> Option<AnsweredForm> {
    let answers = [CHANGES_FORM, REJECT_FORM, EXTEND_FORM].contains(&it.callback_id.as_str());
    serde_json::from_str(&it.private_metadata).ok().filter(|_| answers)
}
