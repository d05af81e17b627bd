//! Heartbeats: how does Temporal see that an activity lives, and how is an agent watched at work?
//! A heartbeat carries what a successor needs should this worker die; progress is for people.

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::WriteInput;
use super::handover::Handover;
use crate::agent::{AgentEvent, Assignment, Session};
use crate::engine::retry_policy::{HEARTBEAT_INTERVAL, PROGRESS_REPEAT};
use crate::run::{AgentKind, Progress, Tokens, Usd, Workplace};
use crate::store::Spend;

/// Sends a heartbeat with these details once a second while `work` goes on, and cancels `stop` where Temporal cancels
/// the activity.
pub(super) async fn with_heartbeat<T>(
    ctx: &ActivityContext,
    details: &Handover,
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, ActivityError> {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(HEARTBEAT_INTERVAL);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            _ = tick.tick() => ctx.record_heartbeat(details.clone()).await?,
            () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
        }
    }
}

/// The same for work that nobody interrupts, though Temporal cancels the activity.
pub(super) async fn with_heartbeat_to_the_end<T>(
    ctx: &ActivityContext,
    details: &Handover,
    work: impl Future<Output = T>,
) -> Result<T, ActivityError> {
    with_heartbeat(ctx, details, &CancellationToken::new(), work).await
}

/// What is known of an agent at work.
pub(super) struct AgentProgress<'a> {
    folder: PathBuf,
    pub(super) handover: Handover,
    before: &'a Handover,
    /// Our meter counted a call of it: what it says of itself counts no more.
    metered: bool,
    progress: Progress,
    published: Option<(Instant, Progress)>,
}

impl<'a> AgentProgress<'a> {
    /// `before` is what earlier workers spent on the same attempt.
    pub(super) fn new(input: &WriteInput, assignment: &Assignment, before: &'a Handover) -> Self {
        let (Session::New(session) | Session::Resume(session)) = &assignment.session;
        let progress = Progress {
            stage: input.stage.name.clone(),
            attempt: input.attempt,
            tokens: before.tokens,
            cost_usd: before.cost_usd,
            step: "starting".to_owned(),
            at: clock(),
        };
        let folder = assignment.log.parent().unwrap_or(Path::new(".")).to_owned();
        let prompt_bytes = u64::try_from(assignment.prompt.len()).ok();
        let workplace = before.workplace.clone().map(|it| Workplace { prompt_bytes, ..it });
        let session = Some(session.to_string());
        let handover = Handover { session, workplace, ..before.clone() };
        handover.save(&folder);
        let metered = input.agent.kind == AgentKind::Claude;
        Self { folder, handover, before, metered, progress, published: None }
    }

    pub(super) fn apply(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::ToolStarted { title, .. } => self.progress.step = title,
            AgentEvent::Retrying { why, .. } => {
                self.progress.step = format!("waiting for the model: {why}");
            }
            AgentEvent::Usage { tokens, cost_usd } => self.told(tokens, cost_usd),
            _ => {}
        }
    }

    /// What this worker's agent says that it used so far, on top of what was used before.
    pub(super) fn told(&mut self, mut tokens: Tokens, cost: Usd) {
        if !self.metered {
            tokens += self.before.tokens;
            self.set(Spend { tokens, cost: self.before.cost_usd + cost });
        }
    }

    /// What the meter counted of the attempt, over all workers that had it.
    pub(super) fn count(&mut self, spend: Spend) {
        self.metered |= spend.cost > self.before.cost_usd;
        if self.metered {
            self.set(spend);
        }
    }

    fn set(&mut self, spend: Spend) {
        if (self.handover.tokens, self.handover.cost_usd) == (spend.tokens, spend.cost) {
            return;
        }
        (self.handover.tokens, self.handover.cost_usd) = (spend.tokens, spend.cost);
        (self.progress.tokens, self.progress.cost_usd) = (spend.tokens, spend.cost);
        self.handover.save(&self.folder);
    }

    /// The progress, where it is worth publishing: it changed, or was not published for a while.
    pub(super) fn due_progress(&mut self) -> Option<Progress> {
        let is_known = |(at, known): &(Instant, Progress)| {
            *known == self.progress && at.elapsed() < PROGRESS_REPEAT
        };
        if self.published.as_ref().is_some_and(is_known) {
            return None;
        }
        self.published = Some((Instant::now(), self.progress.clone()));
        Some(Progress { at: clock(), ..self.progress.clone() })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "progress is stamped where it happens: in an activity, never in a workflow"
)]
pub(super) fn clock() -> DateTime<Utc> {
    Utc::now()
}
