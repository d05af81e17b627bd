//! Ephemeral answers (`response_url`, or by a message): how does somebody learn what became of their request?
//! Privately, where they made it; lost words change nothing.

use super::Actor;
use super::answer_form::answered_form;
use super::outcome::{Acted, AskedPrivately};
use super::start_form::form_place;
use crate::commands::{self, AnswerOutcome, SentAnswer, Verb};
use crate::run::{RunId, Verdict};
use crate::slack::{
    Click, HomeOpened, Inbound, Post, Priority, SlackError, SlashCommand, Surface, ThreadMessage,
    Ts, ViewSubmission,
};
use crate::store::{InboxRow, StoreError};
use crate::thread::words;

/// So often somebody is told again; with the pauses between, for as long as the address for an answer is good.
const MOST_TELLINGS: i32 = 8;

impl Actor {
    /// Tells what became of a request, where there is anything to tell; also what the run says of an answer, as soon as it does.
    pub async fn follow(&self, inbound: &Inbound, acted: Acted) {
        match acted {
            Acted::Told(text) => self.answer_for_sure(inbound, &text).await,
            Acted::Owed(text) => self.respond(inbound, &text).await,
            Acted::Asked(asked) => self.ask_privately(inbound, &asked).await,
            Acted::PassedOn(sent) => self.follow_answer(inbound, &sent).await,
            Acted::Wrong { why, .. } => self.answer_for_sure(inbound, &why).await,
            Acted::Silent => {}
        }
        if let Some(opened) = at_home(inbound) {
            self.show_home(&opened).await;
        }
    }

    async fn follow_answer(&self, inbound: &Inbound, sent: &SentAnswer) {
        let run = &sent.run;
        match commands::wait_for_outcome(&self.services, sent).await {
            Ok(AnswerOutcome::Refused(refused)) => {
                self.answer_for_sure(inbound, &refused.text).await;
            }
            Ok(AnswerOutcome::Counted(more))
                if more.is_some()
                    || !shows_in_thread(sent.verdict)
                    || self.is_out_of_sight(inbound, run).await =>
            {
                let text = format!("`{run}`: {}", words::recorded(sent.verdict));
                let text = [Some(text), more].into_iter().flatten().collect::<Vec<_>>().join(" ");
                self.answer_for_sure(inbound, &text).await;
            }
            // The thread shows it.
            Ok(AnswerOutcome::Counted(_)) => {}
            Ok(AnswerOutcome::NotTakenUpYet) => {
                self.answer_for_sure(inbound, words::not_taken_up_yet()).await;
            }
            Err(e) => {
                tracing::warn!(run.id = %run, error = %e, "could not ask what became of an answer to {run}");
            }
        }
    }

    /// Whether it was said elsewhere than in the run's thread, which shows what became of it.
    async fn is_out_of_sight(&self, inbound: &Inbound, run: &RunId) -> bool {
        match inbound {
            Inbound::Command(_) => true,
            Inbound::Message(it) | Inbound::Mention(it) => {
                self.thread_of(it).await.ok().flatten().as_ref() != Some(run)
            }
            _ => false,
        }
    }

    /// Says something to whoever made the request, privately.
    pub async fn respond(&self, inbound: &Inbound, text: &str) {
        if let Err(e) = self.try_respond(inbound, text).await {
            tracing::warn!(error = %e, "could not tell somebody what became of their request");
        }
    }

    /// The same, and not only once: whoever waits for an answer is owed it. What could not be told is kept, and told again for half an hour.
    async fn answer_for_sure(&self, inbound: &Inbound, text: &str) {
        let Err(e) = self.try_respond(inbound, text).await else { return };
        tracing::warn!(error = %e, "could not tell somebody what became of their request; it is tried again");
        let Some(key) = inbound.key() else { return };
        if let Err(e) = self.services.store.untold(key, text, (self.clock)()).await {
            tracing::warn!(error = %e, "could not keep what somebody is owed to be told");
        }
    }

    /// Tells what could not be told before.
    pub(super) async fn tell_again(
        &self,
        inbound: &Inbound,
        owed: &InboxRow,
        text: &str,
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        match self.try_respond(inbound, text).await {
            Ok(()) => store.done(&owed.key, Some(text)).await,
            Err(e) if owed.tries >= MOST_TELLINGS => {
                tracing::warn!(error = %e, "could not tell somebody what became of their request, for the last time");
                store.done(&owed.key, Some(text)).await
            }
            Err(e) => {
                tracing::debug!(error = %e, "could not tell somebody what became of their request");
                Ok(())
            }
        }
    }

    /// Asks somebody where they spoke, so that nobody else sees it.
    async fn ask_privately(&self, inbound: &Inbound, asked: &AskedPrivately) {
        let (to, user) = match inbound {
            // Directly, a message stays and can be passed on with its buttons: there it is asked in words.
            Inbound::Message(it) | Inbound::Mention(it) | Inbound::Changed(it) if !it.direct => {
                ((it.channel.as_str(), it.thread_ts.as_ref()), &it.user)
            }
            Inbound::Command(it) => ((it.channel.as_str(), None), &it.user),
            _ => return self.answer_for_sure(inbound, &asked.in_words()).await,
        };
        let asking = self.slack.ask_privately(to, user, (&asked.text, &asked.blocks));
        if let Err(e) = asking.await {
            tracing::warn!(error = %e, "could not ask somebody by buttons");
            self.answer_for_sure(inbound, &asked.in_words()).await;
        }
    }

    async fn try_respond(&self, inbound: &Inbound, text: &str) -> Result<(), SlackError> {
        match inbound {
            Inbound::Command(SlashCommand { response_url: Some(url), .. }) => {
                match self.slack.respond(url, None, text).await {
                    Err(SlackError::Refused { .. }) => self.respond_in_channel(inbound, text).await,
                    told => told,
                }
            }
            Inbound::Click(Click { response_url: Some(url), thread_ts, .. }) => {
                match self.slack.respond(url, thread_ts.as_ref(), text).await {
                    Err(SlackError::Refused { .. }) => self.respond_in_channel(inbound, text).await,
                    told => told,
                }
            }
            Inbound::Click(it) => self.respond_directly(&it.user, inbound, text).await,
            Inbound::Message(it) | Inbound::Mention(it) | Inbound::Changed(it) => {
                self.respond_there(it, inbound, text).await
            }
            Inbound::Submission(it) => self.respond_to_form(it, inbound, text).await,
            _ => Ok(()),
        }
    }

    /// Where the address for an answer is of no more use: in the conversation itself; else directly.
    async fn respond_in_channel(&self, inbound: &Inbound, text: &str) -> Result<(), SlackError> {
        let (channel, user, root) = match inbound {
            Inbound::Command(it) => (Some(&it.channel), &it.user, None),
            Inbound::Click(it) => (it.channel.as_ref(), &it.user, it.thread_ts.as_ref()),
            _ => return Ok(()),
        };
        if let Some(channel) = channel
            && self.slack.ephemeral(channel, user, root, text).await.is_ok()
        {
            return Ok(());
        }
        self.respond_directly(user, inbound, text).await
    }

    async fn respond_there(
        &self,
        it: &ThreadMessage,
        inbound: &Inbound,
        text: &str,
    ) -> Result<(), SlackError> {
        // Nobody else reads there, and what only they can see is gone when they look again.
        if it.direct {
            let said = Post {
                channel: &it.channel,
                thread_ts: it.thread_ts.as_ref(),
                ..private_post(inbound, text)
            };
            return self.slack.post(said).await.map(drop);
        }
        self.slack.ephemeral(&it.channel, &it.user, it.thread_ts.as_ref(), text).await
    }

    /// In the conversation that a form came from, or in the thread of the run that it is about; directly where they cannot be told there.
    async fn respond_to_form(
        &self,
        it: &ViewSubmission,
        inbound: &Inbound,
        text: &str,
    ) -> Result<(), SlackError> {
        if let Some(place) = form_place(it) {
            let (channel, root) = (&place.channel.channel, place.thread_ts.as_ref());
            if self.slack.ephemeral(channel, &it.user, root, text).await.is_ok() {
                return Ok(());
            }
            return self.respond_directly(&it.user, inbound, text).await;
        }
        let Some(form) = answered_form(it) else { return Ok(()) };
        if !form.home
            && let Ok(Some((channel, root))) = self.services.store.thread(form.run()).await
        {
            let root = root.as_deref().map(Ts::from);
            if self.slack.ephemeral(&channel.channel, &it.user, root.as_ref(), text).await.is_ok() {
                return Ok(());
            }
        }
        self.respond_directly(&it.user, inbound, text).await
    }

    async fn respond_directly(
        &self,
        user: &str,
        inbound: &Inbound,
        text: &str,
    ) -> Result<(), SlackError> {
        let channel = self.slack.direct(user).await?;
        self.slack.post(Post { channel: &channel, ..private_post(inbound, text) }).await.map(drop)
    }
}

/// A note has no verb, and a mark in the thread.
fn shows_in_thread(verdict: Verdict) -> bool {
    Verb::of_verdict(verdict).is_none_or(|verb| verb.in_thread)
}

fn private_post<'a>(inbound: &'a Inbound, text: &'a str) -> Post<'a> {
    let key = inbound.key().map_or("told", |key| key.0.as_str());
    Post { channel: "", thread_ts: None, text, blocks: &[], key, priority: Priority::Call }
}

/// Whose Home tab shows what they answered.
fn at_home(inbound: &Inbound) -> Option<HomeOpened> {
    let (team, user, key) = match inbound {
        Inbound::Click(it) if it.surface == Surface::Home => (&it.team, &it.user, &it.key),
        Inbound::Submission(it) if answered_form(it).is_some_and(|form| form.home) => {
            (&it.team, &it.user, &it.key)
        }
        _ => return None,
    };
    Some(HomeOpened { team: team.clone(), user: user.clone(), key: key.clone() })
}
