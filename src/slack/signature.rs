//! Request signatures: did Slack send this?
//! Looks at the raw body, before anything parses it. <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Where Slack says when it signed.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
/// Where Slack puts the signature.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";

/// How far Slack's clock and ours may be apart; what is older could be a replay.
const LONGEST_AGE_SECONDS: u64 = 300;

/// Why a request is not believed. `Stale` was signed rightly, so it is a replay or a wrong clock of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the request is not signed")]
    Missing,
    #[error("the request was signed more than {LONGEST_AGE_SECONDS} s from now")]
    Stale,
    #[error("the signature is wrong")]
    Wrong,
}

/// Knows the signing secrets. Two may be valid, so that one can be replaced without losing a request.
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<SecretString>,
}

impl Verifier {
    /// An empty secret would let anybody sign, so it counts as none.
    #[must_use]
    pub fn new(secrets: Vec<SecretString>) -> Self {
        Self { secrets: secrets.into_iter().filter(|s| !s.expose_secret().is_empty()).collect() }
    }

    /// `timestamp` and `signature` are the two headers as they came, `body` the raw bytes.
    pub fn verify(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
            return Err(SignatureError::Missing);
        };
        let claimed = signature
            .strip_prefix("v0=")
            .and_then(|text| hex::decode(text).ok())
            .ok_or(SignatureError::Wrong)?;
        if !self.secrets.iter().any(|secret| signed_with(secret, timestamp, body, &claimed)) {
            return Err(SignatureError::Wrong);
        }
        let signed_at: i64 = timestamp.parse().map_err(|_| SignatureError::Wrong)?;
        if now.timestamp().abs_diff(signed_at) > LONGEST_AGE_SECONDS {
            Err(SignatureError::Stale)
        } else {
            Ok(())
        }
    }
}

fn signed_with(secret: &SecretString, timestamp: &str, body: &[u8], claimed: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac.verify_slice(claimed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"command=%2Fdevelop&text=llm-wrapper";

    fn verifier(secrets: &[&str]) -> Verifier {
        Verifier::new(secrets.iter().map(|s| SecretString::from(*s)).collect())
    }

    fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        mac.update(format!("v0:{timestamp}:").as_bytes());
        mac.update(body);
        format!("v0={}", hex::encode(mac.finalize().into_bytes()))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 999_000_000).expect("a time")
    }

    #[test]
    fn slacks_own_example_is_believed() {
        // From Slack's documentation, with its made-up secret.
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        let v = verifier(&["8f742231b10e8888abcd99yyyzzz85a5"]);
        assert_eq!(v.verify(Some("1531420618"), Some(signature), body, at(1_531_420_618)), Ok(()));
    }

    #[test]
    fn five_minutes_are_the_end() {
        let v = verifier(&["secret"]);
        let signature = sign("secret", "1000000", BODY);
        for (now, answer) in [
            (1_000_300, Ok(())),
            (1_000_301, Err(SignatureError::Stale)),
            (999_700, Ok(())),
            (999_699, Err(SignatureError::Stale)),
        ] {
            assert_eq!(
                v.verify(Some("1000000"), Some(&signature), BODY, at(now)),
                answer,
                "now {now}"
            );
        }
    }

    #[test]
    fn an_old_and_a_new_secret_may_live_together() {
        let v = verifier(&["new", "old"]);
        for secret in ["new", "old"] {
            assert_eq!(
                v.verify(
                    Some("1000000"),
                    Some(&sign(secret, "1000000", BODY)),
                    BODY,
                    at(1_000_000)
                ),
                Ok(())
            );
        }
        assert_eq!(
            v.verify(Some("1000000"), Some(&sign("other", "1000000", BODY)), BODY, at(1_000_000)),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn whatever_is_not_signed_is_refused() {
        let v = verifier(&["secret"]);
        let good = sign("secret", "1000000", BODY);
        let now = at(1_000_000);
        assert_eq!(v.verify(None, Some(&good), BODY, now), Err(SignatureError::Missing));
        assert_eq!(v.verify(Some("1000000"), None, BODY, now), Err(SignatureError::Missing));
        assert_eq!(v.verify(Some("1000001"), Some(&good), BODY, now), Err(SignatureError::Wrong));
        assert_eq!(
            v.verify(Some("1000000"), Some(&good), b"command=%2Fdevelop&text=other", now),
            Err(SignatureError::Wrong)
        );
        for junk in ["", "v0=", "v0=zz", &good[3..], &good[..40], "v1=00"] {
            assert_eq!(
                v.verify(Some("1000000"), Some(junk), BODY, now),
                Err(SignatureError::Wrong),
                "{junk:?}"
            );
        }
    }

    #[test]
    fn without_a_secret_nobody_is_believed() {
        for v in [verifier(&[]), verifier(&[""])] {
            assert_eq!(
                v.verify(Some("1000000"), Some(&sign("", "1000000", BODY)), BODY, at(1_000_000)),
                Err(SignatureError::Wrong)
            );
        }
    }
}
