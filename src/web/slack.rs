//! What happens to a request from Slack?
//! Verified on its raw bytes first, then made durable, then acted on, then acknowledged; always inside Slack's three seconds.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::act::{Acted, Actor, kind};
use super::answer::asks;
use super::{SlackDoor, Web};
use crate::commands::Said;
use crate::slack::{Inbound, SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER};
use crate::store::Received;

/// What takes longer than this, from the request's arrival on, is answered privately later; Slack shows an error after 3 s.
const PATIENCE: Duration = Duration::from_millis(2_400);
const NOTHING_RECORDED: &str = "Signoff's database does not answer, so nothing was recorded. Please try again in a minute.";
const MAYBE_RECORDED: &str =
    "Signoff's database stopped answering, so it is not certain that this was recorded. Please look at the thread in a minute before you try again.";

/// `POST /slack`: commands, clicks, forms and events alike.
pub async fn receive(State(web): State<Web>, request: Request) -> Response {
    let arrived = Instant::now();
    let Some(slack) = web.slack.clone() else { return StatusCode::NOT_FOUND.into_response() };
    let headers = request.headers().clone();
    let body = match timeout_at(arrived + PATIENCE, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(too_large)) => return too_large.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if let Err(e) = verify(&web, &slack, &headers, &body) {
        tracing::warn!(error = %e, "a request that is not from Slack was turned away");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let content_type = text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    match Inbound::parse(content_type, &body, slack.api_url.as_ref()) {
        Ok(Inbound::UrlVerification { challenge }) => challenge.into_response(),
        Ok(Inbound::SslCheck | Inbound::Ignored { .. }) => StatusCode::OK.into_response(),
        Ok(inbound) => keep_and_act(web, slack, inbound, arrived).await,
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

async fn keep_and_act(web: Web, slack: SlackDoor, inbound: Inbound, arrived: Instant) -> Response {
    let Some(key) = inbound.key().cloned().filter(|_| asks(&inbound)) else { return StatusCode::OK.into_response() };
    let payload = match serde_json::to_value(&inbound) {
        Ok(payload) => payload,
        Err(e) => {
            tracing::error!(error = %e, "a request could not be kept");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let now = (web.clock)();
    let keeping = web.doors.store.receive(&key, kind(&inbound), &payload, now);
    match timeout_at(arrived + PATIENCE, keeping).await {
        Ok(Ok(Received::New)) => act(web, slack, inbound, (arrived, Said::now(now))).await,
        // Whoever took it first answers for it.
        Ok(Ok(Received::Again)) => StatusCode::OK.into_response(),
        Ok(Err(e)) => {
            tracing::error!(error = %e, "a request could not be made durable");
            undurable(web, slack, inbound, e.surely_nothing_happened())
        }
        Err(_) => {
            tracing::error!("a request could not be made durable in time");
            undurable(web, slack, inbound, false)
        }
    }
}

/// A person is told so, and an event is sent again by Slack.
fn undurable(web: Web, slack: SlackDoor, inbound: Inbound, surely_nothing: bool) -> Response {
    let sorry = if surely_nothing { NOTHING_RECORDED } else { MAYBE_RECORDED };
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

/// What is known in time stands in the acknowledgement; what is known later is told by a message of its own.
async fn act(web: Web, slack: SlackDoor, inbound: Inbound, (arrived, said): (Instant, Said)) -> Response {
    let actor = Actor { doors: web.doors, place: web.place, slack: slack.api, clock: web.clock };
    let command = matches!(inbound, Inbound::Command(_));
    let (in_time, mut answer) = oneshot::channel();
    let acting = async move {
        let acted = actor.act(&inbound, said).await;
        let in_time = in_time.send(acted.clone()).is_ok();
        if !(in_time && fits_acknowledgement(&inbound, &acted)) {
            actor.follow(&inbound, acted).await;
        }
    };
    tokio::spawn(acting.in_current_span());
    let acted = if let Ok(acted) = timeout_at(arrived + PATIENCE, &mut answer).await {
        acted.ok()
    } else {
        // What was sent in the same moment counts; what comes later finds nobody, and is told otherwise.
        answer.close();
        answer.try_recv().ok()
    };
    match acted {
        Some(Acted::Told(text) | Acted::Owed(text)) if command => private(&text),
        Some(Acted::Wrong { field, why }) => Json(json!({ "response_action": "errors", "errors": { field: why } })).into_response(),
        // Durable, and still being acted on; or acting on it broke, and it is acted on again.
        None if command => private("Got it. This takes a moment; the outcome shows here or in the thread."),
        Some(_) | None => StatusCode::OK.into_response(),
    }
}

/// What an acknowledgement can carry: words for who typed a command, a mistake for who filled in a form.
const fn fits_acknowledgement(inbound: &Inbound, acted: &Acted) -> bool {
    match inbound {
        Inbound::Command(_) => matches!(acted, Acted::Told(_) | Acted::Owed(_) | Acted::Silent),
        Inbound::Submission(_) => matches!(acted, Acted::Wrong { .. }),
        _ => false,
    }
}

fn private(text: &str) -> Response {
    Json(json!({ "response_type": "ephemeral", "text": text })).into_response()
}
