//! The runs that are part of another, as the activities see them: how does one begin, what came of it, and how is it stopped?
//! Features of a batch and stages beside others; only those that its events and its request ask for: what a run's workflow says is compared
//! with what was written down.

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bench::Bench;
use super::heartbeat::clock;
use crate::engine::authenticity::{Asked, SignedRequest};
use crate::run::{
    Decided, Decision, FeatureEnd, Outcome, Request, RequestId, Run, RunId, Tokens, Usd, Verdict,
    foreign_text,
};
use crate::store::AskedRun;

/// Longest account of why such a run ended, in characters.
const WHY: usize = 300;

/// One of a run's parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChildInput {
    /// The run that it is part of.
    pub run: RunId,
    /// From 1.
    pub n: usize,
    /// Why its workflow is gone, where it could not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// A decision for such a run, signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedStop {
    pub run: RunId,
    pub decision: Value,
}

impl Bench {
    /// Writes the run down, and asks for it as a door would. Done again, it is the same run.
    pub(super) async fn begin_child(&self, input: &ChildInput) -> Result<SignedRequest> {
        let whole = self.whole(&input.run).await?;
        let request = child(&whole, input.n)?;
        let key = RequestId(format!("{} {}", input.run, request.run));
        let asked = self.store.ask_for_run(&key, &request, clock()).await;
        let AskedRun::Taken(request, _) = asked.context("writing a child run down")? else {
            bail!("what {} begins with was thrown away", request.run);
        };
        // From here on the run that it is part of sees to it that it begins.
        self.store.run_was_sent(&request).await.context("writing a child run down")?;
        let signed = self.seal.sign(Asked::Start, &request.run, &*request).await;
        Ok(SignedRequest { signed: signed.context("asking for a child run")?, request: *request })
    }

    /// What came of it, by what it says itself.
    pub(super) async fn child_ended(&self, input: &ChildInput) -> Result<FeatureEnd> {
        let whole = self.whole(&input.run).await?;
        let request = child(&whole, input.n)?;
        let run = self.store.run(&request.run).await.context("reading a child run")?;
        Ok(end_of(run.as_ref(), input.lost.as_deref()))
    }

    /// A stop for each that nobody wants any more: asked for as a door would, for whoever stopped this run or let it go back.
    pub(super) async fn stop_children(&self, run: &RunId) -> Result<Vec<SignedStop>> {
        let whole = self.whole(run).await?;
        let mut decided = whole.decisions.iter().rev();
        let stopped = decided.find(|it| matches!(it.verdict, Verdict::Stop | Verdict::Rollback));
        let stopped = stopped.with_context(|| format!("{run} was not stopped"))?;
        let mut stops = Vec::new();
        for n in whole.children_called_off() {
            let asked = child(&whole, n)?;
            let run = asked.run.clone();
            let stop = stop(&Run::starting(asked), stopped);
            let decision = self.seal.sign(Asked::Decision, &run, &stop).await;
            stops.push(SignedStop { run, decision: decision.context("stopping a child run")? });
        }
        Ok(stops)
    }

    async fn whole(&self, run: &RunId) -> Result<Run> {
        let whole = self.store.run(run).await.context("reading the run that others are part of")?;
        whole.ok_or_else(|| anyhow!("{run} is not known here"))
    }
}

fn child(whole: &Run, n: usize) -> Result<Request> {
    whole.child(n).ok_or_else(|| anyhow!("{} has no part {n}", whole.id()))
}

/// By whoever decided so about the whole; by who started it, where they may only as one of a group: in which they were is not written down.
fn stop(child: &Run, of_whole: &Decided) -> Decision {
    let request = RequestId(format!("{} {}", of_whole.request.0, child.id()));
    let may = child.may_steer(&of_whole.by, &[]);
    let by = if may { &of_whole.by } else { &child.request.starter };
    let stop = Decision::new(request, Verdict::Stop, by.clone(), of_whole.via);
    Decision { words: of_whole.words.clone(), ..stop }
}

/// What was said last of work that was not good.
fn said_last(run: &Run) -> Option<String> {
    let (_, attempt) = run.last_attempt()?;
    attempt.feedback.clone()
}

/// What they added to the one stage that it did for another run.
fn raised_for_stage(run: &Run) -> Usd {
    let stage = run.stages.last().filter(|_| run.request.is_side_run());
    let added = stage.and_then(|it| Some(run.stage_budget(it)?.minus(it.stage.budget_usd?)));
    added.unwrap_or_default()
}

fn end_of(run: Option<&Run>, lost: Option<&str>) -> FeatureEnd {
    let outcome = run.and_then(|run| run.outcome).unwrap_or(Outcome::Failed);
    let why = run.and_then(|run| run.why.as_deref()).or(lost);
    let made = run.filter(|_| outcome == Outcome::Done).and_then(Run::last_good);
    let mut tokens = Tokens::default();
    run.into_iter().flat_map(|run| &run.stages).for_each(|stage| tokens += stage.tokens());
    FeatureEnd {
        outcome,
        why: why.map(|why| foreign_text::line(why, WHY)),
        work: made.cloned(),
        tokens,
        cost_usd: run.map(Run::spent).unwrap_or_default(),
        raised_usd: run.map(Run::raised).unwrap_or_default(),
        raised_for_stage_usd: run.map(raised_for_stage).unwrap_or_default(),
        no_limit: run.is_some_and(|run| run.budget().is_none() && run.request.budget_usd.is_some()),
        beyond_months: run.is_some_and(Run::goes_beyond_months),
        feedback: run.filter(|_| made.is_none()).and_then(said_last),
        seconds: run.map(Run::worked_seconds).unwrap_or_default(),
    }
}
