//! Modals: the forms for an answer that a press alone cannot say.
//! Refused, the reason stands in the form, and nothing that was typed is lost.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use super::pressed_card::NOT_KNOWN;
use crate::commands::{self, Answer, Asker, Misunderstood, Moment, More, Takes, Terms, Verb};
use crate::run::{GateId, Retry, Rework, Run, RunId, Verdict, Via};
use crate::slack::{Click, SlackView, Surface, ViewSubmission};
use crate::thread::{
    GateValue, RunValue, changes_modal, extend_modal, plain_text, reject_modal, retry_modal,
    rollback_modal,
};

/// The fields; a refusal stands at the one for words, for the time or for the snapshot.
const WORDS: &str = "words";
const START: &str = "start";
const UNTIL: &str = "until";
const TIME: &str = "time";
const MODEL: &str = "model";
const SNAPSHOT: &str = "snapshot";
/// The model that it was.
const SAME: &str = "same";

/// What a form for an answer brings back of the press that opened it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AnsweredForm {
    #[serde(flatten)]
    about: FormAbout,
    /// Whether it was pressed on the Home tab.
    #[serde(default)]
    pub(super) home: bool,
}

/// What a form answers. In this order: a run's value can be read out of a question's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum FormAbout {
    Question(GateValue),
    /// No question, but the run.
    Run(RunValue),
}

impl AnsweredForm {
    pub(super) const fn run(&self) -> &RunId {
        match &self.about {
            FormAbout::Question(gate) => &gate.run,
            FormAbout::Run(value) => &value.run,
        }
    }

    fn gate(&self) -> Option<GateId> {
        match &self.about {
            FormAbout::Question(gate) => Some(gate.gate()),
            FormAbout::Run(_) => None,
        }
    }
}

impl Actor {
    /// Opens the form that an answer needs, unless it is certain already that it would not count.
    pub(super) async fn open_answer_form(
        &self,
        it: &Click,
        run: &Run,
        about: FormAbout,
        answer: &Answer,
    ) -> Handled {
        if let Some(refused) = commands::certain_refusal(run, answer) {
            return Ok(reply_outcome(&refused));
        }
        // Of this workspace by another of an organisation's, or not at all: only Slack knows, and a form tells of the run.
        let home = answer.workspace(run);
        if home.is_some_and(|home| home != it.user_team)
            && let Err(refused) = self.full_member(&answer.asker.person, home).await
        {
            return Ok(Acted::Told(refused.text()));
        }
        let mut view = json!(form_of(answer.verdict, &about, run));
        let form = AnsweredForm { about, home: it.surface == Surface::Home };
        view["private_metadata"] = json!(json!(form).to_string());
        Ok(self.open_view(&it.trigger_id, view).await)
    }

    pub(super) async fn answer_submitted(
        &self,
        it: &ViewSubmission,
        verb: &Verb,
        said: Moment,
    ) -> Handled {
        let (Some(form), Some(verdict)) = (answered_form(it), verb.verdict()) else {
            return Ok(Acted::Silent);
        };
        let field = match verb.takes {
            Takes::Time => UNTIL,
            Takes::Snapshot => SNAPSHOT,
            _ => WORDS,
        };
        let wrong = |why: String| Ok(Acted::Wrong { field: field.to_owned(), why });
        let Some(run) = self.services.store.run(form.run()).await? else {
            return wrong(NOT_KNOWN.to_owned());
        };
        let answer = Answer::new(verdict, asker(it, &form, said), it.key.clone());
        let answer = match terms(it, verdict) {
            Ok(terms) => Answer { gate: form.gate(), terms, ..answer },
            Err(misunderstood) => return wrong(plain_text(&misunderstood.text)),
        };
        match self.decide(&run, answer).await? {
            Acted::Told(why) => wrong(self.resolve_mentions(&why).await),
            acted => Ok(acted),
        }
    }

    /// A sentence for a form, where mentions are no names.
    pub(super) async fn resolve_mentions(&self, text: &str) -> String {
        let mut named = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<@") {
            let Some((user, after)) = after.split_once('>') else { break };
            named.push_str(before);
            match self.slack.member(user).await {
                Ok(member) => named.push_str(&member.display),
                Err(_) => named.push_str("somebody"),
            }
            rest = after;
        }
        named.push_str(rest);
        plain_text(&named).replace('`', "")
    }
}

fn form_of(verdict: Verdict, about: &FormAbout, run: &Run) -> SlackView {
    match (about, verdict) {
        (FormAbout::Run(_), _) => rollback_modal(run),
        (FormAbout::Question(gate), Verdict::Changes) => changes_modal(gate, run),
        (FormAbout::Question(gate), Verdict::Extend) => extend_modal(gate, run),
        (FormAbout::Question(gate), Verdict::Retry) => retry_modal(gate, run),
        (FormAbout::Question(gate), _) => reject_modal(gate, run),
    }
}

fn asker(it: &ViewSubmission, form: &AnsweredForm, said: Moment) -> Asker {
    Asker::new(it.person(), if form.home { Via::Home } else { Via::Button }, said)
}

fn terms(it: &ViewSubmission, verdict: Verdict) -> Result<Terms, Misunderstood> {
    let words = it.text(WORDS, WORDS).filter(|words| !words.trim().is_empty());
    let base = it.text(START, START) == Some("base");
    Ok(Terms {
        words: words.map(str::to_owned),
        rework: if base { Rework::Base } else { Rework::Top },
        more: it.text(UNTIL, UNTIL).map(str::parse::<More>).transpose()?,
        raise: None,
        snapshot: it.text(SNAPSHOT, SNAPSHOT).map(str::to_owned),
        retry: (verdict == Verdict::Retry).then(|| Retry {
            longer: it.text(TIME, TIME) == Some("longer"),
            model: it.text(MODEL, MODEL).filter(|id| *id != SAME).map(str::to_owned),
            ..Retry::default()
        }),
    })
}

/// What a form answers, and where it was opened; none for other forms.
pub(super) fn answered_form(it: &ViewSubmission) -> Option<AnsweredForm> {
    let verdict = Verb::of_form(&it.callback_id)?.verdict()?;
    let form: AnsweredForm = serde_json::from_str(&it.private_metadata).ok()?;
    // An answer to a question that does not name it would answer whatever is asked now.
    (form.gate().is_some() || verdict.is_about_the_run()).then_some(form)
}
