//! What does Temporal itself know of a run?

use anyhow::{Context, Result};
use signoff::engine::{Develop, connect};
use signoff::run::{Run, RunId};
use temporalio_client::{
    Client, WorkflowFetchHistoryOptions, WorkflowHandle, WorkflowQueryOptions,
};

use super::World;

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
