//! What does a request from Slack come to?
//! A click, a word and a form all become commands. Safe to act on twice: what it starts or answers carries the request's key.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::commands::{self, Answer, Asker, Command, Doors, HELP, Order, Reply, ReplyKind};
use crate::run::{Channel, Decision, PersonId, ProjectName, RequestId, Run, RunId, StageName, Verdict, Via};
use crate::slack::{Click, Inbound, SlackApi, SlashCommand, ThreadMessage, ViewSubmission, heard};
use crate::store::StoreError;
use crate::thread::{self, APPROVE, DEVELOP, DIFF, DevelopForm, GateValue, ModalDiff, ModalFile, Place, REJECT};
use crate::workspace::Patch;

/// What became of a request, for the one who made it.
#[derive(Debug)]
pub enum Acted {
    /// A private sentence.
    Told(String),
    /// A field of the form is wrong.
    Wrong { field: String, why: String },
    /// Nothing to say: the thread shows it.
    Silent,
}

/// Acts on requests.
#[derive(Clone)]
pub struct Actor {
    pub doors: Doors,
    pub place: Place,
    pub slack: SlackApi,
    pub clock: fn() -> DateTime<Utc>,
}

/// How long a form may come back after it was opened and still mean the same place.
const OWED_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// The first pause before an answer whose delivery is not certain is sent again.
const RESEND_AFTER: TimeDelta = TimeDelta::seconds(5);

impl Actor {
    /// Does what a request asks for, and notes that it was done.
    pub async fn act(&self, inbound: &Inbound) -> Acted {
        let acted = match inbound {
            Inbound::Command(it) => self.command(it).await,
            Inbound::Click(it) => self.click(it).await,
            Inbound::Submission(it) => self.submission(it).await,
            Inbound::Message(it) | Inbound::Mention(it) => self.message(it).await,
            _ => Ok((None, Acted::Silent)),
        };
        match acted {
            Ok((key, acted)) => {
                self.note(inbound, key.as_ref(), &acted).await;
                acted
            }
            Err(e) => {
                tracing::error!(error = %e, "a request could not be acted on; it is tried again");
                Acted::Told("Signoff's database does not answer. Your request is kept and tried again.".to_owned())
            }
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

    async fn note(&self, inbound: &Inbound, unsure: Option<&RequestId>, acted: &Acted) {
        let Some(key) = inbound.key() else { return };
        let noted = match (unsure, acted) {
            (Some(_), _) => self.doors.store.unsure(key, (self.clock)() + RESEND_AFTER).await,
            (None, Acted::Told(text)) => self.doors.store.done(key, Some(text)).await,
            (None, _) => self.doors.store.done(key, None).await,
        };
        if let Err(e) = noted {
            tracing::warn!(error = %e, "could not note that a request was acted on; it may be acted on again, which changes nothing");
        }
    }

    async fn command(&self, it: &SlashCommand) -> Result<(Option<RequestId>, Acted), StoreError> {
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Command,
            place: Some(Channel { team: it.team.clone(), channel: it.channel.clone() }),
            thread_root: None,
        };
        match commands::parse(&heard(&it.text), &self.doors.projects) {
            Ok(Command::Form) => Ok((None, self.open_form(it).await)),
            Ok(command) => self.obey(command, asker, &it.key).await,
            Err(misunderstood) => Ok((None, Acted::Told(misunderstood.0))),
        }
    }

    async fn obey(&self, command: Command, asker: Asker, key: &RequestId) -> Result<(Option<RequestId>, Acted), StoreError> {
        let reply = match command {
            Command::Form => Reply::new(ReplyKind::Unknown, HELP),
            Command::Help => Reply::new(ReplyKind::Done, HELP),
            Command::List => commands::list(&self.doors, 10).await?.1,
            Command::Status { run } => match commands::find(&self.doors, &asker, run.into_iter().collect()).await? {
                Ok(named) => commands::status(&named.run, (self.clock)()),
                Err(unknown) => unknown,
            },
            Command::Develop(what) => commands::start(&self.doors, Order { what, asker, key: key.clone(), now: (self.clock)() }).await?,
            Command::Decide { verdict, words } => match commands::find(&self.doors, &asker, words).await? {
                Ok(named) => {
                    let words = Some(named.words.join(" ")).filter(|w| !w.is_empty());
                    return self.decide(&named.run, Answer { verdict, gate: None, words, asker, key: key.clone() }).await;
                }
                Err(unknown) => unknown,
            },
        };
        Ok(said(&reply, key))
    }

    async fn click(&self, it: &Click) -> Result<(Option<RequestId>, Acted), StoreError> {
        let verdict = match it.action_id.as_str() {
            APPROVE => Verdict::Approve,
            REJECT => Verdict::Reject,
            DIFF => return self.show_diff(it).await,
            // Links and other buttons are Slack's business.
            _ => return Ok((None, Acted::Silent)),
        };
        let Ok(value) = serde_json::from_str::<GateValue>(&it.value) else { return Ok((None, Acted::Silent)) };
        let Some(run) = self.doors.store.run(&value.run).await? else {
            return Ok((None, Acted::Told("This run is not known here any more.".to_owned())));
        };
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Button,
            place: it.channel.clone().map(|channel| Channel { team: it.team.clone(), channel }),
            thread_root: it.thread_ts.as_ref().map(|ts| ts.as_str().to_owned()),
        };
        self.decide(&run, Answer { verdict, gate: Some(value.gate()), words: None, asker, key: it.key.clone() }).await
    }

    /// Words in a run's thread: `approve` and `reject …` count, everything else is talk.
    async fn message(&self, it: &ThreadMessage) -> Result<(Option<RequestId>, Acted), StoreError> {
        let words = heard(&it.text);
        let mut words = words.split_whitespace().filter(|w| !w.starts_with("<@"));
        let verdict = match words.next().map(str::to_lowercase).as_deref() {
            Some("approve" | "approved") => Verdict::Approve,
            Some("reject" | "rejected") => Verdict::Reject,
            Some("stop") => Verdict::Stop,
            _ => return Ok((None, Acted::Silent)),
        };
        let Some(root) = &it.thread_ts else { return Ok((None, Acted::Silent)) };
        let Some(id) = self.doors.store.run_of_thread(&it.channel, root.as_str()).await? else { return Ok((None, Acted::Silent)) };
        let Some(run) = self.doors.store.run(&id).await? else { return Ok((None, Acted::Silent)) };
        let words = Some(words.collect::<Vec<_>>().join(" ")).filter(|w| !w.is_empty());
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Thread,
            place: Some(Channel { team: it.team.clone(), channel: it.channel.clone() }),
            thread_root: Some(root.as_str().to_owned()),
        };
        self.decide(&run, Answer { verdict, gate: None, words, asker, key: it.key.clone() }).await
    }

    async fn decide(&self, run: &Run, answer: Answer) -> Result<(Option<RequestId>, Acted), StoreError> {
        if let Some(why) = self.no_member(&answer.asker.person).await {
            return Ok((None, Acted::Told(why)));
        }
        let key = answer.key.clone();
        let reply = commands::decide(&self.doors, run, answer).await?;
        if reply.kind == ReplyKind::Done {
            // The thread shows it, unless the workflow refuses a race: that is told when it is known.
            return match commands::said_to(&self.doors, run.id(), &key).await? {
                Some(Err(refused)) => Ok((None, Acted::Told(refused.text))),
                _ => Ok((None, Acted::Silent)),
            };
        }
        Ok(said(&reply, &key))
    }

    /// Why this person may never decide, if so: guests, bots and people who left. Only Slack knows.
    async fn no_member(&self, person: &PersonId) -> Option<String> {
        let PersonId::Slack { user, .. } = person else { return None };
        match self.slack.member(user).await {
            Ok(member) if member.bot => Some("Only people can decide.".to_owned()),
            Ok(member) if member.guest => Some("Guests of this workspace cannot decide; a full member can.".to_owned()),
            Ok(member) if member.deactivated => Some("This account is deactivated.".to_owned()),
            Ok(_) => None,
            Err(e) => {
                tracing::warn!(error = %e, "could not ask Slack who decides");
                Some("Slack did not say who you are, so nothing was recorded. Please try again.".to_owned())
            }
        }
    }

    async fn open_form(&self, it: &SlashCommand) -> Acted {
        let place = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let projects: Vec<ProjectName> = self.doors.projects.names().cloned().collect();
        let metadata = serde_json::to_string(&place).unwrap_or_default();
        let view = thread::develop_modal(DevelopForm { projects: &projects, project: None, private_metadata: &metadata });
        self.open(&it.trigger_id, &view).await
    }

    async fn submission(&self, it: &ViewSubmission) -> Result<(Option<RequestId>, Acted), StoreError> {
        if it.callback_id != DEVELOP {
            return Ok((None, Acted::Silent));
        }
        let (Some(place), Some(project)) = (form_place(it), it.text("project", "project")) else { return Ok((None, Acted::Silent)) };
        let budget = match it.text("budget", "budget").map(str::trim).filter(|b| !b.is_empty()).map(commands::read_budget).transpose() {
            Ok(budget) => budget,
            Err(wrong) => return Ok((None, Acted::Wrong { field: "budget".to_owned(), why: wrong.0.replace('`', "") })),
        };
        let brief = it.text("brief", "brief").unwrap_or_default().to_owned();
        let Ok(project) = project.parse() else { return Ok((None, Acted::Silent)) };
        let asker = Asker {
            person: PersonId::Slack { team: it.user_team.clone(), user: it.user.clone() },
            via: Via::Command,
            place: Some(place),
            thread_root: None,
        };
        let what = commands::Develop { project, brief, budget };
        let reply = commands::start(&self.doors, Order { what, asker, key: it.key.clone(), now: (self.clock)() }).await?;
        Ok(said(&reply, &it.key))
    }

    async fn show_diff(&self, it: &Click) -> Result<(Option<RequestId>, Acted), StoreError> {
        let Ok(value) = serde_json::from_str::<GateValue>(&it.value) else { return Ok((None, Acted::Silent)) };
        let (Some(run), patch) = (self.doors.store.run(&value.run).await?, self.patch(&value.run, &value.stage).await?) else {
            return Ok((None, Acted::Silent));
        };
        let Some(patch) = patch else { return Ok((None, Acted::Told("The diff is not kept any more.".to_owned()))) };
        let files: Vec<ModalFile<'_>> =
            patch.files.iter().map(|f| ModalFile { path: &f.path, added: f.added, removed: f.removed, binary: f.binary, text: &f.text }).collect();
        let view = thread::diff_modal(ModalDiff { run: &run, stage: &value.stage, files: &files, truncated: patch.truncated });
        Ok((None, self.open(&it.trigger_id, &view).await))
    }

    async fn patch(&self, run: &RunId, stage: &StageName) -> Result<Option<Patch>, StoreError> {
        self.doors.store.diff(run, stage).await
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

/// Acts on what nobody finished: requests of a process that died, answers whose delivery is not certain, runs that were never confirmed.
pub async fn resend(actor: Actor, end: CancellationToken) {
    let mut tick = tokio::time::interval(OWED_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(e) = owed(&actor).await {
            tracing::debug!(error = %e, "could not ask what is owed");
        }
    }
}

async fn owed(actor: &Actor) -> Result<(), StoreError> {
    let now = (actor.clock)();
    for delivery in actor.doors.store.owed(now).await? {
        if let Ok(inbound) = serde_json::from_value::<Inbound>(delivery.payload.clone()) {
            tracing::info!("acting again on a {} that nobody finished", delivery.kind);
            if let Acted::Told(text) = actor.act(&inbound).await {
                actor.tell(&inbound, &text).await;
            }
        } else if let Ok((run, decision)) = serde_json::from_value::<(RunId, Decision)>(delivery.payload) {
            let reply = commands::resend_decision(&actor.doors, &run, &decision).await?;
            if reply.kind != ReplyKind::Unsure {
                actor.doors.store.done(&delivery.key, Some(&reply.text)).await?;
            }
        } else {
            actor.doors.store.done(&delivery.key, Some("unreadable")).await?;
        }
    }
    for run in actor.doors.store.unsent_runs(now - TimeDelta::seconds(10)).await? {
        commands::resend_start(&actor.doors, &run).await?;
    }
    Ok(())
}

/// What a reply comes to; an unsure one is owed again.
fn said(reply: &Reply, key: &RequestId) -> (Option<RequestId>, Acted) {
    ((reply.kind == ReplyKind::Unsure).then(|| key.clone()), Acted::Told(reply.text.clone()))
}

fn form_place(it: &ViewSubmission) -> Option<Channel> {
    serde_json::from_str(&it.private_metadata).ok()
}
