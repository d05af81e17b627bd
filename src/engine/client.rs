//! The client of Temporal: how do others start a run and signal decisions to it?
//! Errors are split by what may have happened: surely nothing was delivered, or nobody knows.

use std::error::Error as _;
use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError};
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{
    Client, RetryOptions, RpcOptions, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::authenticity::{Asked, Seal, SignedRequest};
use super::retry_policy::CALL_TIMEOUT;
use super::{Address, Develop, attributes_of, connect};
use crate::run::{Decision, Request, RunId};

/// Why Temporal did not take something.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It surely was not delivered: nothing happened, and nothing will.
    #[error("Temporal cannot be reached: {0}")]
    NotSent(String),
    /// It may have been delivered: send it again with the same request id.
    #[error("Temporal did not confirm: {0}")]
    Unsure(String),
    /// Temporal has no such run that is open.
    #[error("Temporal knows no such open run")]
    Gone,
    /// It was understood and refused: our fault.
    #[error("Temporal refused: {0}")]
    Refused(String),
}

/// The client. Connects when first needed, so that `serve` starts and answers while Temporal is away.
#[derive(Clone)]
pub struct Engine {
    at: Address,
    pub(super) task_queue: String,
    /// What doors sign with; none where nothing is asked for.
    seal: Option<Seal>,
    client: Arc<Mutex<Option<Client>>>,
}

impl Engine {
    /// One that only looks.
    pub fn new(at: Address, task_queue: String) -> Self {
        Self { at, task_queue, seal: None, client: Arc::default() }
    }

    /// One that asks: workers take only what is sealed.
    #[must_use]
    pub fn sealed_by(self, seal: Seal) -> Self {
        Self { seal: Some(seal), ..self }
    }

    async fn signed<T: Serialize + Sync>(
        &self,
        asked: Asked,
        run: &RunId,
        what: &T,
    ) -> Result<Value, EngineError> {
        let Some(seal) = &self.seal else {
            return Err(EngineError::Refused("nothing is signed here".to_owned()));
        };
        seal.sign(asked, run, what).await.map_err(|e| EngineError::NotSent(e.to_string()))
    }

    /// Starts a run. A run that was started before is the same run.
    pub async fn start(&self, request: &Request) -> Result<(), EngineError> {
        let options = self.start_options(request);
        let signed = self.signed(Asked::Start, &request.run, request).await?;
        let input = SignedRequest { request: request.clone(), signed };
        let client = self.client().await?;
        let start = client.start_workflow(Develop::run, input, options);
        match within_call_timeout(start).await? {
            Ok(_) | Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(()),
            // What is not found is the namespace: the run is only about to be.
            Err(WorkflowStartError::Rpc(status)) if status.code() == Code::NotFound => {
                Err(EngineError::Refused(status.message().to_owned()))
            }
            Err(WorkflowStartError::Rpc(status)) => Err(from_status(&status)),
            Err(other) => Err(EngineError::Refused(other.to_string())),
        }
    }

    fn start_options(&self, request: &Request) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.task_queue.clone(), request.run.to_string())
            .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .search_attributes(attributes_of(request))
            .static_summary(format!("{} for {}", request.project, request.starter))
            .rpc_options(no_retries())
            .build()
    }

    /// Signals a decision. Temporal drops a repeat with the same request id, and so does the workflow.
    pub async fn decide(&self, run: &RunId, decision: &Decision) -> Result<(), EngineError> {
        let signed = self.signed(Asked::Decision, run, decision).await?;
        let client = self.client().await?;
        let handle = client.get_workflow_handle::<Develop>(run.as_str());
        let options = WorkflowSignalOptions::builder()
            .request_id(decision.request.0.clone())
            .rpc_options(no_retries())
            .build();
        let signal = handle.signal(Develop::decide, signed, options);
        match within_call_timeout(signal).await? {
            Ok(()) => Ok(()),
            Err(WorkflowInteractionError::NotFound(_)) => Err(EngineError::Gone),
            Err(WorkflowInteractionError::Rpc(status)) => Err(from_status(&status)),
            Err(other) => Err(EngineError::Refused(other.to_string())),
        }
    }

    /// Whether Temporal answers; its version.
    pub async fn ping(&self) -> Result<String, EngineError> {
        let client = self.client().await?;
        let mut service = client.connection().workflow_service();
        let request = GetSystemInfoRequest {}.into_request();
        within_call_timeout(service.get_system_info(request))
            .await?
            .map(|response| response.into_inner().server_version)
            .map_err(|status| from_status(&status))
    }

    pub(super) async fn client(&self) -> Result<Client, EngineError> {
        // The timeout is around the lock too: who waits for another's connection waits no longer than for an own one.
        let connected = timeout(CALL_TIMEOUT, async {
            let mut slot = self.client.lock().await;
            if slot.is_none() {
                *slot = Some(connect(&self.at, "signoff-serve").await?);
            }
            slot.clone().context("was just put there")
        });
        let client = connected.await.map_err(|_| EngineError::NotSent("no answer".to_owned()))?;
        client.map_err(|e| EngineError::NotSent(format!("{e:#}")))
    }
}

pub(super) async fn within_call_timeout<T>(
    call: impl Future<Output = T>,
) -> Result<T, EngineError> {
    timeout(CALL_TIMEOUT, call)
        .await
        .map_err(|_| EngineError::Unsure(format!("no answer within {CALL_TIMEOUT:?}")))
}

/// The SDK would retry by itself, and then the last error says nothing about the sends before it.
fn no_retries() -> RpcOptions {
    RpcOptions::builder().retry_options(RetryOptions::no_retries()).build()
}

/// Only a connection that was never made is sure to have delivered nothing. Where a server's message speaks of a connection, it
/// means one of its own.
pub(super) fn from_status(status: &Status) -> EngineError {
    let why = status.message().to_owned();
    let never_connected =
        status.source().is_some_and(|cause| format!("{cause:?}").contains("ConnectError"));
    match status.code() {
        Code::Unavailable if never_connected => EngineError::NotSent(why),
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown
        | Code::Internal
        | Code::ResourceExhausted => EngineError::Unsure(why),
        Code::NotFound => EngineError::Gone,
        _ => EngineError::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_lost_its_own_connection_may_have_delivered() {
        let status = Status::unavailable(
            "connection error: dial tcp 10.0.0.5:7234: connect: connection refused",
        );
        assert!(matches!(from_status(&status), EngineError::Unsure(_)));
    }

    #[tokio::test]
    async fn nobody_listening_is_sure_to_have_delivered_nothing() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port")
            .local_addr()
            .expect("an address");
        let at = Address { address: Some(free.to_string()), namespace: None };
        assert!(matches!(
            Engine::new(at, "q".to_owned()).ping().await,
            Err(EngineError::NotSent(_))
        ));
    }
}
