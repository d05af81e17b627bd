//! Signed links: who may open a page?
//! Whoever was given its link: the address carries an expiry and a signature over both, in one parameter: an `&` would not survive every client.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use url::Url;

use super::DiffAddress;
use crate::run::{RunId, StageName};

/// How long a link to a diff opens, counted from the attempt that made it.
const DIFF_DAYS: i64 = 7;
/// How long a link to a run's page opens, counted from the run's start.
const RUN_DAYS: i64 = 30;

/// Makes and checks signed links.
#[derive(Clone, Debug)]
pub struct Links {
    key: SecretSlice<u8>,
    base: Url,
}

/// Why a link does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It was a good link once.
    Expired,
    /// Nobody here made it.
    Wrong,
}

impl Links {
    /// `base` is the public address; a path in it stays in front.
    #[must_use]
    pub fn new(key: impl Into<Vec<u8>>, base: Url) -> Self {
        Self { key: SecretSlice::from(key.into()), base }
    }

    /// The address of `path` (which starts with `/`) that opens until `expires_at`.
    #[must_use]
    pub fn sign(&self, path: &str, expires_at: DateTime<Utc>) -> Url {
        let expires = expires_at.timestamp();
        let signature = hex::encode(self.mac(path, expires).finalize().into_bytes());
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(Some(&format!("s={expires}.{signature}")));
        url
    }

    /// Until when `path?s=<signed>` opens.
    ///
    /// # Errors
    /// `Expired` only where the signature is ours: a stranger learns nothing.
    pub fn verify(
        &self,
        path: &str,
        signed: &str,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, LinkError> {
        let (expires, signature) = signed.split_once('.').ok_or(LinkError::Wrong)?;
        let expires: i64 = expires.parse().map_err(|_| LinkError::Wrong)?;
        let bytes = hex::decode(signature).map_err(|_| LinkError::Wrong)?;
        self.mac(path, expires).verify_slice(&bytes).map_err(|_| LinkError::Wrong)?;
        let expires_at = DateTime::from_timestamp(expires, 0).ok_or(LinkError::Wrong)?;
        if now < expires_at { Ok(expires_at) } else { Err(LinkError::Expired) }
    }

    /// The diff of work that was made at `made_at`.
    #[must_use]
    pub fn diff(&self, address: &DiffAddress, made_at: DateTime<Utc>) -> Url {
        self.sign(&address.path(), made_at + TimeDelta::days(DIFF_DAYS))
    }

    /// The page of a run.
    #[must_use]
    pub fn run(&self, run: &RunId, started_at: DateTime<Utc>) -> Url {
        self.sign(&format!("/runs/{run}"), started_at + TimeDelta::days(RUN_DAYS))
    }

    /// The page of what an attempt of it was told and printed; it opens as long as the run's.
    #[must_use]
    pub fn logs(
        &self,
        (run, started_at): (&RunId, DateTime<Utc>),
        stage: &StageName,
        attempt: u32,
    ) -> Url {
        self.sign(&logs_path(run, stage, attempt), started_at + TimeDelta::days(RUN_DAYS))
    }

    fn mac(&self, path: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret())
            .expect("HMAC takes keys of any length");
        mac.update(format!("{expires}\n{path}").as_bytes());
        mac
    }
}

/// The path of the page of an attempt's logs.
#[must_use]
pub fn logs_path(run: &RunId, stage: &StageName, attempt: u32) -> String {
    format!("/runs/{run}/logs/{stage}/{attempt}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::thread::DiffPart;

    fn links() -> Links {
        Links::new("a key for tests", Url::parse("https://signoff.example/team/").unwrap())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// What a request for this address carries: its path, and what is signed.
    fn parts(url: &Url) -> (String, String) {
        (
            url.path().strip_prefix("/team").unwrap().to_owned(),
            url.query().unwrap().strip_prefix("s=").unwrap().to_owned(),
        )
    }

    #[test]
    fn a_link_names_the_run_the_stage_and_the_work() {
        let address = DiffAddress {
            run: "llm-wrapper-k3f9qdz".parse().unwrap(),
            stage: "streaming".parse().unwrap(),
            work: "2-3f9a1c2b7d04".parse().ok(),
            part: DiffPart::default(),
        };
        let url = links().diff(&address, at(1_000));
        assert!(
            url.as_str().starts_with(
                "https://signoff.example/team/runs/llm-wrapper-k3f9qdz/diff/streaming/2-3f9a1c2b7d04?s=605800."
            ),
            "{url}"
        );
    }

    #[test]
    fn a_stranger_is_not_told_that_a_link_was_good_once() {
        assert_eq!(links().verify("/runs/a", "10.00", at(20)), Err(LinkError::Wrong));
    }

    #[test]
    fn the_key_is_never_printed() {
        assert!(!format!("{:?}", links()).contains("tests"));
    }

    proptest! {
        #[test]
        fn a_link_opens_until_it_expires(path in "/[a-z0-9/_-]{0,40}", expires in 0..4_000_000_000_i64, early in 1..1_000_000_i64) {
            let (path, s) = parts(&links().sign(&path, at(expires)));
            prop_assert_eq!(links().verify(&path, &s, at(expires - early)), Ok(at(expires)));
            prop_assert_eq!(links().verify(&path, &s, at(expires)), Err(LinkError::Expired));
        }

        #[test]
        fn a_changed_link_never_opens(path in "/[a-z]{1,9}", other in "/[a-z]{1,9}", flipped in 0..69_usize) {
            let (path, s) = parts(&links().sign(&path, at(1_000)));
            let mut forged = s.clone().into_bytes();
            forged[flipped] = if forged[flipped] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            prop_assert_eq!(links().verify(&path, &forged, at(0)), Err(LinkError::Wrong));
            prop_assert_eq!(links().verify(&path, &s[1..], at(0)), Err(LinkError::Wrong));
            prop_assert_eq!(links().verify(&path, &s[..s.len() - 1], at(0)), Err(LinkError::Wrong));
            prop_assume!(path != other);
            prop_assert_eq!(links().verify(&other, &s, at(0)), Err(LinkError::Wrong));
        }

        #[test]
        fn another_key_opens_nothing(key in ".{0,20}") {
            prop_assume!(key != "a key for tests");
            let (path, s) = parts(&links().sign("/runs/a", at(1_000)));
            let stranger = Links::new(key, Url::parse("https://signoff.example").unwrap());
            prop_assert_eq!(stranger.verify(&path, &s, at(0)), Err(LinkError::Wrong));
        }
    }
}
