//! Who called what, and when?

use anyhow::Result;
use serde_json::Value;
use tokio::time::Instant;

use super::FakeSlack;

/// One call of the Web API, or of a response address (`response_url`).
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub arguments: Value,
    pub at: Instant,
    /// What was answered; none while unanswered, or when the connection was cut.
    pub answer: Option<Value>,
}

impl FakeSlack {
    /// All calls of a method, in order of arrival.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.peek(|state| state.calls.iter().filter(|it| it.method == method).cloned().collect())
    }

    /// Waits for the nth call of a method (from 1), answered or not.
    pub async fn called(&self, method: &str, nth: usize) -> Result<Call> {
        self.until(&format!("call {nth} of {method}"), |state| {
            state.calls.iter().filter(|it| it.method == method).nth(nth - 1).cloned()
        })
        .await
    }

    /// Answers reads in pages of at most so many.
    pub fn answers_in_pages_of(&self, size: usize) {
        self.shared.lock().page_size = size;
    }
}
