//! The connection to Temporal: how is it reached?
//! Temporal's own standard variables count (TLS, API keys, profiles); our address and namespace win over them.

use std::collections::HashMap;
use std::error::Error;

use anyhow::{Result, anyhow};
use temporalio_client::envconfig::{ConfigError, LoadClientConfigProfileOptions};
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, ClientOptions, ConnectionOptions, NamespacedClient};
use temporalio_common::envconfig::load_client_config_profile;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::AddSearchAttributesRequest;

use super::ATTRIBUTES;
use super::retry_policy::CONNECT_TIMEOUT;
use crate::config::NAMESPACE;
use crate::telemetry::innermost;

/// Where Temporal is.
#[derive(Clone, Debug)]
pub struct Address {
    /// `host:port`, by TLS where Temporal's own variables want it, or a URL; none = what these variables say.
    pub address: Option<String>,
    /// None = what Temporal's own variables say.
    pub namespace: Option<String>,
}

/// Connects, and registers our search attributes where they are not.
pub async fn connect(at: &Address, identity: &str) -> Result<Client> {
    // ConfigError is not Send, so `?` does not take it.
    let (mut connection, client) =
        options(at, None).map_err(|e| anyhow!("Temporal's configuration: {e}"))?;
    connection.identity = format!("{identity}@{}", std::process::id());
    connection.connect_timeout = Some(CONNECT_TIMEOUT);
    let target = connection.target.clone();
    let client = Client::connect(connection, client)
        .await
        .map_err(|e| anyhow!("no Temporal answers at {target} ({})", what_was_said(&e)))?;
    register(&client).await;
    Ok(client)
}

/// What Temporal's own variables (those of this process, where `env` is none) say, with ours over them.
fn options(
    at: &Address,
    env: Option<&HashMap<String, String>>,
) -> Result<(ConnectionOptions, ClientOptions), ConfigError> {
    let mut profile = load_client_config_profile(LoadClientConfigProfileOptions::default(), env)?;
    profile.address = at.address.clone().or_else(|| set(profile.address));
    profile.namespace = at.namespace.clone().or_else(|| set(profile.namespace));
    // An empty key would switch TLS on.
    profile.api_key = set(profile.api_key);
    let namespace = profile.namespace.clone().unwrap_or_else(|| NAMESPACE.to_owned());
    let mut connection = ConnectionOptions::try_from(profile)?;
    // Without them, https is not spoken.
    if connection.target.scheme() == "https" {
        connection.tls_options.get_or_insert_default();
    }
    Ok((connection, ClientOptions::new(namespace).build()))
}

/// An empty variable is one that is not set.
fn set(variable: Option<String>) -> Option<String> {
    variable.filter(|text| !text.trim().is_empty())
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
        search_attributes: ATTRIBUTES.iter().map(|k| (k.name().to_owned(), keyword)).collect(),
        namespace: client.namespace(),
    };
    if let Err(status) =
        client.connection().operator_service().add_search_attributes(request.into_request()).await
    {
        tracing::warn!(error = %status.message(), "could not register the search attributes SignoffPhase, SignoffProject and SignoffStarter (keywords); please add them");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    const KEY: (&str, &str) = ("TEMPORAL_API_KEY", "made-up-key");

    /// Without a configuration file, whoever runs this has one or not.
    fn read(at: &Address, env: &[(&str, &str)]) -> (ConnectionOptions, ClientOptions) {
        let none = [("TEMPORAL_CONFIG_FILE", "/nowhere/temporal.toml")];
        let env = none.iter().chain(env).map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
        options(at, Some(&env.collect())).expect("it is good")
    }

    fn at(address: &str) -> Address {
        Address { address: Some(address.to_owned()), namespace: None }
    }

    fn target(address: &str, env: &[(&str, &str)]) -> String {
        read(&at(address), env).0.target.to_string()
    }

    #[test]
    fn tls_is_spoken_where_it_is_wanted() {
        let tls = ("TEMPORAL_TLS", "true");
        assert_eq!(target("ns.example:7233", &[KEY]), "https://ns.example:7233/");
        assert_eq!(target("ns.example:7233", &[tls]), "https://ns.example:7233/");
        assert_eq!(target("127.0.0.1:7233", &[]), "http://127.0.0.1:7233/");
        assert_eq!(target("http://127.0.0.1:7233", &[tls]), "http://127.0.0.1:7233/");
        assert_eq!(
            target("ns.example:7233", &[("TEMPORAL_API_KEY", "")]),
            "http://ns.example:7233/"
        );
        assert!(read(&at("https://ns.example:7233"), &[]).0.tls_options.is_some());
    }

    #[test]
    fn a_namespace_that_was_not_configured_is_temporals_own() {
        let named = |namespace: Option<&str>, env: &[(&str, &str)]| {
            let namespace = namespace.map(str::to_owned);
            read(&Address { namespace, ..at("ns.example:7233") }, env).1.namespace
        };
        let theirs = [("TEMPORAL_NAMESPACE", "ns.account")];
        assert_eq!(named(None, &theirs), "ns.account");
        assert_eq!(named(Some("ours"), &theirs), "ours");
        assert_eq!(named(None, &[]), "default");
    }

    #[tokio::test]
    async fn a_key_never_goes_in_clear() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = server.local_addr().expect("an address").to_string();
        let (connection, client) = read(&at(&address), &[KEY]);
        let connecting = tokio::spawn(Client::connect(connection, client));
        let (mut stream, _) = server.accept().await.expect("a caller");
        let mut first = [0; 3];
        stream.read_exact(&mut first).await.expect("its first words");
        assert_eq!(first, [0x16, 0x03, 0x01], "a TLS handshake");
        connecting.abort();
    }
}
