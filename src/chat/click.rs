//! Who answers what with a click?
//! Who may is asked here of Slack, and by the rules of `run/`; an answer counts for the question its giver saw.

use serde::Deserialize;

use super::act::{Acted, Actor, reply_outcome};
use super::form::AnswerStart;
use crate::commands::{self, Admitted, Answer, Asker, Moment, More, ReplyKind, Terms};
use crate::run::{Channel, Run, RunId, Verdict, Via};
use crate::slack::{Click, Surface};
use crate::store::StoreError;
use crate::thread::{ActionId, GateValue, RunValue};

/// What is told to who presses a button on a copy: copies are not redrawn, so they go on asking what was answered long ago.
const A_COPY: &str =
    "This is a copy of a card, so nothing was recorded. Please answer in the run's thread.";
const NOT_KNOWN: &str = "This run is not known here any more.";

/// What stands behind a button of a question, or an option of its menu.
#[derive(Debug, Deserialize)]
struct ButtonValue {
    #[serde(flatten)]
    gate: GateValue,
    /// How much more time, where a menu says so.
    extend: Option<String>,
}

/// The run of the card that was pressed.
pub(super) enum Pressed {
    Run(Box<Run>),
    /// Not ours to act on; what who pressed it is told.
    Refused(&'static str),
}

impl Actor {
    pub(super) async fn click(&self, it: &Click, said: Moment) -> Result<Acted, StoreError> {
        let verdict = match ActionId::parse(&it.action_id) {
            Some(ActionId::Approve) => Verdict::Approve,
            Some(ActionId::Changes) => Verdict::Changes,
            Some(ActionId::Reject) => Verdict::Reject,
            Some(ActionId::Extend) => Verdict::Extend,
            Some(ActionId::Snooze) => Verdict::Snooze,
            Some(ActionId::Stop) => return self.press_stop(it, said).await,
            Some(ActionId::Diff) => return self.show_diff(it).await,
            Some(ActionId::DiffPage) => return self.turn_page(it).await,
            // Links and other buttons are Slack's business.
            Some(ActionId::DiffLink) | None => return Ok(Acted::Silent),
        };
        let Ok(ButtonValue { gate, extend }) = serde_json::from_str(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &gate.run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::Told(why.to_owned())),
        };
        let more: Option<More> = extend.and_then(|said| said.parse().ok());
        let terms = Terms { more, ..Terms::default() };
        let answer = Answer {
            gate: Some(gate.gate()),
            terms,
            ..Answer::new(verdict, asker(it, said), it.key.clone())
        };
        match verdict {
            Verdict::Changes | Verdict::Reject => {
                self.open_answer_form(it, AnswerStart { run: &run, value: &gate, answer: &answer })
                    .await
            }
            Verdict::Extend if more.is_none() => {
                self.open_answer_form(it, AnswerStart { run: &run, value: &gate, answer: &answer })
                    .await
            }
            _ => self.decide(&run, answer).await,
        }
    }

    async fn press_stop(&self, it: &Click, said: Moment) -> Result<Acted, StoreError> {
        let Ok(RunValue { run }) = serde_json::from_str(&it.value) else {
            return Ok(Acted::Silent);
        };
        match self.run_pressed(it, &run).await? {
            Pressed::Run(run) => {
                self.decide(&run, Answer::new(Verdict::Stop, asker(it, said), it.key.clone())).await
            }
            Pressed::Refused(why) => Ok(Acted::Told(why.to_owned())),
        }
    }

    /// The run of the card that was pressed, if it is ours.
    pub(super) async fn run_pressed(&self, it: &Click, run: &RunId) -> Result<Pressed, StoreError> {
        let Some(run) = self.services.store.run(run).await? else {
            return Ok(Pressed::Refused(NOT_KNOWN));
        };
        let ours = self.is_ours(&run, it).await?;
        Ok(if ours { Pressed::Run(Box::new(run)) } else { Pressed::Refused(A_COPY) })
    }

    /// Whether what was pressed is a message of ours for this run, or a view: those are only ever ours.
    async fn is_ours(&self, run: &Run, it: &Click) -> Result<bool, StoreError> {
        if it.surface != Surface::Message {
            return Ok(true);
        }
        let (Some(channel), Some(ts)) = (&it.channel, &it.message_ts) else { return Ok(false) };
        let Some((home, root)) = self.services.store.thread(run.id()).await? else {
            return Ok(false);
        };
        let known = self.services.store.messages(run.id()).await?;
        let mut here = known.iter().filter(|message| {
            home.team == it.team && message.channel.as_ref().unwrap_or(&home.channel) == channel
        });
        // Fast fingers: Slack shows what we posted a moment before we know what Slack called it. Then it is in our thread, or in our conversation.
        let ours = root.is_none_or(|root| {
            [it.thread_ts.as_ref(), Some(ts)].iter().flatten().any(|at| at.as_str() == root)
        }) || it.is_direct();
        Ok(here.any(|message| {
            message
                .ts
                .as_deref()
                .map_or(ours && message.given_up.is_none(), |posted| posted == ts.as_str())
        }))
    }

    /// Passes an answer on, if who gives it may.
    pub(super) async fn decide(&self, run: &Run, answer: Answer) -> Result<Acted, StoreError> {
        tracing::Span::current().record("run.id", tracing::field::display(run.id()));
        match self.admit(run, answer).await {
            Ok(admitted) => self.pass_on(admitted).await,
            Err(refused) => Ok(Acted::Told(refused.text())),
        }
    }

    pub(super) async fn pass_on(&self, admitted: Admitted) -> Result<Acted, StoreError> {
        let sent = admitted.sent();
        let reply = commands::decide(&self.services, admitted).await?;
        Ok(match reply.kind {
            ReplyKind::Done => Acted::PassedOn(sent),
            _ => reply_outcome(&reply),
        })
    }
}

fn asker(it: &Click, said: Moment) -> Asker {
    let via = if it.surface == Surface::Home { Via::Home } else { Via::Button };
    Asker {
        channel: it.channel.clone().map(|channel| Channel { team: it.team.clone(), channel }),
        thread_root: it.thread_ts.as_ref().map(|ts| ts.as_str().to_owned()),
        ..Asker::new(it.person(), via, said)
    }
}
