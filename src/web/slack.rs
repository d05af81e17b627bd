//! Slack's HTTP endpoint: what happens to a request from Slack?
//! Verified on its raw bytes before anything else; then it goes the way of all requests.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{SlackEndpoint, Web};
use crate::chat::{Actor, Arrival, PATIENCE, Way};
use crate::slack::{
    Ack, Inbound, Malformed, SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, Verifier,
};

/// `POST /slack`: commands, clicks, forms and events alike.
pub async fn receive(State(web): State<Web>, request: Request) -> Response {
    let arrived = Instant::now();
    let Some(slack) = web.slack.clone() else { return StatusCode::NOT_FOUND.into_response() };
    // Without a signing secret nobody can tell Slack from others, so nobody is answered.
    let Some(verifier) = &slack.verifier else { return StatusCode::NOT_FOUND.into_response() };
    let headers = request.headers().clone();
    let body = match timeout_at(arrived + PATIENCE, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(too_large)) => return too_large.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if let Err(e) = verify(verifier, &headers, &body, (web.clock)()) {
        tracing::warn!(error = %e, "a request that is not from Slack was turned away");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match parse(&headers, &body, slack.api_url.as_ref()) {
        Ok(Inbound::UrlVerification { challenge }) => challenge.into_response(),
        Ok(Inbound::SslCheck) => StatusCode::OK.into_response(),
        Ok(inbound) => {
            let arrival = Arrival { at: arrived, way: Way::Http };
            response(actor(web, slack).receive(inbound, arrival).await)
        }
        Err(e) => {
            tracing::warn!(error = %e, "a request from Slack could not be read");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

fn actor(web: Web, slack: SlackEndpoint) -> Actor {
    Actor { services: web.services, render: slack.render, slack: slack.api, clock: web.clock }
}

fn verify(
    verifier: &Verifier,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let (timestamp, signature) = (text(headers, TIMESTAMP_HEADER), text(headers, SIGNATURE_HEADER));
    verifier.verify(timestamp, signature, body, now)
}

fn parse(headers: &HeaderMap, body: &[u8], emulator: Option<&Url>) -> Result<Inbound, Malformed> {
    let content_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    Inbound::parse(content_type, body, emulator)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn response(ack: Ack) -> Response {
    match ack {
        Ack::Kept => StatusCode::OK.into_response(),
        Ack::Answered(answer) => Json(answer).into_response(),
        Ack::NotKept => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
