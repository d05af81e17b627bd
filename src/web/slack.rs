//! Slack's HTTP endpoint: what happens to a request from Slack?
//! Verified on its raw bytes before anything else; then it goes the way of all requests.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout_at};

use super::Web;
use crate::chat::{Actor, Arrival, PATIENCE, Way};
use crate::slack::{Ack, Inbound, SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, Verifier};

/// `POST /slack`: commands, clicks, forms and events alike.
pub async fn receive(State(web): State<Web>, request: Request) -> Response {
    let arrived = Instant::now();
    let Some(slack) = web.slack.clone() else { return StatusCode::NOT_FOUND.into_response() };
    // Who cannot tell Slack from others listens to nobody.
    let Some(verifier) = &slack.verifier else { return StatusCode::NOT_FOUND.into_response() };
    let headers = request.headers().clone();
    let body = match timeout_at(arrived + PATIENCE, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(too_large)) => return too_large.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if let Err(e) = verify(&web, verifier, &headers, &body) {
        tracing::warn!(error = %e, "a request that is not from Slack was turned away");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let content_type = text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    match Inbound::parse(content_type, &body, slack.api_url.as_ref()) {
        Ok(Inbound::UrlVerification { challenge }) => challenge.into_response(),
        Ok(Inbound::SslCheck) => StatusCode::OK.into_response(),
        Ok(inbound) => {
            let actor = Actor {
                services: web.services,
                render: slack.render,
                slack: slack.api,
                clock: web.clock,
            };
            response(actor.receive(inbound, Arrival { at: arrived, way: Way::Http }).await)
        }
        Err(e) => {
            tracing::warn!(error = %e, "a request from Slack could not be read");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

fn verify(
    web: &Web,
    verifier: &Verifier,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), SignatureError> {
    verifier.verify(
        text(headers, TIMESTAMP_HEADER),
        text(headers, SIGNATURE_HEADER),
        body,
        (web.clock)(),
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn response(receipt: Ack) -> Response {
    match receipt {
        Ack::Kept => StatusCode::OK.into_response(),
        Ack::Answered(answer) => Json(answer).into_response(),
        Ack::NotKept => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
