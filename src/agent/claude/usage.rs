//! Usage: what does Claude Code say that it used?
//! Counted of this process alone: the CLI's own total goes on from an earlier process after a resume. What is paid for is what the meter counted.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::agent::money::{highest, read_cost, read_count};
use crate::run::{Tokens, Usd};

/// Most messages between two results: whoever prints more of them than that is no CLI.
const MOST_MESSAGES: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct UsageCounter {
    /// What results have said exactly, and never less than what was known before.
    settled: (Tokens, Usd),
    /// Messages since the last result, by id: their lines repeat the usage.
    open: HashMap<String, Tokens>,
    /// The message that is being streamed.
    streaming: String,
}

impl UsageCounter {
    /// Tokens so far, and what results said that they cost.
    pub fn used(&self) -> (Tokens, Usd) {
        let (mut tokens, cost) = self.settled;
        tokens += self.open_tokens();
        (tokens, cost)
    }

    fn open_tokens(&self) -> Tokens {
        let mut tokens = Tokens::default();
        for message in self.open.values() {
            tokens += *message;
        }
        tokens
    }

    /// A message begins to stream.
    pub fn begin_message(&mut self, message: &Value) {
        message["id"].as_str().unwrap_or_default().clone_into(&mut self.streaming);
        self.count(message);
    }

    /// The message that is being streamed has used more.
    pub fn count_streaming(&mut self, usage: &Value) {
        self.add(&self.streaming.clone(), usage);
    }

    /// A line of a message.
    pub fn count(&mut self, message: &Value) {
        self.add(message["id"].as_str().unwrap_or_default(), &message["usage"]);
    }

    /// The largest figure per message is the true one: lines repeat, and output starts at 1.
    fn add(&mut self, message: &str, usage: &Value) {
        let is_new = !self.open.contains_key(message);
        if message.is_empty() || !usage.is_object() || is_new && self.open.len() >= MOST_MESSAGES {
            return;
        }
        let n = |name: &str| read_count(&usage[name]).unwrap_or(0);
        let known = self.open.entry(message.to_owned()).or_default();
        let told = Tokens {
            input: n("input_tokens"),
            output: n("output_tokens"),
            cache_read: n("cache_read_input_tokens"),
            cache_write: n("cache_creation_input_tokens"),
        };
        *known = highest(*known, told);
    }

    /// A result says exactly what each model used since the result before, and never less than was known.
    pub fn settle(&mut self, by_model: Option<&Map<String, Value>>) {
        let known = self.open_tokens();
        let (mut exactly, mut cost) = (Tokens::default(), Usd::ZERO);
        for used in by_model.into_iter().flat_map(Map::values) {
            exactly += exact_tokens(used);
            cost += read_cost(&used["costUSD"]).unwrap_or_default();
        }
        self.settled.0 += highest(exactly, known);
        self.settled.1 += cost;
        self.open.clear();
    }
}

fn exact_tokens(used: &Value) -> Tokens {
    let n = |name: &str| read_count(&used[name]).unwrap_or(0);
    Tokens {
        input: n("inputTokens"),
        output: n("outputTokens"),
        cache_read: n("cacheReadInputTokens"),
        cache_write: n("cacheCreationInputTokens"),
    }
}
