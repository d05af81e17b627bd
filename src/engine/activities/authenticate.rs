//! Authenticity, as activities check it: before a run begins, and before a decision counts.
//! What no door of ours asked for becomes no event: whoever reaches Temporal is not yet a person.

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::bench::Bench;
use super::{AuthenticateInput, RecordInput};
use crate::engine::authenticity::{Asked, Proof};
use crate::run::{Event, Happened, Request, RunId};

/// Refuses what a workflow asks for another run: its id is the run's.
pub(super) fn is_about_itself(ctx: &ActivityContext, run: &RunId) -> Result<(), ActivityError> {
    let workflow = ctx.info().workflow_id.as_deref().unwrap_or_default();
    if workflow == run.as_str() {
        return Ok(());
    }
    tracing::error!(run.id = %run, workflow, "the workflow {workflow} speaks for the run {run}, so nothing is done: somebody else reaches Temporal");
    Err(refused(format!("the workflow {workflow} is not the run {run}")))
}

impl Bench {
    /// Refuses the beginning of a run that no door of ours asked for, or that began before.
    pub(super) async fn admit_start(&self, input: &RecordInput) -> Result<(), ActivityError> {
        let Some((event, request)) = started(input) else { return Ok(()) };
        let run = &input.run;
        let why = match self.refuse_start(input, &request).await? {
            None if self.began_otherwise(run, event).await? => Some("it began before"),
            why => why,
        };
        let Some(why) = why else { return Ok(()) };
        tracing::error!(run.id = %run, "the start of {run} is refused, {why}: somebody else reaches Temporal");
        Err(refused(format!("the start of {run} is refused: {why}")))
    }

    async fn refuse_start(
        &self,
        input: &RecordInput,
        request: &Request,
    ) -> anyhow::Result<Option<&'static str>> {
        let run = &input.run;
        if request.run != *run {
            return Ok(Some("it names another run"));
        }
        let signed = input.start.clone().unwrap_or_default();
        Ok(match self.seal.check(Asked::Start, run, &signed).await? {
            Proof::Genuine if Request::deserialize(&signed).is_ok_and(|it| it == *request) => None,
            // A door of an older version signs nothing, but it too wrote the run down before it asked for it.
            Proof::Missing => {
                let known = self.store.run(run).await?;
                let known = known.is_some_and(|known| known.request == *request);
                (!known).then_some("no door of ours asked for it")
            }
            Proof::Genuine | Proof::Forged => Some("its MAC is not that of a door of ours"),
        })
    }

    /// Whether the run has another first event than this one: a repeat of the same is none.
    async fn began_otherwise(&self, run: &RunId, event: &Value) -> anyhow::Result<bool> {
        let first = self.store.first_event(run).await.context("looking for an earlier start")?;
        Ok(first.is_some_and(|first| first["at"] != event["at"]))
    }

    /// Of each decision, whether a door of ours signed it.
    pub(super) async fn authenticate(
        &self,
        input: &AuthenticateInput,
    ) -> anyhow::Result<Vec<bool>> {
        let run = &input.run;
        let mut genuine = Vec::with_capacity(input.decisions.len());
        for decision in &input.decisions {
            let proof = self.seal.check(Asked::Decision, run, decision).await?;
            if proof != Proof::Genuine {
                let said = |field: &str| {
                    decision[field].as_str().unwrap_or("?").chars().take(80).collect::<String>()
                };
                let (verdict, by) = (said("verdict"), said("by"));
                tracing::error!(run.id = %run, verdict, by, "a decision to {run} was signed by no door of ours, so it is dropped: somebody else reaches Temporal");
            }
            genuine.push(proof == Proof::Genuine);
        }
        Ok(genuine)
    }
}

/// The first event of a run, if it is among these, and what was asked for by it.
fn started(input: &RecordInput) -> Option<(&Value, Request)> {
    input.events.iter().find_map(|event| match Event::deserialize(event).ok()?.what {
        Happened::Started { request, .. } => Some((event, *request)),
        _ => None,
    })
}

fn refused(why: String) -> ActivityError {
    ApplicationFailure::non_retryable(anyhow::anyhow!(why)).into()
}
