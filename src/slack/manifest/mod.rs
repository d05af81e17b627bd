//! The app manifest: which app do we ask a workspace to install?
//! `manifest.yaml` is the answer, with its reasons. Here it gets our address, or loses it for Socket Mode, which needs none.

mod yaml;

use serde_json::Value;
use url::{Host, Url};

const TEMPLATE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/manifest.yaml"));
/// The address in the template.
const ADDRESS: &str = "https://signoff.example.com/slack";
/// The path at which we take what Slack sends.
const DOOR: &str = "/slack";

/// How Slack reaches us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// It calls us, at an address that [`slack_url`] made.
    Http(Url),
    /// We call it, and it answers through our connections.
    Socket,
}

/// Why an address is none that Slack could call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("that is no web address. Write it like https://signoff.example.com")]
    NoUrl,
    #[error(
        "Slack calls https addresses only. Put a proxy with a certificate before `signoff serve`, or use --mode socket, which needs no address"
    )]
    NotHttps,
    #[error(
        "Slack cannot reach this machine by that name. Use --mode socket, which needs no address"
    )]
    Loopback,
    #[error("leave out user, password, ? and #: the address is public")]
    More,
}

/// The address for Slack, from the one where people reach `serve`: `https://example.com/a` becomes `https://example.com/a/slack`.
pub fn slack_url(public: &str) -> Result<Url, BadAddress> {
    let mut url = Url::parse(public.trim()).ok().filter(Url::has_host).ok_or(BadAddress::NoUrl)?;
    if url.scheme() != "https" {
        return Err(BadAddress::NotHttps);
    }
    if is_this_machine(&url) {
        return Err(BadAddress::Loopback);
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(BadAddress::More);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&if path.ends_with(DOOR) { path } else { path + DOOR });
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}

/// The manifest as YAML, with what to do with it on top and a reason beside each scope.
#[must_use]
pub fn manifest(delivery: &Transport) -> String {
    let body = TEMPLATE.lines().skip_while(|line| line.starts_with('#'));
    let (head, lines): (&str, Vec<String>) = match delivery {
        Transport::Http(url) => {
            (HTTP, body.map(|line| line.replace(ADDRESS, url.as_str())).collect())
        }
        Transport::Socket => {
            let body = body.filter(|line| !line.contains(ADDRESS));
            (
                SOCKET,
                body.map(|line| {
                    line.replace("socket_mode_enabled: false", "socket_mode_enabled: true")
                })
                .collect(),
            )
        }
    };
    format!("{head}{}\n", lines.join("\n"))
}

const HTTP: &str = "\
# api.slack.com/apps → Create New App → From a manifest → paste this. Then:
#   Install App                               → Bot User OAuth Token is SLACK_BOT_TOKEN
#   Basic Information → App Credentials       → Signing Secret is SLACK_SIGNING_SECRET
";
const SOCKET: &str = "\
# api.slack.com/apps → Create New App → From a manifest → paste this. Then:
#   Install App                               → Bot User OAuth Token is SLACK_BOT_TOKEN
#   Basic Information → App-Level Tokens      → Generate one with connections:write; it is SLACK_APP_TOKEN
";

/// The same as JSON.
#[must_use]
pub fn manifest_json(delivery: &Transport) -> Value {
    yaml::read(&manifest(delivery))
}

/// The scopes that the manifest asks for.
#[must_use]
pub fn asked_scopes() -> Vec<String> {
    let scopes = manifest_json(&Transport::Socket);
    let scopes =
        scopes.pointer("/oauth_config/scopes/bot").and_then(Value::as_array).into_iter().flatten();
    scopes.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn http() -> Transport {
        Transport::Http(slack_url("https://signoff.acme.example/team/").expect("an address"))
    }

    #[test]
    fn by_http_slack_knows_our_address() {
        let text = manifest(&http());
        assert!(!text.contains("signoff.example.com") && text.contains("SLACK_SIGNING_SECRET"));
        let manifest = manifest_json(&http());
        for place in [
            "/features/slash_commands/0/url",
            "/settings/event_subscriptions/request_url",
            "/settings/interactivity/request_url",
        ] {
            assert_eq!(
                manifest.pointer(place),
                Some(&json!("https://signoff.acme.example/team/slack")),
                "{place}"
            );
        }
        assert_eq!(manifest.pointer("/settings/socket_mode_enabled"), Some(&json!(false)));
    }

    #[test]
    fn by_sockets_there_is_no_address_at_all() {
        let text = manifest(&Transport::Socket);
        assert!(
            !text.contains("url:")
                && !text.contains("https://")
                && text.contains("SLACK_APP_TOKEN")
        );
        let manifest = manifest_json(&Transport::Socket);
        assert_eq!(manifest.pointer("/settings/socket_mode_enabled"), Some(&json!(true)));
        assert_eq!(manifest.pointer("/settings/interactivity"), Some(&json!({"is_enabled": true})));
    }

    #[test]
    fn both_ask_for_the_same() {
        let without_addresses = |delivery: &Transport| {
            let mut manifest = manifest_json(delivery);
            manifest["settings"]["socket_mode_enabled"] = Value::Null;
            for (place, name) in [
                ("/features/slash_commands/0", "url"),
                ("/settings/event_subscriptions", "request_url"),
                ("/settings/interactivity", "request_url"),
            ] {
                manifest
                    .pointer_mut(place)
                    .and_then(Value::as_object_mut)
                    .expect("an object")
                    .remove(name);
            }
            manifest
        };
        assert_eq!(without_addresses(&http()), without_addresses(&Transport::Socket));
    }

    #[test]
    fn it_holds_what_we_use() {
        let manifest = manifest_json(&Transport::Socket);
        assert_eq!(
            manifest.pointer("/features/slash_commands/0/command"),
            Some(&json!("/develop"))
        );
        assert_eq!(
            manifest.pointer("/features/slash_commands/0/should_escape"),
            Some(&json!(false))
        );
        assert_eq!(manifest.pointer("/features/app_home/home_tab_enabled"), Some(&json!(true)));
        let events = json!([
            "app_home_opened",
            "app_mention",
            "message.channels",
            "message.groups",
            "message.im"
        ]);
        assert_eq!(manifest.pointer("/settings/event_subscriptions/bot_events"), Some(&events));
        let scopes = "commands chat:write app_mentions:read channels:read channels:history groups:read groups:history files:write im:history im:write reactions:write users:read usergroups:read";
        assert_eq!(asked_scopes().join(" "), scopes);
    }

    #[test]
    fn only_an_address_that_slack_can_call_is_taken() {
        for (given, made) in [
            ("https://a.example", "https://a.example/slack"),
            (" https://a.example/ ", "https://a.example/slack"),
            ("https://a.example/slack", "https://a.example/slack"),
            ("https://a.example:8443/x/slack/", "https://a.example:8443/x/slack"),
            ("https://a.example/myslack", "https://a.example/myslack/slack"),
        ] {
            assert_eq!(slack_url(given).map(String::from), Ok(made.to_owned()), "{given}");
        }
        for (given, why) in [
            ("a.example", BadAddress::NoUrl),
            ("", BadAddress::NoUrl),
            ("mailto:a@b.example", BadAddress::NoUrl),
            ("http://a.example", BadAddress::NotHttps),
            ("https://localhost:8480", BadAddress::Loopback),
            ("https://127.0.0.1", BadAddress::Loopback),
            ("https://[::1]/", BadAddress::Loopback),
            ("https://user:pw@a.example", BadAddress::More),
            ("https://a.example/?x=1", BadAddress::More),
        ] {
            assert_eq!(slack_url(given), Err(why), "{given}");
        }
    }
}
