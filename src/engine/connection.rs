//! The connection to Temporal: how is it reached?
//! Temporal's own standard variables count (TLS, API keys, profiles); our address and namespace win over them.

use std::error::Error;

use anyhow::{Context, Result, anyhow};
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, ClientOptions, NamespacedClient, Url};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::AddSearchAttributesRequest;

use super::retry_policy::CONNECT_TIMEOUT;
use super::{PHASE, PROJECT, STARTER};
use crate::telemetry::innermost;

/// Where Temporal is.
#[derive(Clone, Debug)]
pub struct Address {
    /// `host:port`; none = what Temporal's own variables say.
    pub address: Option<String>,
    pub namespace: String,
}

/// Connects, and registers our search attributes where they are not.
pub async fn connect(at: &Address, identity: &str) -> Result<Client> {
    // ConfigError is not Send, so `?` does not take it.
    let (mut connection, mut client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|e| anyhow!("Temporal's configuration: {e}"))?;
    if let Some(address) = &at.address {
        let url =
            if address.contains("://") { address.clone() } else { format!("http://{address}") };
        connection.target = Url::parse(&url)
            .with_context(|| format!("{address} is no address of a Temporal server"))?;
    }
    client.namespace.clone_from(&at.namespace);
    connection.identity = format!("{identity}@{}", std::process::id());
    connection.connect_timeout = Some(CONNECT_TIMEOUT);
    let target = connection.target.clone();
    let client = Client::connect(connection, client)
        .await
        .map_err(|e| anyhow!("no Temporal answers at {target} ({})", what_was_said(&e)))?;
    register(&client).await;
    Ok(client)
}

/// What the network said: the layers above it print themselves as Rust values.
fn what_was_said(error: &(dyn Error + 'static)) -> String {
    let said = innermost(error);
    // Some layers print themselves as Rust values, and hide their cause in it.
    if said.contains("{ ") || said.contains("Status {") {
        return if said.contains("imed out") || said.contains("deadline") || said.contains("Timeout")
        {
            "there is no answer in time".to_owned()
        } else {
            "something answers there, and it is not Temporal".to_owned()
        };
    }
    said
}

/// Adding an attribute again succeeds. Where we may not add any (Temporal Cloud), an operator must, and is told so.
async fn register(client: &Client) {
    let keyword = IndexedValueType::Keyword as i32;
    let request = AddSearchAttributesRequest {
        search_attributes: [PHASE, PROJECT, STARTER]
            .iter()
            .map(|k| (k.name().to_owned(), keyword))
            .collect(),
        namespace: client.namespace(),
    };
    if let Err(status) =
        client.connection().operator_service().add_search_attributes(request.into_request()).await
    {
        tracing::warn!(error = %status.message(), "could not register the search attributes SignoffPhase, SignoffProject and SignoffStarter (keywords); please add them");
    }
}
