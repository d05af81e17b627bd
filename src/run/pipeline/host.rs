//! The hosts of a pipeline: which ones may a setup reach, and does a server's policy let it?
//! Compared by name alone; what a name resolves to is for whoever connects.

use std::fmt;
// Only addresses are here; what could connect to them is in `std`.
use core::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The ports of a host that is written without one: those of the web.
const WEB_PORTS: [u16; 2] = [443, 80];
/// The longest name that DNS has.
const LONGEST_NAME: usize = 253;

/// A host that may be reached: `example.org`, `example.org:8443`, or all below one, `*.example.org`; and `registries`, a word for several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// All that end in `.host`, and not `host` itself.
    below: bool,
    /// In lower case, without a dot at its end.
    host: String,
    /// None = [`WEB_PORTS`].
    port: Option<u16>,
}

/// A text that names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no host")]
pub struct NoHost;

impl HostPattern {
    /// What to write.
    pub const REMEDY: &str = "Write a name, with a port where it is not the web's: \"example.org\", \"example.org:8443\", \"*.example.org\"";

    /// What stands for the hosts that the package managers of the worker's machine are configured for.
    const REGISTRIES: &str = "registries";

    /// Those that the package managers of the worker's machine are configured for.
    #[must_use]
    pub fn registries() -> Self {
        Self { below: false, host: Self::REGISTRIES.to_owned(), port: None }
    }

    /// Exactly this host at this port.
    ///
    /// # Errors
    /// Where that is no name of a host.
    pub fn exactly(host: &str, port: u16) -> Result<Self, NoHost> {
        Ok(Self { below: false, host: name(host)?, port: Some(port) })
    }

    /// The host as a person would write it who means this port.
    ///
    /// # Errors
    /// Where that is no name of a host.
    pub fn at(host: &str, port: u16) -> Result<Self, NoHost> {
        let exactly = Self::exactly(host, port)?;
        Ok(Self { port: Some(port).filter(|port| !WEB_PORTS.contains(port)), ..exactly })
    }

    /// Whether it names this host, at this port.
    #[must_use]
    pub fn names(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_it = if self.below { self.is_above(&host) } else { self.host == host };
        is_it && self.port.map_or(WEB_PORTS.contains(&port), |own| own == port)
    }

    /// Whether it names all that `other` does.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let hosts = match (self.below, other.below) {
            (false, true) => false,
            (false, false) => self.host == other.host,
            (true, true) => self.host == other.host || self.is_above(&other.host),
            (true, false) => self.is_above(&other.host),
        };
        let ports = match (self.port, other.port) {
            (None, Some(port)) => WEB_PORTS.contains(&port),
            (own, theirs) => own == theirs,
        };
        hosts && ports
    }

    /// Whether a person who wrote it meant exactly one port of one host.
    #[must_use]
    pub const fn is_one_place(&self) -> bool {
        !self.below && self.port.is_some()
    }

    fn is_above(&self, host: &str) -> bool {
        host.strip_suffix(self.host.as_str()).is_some_and(|rest| rest.ends_with('.') && rest != ".")
    }
}

impl FromStr for HostPattern {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(NoHost)?))
            }
            _ => (rest, None),
        };
        Ok(Self { below, host: name(host)?, port })
    }
}

/// A name as it is compared; an IPv6 address without its brackets.
fn name(text: &str) -> Result<String, NoHost> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() <= LONGEST_NAME && name.split('.').all(good) { Ok(name) } else { Err(NoHost) }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*." } else { "" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{below}{open}{}{close}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for HostPattern {
    type Error = NoHost;

    fn try_from(text: String) -> Result<Self, NoHost> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(host: HostPattern) -> Self {
        host.to_string()
    }
}

/// What a server allows of the network of any setup, whatever a pipeline says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupPolicy {
    /// None = what the stages name, and the defaults.
    pub hosts: Option<Vec<HostPattern>>,
    /// Places with an address of this machine or of its own network, each one host and port: a mirror of a registry.
    pub private: Vec<HostPattern>,
}

impl SetupPolicy {
    /// Whether a stage may name this host. It may name the registries: of those it reaches what is allowed.
    #[must_use]
    pub fn allows(&self, host: &HostPattern) -> bool {
        let is_within = |most: &Vec<HostPattern>| most.iter().any(|one| one.covers(host));
        *host == HostPattern::registries() || self.hosts.as_ref().is_none_or(is_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostPattern {
        text.parse().unwrap_or_else(|_| panic!("{text} is a host"))
    }

    #[test]
    fn a_host_is_named_with_the_ports_of_the_web_or_with_its_own() {
        assert!(host("Example.org.").names("example.ORG", 443) && host("a.b").names("a.b.", 80));
        assert!(!host("example.org").names("example.org", 7233));
        assert!(host("example.org:7233").names("example.org", 7233));
        assert!(!host("example.org:7233").names("example.org", 443));
        assert!(host("[::1]:80").names("::1", 80));
    }

    #[test]
    fn a_star_is_for_what_is_below_and_for_nothing_beside_it() {
        let all = host("*.example.org");
        assert!(all.names("a.example.org", 443) && all.names("a.b.example.org", 80));
        for other in ["example.org", ".example.org", "badexample.org", "example.org.evil.net"] {
            assert!(!all.names(other, 443), "{other}");
        }
    }

    #[test]
    fn a_policy_is_a_maximum() {
        let covers = |most: &str, one: &str| host(most).covers(&host(one));
        assert!(covers("*.example.org", "a.example.org") && covers("*.a.b", "*.c.a.b"));
        assert!(covers("a.b", "a.b:443") && covers("a.b:8443", "a.b:8443"));
        assert!(!covers("a.b", "*.a.b") && !covers("*.a.b", "a.b") && !covers("a.b", "a.b:8443"));
        assert!(!covers("a.b:443", "a.b"), "which is port 80 as well");
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "",
            "*",
            "*.",
            "https://a.b",
            "a.b/c",
            "a b",
            "a..b",
            "a.b:0",
            "a.b:x",
            "a:1:2",
            "u@a",
            "a.b:",
            "a\u{0}",
            "ä.example",
        ] {
            assert_eq!(text.parse::<HostPattern>(), Err(NoHost), "{text:?}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["a.b", "a.b:8443", "*.a.b", "*.a.b:1", "[::1]:80", "10.0.0.1:80"] {
            assert_eq!(host(text).to_string(), text);
        }
    }
}
