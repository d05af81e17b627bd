//! What happens to a request from Slack?
//! Verified on its raw bytes first, then made durable, then acted on, then acknowledged; always inside Slack's three seconds.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::act::{Acted, Actor};
use super::{SlackDoor, Web};
use crate::slack::{Inbound, SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER};
use crate::store::Received;

/// What takes longer than this is answered privately later; Slack shows an error after 3 s.
const PATIENCE: Duration = Duration::from_millis(2_400);

/// `POST /slack`: commands, clicks, forms and events alike.
pub async fn receive(State(web): State<Web>, request: Request) -> Response {
    let Some(slack) = web.slack.clone() else { return StatusCode::NOT_FOUND.into_response() };
    let headers = request.headers().clone();
    let Ok(body) = Bytes::from_request(request, &()).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    if let Err(e) = verify(&web, &slack, &headers, &body) {
        tracing::warn!(error = %e, "a request that is not from Slack was turned away");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let kind = text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    match Inbound::parse(kind, &body, slack.api_url.as_ref()) {
        Ok(Inbound::UrlVerification { challenge }) => challenge.into_response(),
        Ok(Inbound::SslCheck | Inbound::Ignored { .. }) => StatusCode::OK.into_response(),
        Ok(inbound) => keep_and_act(web, slack, inbound).await,
        Err(e) => {
            tracing::warn!(error = %e, "a request from Slack could not be read");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

fn verify(web: &Web, slack: &SlackDoor, headers: &HeaderMap, body: &[u8]) -> Result<(), SignatureError> {
    slack.verifier.verify(text(headers, TIMESTAMP_HEADER), text(headers, SIGNATURE_HEADER), body, (web.clock)())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn keep_and_act(web: Web, slack: SlackDoor, inbound: Inbound) -> Response {
    let (Some(key), kind) = (inbound.key().cloned(), kind(&inbound)) else { return StatusCode::OK.into_response() };
    let payload = match serde_json::to_value(&inbound) {
        Ok(payload) => payload,
        Err(e) => {
            tracing::error!(error = %e, "a request could not be kept");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    match web.doors.store.receive(&key, kind, &payload, (web.clock)()).await {
        Ok(Received::New) => act(web, slack, inbound).await,
        // Whoever took it first answers for it.
        Ok(Received::Again) => StatusCode::OK.into_response(),
        Err(e) => {
            tracing::error!(error = %e, "a request could not be made durable");
            undurable(web, slack, inbound)
        }
    }
}

/// Nothing was recorded: a person is told so, and an event is sent again by Slack.
fn undurable(web: Web, slack: SlackDoor, inbound: Inbound) -> Response {
    let sorry = "Signoff's database does not answer, so nothing was recorded. Please try again in a minute.";
    match &inbound {
        Inbound::Command(_) => private(sorry),
        Inbound::Click(_) => {
            let actor = Actor { doors: web.doors, place: web.place, slack: slack.api, clock: web.clock };
            tokio::spawn(async move { actor.tell(&inbound, sorry).await });
            StatusCode::OK.into_response()
        }
        Inbound::Submission(form) => {
            let field = form.values.keys().next().cloned().unwrap_or_default();
            Json(json!({ "response_action": "errors", "errors": { field: sorry } })).into_response()
        }
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn act(web: Web, slack: SlackDoor, inbound: Inbound) -> Response {
    let actor = Actor { doors: web.doors, place: web.place, slack: slack.api, clock: web.clock };
    let command = matches!(inbound, Inbound::Command(_));
    let mut acting = tokio::spawn(async move {
        let acted = actor.act(&inbound).await;
        // The acknowledgement carries what a command or a form is told; everything else is told by a message of its own.
        match acted {
            Acted::Told(text) if !command => {
                actor.tell(&inbound, &text).await;
                Acted::Silent
            }
            other => other,
        }
    });
    match tokio::time::timeout(PATIENCE, &mut acting).await {
        Ok(Ok(Acted::Told(text))) => private(&text),
        Ok(Ok(Acted::Wrong { field, why })) => Json(json!({ "response_action": "errors", "errors": { field: why } })).into_response(),
        Ok(Err(e)) => {
            tracing::error!(error = %e, "acting on a request broke; it is acted on again");
            StatusCode::OK.into_response()
        }
        // Durable, and still being acted on.
        Err(_) if command => private("Got it. This takes a moment; the outcome shows here or in the thread."),
        Ok(Ok(Acted::Silent)) | Err(_) => StatusCode::OK.into_response(),
    }
}

fn private(text: &str) -> Response {
    Json(json!({ "response_type": "ephemeral", "text": text })).into_response()
}

/// What kind of request it is, for who looks at the inbox.
const fn kind(inbound: &Inbound) -> &'static str {
    match inbound {
        Inbound::Command(_) => "command",
        Inbound::Click(_) => "click",
        Inbound::Submission(_) => "submission",
        Inbound::Message(_) => "message",
        Inbound::Mention(_) => "mention",
        _ => "other",
    }
}
