//! The command `slack manifest`: how does a workspace get our app?
//! Prints; Slack is not asked here.

use std::io::Write;

use anyhow::{Context, anyhow};

use super::cli::{ManifestArgs, SlackVerb, TransportArg};
use super::{Failure, exit};
use crate::slack::{self, Transport};

pub fn slack_manifest(verb: &SlackVerb, json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let SlackVerb::Manifest(asked) = verb;
    let transport = transport(asked).map_err(|why| Failure::usage(anyhow!(why)))?;
    let text = if json {
        format!("{:#}\n", slack::manifest_json(&transport))
    } else {
        slack::manifest(&transport)
    };
    write!(out, "{text}").context("printing")?;
    Ok(exit::OK)
}

/// By HTTP where an address is named, else by Socket Mode.
fn transport(asked: &ManifestArgs) -> Result<Transport, String> {
    match (asked.mode, &asked.url) {
        (Some(TransportArg::Socket), Some(_)) => {
            Err("--mode socket needs no --url: `signoff serve` calls Slack, and Slack answers through that connection. \
             Leave --url out, or use --mode http"
                .to_owned())
        }
        (Some(TransportArg::Socket) | None, None) => Ok(Transport::Socket),
        (Some(TransportArg::Http), None) => Err("--mode http needs the address where Slack reaches `signoff serve`: --url https://signoff.example.com. \
             If there is none, --mode socket needs none"
            .to_owned()),
        (Some(TransportArg::Http) | None, Some(url)) => slack::slack_url(url).map(Transport::Http).map_err(|why| format!("--url {url}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(mode: Option<TransportArg>, url: Option<&str>) -> Result<Transport, String> {
        transport(&ManifestArgs { mode, url: url.map(ToOwned::to_owned) })
    }

    fn printed(json: bool) -> String {
        let mut out = Vec::new();
        let verb = SlackVerb::Manifest(ManifestArgs {
            mode: None,
            url: Some("https://a.example".to_owned()),
        });
        assert!(slack_manifest(&verb, json, &mut out).is_ok_and(|code| code == exit::OK));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_address_is_needed_for_http_and_for_nothing_else() {
        assert_eq!(asked(None, None), Ok(Transport::Socket));
        assert_eq!(asked(Some(TransportArg::Socket), None), Ok(Transport::Socket));
        assert_eq!(
            asked(None, Some("https://a.example")),
            asked(Some(TransportArg::Http), Some("https://a.example/slack"))
        );
        insta::assert_snapshot!(asked(Some(TransportArg::Socket), Some("https://a.example")).unwrap_err(), @"--mode socket needs no --url: `signoff serve` calls Slack, and Slack answers through that connection. Leave --url out, or use --mode http");
        insta::assert_snapshot!(asked(Some(TransportArg::Http), None).unwrap_err(), @"--mode http needs the address where Slack reaches `signoff serve`: --url https://signoff.example.com. If there is none, --mode socket needs none");
        insta::assert_snapshot!(asked(None, Some("http://a.example")).unwrap_err(), @"--url http://a.example: Slack calls https addresses only. Put a proxy with a certificate before `signoff serve`, or use --mode socket, which needs no address");
    }

    #[test]
    fn it_is_printed_for_people_and_for_programs() {
        assert!(
            printed(false).starts_with("# api.slack.com/apps")
                && printed(false).contains("request_url: https://a.example/slack\n")
        );
        let document: serde_json::Value = serde_json::from_str(&printed(true)).unwrap();
        assert_eq!(document["settings"]["interactivity"]["request_url"], "https://a.example/slack");
    }
}
