//! The features of a batch, as the activities see them: how does the run of one begin, what came of it, and how is it stopped?
//! Only the features that a door of ours asked for: what a run's workflow says is compared with what was written down.

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

/// Longest account of why a feature's run ended, in characters.
const WHY: usize = 300;

/// One feature of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeatureInput {
    /// The batch.
    pub run: RunId,
    /// From 1.
    pub n: usize,
    /// Why its workflow is gone, where it could not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// A decision for the run of a feature, signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedStop {
    pub run: RunId,
    pub decision: Value,
}

impl Bench {
    /// Writes the feature's run down, and asks for it as a door would. Done again, it is the same run.
    pub(super) async fn begin_feature(&self, input: &FeatureInput) -> Result<SignedRequest> {
        let batch = self.batch(&input.run).await?;
        let request = feature(&batch, input.n)?;
        let key = RequestId(format!("{} {}", input.run, request.run));
        let asked = self.store.ask_for_run(&key, &request, clock()).await;
        let AskedRun::Taken(request, _) = asked.context("writing a feature's run down")? else {
            bail!("what {} begins with was thrown away", request.run);
        };
        // From here on its batch sees to it that it begins.
        self.store.run_was_sent(&request).await.context("writing a feature's run down")?;
        let signed = self.seal.sign(Asked::Start, &request.run, &*request).await;
        Ok(SignedRequest {
            signed: signed.context("asking for a feature's run")?,
            request: *request,
        })
    }

    /// What came of a feature, by what its run says.
    pub(super) async fn feature_ended(&self, input: &FeatureInput) -> Result<FeatureEnd> {
        let batch = self.batch(&input.run).await?;
        let request = feature(&batch, input.n)?;
        let run = self.store.run(&request.run).await.context("reading a feature's run")?;
        Ok(end_of(run.as_ref(), input.lost.as_deref()))
    }

    /// The stop of a batch, for each feature that is not over: asked for as a door would, for whoever stopped the batch.
    pub(super) async fn stop_features(&self, run: &RunId) -> Result<Vec<SignedStop>> {
        let batch = self.batch(run).await?;
        let stopped = batch.decisions.iter().find(|decided| decided.verdict == Verdict::Stop);
        let stopped = stopped.with_context(|| format!("{run} was not stopped"))?;
        let mut stops = Vec::new();
        for n in batch.features_under_way() {
            let asked = feature(&batch, n)?;
            let run = asked.run.clone();
            let stop = stop(&Run::starting(asked), stopped);
            let decision = self.seal.sign(Asked::Decision, &run, &stop).await;
            stops.push(SignedStop { run, decision: decision.context("stopping a feature")? });
        }
        Ok(stops)
    }

    async fn batch(&self, run: &RunId) -> Result<Run> {
        let batch = self.store.run(run).await.context("reading the batch")?;
        batch.ok_or_else(|| anyhow!("{run} is not known here"))
    }
}

fn feature(batch: &Run, n: usize) -> Result<Request> {
    batch.request.feature(n).ok_or_else(|| anyhow!("{} has no feature {n}", batch.id()))
}

/// By whoever stopped the batch; by who started it, where they may only as one of a group: in which they were is not written down.
fn stop(feature: &Run, of_batch: &Decided) -> Decision {
    let request = RequestId(format!("{} {}", of_batch.request.0, feature.id()));
    let may = feature.may_steer(&of_batch.by, &[]);
    let by = if may { &of_batch.by } else { &feature.request.starter };
    let stop = Decision::new(request, Verdict::Stop, by.clone(), of_batch.via);
    Decision { words: of_batch.words.clone(), ..stop }
}

/// What people added to its share.
fn raised(run: &Run) -> Usd {
    let added = run.budget().zip(run.request.budget_usd).map(|(now, first)| now.minus(first));
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
        raised_usd: run.map(raised).unwrap_or_default(),
        seconds: run.map(Run::worked_seconds).unwrap_or_default(),
    }
}
