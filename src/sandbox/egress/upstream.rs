//! The user's own proxy: does this machine reach the world only through one?
//! Then a setup's way out leads through it as well. It resolves names itself, so what they resolve to here is only a hint.

use url::Url;

/// The proxies of this machine, as the usual variables name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Upstreams {
    secure: Option<Upstream>,
    plain: Option<Upstream>,
    /// Ends of names that are reached without: `NO_PROXY`.
    direct: Vec<String>,
}

/// One proxy that speaks HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upstream {
    pub host: String,
    pub port: u16,
}

impl Upstreams {
    /// By the variables of this process; or what is wrong with them, for people.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let named = |names: [&'static str; 4]| {
            let set = |name: &'static str| {
                variable(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value))
            };
            names
                .into_iter()
                .find_map(set)
                .map(|(name, value)| Upstream::parse(name, &value))
                .transpose()
        };
        let none = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        let end = |one: &str| {
            let name = one.trim().split(':').next().unwrap_or_default();
            name.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase()
        };
        let everything = none.split(',').any(|one| one.trim() == "*");
        Ok(Self {
            secure: named(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?
                .filter(|_| !everything),
            plain: named(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?
                .filter(|_| !everything),
            direct: none.split(',').map(end).filter(|name| !name.is_empty()).collect(),
        })
    }

    /// The one that leads to `host`; none where it is reached directly.
    pub fn towards(&self, host: &str, tunnel: bool) -> Option<&Upstream> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_direct = |end: &String| {
            host.strip_suffix(end.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let one = if tunnel { &self.secure } else { &self.plain };
        one.as_ref().filter(|_| !self.direct.iter().any(is_direct))
    }
}

impl Upstream {
    fn parse(name: &str, value: &str) -> Result<Self, String> {
        let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(text.trim()).ok().filter(|url| url.scheme() == "http");
        let place =
            url.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
        let (Some(url), Some((host, port))) = (&url, place) else {
            return Err(format!(
                "{name} of this worker names no proxy by http://, and setup can use no other"
            ));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "{name} of this worker has a user or password, which setup cannot use: name a proxy without one"
            ));
        }
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Upstreams, String> {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Upstreams::read(get)
    }

    #[test]
    fn each_kind_has_its_own_and_some_hosts_have_none() {
        let proxies = read(&[
            ("HTTPS_PROXY", "http://proxy.example:3128/"),
            ("http_proxy", "plain.example:80"),
            ("NO_PROXY", ".internal.example, mirror.example:8080"),
        ])
        .unwrap();
        let towards = |host, tunnel| proxies.towards(host, tunnel).map(|one| one.host.as_str());
        assert_eq!(towards("a.b", true), Some("proxy.example"));
        assert_eq!(towards("a.b", false), Some("plain.example"));
        assert_eq!(towards("x.internal.example", true), None);
        assert_eq!(towards("Mirror.example", false), None);
        assert_eq!(towards("notmirror.example", false), Some("plain.example"));
    }

    #[test]
    fn none_is_none_and_a_star_turns_them_off() {
        assert_eq!(read(&[]).unwrap(), Upstreams::default());
        let off = read(&[("ALL_PROXY", "http://a:1"), ("no_proxy", "*")]).unwrap();
        assert_eq!(off.towards("a.b", true), None);
    }

    #[test]
    fn what_we_cannot_speak_is_refused_without_its_password() {
        for value in ["socks5://a:1", "http://ana:hunter2@a:1"] {
            let why = read(&[("HTTPS_PROXY", value)]).unwrap_err();
            assert!(
                why.starts_with("HTTPS_PROXY of this worker") && !why.contains("hunter2"),
                "{why}"
            );
        }
    }
}
