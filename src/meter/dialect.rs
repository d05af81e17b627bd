//! Dialects: which model API is spoken, and where does an answer say what it used?

use axum::http::{HeaderMap, HeaderName, Method, header};
use serde_json::{Value, json};

/// One API of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Anthropic's Messages: <https://platform.claude.com/docs/en/api/messages>
    Messages,
    /// `OpenAI`'s Responses: <https://platform.openai.com/docs/api-reference/responses>
    Responses,
    /// `OpenAI`'s Chat Completions: <https://platform.openai.com/docs/api-reference/chat>
    Chat,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Costs money.
    Generate(Dialect),
    /// Costs nothing, and is passed on.
    Free(Dialect),
    /// Is anybody there?
    Greeting,
}

impl Purpose {
    /// None for what cannot be counted, and is refused.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let is = |wanted: &Method| method == wanted;
        match path {
            "/v1/messages" if is(&Method::POST) => Some(Self::Generate(Dialect::Messages)),
            "/v1/messages/count_tokens" if is(&Method::POST) => Some(Self::Free(Dialect::Messages)),
            "/v1/responses" if is(&Method::POST) => Some(Self::Generate(Dialect::Responses)),
            "/v1/chat/completions" if is(&Method::POST) => Some(Self::Generate(Dialect::Chat)),
            "/v1/models" if is(&Method::GET) => Some(Self::Free(Dialect::Messages)),
            _ if is(&Method::HEAD) => Some(Self::Greeting),
            _ => None,
        }
    }
}

impl Dialect {
    /// As the price table calls the provider and the shape of its answers.
    pub(super) const fn provider(self) -> &'static str {
        match self {
            Self::Messages => "anthropic",
            Self::Responses | Self::Chat => "openai",
        }
    }

    pub(super) const fn flavor(self) -> &'static str {
        match self {
            Self::Messages => "default",
            Self::Responses => "responses",
            Self::Chat => "chat",
        }
    }

    /// The token by which somebody asks.
    pub(super) fn token(self, headers: &HeaderMap) -> Option<&str> {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok();
        let bearer = || text(header::AUTHORIZATION)?.strip_prefix("Bearer ");
        match self {
            Self::Messages => text(HeaderName::from_static("x-api-key")).or_else(bearer),
            Self::Responses | Self::Chat => bearer(),
        }
    }

    /// The fields that bound what an answer may put out.
    pub(super) const fn bounds(self) -> &'static [&'static str] {
        match self {
            Self::Messages => &["max_tokens"],
            Self::Responses => &["max_output_tokens"],
            Self::Chat => &["max_completion_tokens", "max_tokens"],
        }
    }

    /// An error as this API puts it.
    pub(super) fn error(self, kind: &str, message: &str) -> Value {
        match self {
            Self::Messages => json!({"type": "error", "error": {"type": kind, "message": message}}),
            Self::Responses | Self::Chat => {
                json!({"error": {"type": kind, "code": kind, "message": message, "param": null}})
            }
        }
    }

    /// An event of a streamed answer: what it adds to what is known.
    pub(super) fn told_by(self, event: &Value) -> StreamedUsage {
        match (self, event["type"].as_str()) {
            (Self::Messages, Some("message_start")) => StreamedUsage::begins(&event["message"]),
            (Self::Messages, Some("message_delta")) => StreamedUsage::adds(event, true),
            (Self::Responses, Some("response.created" | "response.in_progress")) => {
                StreamedUsage::begins(&event["response"])
            }
            (
                Self::Responses,
                Some("response.completed" | "response.incomplete" | "response.failed"),
            ) => StreamedUsage { is_final: true, ..StreamedUsage::begins(&event["response"]) },
            (Self::Chat, _) => StreamedUsage {
                is_final: event["usage"].is_object(),
                ..StreamedUsage::begins(event)
            },
            _ => StreamedUsage::default(),
        }
    }
}

/// What one event says of the usage.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StreamedUsage {
    pub model: Option<String>,
    pub service_tier: Option<String>,
    /// Later figures replace earlier ones, field by field.
    pub usage: Option<Value>,
    /// No figure will change any more.
    pub is_final: bool,
}

impl StreamedUsage {
    fn begins(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let usage = Some(answer["usage"].clone()).filter(Value::is_object);
        Self { model: text("model"), service_tier: text("service_tier"), usage, is_final: false }
    }

    fn adds(event: &Value, is_final: bool) -> Self {
        let usage = Some(event["usage"].clone()).filter(Value::is_object);
        Self { is_final: is_final && usage.is_some(), usage, ..Self::default() }
    }
}
