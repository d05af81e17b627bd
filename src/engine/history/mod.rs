//! The history of a run: what did Temporal record of it?
//! As JSON, the way the replayer reads it. Reading changes nothing, and a run that is over has one as long as its namespace keeps it.

mod replay;

pub use replay::{Difference, ReplayError, Replayed, replay};

use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowHistoryError};
use tokio::time::timeout;

use super::client::from_status;
use super::retry_policy::HISTORY_TIMEOUT;
use super::{Develop, Engine, EngineError};
use crate::run::RunId;

impl Engine {
    /// All that was recorded of a run, open or closed.
    ///
    /// # Errors
    /// `Gone` where Temporal has no such run, or no more.
    pub async fn history(&self, run: &RunId) -> Result<Vec<u8>, EngineError> {
        let client = self.client().await?;
        let handle = client.get_workflow_handle::<Develop>(run.as_str());
        let reading = handle.fetch_history(WorkflowFetchHistoryOptions::default()).to_json();
        let read = timeout(HISTORY_TIMEOUT, reading).await;
        let slow = |_| EngineError::Unsure(format!("no answer within {HISTORY_TIMEOUT:?}"));
        read.map_err(slow)?.map_err(|error| match error {
            WorkflowHistoryError::Fetch(WorkflowInteractionError::NotFound(_)) => EngineError::Gone,
            WorkflowHistoryError::Fetch(WorkflowInteractionError::Rpc(status)) => {
                from_status(&status)
            }
            other => EngineError::Refused(other.to_string()),
        })
    }
}
