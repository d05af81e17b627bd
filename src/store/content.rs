//! Content: what will the database not keep, and what can be kept of it?
//! Postgres refuses a whole document for one NUL, and the same document is refused every time: what others wrote must not be sent again
//! for ever.

use serde_json::Value;

use super::{Result, StoreError};
use crate::run::foreign_text::{printable, storable};

/// Longest text and list of a document that was refused as a whole; less where that is refused too.
const MOST: [usize; 3] = [1_000, 100, 10];

/// Keeps a document by `keep`; where it is refused for what is in it, as much of it as can be kept.
pub(super) async fn keep_content<T, F: Future<Output = Result<T>>>(
    what: &str,
    content: Value,
    keep: impl Fn(Value) -> F,
) -> Result<T> {
    let mut kept = keep(content.clone()).await;
    for most in MOST {
        let Err(StoreError::Refused(error)) = &kept else { break };
        tracing::warn!(%error, "the database refuses {what} for what is in it; it is cut");
        kept = keep(shortened(content.clone(), most)).await;
    }
    kept
}

/// A foreign text as a column of type text can hold it.
pub(super) fn plain(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

/// A document as `jsonb` can hold it; whether anything of it had to go is told.
pub(super) fn cleaned(what: &str, content: &Value) -> Value {
    let kept = storable(content.clone());
    if kept != *content {
        tracing::warn!("{what} held what the database refuses; it is kept without that");
    }
    kept
}

fn shortened(content: Value, most: usize) -> Value {
    match content {
        Value::String(text) => Value::String(printable(&text).chars().take(most).collect()),
        Value::Array(values) => {
            values.into_iter().take(most).map(|value| shortened(value, most)).collect()
        }
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (plain(&name), shortened(value, most))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_refused_for_its_content_is_sent_again_and_smaller() {
        let sent = RefCell::new(Vec::new());
        let content = json!({"seq": 7, "why": "x".repeat(5_000)});
        let keep = |content: Value| {
            sent.borrow_mut().push(content.clone());
            let fits = content["why"].as_str().is_some_and(|why| why.len() <= MOST[1]);
            let refused = sqlx::Error::Protocol("22P05".to_owned());
            async move { if fits { Ok(()) } else { Err(StoreError::Refused(refused)) } }
        };
        keep_content("an event", content, keep).await.expect("kept");
        let seq = |at: usize| sent.borrow()[at]["seq"].clone();
        assert_eq!((sent.borrow().len(), seq(0), seq(2)), (3, json!(7), json!(7)));
    }

    #[test]
    fn one_nul_costs_one_character() {
        assert_eq!(cleaned("an event", &json!({"words": "a\0b"})), json!({"words": "ab"}));
        assert_eq!(plain("a\0b"), "ab");
    }
}
