//! Usage: which tokens did Claude Code use, and what did they cost?
//! Counted of this process alone: the CLI's own total goes on from an earlier process after a resume.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::price;
use crate::run::{Tokens, Usd};

#[derive(Debug, Default)]
pub(super) struct UsageCounter {
    /// What results have said exactly.
    settled: (Tokens, Usd),
    /// Messages since the last result, by id: their lines repeat the usage.
    open: HashMap<String, Tokens>,
    /// The message that is being streamed.
    streaming: String,
}

impl UsageCounter {
    /// Tokens and money so far; an estimate since the last result.
    pub fn used(&self, model: Option<&str>) -> (Tokens, Usd) {
        let (mut tokens, cost) = self.settled;
        let mut open = Tokens::default();
        self.open.values().for_each(|t| open += *t);
        tokens += open;
        (tokens, cost + price::estimate(model, open))
    }

    /// A message begins to stream.
    pub fn begin_message(&mut self, id: &str, usage: &Value) {
        id.clone_into(&mut self.streaming);
        self.count(id, usage);
    }

    /// The message that is being streamed has used more.
    pub fn count_streaming(&mut self, usage: &Value) {
        self.count(&self.streaming.clone(), usage);
    }

    /// The largest figure per message is the true one: lines repeat, and output starts at 1.
    pub fn count(&mut self, message: &str, usage: &Value) {
        if !message.is_empty() && usage.is_object() {
            let n = |name: &str| usage[name].as_u64().unwrap_or(0);
            let known = self.open.entry(message.to_owned()).or_default();
            known.input = known.input.max(n("input_tokens"));
            known.output = known.output.max(n("output_tokens"));
            known.cache_read = known.cache_read.max(n("cache_read_input_tokens"));
            known.cache_write = known.cache_write.max(n("cache_creation_input_tokens"));
        }
    }

    /// A result says exactly what each model used since the result before; without that, the estimate counts.
    pub fn settle(&mut self, by_model: Option<&Map<String, Value>>, model: Option<&str>) {
        match by_model {
            Some(models) => models.values().for_each(|used| self.add_exactly(used)),
            None => self.settled = self.used(model),
        }
        self.open.clear();
    }

    fn add_exactly(&mut self, used: &Value) {
        let n = |name: &str| used[name].as_u64().unwrap_or(0);
        self.settled.0 += Tokens {
            input: n("inputTokens"),
            output: n("outputTokens"),
            cache_read: n("cacheReadInputTokens"),
            cache_write: n("cacheCreationInputTokens"),
        };
        self.settled.1 += Usd::from_float(used["costUSD"].as_f64().unwrap_or(0.0));
    }
}
