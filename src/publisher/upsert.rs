//! Upserts one message: is it to be posted, or edited?
//! Effectively once: the intent is stored before the post, so that a post whose answer was lost is looked for before it is sent again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::look::Placement;
use super::retry::{Abort, Late, MOMENT, SETTLE, after_refusal};
use super::{Publisher, SHED_PAUSE};
use crate::metrics;
use crate::slack::{Edit, Post, Priority, SlackBlock, SlackError, Ts};
use crate::store::{Claim, KnownMessage, LeasedThread, Posted, Redrawn, Shown};
use crate::thread::To;

/// A shed edit asks again within this time, for others may have left the queue.
const LONGEST_TURN: Duration = Duration::from_secs(5);

/// What became of a message.
pub(super) enum Upserted {
    /// It is as it should be.
    UpToDate(Ts),
    /// Slack has no room for progress now; a newer drawing will come then.
    Shed(Ts, DateTime<Utc>),
    /// Slack will not have it, as it said before.
    GivenUp,
}

/// What became of an edit.
pub(super) enum Edited {
    Done,
    /// Slack has no room for progress now; worth another try then.
    Shed(DateTime<Utc>),
}

/// What Slack answered to a drawing, and in which form it was sent last.
struct Sent<T> {
    answer: Result<T, SlackError>,
    form: Form,
}

/// How a message is sent: where Slack refuses one form, the next one is plainer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Drawing,
    Plainer,
    /// No blocks at all, and words to answer by.
    Words,
}

impl Form {
    const fn plainer(self) -> Option<Self> {
        match self {
            Self::Drawing => Some(Self::Plainer),
            Self::Plainer => Some(Self::Words),
            Self::Words => None,
        }
    }

    /// What Slack shows if it takes a message in this form.
    fn shown(self, digest: String) -> Shown {
        match self {
            Self::Drawing => Shown::Drawing(digest),
            Self::Plainer => Shown::Plainer(digest),
            Self::Words => Shown::Words(digest),
        }
    }
}

impl Publisher {
    /// Posts the message, or edits it if it differs.
    pub(super) async fn upsert(&self, at: Placement<'_>) -> Result<Upserted, Late> {
        match at.known() {
            Some(known @ KnownMessage { ts: Some(ts), .. }) => {
                let ts = Ts(ts.clone());
                if !at.is_worth_an_edit(known) {
                    return Ok(Upserted::UpToDate(ts));
                }
                Ok(match self.edit(at, &ts).await? {
                    Edited::Done => Upserted::UpToDate(ts),
                    Edited::Shed(until) => Upserted::Shed(ts, until),
                })
            }
            Some(_) if at.look.is_given_up(at.message) => Ok(Upserted::GivenUp),
            Some(lost) if lost.given_up.is_none() => {
                self.find_lost_post(at, lost).await.map(Upserted::UpToDate)
            }
            _ => self.post(at).await.map(Upserted::UpToDate),
        }
    }

    /// Right before Slack is called: a writer that another one overtook must not write.
    pub(super) async fn renew_lease(&self, thread: &LeasedThread) -> Result<(), Abort> {
        if self.store.renew_lease(thread).await? { Ok(()) } else { Err(Abort::FencedOff) }
    }

    pub(super) async fn post(&self, at: Placement<'_>) -> Result<Ts, Late> {
        self.renew_lease(at.look.thread).await?;
        self.claim(at).await?;
        let Sent { answer, form } = self.send_post(at).await?;
        match answer {
            Ok(ts) => {
                self.record_post(at, &ts, Some(form)).await?;
                Ok(ts)
            }
            Err(SlackError::Unknown { what, .. }) => {
                tracing::warn!(run.id = %at.run(), error = %what, "the post of {} may have happened", at.message.key);
                // From the end of the call on: Slack may have heard it at its very end.
                self.store.doubt_message(at.run(), &at.key(), at.now() + SETTLE).await?;
                Err(Late::until(at.now() + MOMENT))
            }
            Err(surely_not) => {
                self.store.unclaim_message(at.look.thread, &at.key()).await?;
                Err(self.late_in_thread(at, surely_not).await)
            }
        }
    }

    /// Stores that the message is about to be posted.
    async fn claim(&self, at: Placement<'_>) -> Result<(), Late> {
        let elsewhere = matches!(at.message.to, To::Person(_)).then_some(at.spot.channel);
        let claim = Claim { key: &at.key(), channel: elsewhere };
        if self.store.claim_message(at.look.thread, claim).await? {
            Ok(())
        } else {
            Err(Late::fenced_off())
        }
    }

    /// Stores that Slack has the message, in this form; none where that is not known.
    pub(super) async fn record_post(
        &self,
        at: Placement<'_>,
        ts: &Ts,
        form: Option<Form>,
    ) -> Result<(), Late> {
        let shown = form.map_or(Shown::Unknown, |form| form.shown(at.message.digest()));
        let step = at.look.step();
        let posted = Posted {
            key: &at.key(),
            ts: ts.as_str(),
            shown: &shown,
            doubtful_until: form.and_then(|form| at.again_in_full(form)),
            step: step.as_deref(),
            is_root: at.message.to == To::Channel,
        };
        Ok(self.store.message_posted(at.run(), posted).await?)
    }

    pub(super) async fn edit(&self, at: Placement<'_>, ts: &Ts) -> Result<Edited, Late> {
        self.renew_lease(at.look.thread).await?;
        let Sent { answer, form } = self.send_edit(at, ts).await?;
        let priority = at.look.priority_of_edit(at.message);
        match answer {
            Ok(()) => self.record_edit(at, form).await,
            Err(SlackError::RateLimited { retry_after, .. })
                if matches!(priority, Priority::Tick | Priority::Clock) =>
            {
                Ok(Edited::Shed(at.now() + shed_pause(priority, retry_after)))
            }
            Err(SlackError::Unknown { what, .. }) => {
                tracing::warn!(run.id = %at.run(), error = %what, "an edit of {} may still happen", at.message.key);
                self.store.doubt_message(at.run(), &at.key(), at.now() + SETTLE).await?;
                Err(Late::until(at.now() + MOMENT))
            }
            Err(gone) if gone.is_message_gone() => self.replace_missing(at, ts, gone).await,
            Err(refused) if refused.is_invalid_blocks() => {
                tracing::error!(run.id = %at.run(), error = %refused, "Slack takes {} in no form; it shows what it did", at.message.key);
                let shown = Shown::Unfit(at.message.digest());
                let again = at.known().and_then(|it| after_refusal(it.claimed_at, at.now()));
                self.record_shown(at, &shown, again).await
            }
            Err(e) => Err(at.late(e)),
        }
    }

    /// Stores in which form Slack shows the drawing now. A doubt about an earlier edit stays until that has settled.
    async fn record_edit(&self, at: Placement<'_>, form: Form) -> Result<Edited, Late> {
        let doubt = at.known().and_then(|known| known.doubtful_until);
        let doubt = doubt.filter(|until| *until > at.look.now).or_else(|| at.again_in_full(form));
        self.record_shown(at, &form.shown(at.message.digest()), doubt).await
    }

    /// Stores what Slack shows now.
    pub(super) async fn record_shown(
        &self,
        at: Placement<'_>,
        shown: &Shown,
        doubtful_until: Option<DateTime<Utc>>,
    ) -> Result<Edited, Late> {
        let (key, step) = (at.key(), at.look.step());
        let redrawn = Redrawn { key: &key, shown, doubtful_until, step: step.as_deref() };
        self.store.message_edited(at.run(), redrawn).await?;
        Ok(Edited::Done)
    }

    /// Posts the drawing; where Slack refuses its blocks, a plainer one.
    async fn send_post(&self, at: Placement<'_>) -> Result<Sent<Ts>, Abort> {
        let mut form = Form::Drawing;
        loop {
            let answer = self.post_form(at, form).await;
            match (answer, form.plainer()) {
                (Err(refused), Some(plainer)) if refused.is_invalid_blocks() => {
                    self.prepare_plainer(at, &refused).await?;
                    form = plainer;
                }
                (answer, _) => return Ok(Sent { answer, form }),
            }
        }
    }

    /// The same for an edit.
    async fn send_edit(&self, at: Placement<'_>, ts: &Ts) -> Result<Sent<()>, Abort> {
        let mut form = Form::Drawing;
        loop {
            let answer = self.edit_form(at, ts, form).await;
            match (answer, form.plainer()) {
                (Err(refused), Some(plainer)) if refused.is_invalid_blocks() => {
                    self.prepare_plainer(at, &refused).await?;
                    form = plainer;
                }
                (answer, _) => return Ok(Sent { answer, form }),
            }
        }
    }

    async fn prepare_plainer(&self, at: Placement<'_>, refused: &SlackError) -> Result<(), Abort> {
        metrics::message_drawn_plainly();
        tracing::error!(run.id = %at.run(), error = %refused, "Slack does not take {} as it is drawn; it is drawn more plainly", at.message.key);
        self.renew_lease(at.look.thread).await
    }

    async fn post_form(&self, at: Placement<'_>, form: Form) -> Result<Ts, SlackError> {
        let (text, blocks) = at.in_form(form);
        let post = Post {
            channel: at.spot.channel,
            thread_ts: at.parent(),
            text: &text,
            blocks: &blocks,
            key: &at.slack_key(),
            priority: at.message.priority(),
        };
        self.slack.post(post).await
    }

    async fn edit_form(&self, at: Placement<'_>, ts: &Ts, form: Form) -> Result<(), SlackError> {
        let (text, blocks) = at.in_form(form);
        let edit = Edit {
            channel: at.spot.channel,
            ts,
            text: &text,
            blocks: &blocks,
            priority: at.look.priority_of_edit(at.message),
            turn: at.look.turn_of(at.message),
        };
        self.slack.update(edit).await
    }
}

impl Placement<'_> {
    /// Whether Slack may show something else than the drawing.
    fn is_worth_an_edit(&self, known: &KnownMessage) -> bool {
        let settles = known.shown != Shown::Gone && self.look.is_doubtful(known);
        settles || !known.shown.is_right_for(&self.message.digest())
    }

    /// When a message that Slack took in a plainer form only is tried as it is drawn again.
    fn again_in_full(&self, form: Form) -> Option<DateTime<Utc>> {
        let since = self.known().map_or(self.look.now, |known| known.claimed_at);
        (form != Form::Drawing).then(|| after_refusal(since, self.now())).flatten()
    }

    /// The message's text and blocks.
    fn in_form(&self, form: Form) -> (String, Vec<SlackBlock>) {
        let notice = || self.message.text.as_str().to_owned();
        match form {
            Form::Drawing => (notice(), self.message.blocks.clone()),
            Form::Plainer => (notice(), self.message.plainer()),
            Form::Words => (self.message.words().as_str().to_owned(), Vec::new()),
        }
    }
}

/// How long until a shed edit is worth another try: when its turn should come, but no later than it would be forgotten. A clock has time.
fn shed_pause(priority: Priority, retry_after: Duration) -> TimeDelta {
    match priority {
        Priority::Clock => SHED_PAUSE,
        _ => TimeDelta::from_std(retry_after.min(LONGEST_TURN)).unwrap_or(SHED_PAUSE),
    }
}
