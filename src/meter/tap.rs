//! The tap: what does an answer say of its usage, while it passes?
//! Looks at bytes that are passed on at once, keeps little of them, and never holds any back.

use serde_json::{Map, Value, json};

use super::dialect::{Dialect, StreamedUsage};
use super::usage::CallUsage;

/// Longest line of a stream, and longest plain answer, that is looked at.
const MOST_KEPT: usize = 16 * 1024 * 1024;
/// Bytes of a streamed event for one token of output, where nothing better is known: events that carry a piece of text are mostly
/// wrapping, so this counts too much rather than too little.
const BYTES_A_TOKEN: usize = 12;

/// What is read of one answer.
#[derive(Debug)]
pub(super) struct Tap {
    dialect: Dialect,
    streamed: bool,
    /// A line that is not whole yet, or all of a plain answer.
    kept: Vec<u8>,
    too_long: bool,
    pub model: Option<String>,
    service_tier: Option<String>,
    usage: Map<String, Value>,
    /// Bytes of events that carried output.
    output_bytes: usize,
    complete: bool,
}

impl Tap {
    pub fn new(dialect: Dialect, streamed: bool) -> Self {
        Self {
            dialect,
            streamed,
            kept: Vec::new(),
            too_long: false,
            model: None,
            service_tier: None,
            usage: Map::new(),
            output_bytes: 0,
            complete: false,
        }
    }

    /// Bytes that pass. True where more is known of the usage than before.
    pub fn see(&mut self, bytes: &[u8]) -> bool {
        if !self.streamed {
            self.keep(bytes);
            return false;
        }
        let mut news = false;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.keep(piece);
            if piece.ends_with(b"\n") {
                news |= self.line();
            }
        }
        news
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.too_long |= self.kept.len() + bytes.len() > MOST_KEPT;
        if !self.too_long {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// One line of a stream of events is whole.
    fn line(&mut self) -> bool {
        let line = std::mem::take(&mut self.kept);
        if std::mem::take(&mut self.too_long) {
            return false;
        }
        let Some(data) = line.strip_prefix(b"data:") else { return false };
        if !says_usage(data) {
            self.output_bytes += data.len();
            return false;
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return false };
        let told = self.dialect.told_by(&event);
        self.add(told)
    }

    fn add(&mut self, told: StreamedUsage) -> bool {
        self.model = told.model.or(self.model.take());
        self.service_tier = told.service_tier.or(self.service_tier.take());
        self.complete |= told.is_final;
        let Some(Value::Object(usage)) = told.usage else { return false };
        self.usage.extend(usage.into_iter().filter(|(_, value)| !value.is_null()));
        true
    }

    /// The answer is at its end.
    pub fn end(&mut self) {
        if self.streamed {
            return;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(&self.kept) else { return };
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let (model, service_tier) = (text("model"), text("service_tier"));
        let usage = Some(answer["usage"].clone()).filter(Value::is_object);
        self.add(StreamedUsage { is_final: usage.is_some(), model, service_tier, usage });
    }

    /// Whether the provider has said all that it will say of the usage.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// What is known of the usage; with what was put out so far, where the provider has not counted it yet. None where nothing is known.
    pub fn usage(&self) -> Option<CallUsage> {
        if self.usage.is_empty() {
            return None;
        }
        let answer =
            json!({"model": self.model, "service_tier": self.service_tier, "usage": self.usage});
        let told = CallUsage::of(self.dialect, &answer)?;
        Some(if self.complete { told } else { told.with_output_of_at_least(self.output_so_far()) })
    }

    /// Estimated from what passed.
    pub const fn output_so_far(&self) -> u64 {
        (self.output_bytes / BYTES_A_TOKEN) as u64
    }
}

/// A cheap look before an event is parsed: most are pieces of text.
fn says_usage(data: &[u8]) -> bool {
    const WORDS: [&[u8]; 2] = [b"\"usage\"", b"\"response\""];
    WORDS.iter().any(|word| data.windows(word.len()).any(|window| window == *word))
}
