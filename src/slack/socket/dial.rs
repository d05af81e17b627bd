//! Dials: how is a web socket to Slack opened?

use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tower_service::Service;
use url::Url;

use crate::slack::client::SlackApi;
use crate::slack::error::SlackError;

/// Slack sends a few kilobytes; more than this is somebody else.
const MOST_BYTES: usize = 4 << 20;

/// An open web socket.
pub type Stream = WebSocketStream<TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>>;

/// Why there is no connection. Never holds its address.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Not before a person changes something.
    #[error("{0}")]
    Refused(String),
    /// The next attempt may work.
    #[error("{0}")]
    Failed(String),
}

/// Asks Slack for an address and calls there.
pub async fn dial(api: &SlackApi, patience: Duration) -> Result<Stream, DialError> {
    let late = || DialError::Failed(format!("no connection within {} s", patience.as_secs_f32()));
    timeout(patience, async { call(&api.open_connection().await?).await })
        .await
        .map_err(|_| late())?
}

impl From<SlackError> for DialError {
    fn from(error: SlackError) -> Self {
        match error {
            SlackError::Refused { .. } => Self::Refused(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

async fn call(url: &Url) -> Result<Stream, DialError> {
    let failed =
        |what: &str, error: &dyn std::fmt::Display| DialError::Failed(format!("{what}: {error}"));
    // The connector chooses TLS by the schemes `http` and `https`.
    let http = url.as_str().replacen("ws", "http", 1);
    let uri: Uri =
        http.parse().map_err(|_| DialError::Failed("the address cannot be called".to_owned()))?;
    let stream = connector().call(uri).await.map_err(|e| failed("connecting", &e))?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MOST_BYTES))
        .max_frame_size(Some(MOST_BYTES));
    let opened = client_async_with_config(url.as_str(), TokioIo::new(stream), Some(config)).await;
    opened.map(|(stream, _)| stream).map_err(|e| failed("opening the web socket", &e))
}

/// The API's own connector also offers HTTP/2, over which no web socket is opened.
fn connector() -> HttpsConnector<HttpConnector> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(ring::default_provider())
        .expect("ring knows the default protocol versions")
        .https_or_http()
        .enable_http1()
        .wrap_connector(http)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// What arrives at an address that is called, up to the first pause.
    async fn called(scheme: &str) -> (Result<Stream, DialError>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "{scheme}://{}/link/?ticket=secret",
            listener.local_addr().expect("it is bound")
        );
        let arrives = async {
            let (mut caller, _) = listener.accept().await.expect("a call");
            let mut bytes = vec![0; 4_096];
            let n = caller.read(&mut bytes).await.expect("some bytes");
            bytes.truncate(n);
            bytes
        };
        tokio::join!(async { call(&url.parse().expect("a URL")).await }, arrives)
    }

    #[tokio::test]
    async fn slack_is_called_by_tls_and_not_in_http_2() {
        let (answer, hello) = called("wss").await;
        assert_eq!(hello[0], 0x16, "a TLS handshake");
        assert!(!hello.windows(3).any(|part| part == b"\x02h2"));
        assert!(answer.is_err_and(|why| !why.to_string().contains("secret")));
    }

    #[tokio::test]
    async fn an_emulator_is_called_in_the_clear() {
        let (answer, hello) = called("ws").await;
        assert!(hello.starts_with(b"GET /link/?ticket=secret HTTP/1.1\r\n"));
        assert!(answer.is_err_and(|why| !why.to_string().contains("secret")));
    }
}
