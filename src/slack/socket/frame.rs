//! Frames of Socket Mode: what does Slack say on a socket?
//! Read as tolerantly as all else: a field that is missing, or a kind that we do not know, costs nothing.

use serde_json::{Value, json};

use crate::run::foreign_text;
use crate::slack::inbound::Frame;

/// One frame from Slack.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketFrame {
    Hello,
    /// Slack is about to close this connection.
    Disconnect(DisconnectReason),
    Envelope(Envelope),
    /// Neither asks for an answer nor means anything to us.
    Noise,
}

/// Why Slack closes a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// It has been open for hours. Another one is welcome.
    Refresh,
    /// Somebody switched Socket Mode off.
    Disabled,
    Other(String),
}

/// A request, and what to acknowledge it by.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    pub id: String,
    /// None for what we do not know.
    pub kind: Option<Frame>,
    pub payload: Value,
    pub again: bool,
    takes_answer: bool,
}

impl Envelope {
    /// What acknowledges it, with an answer where Slack takes one.
    pub fn acknowledged(&self, answer: Option<&Value>) -> String {
        match answer.filter(|_| self.takes_answer) {
            Some(answer) => json!({ "envelope_id": self.id, "payload": answer }).to_string(),
            None => json!({ "envelope_id": self.id }).to_string(),
        }
    }
}

/// Understands a frame.
pub fn read(text: &str) -> SocketFrame {
    let Some(frame) = foreign_text::read_json(text.as_bytes()) else { return SocketFrame::Noise };
    match frame["type"].as_str().unwrap_or_default() {
        "hello" => SocketFrame::Hello,
        "disconnect" => SocketFrame::Disconnect(reason(&frame)),
        "slash_commands" => envelope(frame, Some(Frame::Command)),
        "interactive" => envelope(frame, Some(Frame::Interaction)),
        "events_api" => envelope(frame, Some(Frame::Event)),
        _ => envelope(frame, None),
    }
}

fn envelope(mut frame: Value, kind: Option<Frame>) -> SocketFrame {
    let id = frame["envelope_id"].as_str().unwrap_or_default().to_owned();
    if id.is_empty() {
        return SocketFrame::Noise;
    }
    let takes_answer = frame["accepts_response_payload"].as_bool();
    SocketFrame::Envelope(Envelope {
        id,
        kind,
        again: frame["retry_attempt"].as_u64().is_some_and(|nth| nth > 0),
        takes_answer: takes_answer.unwrap_or(kind != Some(Frame::Event)),
        payload: frame["payload"].take(),
    })
}

fn reason(frame: &Value) -> DisconnectReason {
    match frame["reason"].as_str().unwrap_or_default() {
        "warning" | "refresh_requested" => DisconnectReason::Refresh,
        "link_disabled" => DisconnectReason::Disabled,
        other => DisconnectReason::Other(other.chars().take(60).collect()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    fn envelope(text: &str) -> Envelope {
        match read(text) {
            SocketFrame::Envelope(envelope) => envelope,
            other => panic!("an envelope, not {other:?}"),
        }
    }

    #[test]
    fn what_slack_documents_is_read_and_what_it_leaves_out_is_not_missed() {
        let hello = r#"{"type":"hello","connection_info":{"app_id":"A1"},"num_connections":1,"debug_info":{"host":"x","approximate_connection_time":18060}}"#;
        assert_eq!(
            (read(hello), read(r#"{"type":"hello"}"#)),
            (SocketFrame::Hello, SocketFrame::Hello)
        );
        for (text, reason) in [
            (
                r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"x"}}"#,
                DisconnectReason::Refresh,
            ),
            (r#"{"type":"disconnect","reason":"refresh_requested"}"#, DisconnectReason::Refresh),
            (r#"{"type":"disconnect","reason":"link_disabled"}"#, DisconnectReason::Disabled),
            (
                r#"{"type":"disconnect","reason":"too_many_websockets"}"#,
                DisconnectReason::Other("too_many_websockets".to_owned()),
            ),
            (r#"{"type":"disconnect"}"#, DisconnectReason::Other(String::new())),
        ] {
            assert_eq!(read(text), SocketFrame::Disconnect(reason), "{text}");
        }
    }

    #[test]
    fn an_envelope_is_acknowledged_by_its_id() {
        let event = envelope(
            r#"{"type":"events_api","envelope_id":"e1","payload":{"type":"event_callback"},"accepts_response_payload":false,"retry_attempt":1,"retry_reason":"timeout"}"#,
        );
        assert_eq!(
            (event.kind, event.again, event.payload["type"].as_str()),
            (Some(Frame::Event), true, Some("event_callback"))
        );
        assert_eq!(
            event.acknowledged(Some(&json!({"a": 1}))),
            r#"{"envelope_id":"e1"}"#,
            "Slack takes no answer to an event"
        );
        let form = envelope(
            r#"{"type":"interactive","envelope_id":"e2","payload":{},"accepts_response_payload":true}"#,
        );
        assert_eq!(
            form.acknowledged(Some(&json!({"a": 1}))),
            r#"{"envelope_id":"e2","payload":{"a":1}}"#
        );
        assert!(
            !envelope(
                r#"{"type":"slash_commands","envelope_id":"e3","payload":{},"retry_attempt":0}"#
            )
            .again
        );
    }

    #[test]
    fn what_is_unknown_is_acknowledged_where_it_can_be_and_else_passed_over() {
        assert_eq!(envelope(r#"{"type":"tomorrow","envelope_id":"e4"}"#).kind, None);
        for noise in [
            "",
            "hi",
            "[]",
            "null",
            r#"{"type":"tomorrow"}"#,
            r#"{"type":"events_api"}"#,
            r#"{"type":5,"envelope_id":""}"#,
        ] {
            assert_eq!(read(noise), SocketFrame::Noise, "{noise}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}", kind in "hello|disconnect|events_api|x", id in "\\PC{0,5}") {
            read(&text);
            read(&json!({ "type": kind, "envelope_id": id, "payload": text }).to_string());
        }
    }
}
