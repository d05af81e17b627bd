//! What does a request from Slack come to?
//! A click, a word and a form all become commands. Safe to act on twice: what it starts or answers carries the request's key.

use chrono::{DateTime, Utc};
use tracing::Instrument;

use crate::commands::{self, Answer, Asker, Command, Doors, HELP, Order, Reply, ReplyKind, Said};
use crate::run::{Channel, PersonId, RequestId, RunId, Via};
use crate::slack::{Click, Inbound, SlackApi, SlashCommand, heard};
use crate::store::StoreError;
use crate::thread::Place;

use super::form::form_place;

/// What became of a request, for the one who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// A private sentence.
    Told(String),
    /// A field of the form is wrong.
    Wrong { field: String, why: String },
    /// Nothing to say: the thread shows it.
    Silent,
    /// Passed on. The thread shows it, unless the run refuses it: that is told when it is known.
    PassedOn { run: RunId, key: RequestId },
    /// Nobody knows yet. A private sentence for now; it is acted on again.
    Owed(String),
}

/// Acts on requests.
#[derive(Clone)]
pub struct Actor {
    pub doors: Doors,
    pub place: Place,
    pub slack: SlackApi,
    pub clock: fn() -> DateTime<Utc>,
}

impl Actor {
    /// Does what a request asks for, and notes that it was done.
    pub async fn act(&self, inbound: &Inbound, said: Said) -> Acted {
        let span =
            tracing::info_span!("request", kind = kind(inbound), key = inbound.key().map(tracing::field::display), run.id = tracing::field::Empty);
        async {
            let acted = match inbound {
                Inbound::Command(it) => self.command(it, said).await,
                Inbound::Click(it) => self.click(it, said).await,
                Inbound::Submission(it) => self.submission(it, said).await,
                Inbound::Message(it) | Inbound::Mention(it) => self.message(it, said).await,
                _ => Ok(Acted::Silent),
            };
            let acted = acted.unwrap_or_else(|e| {
                tracing::error!(error = %e, "a request could not be acted on; it is tried again");
                Acted::Owed("Signoff's database does not answer. Your request is kept and tried again.".to_owned())
            });
            self.note(inbound, &acted).await;
            acted
        }
        .instrument(span)
        .await
    }

    /// Tells what became of a request, where there is anything to tell; also what the run says of an answer, as soon as it does.
    pub async fn follow(&self, inbound: &Inbound, acted: Acted) {
        match acted {
            Acted::Told(text) | Acted::Owed(text) => self.tell(inbound, &text).await,
            Acted::PassedOn { run, key } => match commands::said_to(&self.doors, &run, &key).await {
                Ok(Some(Err(refused))) => self.tell(inbound, &refused.text).await,
                // It counts; or no worker lives, and it will be judged when one comes.
                Ok(Some(Ok(())) | None) => {}
                Err(e) => tracing::warn!(run.id = %run, error = %e, "could not ask what became of an answer to {run}"),
            },
            Acted::Wrong { why, .. } => self.tell(inbound, &why).await,
            Acted::Silent => {}
        }
    }

    /// Says something to whoever made the request, privately; lost words change nothing.
    pub async fn tell(&self, inbound: &Inbound, text: &str) {
        let told = match inbound {
            Inbound::Command(SlashCommand { response_url: Some(url), .. }) => self.slack.respond(url, None, text).await,
            Inbound::Click(Click { response_url: Some(url), thread_ts, .. }) => self.slack.respond(url, thread_ts.as_ref(), text).await,
            Inbound::Message(it) | Inbound::Mention(it) => self.slack.ephemeral(&it.channel, &it.user, it.thread_ts.as_ref(), text).await,
            Inbound::Submission(it) => match form_place(it) {
                Some(place) => self.slack.ephemeral(&place.channel, &it.user, None, text).await,
                None => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(e) = told {
            tracing::warn!(error = %e, "could not tell somebody what became of their request");
        }
    }

    async fn note(&self, inbound: &Inbound, acted: &Acted) {
        let Some(key) = inbound.key() else { return };
        let noted = match acted {
            Acted::Owed(_) => self.doors.store.unsure(key, (self.clock)()).await,
            Acted::Told(text) | Acted::Wrong { why: text, .. } => self.doors.store.done(key, Some(text)).await,
            Acted::Silent | Acted::PassedOn { .. } => self.doors.store.done(key, None).await,
        };
        if let Err(e) = noted {
            tracing::warn!(error = %e, "could not note that a request was acted on; it may be acted on again, which changes nothing");
        }
    }

    async fn command(&self, it: &SlashCommand, said: Said) -> Result<Acted, StoreError> {
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Command,
            said,
            place: Some(Channel { team: it.team.clone(), channel: it.channel.clone() }),
            thread_root: None,
        };
        match commands::parse(&heard(&it.text), &self.doors.projects) {
            Ok(Command::Form) => Ok(self.open_form(it).await),
            Ok(command) => self.obey(command, asker, &it.key).await,
            Err(misunderstood) => Ok(Acted::Told(misunderstood.0)),
        }
    }

    async fn obey(&self, command: Command, asker: Asker, key: &RequestId) -> Result<Acted, StoreError> {
        let reply = match command {
            Command::Form => Reply::new(ReplyKind::Unknown, HELP),
            Command::Help => Reply::new(ReplyKind::Done, HELP),
            Command::List => commands::list(&self.doors, &asker, 10).await?.1,
            Command::Status { run } => match commands::find(&self.doors, &asker, run.into_iter().collect()).await? {
                Ok(named) => commands::status(&named.run, (self.clock)()),
                Err(unknown) => unknown,
            },
            Command::Develop(what) => commands::start(&self.doors, Order { what, asker, key: key.clone() }).await?,
            Command::Decide { verdict, words } => match commands::find(&self.doors, &asker, words).await? {
                Ok(named) => {
                    let words = Some(named.words.join(" ")).filter(|w| !w.is_empty());
                    return self.decide(&named.run, Answer { verdict, gate: None, words, asker, key: key.clone() }).await;
                }
                Err(unknown) => unknown,
            },
        };
        Ok(told(&reply))
    }
}

/// What a reply comes to; an unsure one is owed again.
pub(super) fn told(reply: &Reply) -> Acted {
    if let Some(run) = &reply.run {
        tracing::Span::current().record("run.id", tracing::field::display(run));
    }
    let text = reply.text.clone();
    if reply.kind == ReplyKind::Unsure { Acted::Owed(text) } else { Acted::Told(text) }
}

/// What kind of request it is, for who looks at the inbox.
pub(super) const fn kind(inbound: &Inbound) -> &'static str {
    match inbound {
        Inbound::Command(_) => "command",
        Inbound::Click(_) => "click",
        Inbound::Submission(_) => "submission",
        Inbound::Message(_) => "message",
        Inbound::Mention(_) => "mention",
        Inbound::Deleted(_) => "deleted",
        _ => "other",
    }
}
