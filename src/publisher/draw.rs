//! Reconciles one thread: what must be posted or edited, and when is the next look?
//! First the thread, then messages to people directly, then reactions to their notes and the chart.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;
use url::Url;

use super::look::{Look, Placement, Spot, ThreadDrawn};
use super::retry::{Abort, Held, Late, Tried, earliest, split_held};
use super::upsert::Upserted;
use super::{Publisher, SHED_PAUSE};
use crate::run::{Phase, Run, RunId};
use crate::slack::{SlackError, Ts};
use crate::store::{KnownMessage, LeasedThread};
use crate::thread::{Message, MessageKey, RenderContext, RenderInput, To, redraw_at, render};

/// How often a run that is under way is redrawn for its progress alone.
const PROGRESS_EVERY: TimeDelta = TimeDelta::seconds(2);
/// The same for one that waits for a slot.
const QUEUED_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Longest wait for our own name.
const IDENTITY_PATIENCE: Duration = Duration::from_secs(3);

/// What became of a look at a thread.
pub(super) enum Drawn {
    /// It agrees with the events up to `seq`.
    UpToDate { seq: u64, again: Option<DateTime<Utc>> },
    /// Slack wants us to wait, or has not answered.
    Waiting { until: DateTime<Utc> },
    /// Slack said no. `again` is when something else in the thread is worth a look.
    Refused { error: SlackError, again: Option<DateTime<Utc>> },
}

impl ThreadDrawn {
    /// Notes what became of a message; returns where it is, unless it was given up.
    fn count(&mut self, message: &Message, upserted: Upserted) -> Option<Ts> {
        match upserted {
            Upserted::UpToDate(ts) => Some(ts),
            Upserted::Shed(ts, until) => {
                self.shed = earliest(self.shed, Some(until));
                Some(ts)
            }
            Upserted::GivenUp => {
                self.given_up.push(message.key.clone());
                None
            }
        }
    }
}

impl Publisher {
    /// Reads what there is to draw and what Slack shows already, and makes them agree.
    pub(super) async fn look(&self, thread: &LeasedThread) -> Result<Drawn, Abort> {
        let now = thread.now();
        let Some(run) = self.store.run(&thread.run).await? else {
            return Ok(Drawn::UpToDate { seq: thread.wanted_seq, again: None });
        };
        let progress = self.store.progress(&thread.run).await?;
        self.store.see_deletions(&thread.run).await?;
        let known = self.known_messages(&thread.run).await?;
        let queued = self.queue.of(&run);
        let children = self.store.children_of(&run).await?;
        let open = children.iter().filter(|child| child.outcome.is_none());
        let children_progress = self.store.progress_of(open.map(Run::id)).await?;
        let batch = self.store.batch_of_ended(&run).await?;
        let of_child = |run: &Run| Some((run.id().clone(), self.queue.of(run)?));
        let children_queued: Vec<_> = children.iter().filter_map(of_child).collect();
        self.reconcile(&Look {
            thread,
            run: &run,
            children: &children,
            children_queued: &children_queued,
            children_progress: &children_progress,
            batch: batch.as_ref(),
            progress: progress.as_ref(),
            queued: queued.as_ref(),
            known: &known,
            now,
        })
        .await
    }

    /// Posts what is missing and edits what differs.
    async fn reconcile(&self, look: &Look<'_>) -> Result<Drawn, Abort> {
        let mut asked = self.groups(look).await;
        let context = self.render_context(look).await;
        let input = RenderInput {
            run: look.run,
            progress: look.progress,
            groups: &asked.groups,
            children: look.children,
            children_queued: look.children_queued,
            children_progress: look.children_progress,
            batch: look.batch,
            queued: look.queued,
        };
        let drawing = render(input, look.now, &context);
        let (mut direct, in_thread): (Vec<_>, Vec<_>) =
            drawing.into_iter().partition(|message| matches!(message.to, To::Person(_)));
        let drawn = split_held(self.draw_thread(look, &in_thread).await)?;
        let unseen = look.unseen_question(&drawn);
        if unseen.is_some() || look.spoke_directly() {
            direct.extend(self.direct_fallback(look, &context, unseen, &mut asked).await?);
        }
        let is_drawn = matches!(drawn, Tried::Done(_));
        let again = if is_drawn && look.thread.root_ts.is_none() && !direct.is_empty() {
            // Now there is a thread to lead them to.
            Some(look.now)
        } else {
            earliest(asked.again, self.draw_directly(look, &direct).await?)
        };
        let beside = if is_drawn {
            earliest(self.react(look).await?, self.show_chart(look).await?)
        } else {
            None
        };
        Ok(outcome(look, drawn, earliest(again, beside)))
    }

    async fn known_messages(
        &self,
        run: &RunId,
    ) -> Result<HashMap<MessageKey, KnownMessage>, Abort> {
        let messages = self.store.messages(run).await?.into_iter();
        Ok(messages.map(|known| (MessageKey::parse(&known.key), known)).collect())
    }

    /// With the thread's address, for messages that are not in it.
    async fn render_context(&self, look: &Look<'_>) -> RenderContext {
        let (render, thread) = (self.render.clone(), look.thread);
        let Some(root) =
            thread.root_ts.as_ref().filter(|_| look.run.gate.is_some() || look.spoke_directly())
        else {
            return render;
        };
        // The thread does not wait for a Slack that does not say who we are.
        let us = timeout(IDENTITY_PATIENCE, self.slack.identity()).await;
        let home = us.ok().and_then(Result::ok).and_then(|us| Url::parse(&us.url).ok());
        let path = format!("archives/{}/p{}", thread.channel.channel, root.replace('.', ""));
        RenderContext { thread: home.and_then(|home| home.join(&path).ok()), ..render }
    }

    /// The run card first, for all else hangs from it.
    async fn draw_thread(
        &self,
        look: &Look<'_>,
        messages: &[Message],
    ) -> Result<ThreadDrawn, Late> {
        let mut root = look.thread.root_ts.clone().map(Ts);
        let mut drawn = ThreadDrawn::default();
        for message in messages {
            let spot = Spot { channel: &look.thread.channel.channel, root: root.as_ref() };
            let ts =
                drawn.count(message, self.draw_in_thread(Placement { look, message, spot }).await?);
            if message.to == To::Channel {
                root = ts.or(root);
            }
        }
        Ok(drawn)
    }

    /// A reply that Slack takes in no form is given up, so that the others are drawn. Without its root there is no thread.
    async fn draw_in_thread(&self, at: Placement<'_>) -> Result<Upserted, Late> {
        match self.upsert(at).await {
            Err(Late::Held(Held::Refused(unfit)))
                if unfit.is_invalid_blocks() && at.message.to == To::Thread =>
            {
                tracing::error!(run.id = %at.run(), error = %unfit, "Slack takes {} in no form", at.message.key);
                self.give_up(at.look, at.message, &unfit.to_string()).await?;
                Ok(Upserted::GivenUp)
            }
            other => other,
        }
    }
}

/// `again` is when anything else than the thread's own clock is worth a look.
fn outcome(look: &Look<'_>, thread: Tried<ThreadDrawn>, again: Option<DateTime<Utc>>) -> Drawn {
    let seq = look.run.seq;
    match (thread, again) {
        // Somebody who was asked directly must see that the question is closed. Until then the thread does not count as drawn.
        (Tried::Done(_), Some(until)) if look.run.gate.is_none() => Drawn::Waiting { until },
        (Tried::Done(drawn), again) => {
            Drawn::UpToDate { seq, again: earliest(again, next_look(look, drawn.shed)) }
        }
        (Tried::Held(Held::Until(at)), again) => {
            Drawn::Waiting { until: again.map_or(at, |again| again.min(at)) }
        }
        (Tried::Held(Held::Refused(error)), again) => Drawn::Refused { error, again },
    }
}

/// By the clock: a run under way for its progress, a waiting one for the time left; and what was shed when its turn should come.
fn next_look(look: &Look<'_>, shed: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let (run, now) = (look.run, look.thread.now());
    let under_way = matches!(run.phase(), Phase::Running | Phase::Starting);
    // Whoever waits for their turn asks again when it should come, and not before.
    let has_turn = shed.is_some_and(|at| at < now + SHED_PAUSE / 2);
    // Whoever waits for a slot is looked at when their place has changed.
    let every = if look.queued.is_some() { QUEUED_EVERY } else { PROGRESS_EVERY };
    let progress = (under_way && !has_turn).then(|| now + every);
    [redraw_at(run, now), progress, shed].into_iter().flatten().min()
}
