//! What does Temporal itself know of a run?

use anyhow::{Context, Result};
use futures::StreamExt;
use serde_json::Value;
use signoff::engine::{Develop, SignedRequest, connect};
use signoff::run::{Run, RunId};
use temporalio_client::{
    Client, WorkflowFetchHistoryOptions, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowQueryOptions, WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use super::World;

/// Somebody who reaches Temporal, and neither the database nor a door.
pub struct Intruder<'w>(&'w World);

impl World {
    pub fn intruder(&self) -> Intruder<'_> {
        Intruder(self)
    }
}

impl Intruder<'_> {
    /// Starts a workflow with this id and this input; why it failed.
    pub async fn starts(&self, workflow: &str, input: &Value) -> Result<String> {
        let client = connect(&self.0.temporal, "signoff-intruder").await?;
        let queue = self.0.worker.setting("SIGNOFF_TASK_QUEUE");
        let options = WorkflowStartOptions::new(queue, workflow.to_owned()).build();
        let input: SignedRequest = serde_json::from_value(input.clone())?;
        let started = client.start_workflow(Develop::run, input, options).await?;
        let ended = started.get_result(WorkflowGetResultOptions::default()).await;
        Ok(format!("{:?}", ended.err().context("it went well")?))
    }

    /// Signals a decision.
    pub async fn signals(&self, run: &RunId, decision: &Value) -> Result<()> {
        let workflow = workflow(self.0, run).await?;
        let options = WorkflowSignalOptions::default();
        Ok(workflow.signal(Develop::decide, decision.clone(), options).await?)
    }

    /// What a run was started with, out of Temporal's history.
    pub async fn reads_start_of(&self, run: &RunId) -> Result<Value> {
        let workflow = workflow(self.0, run).await?;
        let mut history = workflow.fetch_history(WorkflowFetchHistoryOptions::default());
        let first = history.next().await.context("no history")??;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(start)) = first.attributes
        else {
            anyhow::bail!("it begins with something else")
        };
        let input = start.input.and_then(|input| input.payloads.into_iter().next());
        Ok(serde_json::from_slice(&input.context("no input")?.data)?)
    }
}

/// The workflow's own view of its run. Needs a live worker.
pub async fn state(world: &World, run: &RunId) -> Result<Run> {
    let workflow = workflow(world, run).await?;
    let state = workflow.query(Develop::state, (), WorkflowQueryOptions::default()).await;
    state.with_context(|| format!("asking the workflow of {run}"))
}

/// All that was recorded, as the replayer reads it.
pub async fn history(world: &World, run: &RunId) -> Result<Vec<u8>> {
    let workflow = workflow(world, run).await?;
    let history = workflow.fetch_history(WorkflowFetchHistoryOptions::default()).to_json().await;
    history.with_context(|| format!("reading the history of {run}"))
}

async fn workflow(world: &World, run: &RunId) -> Result<WorkflowHandle<Client, Develop>> {
    let client = connect(&world.temporal, "signoff-stories").await?;
    Ok(client.get_workflow_handle::<Develop>(run.as_str()))
}
