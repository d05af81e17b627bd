//! Acknowledgements: what does Slack get for a request?

use serde_json::Value;

/// The answer to a delivery, whatever way it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Ack {
    /// It is stored, or need not be.
    Kept,
    /// Answered with this JSON: words for who typed a command, mistakes for who filled in a form.
    Answered(Value),
    /// It is not stored, or not for certain. Slack has to send it again.
    NotKept,
}
