//! Makes a run's Slack thread agree with the database.
//! The only writer of run threads; safe to call twice, at any time, from any process.

mod direct;
mod look;
mod post;
mod react;
mod retry;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use crate::run::Phase;
use crate::slack::{SlackApi, Ts};
use crate::store::{Failed, KnownMessage, LeasedThread, Store};
use crate::thread::{Message, MessageKey, RenderContext, To, redraw_at, render};

use look::{Look, Spot};
use post::Brought;
use retry::{Abort, Held, Late, alone, earliest, pause};

/// How often the database is asked for threads that are behind.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a run that is under way is redrawn for its progress alone.
const PROGRESS_EVERY: TimeDelta = TimeDelta::seconds(2);
/// Before a run that waits is drawn again only because Slack had no room for what time alone changed.
const SHED_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// Threads drawn at once by one process.
const AT_ONCE: usize = 8;
/// A database that takes longer is away.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than drawing a thread takes where everything answers, however slowly.
const DRAWING_PATIENCE: Duration = Duration::from_mins(2);
/// Draws threads.
#[derive(Clone)]
pub struct Publisher {
    pub store: Store,
    pub slack: SlackApi,
    pub place: RenderContext,
    pub clock: fn() -> DateTime<Utc>,
}

/// What became of a look at a thread.
struct Drawn {
    seq: u64,
    again: Option<DateTime<Utc>>,
    /// Why the thread itself does not agree yet.
    held: Option<Held>,
}

/// What became of the messages of a thread.
#[derive(Default)]
struct Thread {
    /// Slack had no room for progress.
    shed: bool,
    /// What Slack takes in no form.
    given_up: Vec<MessageKey>,
}

impl Publisher {
    /// Draws until `end`.
    pub async fn run(self, end: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // A task for each thread: a slow one holds up no other, and one that breaks is drawn again when its lease has ended.
        let mut drawing = JoinSet::new();
        loop {
            tokio::select! {
                () = end.cancelled() => break,
                Some(drawn) = drawing.join_next() => complain(drawn),
                _ = tick.tick(), if drawing.len() < AT_ONCE => self.pass(&mut drawing).await,
            }
        }
        while let Some(drawn) = drawing.join_next().await {
            complain(drawn);
        }
    }

    /// Takes up threads that are behind.
    async fn pass(&self, drawing: &mut JoinSet<()>) {
        let room = i64::try_from(AT_ONCE - drawing.len()).unwrap_or(0);
        match timeout(DATABASE_PATIENCE, self.store.lease_threads((self.clock)(), room)).await {
            Ok(Ok(threads)) => {
                for thread in threads {
                    let publisher = self.clone();
                    let span = tracing::info_span!("draw", run.id = %thread.run);
                    drawing.spawn(
                        async move { publisher.draw_patiently(&thread).await }.instrument(span),
                    );
                }
            }
            Ok(Err(e)) => tracing::warn!(error = %e, "could not ask which threads are behind"),
            Err(_) => tracing::warn!("the database did not say in time which threads are behind"),
        }
    }

    async fn draw_patiently(&self, thread: &LeasedThread) {
        if timeout(DRAWING_PATIENCE, self.draw(thread)).await.is_err() {
            tracing::error!("could not draw the thread of {} in time", thread.run);
            self.keep(thread, "it took too long", (self.clock)() + pause(thread.failures)).await;
        }
    }

    async fn draw(&self, thread: &LeasedThread) {
        match self.look(thread).await {
            Ok(Drawn { seq, again, held: None }) => {
                if let Err(e) = self.store.thread_drawn(thread, seq, again).await {
                    // The lease ends by itself, and then the thread is looked at again.
                    tracing::warn!(run.id = %thread.run, error = %e, "could not keep that the thread of {} was drawn", thread.run);
                }
            }
            Ok(Drawn { held: Some(Held::Until(at)), again, .. }) => {
                self.keep(thread, "waiting for Slack", again.map_or(at, |again| again.min(at)))
                    .await;
            }
            Ok(Drawn { held: Some(Held::Refused(e)), again, .. }) => {
                tracing::error!(run.id = %thread.run, error = %e, "could not draw the thread of {}", thread.run);
                let paused = (self.clock)() + pause(thread.failures);
                self.keep(thread, &e.to_string(), again.map_or(paused, |again| again.min(paused)))
                    .await;
            }
            Err(Abort::FencedOff) => {}
            Err(Abort::Store(e)) => {
                tracing::warn!(run.id = %thread.run, error = %e, "the database failed while the thread of {} was drawn", thread.run);
            }
        }
    }

    async fn keep(&self, thread: &LeasedThread, trouble: &str, again_at: DateTime<Utc>) {
        if let Err(e) =
            self.store.thread_failed(thread, Failed { trouble, at: (self.clock)(), again_at }).await
        {
            tracing::warn!(run.id = %thread.run, error = %e, "could not keep how the thread of {} was drawn", thread.run);
        }
    }

    /// Posts what is missing and edits what differs: in the thread, then directly to people, then under their notes.
    async fn look(&self, thread: &LeasedThread) -> Result<Drawn, Abort> {
        let now = (self.clock)();
        let Some(run) = self.store.run(&thread.run).await? else {
            return Ok(Drawn { seq: thread.wanted_seq, again: None, held: None });
        };
        let progress = self.store.progress(&thread.run).await?;
        self.store.see_deletions(&thread.run).await?;
        let known: HashMap<MessageKey, KnownMessage> = self
            .store
            .messages(&thread.run)
            .await?
            .into_iter()
            .map(|m| (MessageKey::parse(&m.key), m))
            .collect();
        let look = Look { thread, run: &run, known: &known, now };
        let mut asked = self.groups(&look).await;
        let place = self.place_of(&look).await;
        let drawing = render(&run, (progress.as_ref(), &asked.groups), now, &place);
        let (mut direct, in_thread): (Vec<_>, Vec<_>) =
            drawing.into_iter().partition(|message| matches!(message.to, To::Person(_)));
        let drawn = alone(self.draw_thread(&look, &in_thread).await)?;
        let question = look.question();
        let silent = question.as_ref().filter(|question| match &drawn {
            Ok(drawn) => drawn.given_up.contains(&MessageKey::Gate((*question).clone())),
            Err(held) => look.is_silent(question, Some(held)),
        });
        if silent.is_some() || look.spoke_directly() {
            let silent = silent.map(|question| (question, drawn.as_ref().err()));
            direct.extend(self.instead(&look, &place, silent, &mut asked).await?);
        }
        let mut again = asked.again;
        if drawn.is_ok() && thread.root_ts.is_none() && !direct.is_empty() {
            // Now there is a thread to lead them to.
            again = Some(now);
        } else {
            again = earliest(again, self.draw_directly(&look, &direct).await?);
        }
        if drawn.is_ok() {
            again = earliest(again, self.react(&look).await?);
        }
        Ok(match drawn {
            // Who was asked directly must not be left with a question that is closed: until then nothing counts as drawn.
            Ok(_) if run.gate.is_none() && again.is_some() => {
                Drawn { seq: run.seq, again, held: again.map(Held::Until) }
            }
            Ok(Thread { shed, .. }) => {
                Drawn { seq: run.seq, again: earliest(again, next_look(&look, shed)), held: None }
            }
            Err(held) => Drawn { seq: run.seq, again, held: Some(held) },
        })
    }

    /// For messages that are not in the thread: where it is.
    async fn place_of(&self, look: &Look<'_>) -> RenderContext {
        let (place, thread) = (self.place.clone(), look.thread);
        let Some(root) =
            thread.root_ts.as_ref().filter(|_| look.run.gate.is_some() || look.spoke_directly())
        else {
            return place;
        };
        let home = self.slack.identity().await.ok().and_then(|us| Url::parse(&us.url).ok());
        let path = format!("archives/{}/p{}", thread.place.channel, root.replace('.', ""));
        RenderContext { thread: home.and_then(|home| home.join(&path).ok()), ..place }
    }

    /// The run card first, for all else hangs from it.
    async fn draw_thread(&self, look: &Look<'_>, messages: &[Message]) -> Result<Thread, Late> {
        let mut root = look.thread.root_ts.clone().map(Ts);
        let mut drawn = Thread::default();
        for message in messages {
            let spot = Spot { channel: &look.thread.place.channel, root: root.as_ref() };
            let ts = match alone(self.bring(look, message, spot).await)? {
                Ok(Brought::Right(ts)) => ts,
                Ok(Brought::Shed(ts)) => {
                    drawn.shed = true;
                    ts
                }
                Ok(Brought::GivenUp) => {
                    drawn.given_up.push(message.key.clone());
                    continue;
                }
                Err(Held::Refused(unfit))
                    if unfit.is_invalid_blocks() && message.to == To::Thread =>
                {
                    tracing::error!(run.id = %look.thread.run, error = %unfit, "Slack takes {} in no form", message.key);
                    self.give_up(look, message, &unfit.to_string()).await?;
                    drawn.given_up.push(message.key.clone());
                    continue;
                }
                Err(held) => return Err(Late::Held(held)),
            };
            if message.to == To::Channel {
                root = Some(ts);
            }
        }
        Ok(drawn)
    }
}

fn complain(drawn: Result<(), JoinError>) {
    if let Err(e) = drawn {
        tracing::error!(error = %e, "drawing a thread broke");
    }
}

/// By the clock: a run under way for its progress, a waiting one for the time left.
fn next_look(look: &Look<'_>, shed: bool) -> Option<DateTime<Utc>> {
    let (run, now) = (look.run, look.now);
    let under_way = matches!(run.phase(), Phase::Running | Phase::Starting);
    // Where many wait, Slack has no room for all their clocks: they must not take turns at finding that out.
    let pause = if under_way || look.thread.behind { PROGRESS_EVERY } else { SHED_PAUSE };
    earliest(redraw_at(run, now), (under_way || shed).then(|| now + pause))
}
