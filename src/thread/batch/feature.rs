//! One feature of a batch: how far is it, and what did it take?
//! Read off the batch and off the feature's own run, which knows more while it is under way.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::run::{
    AttemptOutcome, Feature, Outcome, Phase, QueuePlace, Run, RunId, StageName, StagePhase,
    StageState, Tests, Usd,
};
use crate::thread::figures::seconds;

/// What becomes of a feature, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureState {
    /// No worker has it yet.
    Starting,
    Developing,
    /// Its run asks something.
    Asking,
    /// It is good, and not merged yet.
    Good,
    NotGood,
    Stopped,
    Merging,
    /// It does not merge, or is not good, and somebody has to say what becomes of it.
    MergeAsks,
    Merged,
    LeftOut,
}

/// A feature as the batch's card, its page and its status show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeatureRow {
    /// From 1.
    pub n: usize,
    pub name: StageName,
    pub run: RunId,
    pub branch: String,
    pub state: FeatureState,
    pub why: Option<String>,
    /// The stage and the attempt that its run is at.
    #[serde(skip)]
    pub at: Option<(StageName, u32)>,
    /// Its place in the queue, while it waits for a slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePlace>,
    pub tests: Option<Tests>,
    /// What it has cost so far, with its merge.
    pub cost_usd: Usd,
    /// How long it has taken so far, without its merge.
    pub seconds: u64,
}

impl FeatureRow {
    /// All of a batch, in the order in which they were asked for; `runs` are theirs.
    #[must_use]
    pub fn all(batch: &Run, runs: &[Run], now: DateTime<Utc>) -> Vec<Self> {
        let features = batch.request.batch.iter().flat_map(|it| &it.features).zip(1..);
        let row = |(feature, n): (&Feature, usize)| {
            let run = runs.iter().find(|run| *run.id() == feature.run);
            Self::of(batch, (n, feature), run, now)
        };
        features.map(row).collect()
    }

    fn of(
        batch: &Run,
        (n, feature): (usize, &Feature),
        run: Option<&Run>,
        now: DateTime<Utc>,
    ) -> Self {
        let merge = batch.stage(&feature.slug);
        let (state, why) = state(batch, n, merge, run);
        let member = batch.request.member(n);
        let ended = batch.features.get(&n);
        let own = ended.map_or_else(|| run.map(Run::spent).unwrap_or_default(), |it| it.cost_usd);
        let current = run.filter(|run| run.outcome.is_none()).and_then(Run::current);
        Self {
            n,
            name: feature.slug.clone(),
            run: feature.run.clone(),
            branch: member.map(|member| member.branch()).unwrap_or_default(),
            state,
            why,
            at: current.and_then(|(_, stage)| {
                Some((stage.name().clone(), stage.attempts_now().last()?.n))
            }),
            queue: None,
            tests: merge.and_then(newest_tests).or_else(|| run.and_then(tests_of)),
            cost_usd: own + merge.map(StageState::cost).unwrap_or_default(),
            seconds: run.map(|run| time_of(run, now)).unwrap_or_default(),
        }
    }
}

fn state(
    batch: &Run,
    n: usize,
    merge: Option<&StageState>,
    run: Option<&Run>,
) -> (FeatureState, Option<String>) {
    let Some(end) = batch.features.get(&n) else { return (under_way(run), None) };
    let phase = merge.map_or(StagePhase::Todo, |merge| merge.phase);
    let last_why = || merge.and_then(|it| it.attempts_now().last()).and_then(|it| it.why.clone());
    match (phase, end.outcome) {
        (StagePhase::Good, _) => (FeatureState::Merged, None),
        (_, Outcome::Stopped) => (FeatureState::Stopped, end.why.clone()),
        (StagePhase::Waiting, _) => (FeatureState::MergeAsks, last_why()),
        (StagePhase::Running, _) => (FeatureState::Merging, None),
        (StagePhase::Undone | StagePhase::Failed, _) => {
            (FeatureState::LeftOut, last_why().or_else(|| merge.and_then(|it| it.why.clone())))
        }
        (_, Outcome::Done) => (FeatureState::Good, None),
        _ => (FeatureState::NotGood, end.why.clone()),
    }
}

fn under_way(run: Option<&Run>) -> FeatureState {
    match run.map(Run::phase) {
        None | Some(Phase::Starting) => FeatureState::Starting,
        Some(Phase::Waiting) => FeatureState::Asking,
        Some(Phase::Running) => FeatureState::Developing,
        // Its batch has not heard of its end yet, or was cancelled before that.
        Some(Phase::Done) => FeatureState::Good,
        Some(Phase::Stopped) => FeatureState::Stopped,
        Some(Phase::Failed | Phase::Rejected) => FeatureState::NotGood,
    }
}

fn newest_tests(stage: &StageState) -> Option<Tests> {
    stage.attempts.iter().rev().find_map(|attempt| attempt.tests)
}

fn tests_of(run: &Run) -> Option<Tests> {
    run.stages.iter().rev().find_map(newest_tests)
}

/// How long agents and checks have worked on it: what is at work counts until now, without what it waited for a slot.
fn time_of(run: &Run, now: DateTime<Utc>) -> u64 {
    let mut attempts = run.stages.iter().flat_map(|stage| &stage.attempts);
    let at_work = attempts.find(|attempt| attempt.outcome == AttemptOutcome::Running);
    let since = at_work
        .filter(|it| it.paused.is_none())
        .map(|it| seconds(it.started_at, now).saturating_sub(it.paused_seconds));
    run.worked_seconds() + since.unwrap_or_default()
}
