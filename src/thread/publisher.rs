//! Makes a run's Slack thread agree with the database.
//! The only writer of run threads; safe to call twice, at any time, from any process.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Groups, Message, Place, To, redraw_at, render};
use crate::run::{Phase, Run};
use crate::slack::{Edit, Post, Priority, SlackApi, SlackError, Ts};
use crate::store::{KnownMessage, LeasedThread, Store, StoreError};

/// How often the database is asked for threads that are behind.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a run that is under way is redrawn for its progress alone.
const PROGRESS_EVERY: TimeDelta = TimeDelta::seconds(2);
/// How long after a post whose answer was lost Slack must be able to show it.
const SETTLE: TimeDelta = TimeDelta::seconds(10);
/// Before a lost thread is drawn anew: whoever deletes it again and again is not answered as fast.
const AFRESH: TimeDelta = TimeDelta::seconds(2);
/// Threads drawn at once by one process.
const AT_ONCE: usize = 8;
/// A database that takes longer is away.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than drawing a thread takes where everything answers, however slowly.
const DRAWING_PATIENCE: Duration = Duration::from_mins(2);
/// What a message shows that somebody deleted: nothing more is ever edited there.
const GONE: &str = "gone";
/// Longest pause after a thread that cannot be drawn.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// Draws threads.
#[derive(Clone)]
pub struct Publisher {
    pub store: Store,
    pub slack: SlackApi,
    pub place: Place,
    pub clock: fn() -> DateTime<Utc>,
}

/// Why a thread does not agree yet.
#[derive(Debug)]
enum Late {
    /// Slack wants us to wait, or its answer was lost: again then.
    Until(DateTime<Utc>),
    /// Another writer has the thread.
    FencedOff,
    Slack(SlackError),
    Store(StoreError),
}

impl From<StoreError> for Late {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
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
                    drawing.spawn(async move { publisher.draw_patiently(&thread).await }.instrument(span));
                }
            }
            Ok(Err(e)) => tracing::warn!(error = %e, "could not ask which threads are behind"),
            Err(_) => tracing::warn!("the database did not say in time which threads are behind"),
        }
    }

    async fn draw_patiently(&self, thread: &LeasedThread) {
        if timeout(DRAWING_PATIENCE, self.draw(thread)).await.is_err() {
            tracing::error!("could not draw the thread of {} in time", thread.run);
        }
    }

    async fn draw(&self, thread: &LeasedThread) {
        let drawn = self.catch_up(thread).await;
        let now = (self.clock)();
        let kept = match drawn {
            Ok((seq, again)) => self.store.thread_drawn(thread, seq, again).await,
            Err(Late::FencedOff) => Ok(()),
            Err(Late::Until(again)) => self.store.thread_failed(thread, "waiting for Slack", again).await,
            Err(Late::Slack(e)) => {
                tracing::error!(run.id = %thread.run, error = %e, "could not draw the thread of {}", thread.run);
                self.store.thread_failed(thread, &e.to_string(), now + pause(thread.failures)).await
            }
            Err(Late::Store(e)) => Err(e),
        };
        if let Err(e) = kept {
            // The lease ends by itself, and then the thread is looked at again.
            tracing::warn!(run.id = %thread.run, error = %e, "could not keep how the thread of {} was drawn", thread.run);
        }
    }

    /// Posts what is missing and edits what differs. Brings back what was drawn, and when to look again.
    async fn catch_up(&self, thread: &LeasedThread) -> Result<(u64, Option<DateTime<Utc>>), Late> {
        let now = (self.clock)();
        let Some(run) = self.store.run(&thread.run).await? else { return Ok((thread.wanted_seq, None)) };
        let progress = self.store.progress(&thread.run).await?;
        let known: HashMap<String, KnownMessage> = self.store.messages(&thread.run).await?.into_iter().map(|m| (m.key.clone(), m)).collect();
        let mut root = thread.root_ts.clone().map(Ts);
        let mut shed = false;
        for message in render(&run, (progress.as_ref(), &Groups::default()), now, &self.place) {
            let ts = match known.get(&message.key) {
                Some(KnownMessage { ts: Some(ts), shown, .. }) => {
                    shed |= !self.edit(thread, &message, &Ts(ts.clone()), shown.as_deref()).await?;
                    Ts(ts.clone())
                }
                Some(lost) => self.settle(thread, &message, lost, root.as_ref()).await?,
                None => self.post(thread, &message, root.as_ref()).await?,
            };
            if message.to == To::Channel {
                root = Some(ts);
            }
        }
        Ok((run.seq, next_look(&run, now, shed)))
    }

    async fn still_ours(&self, thread: &LeasedThread) -> Result<(), Late> {
        if self.store.renew_lease(thread, (self.clock)()).await? { Ok(()) } else { Err(Late::FencedOff) }
    }

    async fn post(&self, thread: &LeasedThread, message: &Message, root: Option<&Ts>) -> Result<Ts, Late> {
        self.still_ours(thread).await?;
        if !self.store.claim_message(thread, &message.key, (self.clock)()).await? {
            return Err(Late::FencedOff);
        }
        let post = Post {
            channel: &thread.place.channel,
            thread_ts: root.filter(|_| message.to == To::Thread),
            text: &message.text,
            blocks: &message.blocks,
            key: &format!("{}/{}", thread.run, message.key),
            priority: priority(message),
        };
        match self.slack.post(post).await {
            Ok(ts) => {
                self.store.message_posted(thread, &message.key, ts.as_str(), &message.digest()).await?;
                Ok(ts)
            }
            Err(SlackError::Unknown { what, .. }) => {
                tracing::warn!(run.id = %thread.run, error = %what, "the post of {} may have happened", message.key);
                Err(Late::Until((self.clock)() + SETTLE))
            }
            Err(surely_not) => {
                self.store.unclaim_message(&thread.run, &message.key).await?;
                Err(self.late_in(thread, root, surely_not).await)
            }
        }
    }

    /// A post was begun and nobody knows how it ended: Slack is asked before it is posted again.
    async fn settle(&self, thread: &LeasedThread, message: &Message, lost: &KnownMessage, root: Option<&Ts>) -> Result<Ts, Late> {
        self.still_ours(thread).await?;
        let key = format!("{}/{}", thread.run, message.key);
        let oldest = lost.claimed_at - TimeDelta::seconds(60);
        let found = match self.slack.find(&thread.place.channel, root.filter(|_| message.to == To::Thread), &key, oldest).await {
            Ok(found) => found,
            Err(e) => return Err(self.late_in(thread, root, e).await),
        };
        if let Some(ts) = found {
            self.store.message_posted(thread, &message.key, ts.as_str(), "").await?;
            // What it shows is not known exactly.
            self.edit(thread, message, &ts, None).await?;
            return Ok(ts);
        }
        let settled = lost.claimed_at + SETTLE;
        if (self.clock)() < settled {
            return Err(Late::Until(settled));
        }
        self.post(thread, message, root).await
    }

    /// False where Slack has no room for progress now; a newer drawing will come.
    async fn edit(&self, thread: &LeasedThread, message: &Message, ts: &Ts, shown: Option<&str>) -> Result<bool, Late> {
        let digest = message.digest();
        if shown == Some(digest.as_str()) || shown == Some(GONE) {
            return Ok(true);
        }
        self.still_ours(thread).await?;
        let edit = Edit { channel: &thread.place.channel, ts, text: &message.text, blocks: &message.blocks, priority: priority(message) };
        match self.slack.update(edit).await {
            Ok(()) => {
                self.store.message_edited(&thread.run, &message.key, &digest).await?;
                Ok(true)
            }
            Err(SlackError::RateLimited { .. }) if priority(message) == Priority::Tick => Ok(false),
            Err(gone) if gone.is_message_gone() => self.missing(thread, message, gone).await,
            Err(e) => Err(self.late(e)),
        }
    }

    /// A message that was there is not. Whoever deleted it may have meant it, so it does not come back; but a question must be
    /// there to be answered, and a thread of which nothing is left is drawn anew.
    async fn missing(&self, thread: &LeasedThread, message: &Message, gone: SlackError) -> Result<bool, Late> {
        tracing::warn!(run.id = %thread.run, error = %gone, "the message {} is gone", message.key);
        let root = thread.root_ts.clone().map(Ts);
        match self.late_in(thread, root.as_ref(), gone).await {
            Late::Slack(_) => {}
            late => return Err(late),
        }
        if message.asks() {
            self.store.forget_message(thread, &message.key).await?;
            self.post(thread, message, root.as_ref()).await?;
        } else {
            self.store.message_edited(&thread.run, &message.key, GONE).await?;
        }
        Ok(true)
    }

    /// When to try again, after a thread that is lost as a whole was forgotten.
    async fn late_in(&self, thread: &LeasedThread, root: Option<&Ts>, error: SlackError) -> Late {
        let Some(root) = root.filter(|_| error.is_message_gone()) else { return self.late(error) };
        match self.slack.has_thread(&thread.place.channel, root).await {
            Ok(true) => self.late(error),
            Ok(false) => match self.store.forget_thread(thread).await {
                Ok(()) => {
                    tracing::warn!(run.id = %thread.run, "Slack knows nothing of the thread of {} any more; it is drawn anew", thread.run);
                    Late::Until((self.clock)() + AFRESH)
                }
                Err(e) => Late::Store(e),
            },
            Err(e) => self.late(e),
        }
    }

    fn late(&self, error: SlackError) -> Late {
        match error {
            SlackError::RateLimited { retry_after, .. } => Late::Until((self.clock)() + TimeDelta::from_std(retry_after).unwrap_or(LONGEST_PAUSE)),
            SlackError::NotSent { .. } | SlackError::Unknown { .. } => Late::Until((self.clock)() + TimeDelta::seconds(2)),
            refused @ SlackError::Refused { .. } => Late::Slack(refused),
        }
    }
}

fn complain(drawn: Result<(), JoinError>) {
    if let Err(e) = drawn {
        tracing::error!(error = %e, "drawing a thread broke");
    }
}

fn priority(message: &Message) -> Priority {
    match message.priority() {
        super::Priority::Call => Priority::Gate,
        super::Priority::Milestone => Priority::Milestone,
        super::Priority::Progress => Priority::Tick,
    }
}

/// By the clock: a run under way for its progress, a waiting one for the time left.
fn next_look(run: &Run, now: DateTime<Utc>, shed: bool) -> Option<DateTime<Utc>> {
    let under_way = matches!(run.phase(), Phase::Running | Phase::Starting) || shed;
    let by_time = redraw_at(run, now);
    let by_progress = under_way.then(|| now + PROGRESS_EVERY);
    by_time.into_iter().chain(by_progress).min()
}

fn pause(failures: i32) -> TimeDelta {
    let doubled = TimeDelta::seconds(1 << failures.clamp(0, 9));
    doubled.min(LONGEST_PAUSE)
}
