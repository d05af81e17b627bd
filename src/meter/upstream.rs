//! The upstream: where does a model answer, and with which key?
//! The one place that has the key. Without one, a scripted model of this process is asked, which needs none.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};

use super::dialect::Dialect;

/// The provider's host, unless told otherwise.
const ANTHROPIC: &str = "https://api.anthropic.com";
/// For a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Between two pieces of an answer: longer than models think between them.
const READ_TIMEOUT: Duration = Duration::from_mins(10);

/// Headers that belong to one connection, or to who asks: they are not passed on.
const NOT_PASSED_ON: [HeaderName; 11] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::AUTHORIZATION,
    header::COOKIE,
    // So that an answer can be read as it passes.
    header::ACCEPT_ENCODING,
    HeaderName::from_static("x-api-key"),
];

/// Where models answer.
#[derive(Clone, Debug)]
pub struct Upstream {
    client: Client,
    base: String,
    key: Option<SecretString>,
}

impl Upstream {
    /// The real one.
    ///
    /// # Errors
    /// Where no TLS can be had.
    pub fn real(key: SecretString) -> reqwest::Result<Self> {
        Ok(Self { client: client().build()?, base: ANTHROPIC.to_owned(), key: Some(key) })
    }

    /// A scripted one, which listens on a socket of this machine.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn scripted(socket: PathBuf) -> reqwest::Result<Self> {
        let client = client().unix_socket(socket).no_proxy().build()?;
        Ok(Self { client, base: "http://model.invalid".to_owned(), key: None })
    }

    /// Whether what is asked there costs money.
    #[must_use]
    pub const fn is_real(&self) -> bool {
        self.key.is_some()
    }

    /// Which APIs can be asked there: a key is one provider's.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        self.key.is_none() || dialect == Dialect::Messages
    }

    /// Passes a request on; its answer begins when the provider's does.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.base);
        let mut headers = headers.clone();
        for name in NOT_PASSED_ON {
            headers.remove(name);
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(key) = self.key.as_ref().and_then(secret) {
            headers.insert("x-api-key", key);
        }
        self.client.request(method, url).headers(headers).body(body).send().await
    }
}

fn client() -> reqwest::ClientBuilder {
    // Again is no problem: there is one provider in this program.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT)
}

/// None for a key that no header holds: the provider then says that there is none.
fn secret(key: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(key.expose_secret().trim()).ok()?;
    value.set_sensitive(true);
    Some(value)
}
