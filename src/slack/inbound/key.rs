//! Idempotency keys: what makes one delivery unique?
//! The same for every copy that Slack sends of it, and short enough for an index.

use hex::encode;
use sha2::{Digest, Sha256};

use crate::run::RequestId;

const LONGEST: usize = 120;

/// `kind:part:part`; what is too long is told by its digest.
pub(super) fn key(kind: &str, parts: &[&str]) -> RequestId {
    let whole = format!("{kind}:{}", parts.join(":"));
    RequestId(if whole.len() <= LONGEST { whole } else { digest(kind, parts) })
}

/// For what has no name of its own.
pub(super) fn key_of_content(kind: &str, parts: &[&str]) -> RequestId {
    RequestId(digest(kind, parts))
}

/// Lengths are part of it, so that no two lists of parts run into one.
fn digest(kind: &str, parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part.len().to_le_bytes());
        sha.update(part.as_bytes());
    }
    format!("{kind}:sha256:{}", encode(sha.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_stay_different() {
        let long = "x".repeat(5_000);
        assert_eq!(key("click", &["123.456.abc"]).0, "click:123.456.abc");
        assert!(key("click", &[&long]).0.len() <= LONGEST);
        assert_ne!(key("click", &[&long, "a"]), key("click", &[&long, "b"]));
        assert_ne!(key_of_content("click", &["ab", "c"]), key_of_content("click", &["a", "bc"]));
    }
}
