//! What do a run's events add up to?
//! The one fold: the workflow, the thread and `status` all read this.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AgentInfo, Delivered, Diff, Event, GateId, Happened, Outcome, PersonId, RULES, Refusal, Request, RequestId, RunId, Sandboxing, Snapshot, Stage,
    StageName, StageOutcome, Tests, Tokens, Trouble, Usd, Verdict, Via,
};

/// A run as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub request: Request,
    /// Version of the rules it runs by.
    pub rules: u32,
    /// Number of the newest event; 0 while no worker took the run on.
    pub seq: u64,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub stages: Vec<StageState>,
    pub gate: Option<OpenGate>,
    /// Decisions that were taken, in order.
    pub decisions: Vec<Decided>,
    /// Decisions that lost a race.
    pub refused: Vec<(RequestId, Refusal)>,
    /// The newest agent that wrote.
    pub agent: Option<AgentInfo>,
    pub sandboxing: Option<Sandboxing>,
    pub delivered: Option<Delivered>,
    pub outcome: Option<Outcome>,
    /// Why it ended so; none where it went well.
    pub why: Option<String>,
}

/// What a run is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Starting,
    Running,
    Waiting,
    Done,
    Failed,
    Rejected,
    Stopped,
}

/// A stage and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageState {
    pub stage: Stage,
    pub phase: StagePhase,
    pub attempts: Vec<Attempt>,
    /// How often it has asked for approval.
    pub rounds: u32,
    pub approved: bool,
    pub missed_deadline: bool,
    /// The kept work.
    pub snapshot: Option<Snapshot>,
    pub why: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a stage is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StagePhase {
    Todo,
    Running,
    Waiting,
    Good,
    Failed,
    Undone,
}

/// One try at a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub n: u32,
    pub outcome: AttemptOutcome,
    pub why: Option<String>,
    pub feedback: Option<String>,
    pub trouble: Option<Trouble>,
    /// What it was made from.
    pub base: Option<Snapshot>,
    /// What it made; kept only if the attempt is good.
    pub snapshot: Option<Snapshot>,
    pub diff: Option<Diff>,
    pub tests: Option<Tests>,
    pub coverage_percent: Option<f64>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub seconds: u64,
    pub words: Option<String>,
    pub started_at: DateTime<Utc>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Running,
    Good,
    Bad,
    /// Its workers died and nobody could take over.
    Lost,
    Stopped,
}

/// A question that is being asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenGate {
    pub id: GateId,
    pub opened_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
}

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub request: RequestId,
    pub gate: Option<GateId>,
    pub verdict: Verdict,
    pub by: PersonId,
    pub via: Via,
    pub words: Option<String>,
    pub at: DateTime<Utc>,
    /// How long the question had been open, in seconds; 0 for a stop.
    pub waited_seconds: u64,
}

impl Run {
    /// A run that was asked for and that no worker took on yet.
    #[must_use]
    pub fn starting(request: Request) -> Self {
        let stages = request.pipeline.stages.iter().cloned().map(StageState::todo).collect();
        Self {
            request,
            rules: RULES,
            seq: 0,
            started_at: None,
            ended_at: None,
            stages,
            gate: None,
            decisions: Vec::new(),
            refused: Vec::new(),
            agent: None,
            sandboxing: None,
            delivered: None,
            outcome: None,
            why: None,
        }
    }

    /// What `events`, in order, made of what was asked for.
    #[must_use]
    pub fn fold<'a>(request: Request, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut run = Self::starting(request);
        for event in events {
            run.apply(event);
        }
        run
    }

    /// Takes the next event in. An event that was applied already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        let at = event.at;
        match &event.what {
            Happened::Started { rules, .. } => {
                self.rules = *rules;
                self.started_at = Some(at);
            }
            Happened::StageStarted { stage } => self.change(stage, |s| {
                s.phase = StagePhase::Running;
                s.started_at = Some(at);
            }),
            Happened::AttemptStarted { stage, attempt } => self.change(stage, |s| s.attempts.push(Attempt::running(*attempt, at))),
            Happened::Written { .. } => self.apply_written(&event.what),
            Happened::AttemptEnded { .. } => self.apply_attempt_ended(&event.what),
            Happened::GateOpened { gate, deadline } => {
                self.gate = Some(OpenGate { id: gate.clone(), opened_at: at, deadline: *deadline });
                self.change(&gate.stage, |s| {
                    s.phase = StagePhase::Waiting;
                    s.rounds = gate.round;
                });
            }
            Happened::Decided { .. } => self.apply_decided(&event.what, at),
            Happened::DecisionRefused { request, why, .. } => self.refused.push((request.clone(), why.clone())),
            Happened::DeadlinePassed { gate } => {
                self.gate = None;
                self.change(&gate.stage, |s| s.missed_deadline = true);
            }
            Happened::StageEnded { stage, outcome, why, snapshot } => self.change(stage, |s| {
                s.phase = match outcome {
                    StageOutcome::Good => StagePhase::Good,
                    StageOutcome::Failed => StagePhase::Failed,
                    StageOutcome::Undone => StagePhase::Undone,
                };
                s.snapshot.clone_from(snapshot);
                s.why.clone_from(why);
                s.ended_at = Some(at);
            }),
            Happened::Delivered(delivered) => self.delivered = Some(delivered.clone()),
            Happened::Ended { outcome, why } => {
                self.outcome = Some(*outcome);
                self.why.clone_from(why);
                self.gate = None;
                self.ended_at = Some(at);
            }
            Happened::Unknown => {}
        }
    }

    fn apply_written(&mut self, what: &Happened) {
        let Happened::Written { stage, attempt, agent, sandboxing, base, snapshot, diff, tokens, cost_usd, words } = what else { return };
        if agent.is_some() {
            self.agent.clone_from(agent);
        }
        self.sandboxing = Some(*sandboxing);
        self.change_attempt(stage, *attempt, |a| {
            a.base = Some(base.clone());
            a.snapshot = Some(snapshot.clone());
            a.diff = Some(diff.clone());
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.words.clone_from(words);
        });
    }

    fn apply_attempt_ended(&mut self, what: &Happened) {
        let Happened::AttemptEnded { stage, attempt, outcome, why, feedback, trouble, tests, coverage_percent, tokens, cost_usd, seconds } = what
        else {
            return;
        };
        self.change_attempt(stage, *attempt, |a| {
            a.outcome = *outcome;
            a.why.clone_from(why);
            a.feedback.clone_from(feedback);
            a.trouble = *trouble;
            a.tests = *tests;
            a.coverage_percent = *coverage_percent;
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.seconds = *seconds;
        });
    }

    fn apply_decided(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::Decided { request, gate, verdict, by, via, words } = what else { return };
        let opened = self.gate.as_ref().filter(|open| gate.as_ref() == Some(&open.id)).map(|open| open.opened_at);
        self.decisions.push(Decided {
            request: request.clone(),
            gate: gate.clone(),
            verdict: *verdict,
            by: by.clone(),
            via: *via,
            words: words.clone(),
            at,
            waited_seconds: opened.map_or(0, |opened| seconds_between(opened, at)),
        });
        self.gate = None;
        if let (Some(gate), Verdict::Approve) = (gate, verdict) {
            self.change(&gate.stage, |s| {
                s.approved = true;
                s.phase = StagePhase::Running;
            });
        }
    }

    fn change(&mut self, name: &StageName, change: impl FnOnce(&mut StageState)) {
        if let Some(stage) = self.stages.iter_mut().find(|s| &s.stage.name == name) {
            change(stage);
        }
    }

    fn change_attempt(&mut self, stage: &StageName, n: u32, change: impl FnOnce(&mut Attempt)) {
        self.change(stage, |s| {
            if let Some(attempt) = s.attempts.iter_mut().find(|a| a.n == n) {
                change(attempt);
            }
        });
    }

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

    /// The first stage that is not good, and its number from 1.
    #[must_use]
    pub fn current(&self) -> Option<(usize, &StageState)> {
        self.stages.iter().enumerate().find(|(_, s)| s.phase != StagePhase::Good).map(|(i, s)| (i + 1, s))
    }

    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&StageState> {
        self.stages.iter().find(|s| &s.stage.name == name)
    }

    /// The newest work that was kept: what the next attempt starts from.
    #[must_use]
    pub fn last_good(&self) -> Option<&Snapshot> {
        self.stages.iter().rev().filter(|s| s.phase == StagePhase::Good).find_map(|s| s.snapshot.as_ref())
    }

    /// The repository as it was found.
    #[must_use]
    pub fn origin(&self) -> Option<&Snapshot> {
        self.stages.first().and_then(|s| s.attempts.iter().find_map(|a| a.base.as_ref()))
    }

    #[must_use]
    pub fn spent(&self) -> Usd {
        self.stages.iter().map(StageState::cost).sum()
    }

    /// `stage 3 of 6 · streaming · $0.27`: how far the run is, for Temporal's own pages.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        match self.current() {
            Some((n, stage)) if self.outcome.is_none() => format!("stage {n} of {} · {} · {}", self.stages.len(), stage.name(), self.spent()),
            _ => format!("{} stages · {}", self.stages.len(), self.spent()),
        }
    }

    /// What this person's request became, if the run has judged it.
    #[must_use]
    pub fn answer_to(&self, request: &RequestId) -> Option<Result<&Decided, &Refusal>> {
        let taken = self.decisions.iter().find(|d| &d.request == request).map(Ok);
        taken.or_else(|| self.refused.iter().find(|(r, _)| r == request).map(|(_, why)| Err(why)))
    }
}

impl StageState {
    const fn todo(stage: Stage) -> Self {
        Self {
            stage,
            phase: StagePhase::Todo,
            attempts: Vec::new(),
            rounds: 0,
            approved: false,
            missed_deadline: false,
            snapshot: None,
            why: None,
            started_at: None,
            ended_at: None,
        }
    }

    #[must_use]
    pub const fn name(&self) -> &StageName {
        &self.stage.name
    }

    /// The newest good attempt: the work a gate asks about, and what a good stage shows.
    #[must_use]
    pub fn good_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|a| a.outcome == AttemptOutcome::Good)
    }

    #[must_use]
    pub fn cost(&self) -> Usd {
        self.attempts.iter().map(|a| a.cost_usd).sum()
    }

    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let mut sum = Tokens::default();
        for attempt in &self.attempts {
            sum += attempt.tokens;
        }
        sum
    }

    /// Seconds of work: all attempts, waiting for people left out.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.attempts.iter().map(|a| a.seconds).sum()
    }
}

impl Attempt {
    const fn running(n: u32, started_at: DateTime<Utc>) -> Self {
        Self {
            n,
            outcome: AttemptOutcome::Running,
            why: None,
            feedback: None,
            trouble: None,
            base: None,
            snapshot: None,
            diff: None,
            tests: None,
            coverage_percent: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: None,
            started_at,
        }
    }
}

/// Whole seconds from `from` to `to`; 0 where the clock went backwards.
pub(super) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds().saturating_add(500) / 1_000).unwrap_or(0)
}
