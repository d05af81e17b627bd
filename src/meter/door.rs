//! The door: what may an agent ask a model, and how does the answer reach it?
//! One socket for each attempt. What cannot be counted is refused in the words of the API that was spoken, and nothing is held back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::{Stream, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::call::{NotOpened, OpenCall, Teller};
use super::dialect::{Dialect, Purpose};
use super::request::ModelRequest;
use super::tap::Tap;
use super::upstream::Upstream;
use crate::telemetry::innermost;

/// Whole conversations are sent with every request.
const LARGEST_REQUEST: usize = 64 * 1024 * 1024;

/// What a door works with.
#[derive(Debug)]
pub(super) struct Door {
    pub teller: Arc<Teller>,
    pub upstream: Upstream,
    /// By which an agent shows that it is this attempt's.
    pub token: SecretString,
    /// A wait of the provider's that is longer is the end of the agent.
    pub short_wait: Duration,
}

/// Why something is not passed on.
struct Refusal {
    dialect: Dialect,
    status: StatusCode,
    kind: &'static str,
    why: String,
}

impl Door {
    pub fn router(self) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(self))
    }

    async fn pass(&self, request: Request) -> Result<Response, Refusal> {
        let path = request.uri().path();
        let Some(purpose) = Purpose::of(request.method(), path) else {
            let why =
                format!("{} {path} cannot be counted, so it is not passed on", request.method());
            return Err(Refusal::of(Dialect::Messages, StatusCode::NOT_FOUND, why));
        };
        match purpose {
            Purpose::Greeting => Ok(StatusCode::OK.into_response()),
            Purpose::Free(dialect) => {
                let (_, sent) = self.read(dialect, request).await?;
                let answer = sent.send(self).await.map_err(|e| Refusal::unanswered(dialect, e))?;
                Ok(unmetered(answer))
            }
            Purpose::Generate(dialect) => self.generate(dialect, request).await,
        }
    }

    async fn generate(&self, dialect: Dialect, request: Request) -> Result<Response, Refusal> {
        let (body, mut sent) = self.read(dialect, request).await?;
        let refuse = |why: String| Refusal::of(dialect, StatusCode::BAD_REQUEST, why);
        let mut asked =
            ModelRequest::read(dialect, body).map_err(|not| refuse(format!("signoff: {not}")))?;
        let opened = self.teller.open(&mut asked).await;
        let call = opened.map_err(|not| match not {
            NotOpened::Spent(_) | NotOpened::Limited(_) => refuse(format!("signoff: {not}")),
            NotOpened::Ledger(_) => {
                Refusal::of(dialect, StatusCode::SERVICE_UNAVAILABLE, format!("signoff: {not}"))
            }
        })?;
        sent.body = asked.into_body();
        let answer = match sent.send(self).await {
            Ok(answer) => answer,
            Err(error) => {
                // Agents ask again many times where nobody can be reached.
                if error.is_connect() {
                    call.unsent();
                }
                return Err(Refusal::unanswered(dialect, error));
            }
        };
        if !answer.status().is_success() {
            let (status, headers) = (answer.status(), answer.headers());
            call.refused(status.as_u16());
            if let Some(wait) = self.teller.limit.refused(status, headers, self.short_wait) {
                return Err(refuse(format!("signoff: {}", NotOpened::Limited(wait))));
            }
            return Ok(unmetered(answer));
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let tap = Tap::new(dialect, is_streamed(&headers));
        let body = MeteredBody { inner: answer.bytes_stream().boxed(), tap, call };
        Ok(passed_on(status, &headers, Body::from_stream(body)))
    }

    /// What was sent, where its sender may ask at all.
    async fn read(&self, dialect: Dialect, request: Request) -> Result<(Bytes, Sent), Refusal> {
        let (parts, body) = request.into_parts();
        let token = dialect.token(&parts.headers).unwrap_or_default();
        if !is_same(token, self.token.expose_secret()) || !self.upstream.speaks(dialect) {
            let why = "signoff: this attempt may not ask that here".to_owned();
            return Err(Refusal::of(dialect, StatusCode::FORBIDDEN, why));
        }
        let body = to_bytes(body, LARGEST_REQUEST).await.map_err(|e| {
            Refusal::of(
                dialect,
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("signoff: reading the request: {e}"),
            )
        })?;
        let path = parts.uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
        Ok((body.clone(), Sent { method: parts.method, path, headers: parts.headers, body }))
    }
}

/// A request as it goes on.
struct Sent {
    method: axum::http::Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Sent {
    async fn send(self, door: &Door) -> reqwest::Result<reqwest::Response> {
        door.upstream.send(self.method, &self.path, &self.headers, self.body).await
    }
}

async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    door.pass(request).await.unwrap_or_else(Refusal::into_response)
}

impl Refusal {
    fn of(dialect: Dialect, status: StatusCode, why: String) -> Self {
        let kind = match status {
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            status if status.is_server_error() => "api_error",
            _ => "invalid_request_error",
        };
        Self { dialect, status, kind, why }
    }

    fn unanswered(dialect: Dialect, error: reqwest::Error) -> Self {
        let said = innermost(&error.without_url());
        let why = format!("signoff: the model's host does not answer: {said}");
        Self::of(dialect, StatusCode::BAD_GATEWAY, why)
    }

    fn into_response(self) -> Response {
        (self.status, Json(self.dialect.error(self.kind, &self.why))).into_response()
    }
}

/// An answer that is counted while it passes.
struct MeteredBody {
    inner: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    tap: Tap,
    call: OpenCall,
}

impl Stream for MeteredBody {
    type Item = reqwest::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = this.inner.poll_next_unpin(cx);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => {
                let news = this.tap.see(bytes);
                this.call.tell(&this.tap, news);
            }
            Poll::Ready(_) => {
                this.tap.end();
                this.call.end(&this.tap);
            }
            Poll::Pending => {}
        }
        next
    }
}

/// An agent that hung up, or was ended, reads no more: what it was told counts.
impl Drop for MeteredBody {
    fn drop(&mut self) {
        self.tap.end();
        self.call.end(&self.tap);
    }
}

/// What costs nothing.
fn unmetered(answer: reqwest::Response) -> Response {
    let (status, headers) = (answer.status(), answer.headers().clone());
    passed_on(status, &headers, Body::from_stream(answer.bytes_stream()))
}

fn passed_on(status: StatusCode, headers: &HeaderMap, body: Body) -> Response {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().clone_from(headers);
    for name in [header::TRANSFER_ENCODING, header::CONNECTION, header::SET_COOKIE] {
        answer.headers_mut().remove(name);
    }
    answer
}

fn is_streamed(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    matches!(kind, Some(Ok(kind)) if kind.starts_with("text/event-stream"))
}

/// In constant time.
fn is_same(token: &str, expected: &str) -> bool {
    let mac = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(expected.as_bytes()).expect("any key will do");
        mac.update(text.as_bytes());
        mac
    };
    !token.is_empty() && mac(token).verify_slice(&mac(expected).finalize().into_bytes()).is_ok()
}
