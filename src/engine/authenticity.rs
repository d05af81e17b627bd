//! Authenticity: did a door of ours ask for that?
//! What starts or answers a run carries a MAC by the door that took it: whoever only reaches Temporal can ask for nothing in a person's
//! name. The key is random, kept in the database and nowhere else: not in a box, not in Temporal's history.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::run::{Request, RunId};
use crate::store::{Store, StoreError};

/// Under which name the database keeps the key.
const KEY: &str = "requests";
/// The field of what is asked for that holds the MAC.
const MAC: &str = "mac";

/// What is asked of a run: a MAC of one kind is none of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Start,
    Decision,
}

/// Whether what is asked for has a MAC, and whether it is a door's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Genuine,
    /// A door of an older version, or nobody of ours.
    Missing,
    Forged,
}

/// What doors sign with, and workers check by; the key is read when it is first needed.
#[derive(Clone, Debug)]
pub struct Seal {
    store: Store,
    key: Arc<OnceCell<SecretSlice<u8>>>,
}

/// What a workflow is started with, as the door wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct SignedRequest {
    pub(super) request: Request,
    pub(super) signed: Value,
}

impl Seal {
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, key: Arc::default() }
    }

    /// What is asked of this run, with its MAC.
    pub(super) async fn sign<T: Serialize + Sync>(
        &self,
        asked: Asked,
        run: &RunId,
        what: &T,
    ) -> Result<Value, StoreError> {
        let mut body = serde_json::to_value(what)
            .map_err(|source| StoreError::Garbled { what: "request", source })?;
        let mac = mac(self.key().await?, (asked, run), &body);
        body[MAC] = Value::from(hex::encode(mac.finalize().into_bytes()));
        Ok(body)
    }

    /// Whether a door of ours asked that of this run.
    pub(super) async fn check(
        &self,
        asked: Asked,
        run: &RunId,
        signed: &Value,
    ) -> Result<Proof, StoreError> {
        let mut body = signed.clone();
        let Some(claimed) = body.as_object_mut().and_then(|fields| fields.remove(MAC)) else {
            return Ok(Proof::Missing);
        };
        let claimed = claimed.as_str().and_then(|text| hex::decode(text).ok()).unwrap_or_default();
        let genuine = mac(self.key().await?, (asked, run), &body).verify_slice(&claimed).is_ok();
        Ok(if genuine { Proof::Genuine } else { Proof::Forged })
    }

    async fn key(&self) -> Result<&SecretSlice<u8>, StoreError> {
        let read = || async {
            Ok(SecretSlice::from(self.store.key(KEY, &rand::random::<[u8; 32]>()).await?))
        };
        self.key.get_or_try_init(read).await
    }
}

impl TryFrom<Value> for SignedRequest {
    type Error = serde_json::Error;

    fn try_from(signed: Value) -> Result<Self, Self::Error> {
        Ok(Self { request: Request::deserialize(&signed)?, signed })
    }
}

impl From<SignedRequest> for Value {
    fn from(it: SignedRequest) -> Self {
        it.signed
    }
}

fn mac(key: &SecretSlice<u8>, (asked, run): (Asked, &RunId), body: &Value) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret()).expect("HMAC takes keys of any length");
    let kind = match asked {
        Asked::Start => "start",
        Asked::Decision => "decision",
    };
    for part in [kind, run.as_str(), &canonical(body)] {
        // A length before each part: no two lists of parts are signed alike.
        mac.update(&part.len().to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

/// The same text for the same JSON, in whatever order its fields stand: it goes through Temporal and other programs' versions.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields.into_iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(values) => {
            format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(text: &str) -> SecretSlice<u8> {
        SecretSlice::from(text.as_bytes().to_vec())
    }

    fn tag(key: &SecretSlice<u8>, asked: Asked, run: &str, body: &Value) -> String {
        let run: RunId = run.parse().expect("a slug");
        hex::encode(mac(key, (asked, &run), body).finalize().into_bytes())
    }

    #[test]
    fn a_mac_is_of_one_run_one_kind_and_every_word() {
        let (ours, body) =
            (key("ours"), json!({"verdict": "approve", "by": "slack:T1:UANA", "gate": null}));
        let genuine = tag(&ours, Asked::Decision, "tale-k3f9qdz", &body);
        assert_eq!(genuine, tag(&ours, Asked::Decision, "tale-k3f9qdz", &body));
        assert_ne!(genuine, tag(&key("theirs"), Asked::Decision, "tale-k3f9qdz", &body));
        assert_ne!(genuine, tag(&ours, Asked::Start, "tale-k3f9qdz", &body));
        assert_ne!(genuine, tag(&ours, Asked::Decision, "tale-vh4wrvx", &body));
        for (field, forged) in [
            ("verdict", json!("reject")),
            ("by", json!("slack:T1:UBEN")),
            ("gate", json!({})),
            ("words", json!("x")),
        ] {
            let mut other = body.clone();
            other[field] = forged;
            assert_ne!(genuine, tag(&ours, Asked::Decision, "tale-k3f9qdz", &other), "{field}");
        }
    }

    #[test]
    fn the_order_of_fields_says_nothing_and_that_of_lists_does() {
        let one: Value =
            serde_json::from_str(r#"{"b": [1, 2.0], "a": {"d": "\u00e9\"", "c": null}}"#)
                .expect("JSON");
        let other: Value =
            serde_json::from_str(r#"{"a": {"c": null, "d": "é\""}, "b": [1, 2.0]}"#).expect("JSON");
        assert_eq!(canonical(&one), canonical(&other));
        assert_ne!(canonical(&json!([1, 2])), canonical(&json!([2, 1])));
        assert_ne!(canonical(&json!(["a,b"])), canonical(&json!(["a", "b"])));
    }
}
