//! An examination of Temporal: is it ours, does it know us, and who works for us there?
//! For `doctor`; asks, and changes nothing.

use std::collections::HashMap;

use temporalio_client::NamespacedClient;
use temporalio_client::tonic::{Code, IntoRequest, Response};
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::ListSearchAttributesRequest;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, DescribeTaskQueueRequest, ListWorkflowExecutionsRequest,
};
use temporalio_common::search_attributes::SearchAttributeKey;

use super::client::{from_status, within_call_timeout};
use super::{ATTRIBUTES, Engine, EngineError};
use crate::run::RunId;

/// Open runs that are looked at.
const MOST_RUNS: i32 = 50;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    pub server_version: String,
    pub namespace: String,
    /// Processes that take runs from our task queue.
    pub workers: usize,
    /// Runs that are open on our task queue; of many, some.
    pub open_runs: Vec<RunId>,
    /// Search attributes that nobody registered: without them nothing starts.
    pub lacking: Vec<String>,
}

/// Why nothing can be started there.
#[derive(Debug, thiserror::Error)]
pub enum ExaminationError {
    #[error("{0}")]
    Engine(#[from] EngineError),
    #[error("it knows no namespace {0}")]
    NoNamespace(String),
}

impl Engine {
    /// Looks at the server, the namespace and the task queue.
    ///
    /// # Errors
    /// No server answers, or it does not know the namespace.
    pub async fn examine(&self) -> Result<Examination, ExaminationError> {
        let server_version = self.ping().await?;
        let namespace = self.find_namespace().await?;
        let asked = (self.count_workers(), self.open_runs(), self.lacking_attributes());
        let (workers, open_runs, lacking) = tokio::try_join!(asked.0, asked.1, asked.2)?;
        Ok(Examination { server_version, namespace, workers, open_runs, lacking })
    }

    async fn find_namespace(&self) -> Result<String, ExaminationError> {
        let client = self.client().await?;
        let namespace = client.namespace();
        let request =
            DescribeNamespaceRequest { namespace: namespace.clone(), ..Default::default() };
        let mut service = client.connection().workflow_service();
        match within_call_timeout(service.describe_namespace(request.into_request())).await? {
            Ok(_) => Ok(namespace),
            Err(status) if status.code() == Code::NotFound => {
                Err(ExaminationError::NoNamespace(namespace))
            }
            Err(status) => Err(from_status(&status).into()),
        }
    }

    async fn count_workers(&self) -> Result<usize, EngineError> {
        let client = self.client().await?;
        let request = DescribeTaskQueueRequest {
            namespace: client.namespace(),
            task_queue: Some(TaskQueue { name: self.task_queue.clone(), ..Default::default() }),
            task_queue_type: TaskQueueType::Workflow.into(),
            ..Default::default()
        };
        let mut service = client.connection().workflow_service();
        let found =
            within_call_timeout(service.describe_task_queue(request.into_request())).await?;
        let pollers = found.map_err(|status| from_status(&status))?.into_inner().pollers;
        let mut workers: Vec<String> = pollers.into_iter().map(|poller| poller.identity).collect();
        workers.sort_unstable();
        workers.dedup();
        Ok(workers.len())
    }

    /// None where we may not ask, as at some providers.
    async fn lacking_attributes(&self) -> Result<Vec<String>, EngineError> {
        let client = self.client().await?;
        let request = ListSearchAttributesRequest { namespace: client.namespace() };
        let mut service = client.connection().operator_service();
        let listed = within_call_timeout(service.list_search_attributes(request.into_request()));
        let listed = listed.await?.map(Response::into_inner);
        Ok(listed.map(|listed| lacking(&listed.custom_attributes)).unwrap_or_default())
    }

    async fn open_runs(&self) -> Result<Vec<RunId>, EngineError> {
        let client = self.client().await?;
        let query = format!(
            "WorkflowType = 'Develop' and ExecutionStatus = 'Running' and TaskQueue = '{}'",
            self.task_queue
        );
        let request = ListWorkflowExecutionsRequest {
            namespace: client.namespace(),
            page_size: MOST_RUNS,
            query,
            ..Default::default()
        };
        let mut service = client.connection().workflow_service();
        let listed =
            within_call_timeout(service.list_workflow_executions(request.into_request())).await?;
        let executions = listed.map_err(|status| from_status(&status))?.into_inner().executions;
        let ids = executions.into_iter().filter_map(|open| open.execution);
        Ok(ids.filter_map(|open| open.workflow_id.parse().ok()).collect())
    }
}

/// Those of ours that are not among these.
fn lacking(registered: &HashMap<String, i32>) -> Vec<String> {
    let names = ATTRIBUTES.iter().map(SearchAttributeKey::name);
    names.filter(|name| !registered.contains_key(*name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_that_nobody_registered_are_found() {
        let registered = |names: &[&str]| names.iter().map(|it| ((*it).to_owned(), 2)).collect();
        assert_eq!(
            lacking(&registered(&["SignoffPhase", "Other"])),
            ["SignoffProject", "SignoffStarter"]
        );
        assert!(
            lacking(&registered(&["SignoffPhase", "SignoffProject", "SignoffStarter"])).is_empty()
        );
    }
}
