//! The door of the local Slack: who may type there?
//! Listens on loopback alone, and lets in what its own page and programs of this machine send. A page from elsewhere, open in a
//! browser of this machine, could else type `/develop`: browsers say where a request comes from, and that is looked at.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONNECTION, HOST, HeaderName, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What the door knows of itself.
struct Door {
    port: u16,
    /// Where the local Slack is.
    socket: PathBuf,
}

/// Lets requests through to the local Slack behind `socket`; never ends.
pub(super) async fn keep(listener: TcpListener, port: u16, socket: &Path) {
    let door = Arc::new(Door { port, socket: socket.to_owned() });
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(Arc::clone(&door).answer(stream));
        }
    }
}

impl Door {
    async fn answer(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(move |request| {
            let door = Arc::clone(&self);
            async move { Ok::<_, Infallible>(door.pass(request).await) }
        });
        let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
        // Who went away is no news.
        let _ = connection.with_upgrades().await;
    }

    async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        if let Some(why) = self.refusal(request.method(), request.headers()) {
            return words(StatusCode::FORBIDDEN, why);
        }
        match self.forward(request).await {
            Ok(answer) => answer,
            Err(_) => words(StatusCode::BAD_GATEWAY, "The local Slack is not up just now.\n"),
        }
    }

    /// Why this is not let in.
    fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        // A name of somebody else's that leads to this machine is not our page's address either.
        if !text(HOST).is_some_and(|host| self.is_ours(host)) {
            return Some(
                "Open the local Slack by its own address: http://127.0.0.1 and its port.\n",
            );
        }
        let origin = text(ORIGIN);
        let same = |origin: &str| origin.strip_prefix("http://").is_some_and(|o| self.is_ours(o));
        let opens_page = method == Method::GET && text(FETCH_MODE) == Some("navigate");
        let foreign =
            text(FETCH_SITE).is_some_and(|site| matches!(site, "cross-site" | "same-site"));
        if origin.is_some_and(|origin| !same(origin)) || foreign && !opens_page {
            return Some("A page from elsewhere may not use the local Slack.\n");
        }
        None
    }

    fn is_ours(&self, host: &str) -> bool {
        let port = host.strip_prefix("127.0.0.1:").or_else(|| host.strip_prefix("localhost:"));
        port.is_some_and(|port| port.parse() == Ok(self.port))
    }

    async fn forward(&self, mut request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let upgrade = request.headers().contains_key(UPGRADE).then(|| on(&mut request));
        if upgrade.is_none() {
            // Each request has a connection of its own to the server.
            request.headers_mut().remove(CONNECTION);
        }
        let mut answer = sender.send_request(request).await?;
        if let Some(theirs) = upgrade.filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS)
        {
            tokio::spawn(join(theirs, on(&mut answer)));
        }
        Ok(answer.map(Body::new))
    }
}

/// A web socket, once both sides agreed to speak as one.
async fn join(one: OnUpgrade, other: OnUpgrade) {
    if let Ok((one, other)) = tokio::try_join!(one, other) {
        // Who went away is no news.
        let _ = copy_bidirectional(&mut TokioIo::new(one), &mut TokioIo::new(other)).await;
    }
}

fn words(status: StatusCode, why: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(why));
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &Method, headers: &[(&str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
            })
            .collect();
        let door = Door { port: 7811, socket: PathBuf::new() };
        door.refusal(method, &headers).is_some()
    }

    #[test]
    fn its_own_page_and_programs_of_this_machine_are_let_in() {
        let host = ("host", "127.0.0.1:7811");
        assert!(!refused(&Method::POST, &[host]));
        assert!(!refused(&Method::POST, &[host, ("origin", "http://127.0.0.1:7811")]));
        let named = [("host", "localhost:7811"), ("origin", "http://localhost:7811")];
        assert!(!refused(&Method::POST, &named));
        let link = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert!(!refused(&Method::GET, &link));
    }

    #[test]
    fn a_page_from_elsewhere_is_not() {
        let host = ("host", "127.0.0.1:7811");
        assert!(refused(&Method::POST, &[host, ("origin", "https://evil.example")]));
        assert!(refused(&Method::POST, &[host, ("origin", "null")]));
        assert!(refused(&Method::POST, &[host, ("origin", "http://127.0.0.1:7812")]));
        assert!(refused(&Method::GET, &[host, ("sec-fetch-site", "cross-site")]));
        assert!(refused(&Method::GET, &[("host", "evil.example:7811")]));
        assert!(refused(&Method::GET, &[]));
    }
}
