//! Interaction payloads: what does a click on a button or in a menu do?
//! An answer is passed on at once, or its form is opened; a diff is shown. An answer counts for the question its giver saw.

use serde::Deserialize;

use super::Actor;
use super::answer_form::FormAbout;
use super::outcome::{Acted, Handled};
use super::pressed_card::Pressed;
use crate::commands::{Answer, Asker, Moment, Terms, Verb};
use crate::run::{Channel, Retry, RollbackTo, Verdict, Via};
use crate::slack::{Click, Surface};
use crate::thread::{ActionId, GateValue, RunValue};

/// What stands behind a button of a question, or an option of its menu.
#[derive(Debug, Deserialize)]
struct ButtonValue {
    #[serde(flatten)]
    gate: GateValue,
    /// How much more time, where a menu says so.
    extend: Option<String>,
    /// Which model another try is to use.
    model: Option<String>,
}

impl ButtonValue {
    fn terms(&self, button: ActionId) -> Terms {
        let more = self.extend.as_ref().and_then(|time| time.parse().ok());
        let retry = match button {
            ActionId::Retry => Some(Retry::default()),
            ActionId::RetryLonger => Some(Retry { longer: true, ..Retry::default() }),
            ActionId::RetrySmaller => Some(Retry { smaller: true, ..Retry::default() }),
            ActionId::RetryModel => Some(Retry { model: self.model.clone(), ..Retry::default() }),
            _ => None,
        };
        Terms { more, raise: button.raise(), retry, ..Terms::default() }
    }
}

impl Actor {
    pub(super) async fn click(&self, it: &Click, said: Moment) -> Handled {
        let Some(button) = ActionId::parse(&it.action_id) else { return Ok(Acted::Silent) };
        match button {
            ActionId::Stop => self.press_of_run(it, Verdict::Stop, said).await,
            ActionId::Approve
            | ActionId::Changes
            | ActionId::Reject
            | ActionId::Extend
            | ActionId::Snooze
            | ActionId::RaiseNothing
            | ActionId::RaiseOne
            | ActionId::RaiseFive
            | ActionId::RaiseNoLimit
            | ActionId::Retry
            | ActionId::RetryNote
            | ActionId::RetryLonger
            | ActionId::RetrySmaller
            | ActionId::RetryModel
            | ActionId::Skip
            | ActionId::TakeOver
            | ActionId::HandIn => self.press_answer(it, button, said).await,
            ActionId::Rollback => self.press_of_run(it, Verdict::Rollback, said).await,
            ActionId::Again => self.press_again(it).await,
            ActionId::Diff => self.show_diff(it, said).await,
            ActionId::DiffPage => self.turn_page(it).await,
            // Slack opens the link by itself.
            ActionId::DiffLink => Ok(Acted::Silent),
        }
    }

    /// A button of a question: its answer goes on at once, or a form asks for what a press cannot say.
    async fn press_answer(&self, it: &Click, button: ActionId, said: Moment) -> Handled {
        let verdict = Verb::of_button(button).and_then(Verb::verdict);
        let (Some(verdict), Ok(value)) = (verdict, serde_json::from_str::<ButtonValue>(&it.value))
        else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &value.gate.run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        let answer = Answer::new(verdict, asker(it, said), it.key.clone());
        let answer = Answer { gate: Some(value.gate.gate()), terms: value.terms(button), ..answer };
        if answer.needs_form() {
            self.open_answer_form(it, &run, FormAbout::Question(value.gate), &answer).await
        } else {
            self.decide(&run, answer).await
        }
    }

    /// A button on the run card: it names no question.
    async fn press_of_run(&self, it: &Click, verdict: Verdict, said: Moment) -> Handled {
        let Ok(value) = serde_json::from_str::<RunValue>(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &value.run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        let answer = Answer::new(verdict, asker(it, said), it.key.clone());
        if !answer.needs_form() {
            return self.decide(&run, answer).await;
        }
        // Whether they may go back at all is asked before they say where to.
        let snapshot = Some(RollbackTo::Start.to_string());
        let answer = Answer { terms: Terms { snapshot, ..Terms::default() }, ..answer };
        self.open_answer_form(it, &run, FormAbout::Run(value), &answer).await
    }
}

/// Whoever pressed that, where and when.
pub(super) fn asker(it: &Click, said: Moment) -> Asker {
    let via = if it.surface == Surface::Home { Via::Home } else { Via::Button };
    Asker {
        channel: it.channel.clone().map(|channel| Channel { team: it.team.clone(), channel }),
        thread_root: it.thread_ts.as_ref().map(|ts| ts.as_str().to_owned()),
        ..Asker::new(it.person(), via, said)
    }
}
