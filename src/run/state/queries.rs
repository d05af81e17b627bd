//! Queries of the state: what can be read off a run?
//! Looks only; decides nothing.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::run::rules::seconds_between;
use crate::run::{
    Approver, Asked, Attempt, AttemptOutcome, GateId, GateSpec, OpenGate, Outcome, Pause, Paused,
    Phase, Refusal, RequestId, Run, RunId, Snapshot, StageName, StagePhase, StageState, Tokens,
    Usd, Verdict, WorkStep,
};

/// What a run made of a person's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement<'r> {
    Taken(Verdict),
    Refused(&'r Refusal),
}

/// What a run waits for that no worker can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerWait<'r> {
    pub stage: &'r StageName,
    pub attempt: u32,
    pub step: WorkStep,
    /// What those lacked that tried, for people.
    pub why: &'r str,
    pub since: DateTime<Utc>,
}

/// What a stage used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageUse {
    pub tokens: Tokens,
    pub cost: Usd,
    pub seconds: u64,
}

impl Run {
    #[must_use]
    pub const fn id(&self) -> &RunId {
        &self.request.run
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        match (self.outcome, &self.gate, self.started_at) {
            (Some(Outcome::Done), ..) => Phase::Done,
            (Some(Outcome::Failed), ..) => Phase::Failed,
            (Some(Outcome::Rejected), ..) => Phase::Rejected,
            (Some(Outcome::Stopped), ..) => Phase::Stopped,
            (None, Some(_), _) => Phase::Waiting,
            (None, None, Some(_)) => Phase::Running,
            (None, None, None) => Phase::Starting,
        }
    }

    /// The first stage that is not over, and its number from 1.
    #[must_use]
    pub fn current(&self) -> Option<(usize, &StageState)> {
        let over = |s: &StageState| matches!(s.phase, StagePhase::Good | StagePhase::Undone);
        self.stages.iter().enumerate().find(|(_, s)| !over(s)).map(|(i, s)| (i + 1, s))
    }

    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&StageState> {
        self.stages.iter().find(|s| &s.stage.name == name)
    }

    #[must_use]
    pub fn attempt(&self, stage: &StageName, n: u32) -> Option<&Attempt> {
        self.stage(stage)?.attempt(n)
    }

    /// The newest attempt of all, and its stage.
    #[must_use]
    pub fn last_attempt(&self) -> Option<(&StageState, &Attempt)> {
        self.stages.iter().rev().find_map(|stage| Some((stage, stage.attempts.last()?)))
    }

    /// The attempt that waits for a worker, if any: for what, and since when.
    #[must_use]
    pub fn waits_for_worker(&self) -> Option<WorkerWait<'_>> {
        let stages = self.stages.iter().filter(|_| self.outcome.is_none());
        let mut attempts = stages.flat_map(|stage| stage.attempts.iter().map(move |a| (stage, a)));
        attempts.find_map(|(stage, attempt)| {
            attempt.waits_for_worker().map(|(step, why, since)| {
                let (stage, attempt) = (stage.name(), attempt.n);
                WorkerWait { stage, attempt, step, why, since }
            })
        })
    }

    /// The attempt that stands for a stage: the one that is asked about, else the newest that was good, else the newest.
    #[must_use]
    pub fn shown(&self, stage: &StageName) -> Option<&Attempt> {
        let there = self.stage(stage)?;
        let asked =
            self.gate.as_ref().filter(|open| &open.id.stage == stage).map(|open| open.attempt);
        let asked_about = there.attempts.iter().find(|a| Some(a.n) == asked);
        asked_about.or_else(|| there.good_attempt()).or_else(|| there.attempts.last())
    }

    /// The work that a question is or was about, whatever became of it; none where it was never asked so.
    #[must_use]
    pub fn asked_about(&self, gate: &GateId) -> Option<(&StageState, &Attempt)> {
        let stage = self.stage(&gate.stage)?;
        let closed = stage.asked.iter().map(|asked| &asked.gate);
        let asked = self.gate.iter().chain(closed).find(|asked| &asked.id == gate)?;
        Some((stage, stage.attempt(asked.attempt)?))
    }

    /// The newest work that was kept: what the next attempt starts from.
    #[must_use]
    pub fn last_good(&self) -> Option<&Snapshot> {
        self.stages
            .iter()
            .rev()
            .filter(|s| s.phase == StagePhase::Good)
            .find_map(|s| s.snapshot.as_ref())
    }

    /// The newest work that a person approved.
    #[must_use]
    pub fn last_approved(&self) -> Option<&Snapshot> {
        self.stages.iter().rev().filter(|s| s.was_approved()).find_map(|s| s.snapshot.as_ref())
    }

    /// Attempts whose work was good and counts, in order.
    pub fn good_attempts(&self) -> impl Iterator<Item = (&StageState, &Attempt)> {
        self.stages.iter().flat_map(|s| {
            let good = |a: &&Attempt| a.outcome == AttemptOutcome::Good && !s.is_left_behind(a.n);
            s.attempts.iter().filter(good).map(move |a| (s, a))
        })
    }

    /// Work that a stop cut short: nobody checked it, and it is kept all the same.
    #[must_use]
    pub fn unfinished(&self) -> Option<(&StageState, &Attempt, &Snapshot)> {
        let cut_short = |a: &&Attempt| a.outcome == AttemptOutcome::Stopped && a.snapshot.is_some();
        self.stages.iter().find_map(|s| {
            let attempt = s.attempts_now().iter().find(cut_short)?;
            Some((s, attempt, attempt.snapshot.as_ref()?))
        })
    }

    /// Good work that nobody decided about: the run was stopped while it asked, or nobody answered in time.
    #[must_use]
    pub fn undecided(&self) -> Option<(&StageState, &Attempt, &Snapshot)> {
        let ended = |s: &&StageState| matches!(s.phase, StagePhase::Undone | StagePhase::Failed);
        let is_open =
            |s: &&StageState| s.asked_now().last().is_some_and(|asked| self.is_undecided(asked));
        let stage = self.stages.iter().filter(ended).find(is_open)?;
        let attempt = stage.good_attempt()?;
        Some((stage, attempt, attempt.snapshot.as_ref()?))
    }

    /// Whether nobody rejected its work or asked for changes.
    fn is_undecided(&self, asked: &Asked) -> bool {
        let mut answers = self.decisions.iter().filter(|d| d.gate.as_ref() == Some(&asked.gate.id));
        !answers.any(|d| matches!(d.verdict, Verdict::Changes | Verdict::Reject))
    }

    /// How long people were waited for, in seconds.
    #[must_use]
    pub fn waited_seconds(&self) -> u64 {
        self.stages
            .iter()
            .flat_map(StageState::closed_questions)
            .map(|asked| seconds_between(asked.gate.opened_at, asked.closed_at))
            .sum()
    }

    /// How long agents and checks worked, in seconds.
    #[must_use]
    pub fn worked_seconds(&self) -> u64 {
        self.stages.iter().map(StageState::seconds).sum()
    }

    /// Everybody whom the run names as an approver, in any role.
    pub fn named(&self) -> impl Iterator<Item = &Approver> {
        let of_features = self.request.batch.iter().flat_map(|batch| &batch.pipeline.stages);
        let stages = self.request.pipeline.stages.iter().chain(of_features);
        let gates = stages.flat_map(|s| s.gate.iter().chain(&s.recovery));
        self.request.approvers.iter().chain(gates.flat_map(GateSpec::named))
    }

    /// Who is asked by a gate: its approvers, and those it was escalated to. Nobody = every full member of the workspace.
    #[must_use]
    pub fn asked_people<'a>(&'a self, gate: &GateId, spec: &'a GateSpec) -> Vec<&'a Approver> {
        let others = spec
            .escalation
            .iter()
            .filter(|_| !spec.approvers.is_empty() && self.was_escalated(gate))
            .flat_map(|escalation| &escalation.to);
        spec.approvers.iter().chain(others).collect()
    }

    /// Every question that it asked, the open one last.
    pub fn questions(&self) -> impl Iterator<Item = &OpenGate> {
        let closed = self.stages.iter().flat_map(StageState::closed_questions);
        closed.map(|asked| &asked.gate).chain(&self.gate)
    }

    fn was_escalated(&self, gate: &GateId) -> bool {
        self.questions().any(|open| &open.id == gate && open.escalated_at.is_some())
    }

    /// The repository as it was found.
    #[must_use]
    pub fn origin(&self) -> Option<&Snapshot> {
        let taken = self.request.again.as_ref().and_then(|again| again.origin.as_ref());
        // Where work is merged any of the first stages may have been left out.
        let merges = self.stages.first().is_some_and(|stage| self.merges(stage));
        let first = if merges { self.stages.len() } else { 1 };
        let mut attempts = self.stages.iter().take(first).flat_map(|stage| &stage.attempts);
        let found = || attempts.find_map(|attempt| attempt.base.as_ref());
        taken.or_else(found)
    }

    #[must_use]
    pub fn spent(&self) -> Usd {
        self.spent_itself() + self.spent_on_children()
    }

    /// What the runs spent that are part of it and over: of features, or of stages beside others.
    #[must_use]
    pub fn spent_on_children(&self) -> Usd {
        let sides = self.stages.iter().flat_map(StageState::side_ends);
        self.features.values().chain(sides).map(|end| end.cost_usd).sum()
    }

    /// What a stage used in all: its attempts, the runs that did it beside others, and of a batch the run of the feature that it merges.
    #[must_use]
    pub fn used_by(&self, stage: &StageState) -> StageUse {
        let feature = self.feature_end(stage);
        let mut tokens = stage.tokens();
        tokens += feature.map(|end| end.tokens).unwrap_or_default();
        StageUse {
            tokens,
            cost: stage.cost() + feature.map(|end| end.cost_usd).unwrap_or_default(),
            seconds: stage.seconds() + feature.map_or(0, |end| end.seconds),
        }
    }

    /// What its own attempts spent.
    #[must_use]
    pub fn spent_itself(&self) -> Usd {
        self.stages.iter().flat_map(|stage| &stage.attempts).map(Attempt::spent).sum()
    }

    /// Whether that attempt is at work, or stands still.
    #[must_use]
    pub fn works_on(&self, stage: &StageName, attempt: u32) -> bool {
        let attempt = self.attempt(stage, attempt);
        attempt.is_some_and(|attempt| attempt.outcome == AttemptOutcome::Running)
    }

    /// Whether money is spent on that attempt, or may be: it works, or a second reader looks at its work.
    #[must_use]
    pub fn spends_on(&self, stage: &StageName, attempt: u32) -> bool {
        let is_read = || {
            let (of, read) = self.stage(stage).zip(self.attempt(stage, attempt))?;
            let is_new = read.outcome == AttemptOutcome::Good && read.review.is_none();
            Some(is_new && of.is_read_after(attempt))
        };
        self.works_on(stage, attempt) || is_read() == Some(true)
    }

    /// `stage 3 of 6 · streaming · $0.27`: how far the run is, for Temporal's own pages.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        self.in_one_line_with(&[])
    }

    /// The same, where the runs are at hand that are part of it: with what these spent so far.
    #[must_use]
    pub fn in_one_line_with(&self, children: &[Self]) -> String {
        let spent = self.spent_with(children);
        if let Some((over, all)) = self.features_over().filter(|(over, all)| over < all) {
            return format!("{over} of {all} features are over · {spent}");
        }
        let beside = self.children_under_way().len();
        match self.current() {
            Some(_) if beside > 0 && self.outcome.is_none() => {
                format!("{beside} stages side by side · {spent}")
            }
            Some((n, stage)) if self.outcome.is_none() => {
                format!("stage {n} of {} · {} · {spent}", self.stages.len(), stage.name())
            }
            _ => format!("{} stages · {spent}", self.stages.len()),
        }
    }

    /// How many features of a batch are over, of how many; none for other runs.
    #[must_use]
    pub fn features_over(&self) -> Option<(usize, usize)> {
        Some((self.features.len(), self.request.batch.as_ref()?.features.len()))
    }

    /// Whether a person stopped it.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.decisions.iter().any(|d| d.verdict == Verdict::Stop)
    }

    /// Whether nobody wants this attempt any more: the run was stopped, or went back to other work.
    #[must_use]
    pub fn is_called_off(&self, stage: &StageName, attempt: u32) -> bool {
        let left_behind = |stage: &StageState| stage.is_left_behind(attempt);
        self.was_stopped() || self.stage(stage).is_some_and(left_behind)
    }

    /// What the run made of this request; none where it has not judged it.
    #[must_use]
    pub fn answer_to(&self, request: &RequestId) -> Option<Judgement<'_>> {
        self.taken_as(request).map(Judgement::Taken).or_else(|| {
            let refused = self.refused.iter().find(|(refused, _)| refused == request);
            refused.map(|(_, why)| Judgement::Refused(why))
        })
    }

    fn taken_as(&self, request: &RequestId) -> Option<Verdict> {
        let decided = self.decisions.iter().map(|d| (&d.request, d.verdict));
        let others = self.taken.iter().map(|(taken, verdict)| (taken, *verdict));
        decided.chain(others).find(|(taken, _)| *taken == request).map(|(_, verdict)| verdict)
    }
}

impl Attempt {
    /// For which step it waits for a worker, why, and since when.
    #[must_use]
    pub fn waits_for_worker(&self) -> Option<(WorkStep, &str, DateTime<Utc>)> {
        let Paused { pause, since } = self.paused.as_ref()?;
        match pause {
            Pause::Worker { step, why, .. } => Some((*step, why, *since)),
            _ => None,
        }
    }
}
