//! What came of a request, for the one who made it?
//! Every handler answers with it; `respond.rs` tells it.

use serde_json::{Value, json};

use crate::commands::{Reply, ReplyKind, SentAnswer};
use crate::run::Run;
use crate::slack::Mrkdwn;
use crate::store::StoreError;
use crate::thread::PrivateQuestion;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// A private sentence.
    Told(String),
    /// A private question, with the buttons of its card.
    Asked(AskedPrivately),
    /// A field of the form is wrong.
    Wrong { field: String, why: String },
    /// Nothing to say: the thread shows it.
    Silent,
    /// Passed on. The thread shows it, unless the run refuses it: that is told when it is known.
    PassedOn(SentAnswer),
    /// Nobody knows yet. A private sentence for now; it is acted on again.
    Owed(String),
}

/// What one person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPrivately {
    pub(super) text: String,
    /// How it is answered without buttons.
    pub(super) how: String,
    pub(super) blocks: Value,
}

impl AskedPrivately {
    /// Where no buttons can be shown.
    pub(super) fn in_words(&self) -> String {
        format!("{}\n{}", self.text, self.how)
    }
}

/// What a handler gives back. Where the database failed, the request is acted on again.
pub(super) type Handled = Result<Acted, StoreError>;

impl Acted {
    /// Asks what this run asks, behind what is said first; where it asks nothing, only that is said.
    pub(super) fn asked(run: &Run, first: Mrkdwn) -> Self {
        match PrivateQuestion::of(run, first.clone()) {
            Some(it) => Self::Asked(AskedPrivately {
                how: it.how,
                text: it.text.into(),
                blocks: json!(it.blocks),
            }),
            None => Self::Told(first.into()),
        }
    }

    pub(super) fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// What a reply comes to; an unsure one is owed again.
pub(super) fn reply_outcome(reply: &Reply) -> Acted {
    if let Some(run) = &reply.run {
        tracing::Span::current().record("run.id", tracing::field::display(run));
    }
    let text = reply.text.clone();
    if reply.kind == ReplyKind::Unsure { Acted::Owed(text) } else { Acted::Told(text) }
}
