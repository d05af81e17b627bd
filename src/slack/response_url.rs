//! `response_url`: where may an answer go?
//! A `response_url` comes from outside and is posted to from inside, so only Slack's own hosts are taken.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An address that answers one command or click. Whoever has it can speak in our name, so it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(Url);

impl ResponseUrl {
    /// `None` for any place but Slack's, or the emulator's that we were told to talk to.
    #[must_use]
    pub fn parse(text: &str, emulator: Option<&Url>) -> Option<Self> {
        Url::parse(text).ok().map(Self).filter(|it| it.is_at_home(emulator))
    }

    /// Asked again before posting, because this may have come from a database.
    pub(super) fn is_at_home(&self, emulator: Option<&Url>) -> bool {
        let url = &self.0;
        let slacks = |host: &str| {
            host == "hooks.slack.com" || host == "slack-gov.com" || host.ends_with(".slack-gov.com")
        };
        let plain = url.username().is_empty() && url.password().is_none();
        let at_slack =
            url.scheme() == "https" && url.port().is_none() && url.host_str().is_some_and(slacks);
        let at_emulator = emulator.is_some_and(|base| same_origin(base, url));
        plain && (at_slack || at_emulator)
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

/// This machine has several names, and emulators mix them.
fn same_origin(one: &Url, other: &Url) -> bool {
    let same_host = one.host() == other.host() || (is_loopback(one) && is_loopback(other));
    one.has_host()
        && same_host
        && one.scheme() == other.scheme()
        && one.port_or_known_default() == other.port_or_known_default()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseUrl({})", self.0.host_str().unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slack_is_answered() {
        for good in [
            "https://hooks.slack.com/commands/T1/2/x",
            "https://hooks.slack-gov.com/actions/1",
            "https://slack-gov.com/x",
        ] {
            assert!(ResponseUrl::parse(good, None).is_some(), "{good}");
        }
        for bad in [
            "http://hooks.slack.com/x",
            "https://hooks.slack.com:8443/x",
            "https://hooks.slack.com@evil.example/x",
            "https://user:pw@hooks.slack.com/x",
            "https://hooks.slack.com.evil.example/x",
            "https://evilslack-gov.com/x",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "not a url",
        ] {
            assert!(ResponseUrl::parse(bad, None).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_emulator_is_answered_only_where_it_lives() {
        let emulator = Url::parse("http://127.0.0.1:7811/api").expect("a url");
        assert!(ResponseUrl::parse("http://127.0.0.1:7811/respond/1", Some(&emulator)).is_some());
        assert!(
            ResponseUrl::parse("http://localhost:7811/respond/1", Some(&emulator)).is_some(),
            "the same place by another name"
        );
        for elsewhere in [
            "http://127.0.0.1:7812/x",
            "https://127.0.0.1:7811/x",
            "http://localhost.evil.example:7811/x",
            "http://10.0.0.1:7811/x",
        ] {
            assert!(ResponseUrl::parse(elsewhere, Some(&emulator)).is_none(), "{elsewhere}");
        }
        assert!(ResponseUrl::parse("http://127.0.0.1:7811/respond/1", None).is_none());
        assert!(
            ResponseUrl::parse("file:///etc/passwd", Some(&Url::parse("file:///").expect("a url")))
                .is_none()
        );
    }

    #[test]
    fn it_is_never_printed() {
        let url = ResponseUrl::parse("https://hooks.slack.com/commands/T1/2/secret", None)
            .expect("Slack's");
        assert_eq!(format!("{url:?}"), "ResponseUrl(hooks.slack.com)");
    }
}
