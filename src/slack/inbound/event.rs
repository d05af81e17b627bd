//! What happened in a workspace, as the Events API tells it?

use super::fields::FormFields;
use super::key::{key, key_of_content};
use super::{Deleted, HomeOpened, Inbound, Malformed, ThreadMessage, Uninstalled};
use crate::run::RequestId;
use crate::slack::ts::Ts;

/// Slack's own voice, which has a user's id and no bot's marks.
const SLACKBOT: &str = "USLACKBOT";
/// Messages of a person that are more than plain words. All other subtypes are edits, deletions, bots and noise.
const STILL_A_PERSON: &[&str] = &["thread_broadcast", "file_share", "me_message"];

pub(super) fn parse(envelope: FormFields<'_>) -> Result<Inbound, Malformed> {
    match envelope.need(&["/type"])?.as_str() {
        "url_verification" => {
            Ok(Inbound::UrlVerification { challenge: envelope.need(&["/challenge"])? })
        }
        "event_callback" => event(envelope),
        other => Ok(Inbound::ignored(other)),
    }
}

fn event(envelope: FormFields<'_>) -> Result<Inbound, Malformed> {
    let team = envelope.need(&[
        "/team_id",
        "/authorizations/0/team_id",
        "/event/team",
        "/enterprise_id",
    ])?;
    match envelope.need(&["/event/type"])?.as_str() {
        "message" => message(envelope, team),
        "app_mention" => Ok(said(envelope, team)?.map_or_else(|why| why, Inbound::Mention)),
        "app_home_opened" if envelope.text("/event/tab") == Some("home") => {
            Ok(Inbound::HomeOpened(HomeOpened {
                user: envelope.need(&["/event/user"])?,
                key: event_key(envelope, &team),
                team,
            }))
        }
        "app_uninstalled" => {
            Ok(Inbound::Uninstalled(Uninstalled { key: event_key(envelope, &team), team }))
        }
        "tokens_revoked" if envelope.list("/event/tokens/bot").next().is_some() => {
            Ok(Inbound::Uninstalled(Uninstalled { key: event_key(envelope, &team), team }))
        }
        other => Ok(Inbound::ignored(other)),
    }
}

/// Slack tells of a message that names us twice, as a message and as a mention; the mention is the one that counts.
/// In a direct conversation there are no mentions.
fn message(envelope: FormFields<'_>, team: String) -> Result<Inbound, Malformed> {
    if envelope.text("/event/subtype") == Some("message_deleted")
        && envelope.has("/event/previous_message/bot_id")
    {
        return Ok(Inbound::Deleted(Deleted {
            team,
            channel: envelope.need(&["/event/channel"])?,
            ts: Ts(envelope.need(&["/event/deleted_ts"])?),
        }));
    }
    if let Some(subtype) = envelope.text("/event/subtype").filter(|it| !STILL_A_PERSON.contains(it))
    {
        return Ok(Inbound::ignored(subtype));
    }
    let said = match said(envelope, team)? {
        Ok(said) => said,
        Err(ignored) => return Ok(ignored),
    };
    let us = envelope.text("/authorizations/0/user_id");
    let names_us = us.is_some_and(|us| {
        said.text.contains(&format!("<@{us}>")) || said.text.contains(&format!("<@{us}|"))
    });
    if names_us && !said.direct {
        Ok(Inbound::ignored("also told as a mention"))
    } else {
        Ok(Inbound::Message(said))
    }
}

/// What a person said, or why it is nothing to us. Our own words come back too, and must not start a loop.
fn said(
    envelope: FormFields<'_>,
    team: String,
) -> Result<Result<ThreadMessage, Inbound>, Malformed> {
    if ["/event/bot_id", "/event/bot_profile", "/event/app_id"]
        .iter()
        .any(|mark| envelope.has(mark))
    {
        return Ok(Err(Inbound::ignored("said by a bot")));
    }
    if envelope.is_true("/event/hidden") {
        return Ok(Err(Inbound::ignored("hidden")));
    }
    // An answer counts for what was asked when it was said: changing old words into one is no answer.
    if envelope.has("/event/edited") {
        return Ok(Err(Inbound::ignored("edited")));
    }
    if no_own_words(envelope) {
        return Ok(Err(Inbound::ignored("nothing said")));
    }
    let user = envelope.need(&["/event/user"])?;
    if user == SLACKBOT {
        return Ok(Err(Inbound::ignored("said by a bot")));
    }
    if envelope.is_true("/authorizations/0/is_bot")
        && envelope.text("/authorizations/0/user_id") == Some(&user)
    {
        return Ok(Err(Inbound::ignored("said by us")));
    }
    let ts = Ts(envelope.need(&["/event/ts"])?);
    let channel = envelope.need(&["/event/channel"])?;
    Ok(Ok(ThreadMessage {
        user_team: envelope
            .first(&["/event/user_team", "/event/source_team", "/event/team"])
            .unwrap_or(&team)
            .to_owned(),
        text: envelope.text("/event/text").unwrap_or_default().to_owned(),
        thread_ts: envelope.text("/event/thread_ts").map(Ts::from).filter(|root| *root != ts),
        direct: envelope.text("/event/channel_type") == Some("im") || channel.starts_with('D'),
        key: event_key(envelope, &team),
        team,
        channel,
        user,
        ts,
    }))
}

/// A file, or somebody else's message passed on: forwarding a card or an answer says nothing by itself.
fn no_own_words(envelope: FormFields<'_>) -> bool {
    let own = envelope.text("/event/text").map(str::trim).unwrap_or_default();
    let shared = envelope
        .list("/event/attachments")
        .filter(|it| it.is_true("/is_share") || it.is_true("/is_msg_unfurl"));
    own.is_empty()
        || shared
            .flat_map(|it| [it.text("/text"), it.text("/fallback")])
            .flatten()
            .any(|theirs| theirs.trim() == own)
}

/// Every retry carries the same event id.
fn event_key(envelope: FormFields<'_>, team: &str) -> RequestId {
    if let Some(id) = envelope.text("/event_id") {
        return key("event", &[id]);
    }
    let of = |pointer| envelope.text(pointer).unwrap_or_default();
    key_of_content(
        "event",
        &[
            team,
            of("/event/type"),
            of("/event/channel"),
            of("/event/user"),
            of("/event/ts"),
            of("/event/event_ts"),
        ],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event: &Value) -> Inbound {
        let envelope = json!({"type": "event_callback", "token": "t", "team_id": "T1", "api_app_id": "A1", "event": event, "event_id": "Ev1",
            "event_time": 1_700_000_000, "authorizations": [{"enterprise_id": null, "team_id": "T1", "user_id": "U0", "is_bot": true}]});
        Inbound::parse("application/json", envelope.to_string().as_bytes(), None).expect("an event")
    }

    fn reply() -> Value {
        json!({"type": "message", "channel": "C1", "user": "U1", "text": "hello", "ts": "1.3", "thread_ts": "1.1", "event_ts": "1.3",
            "channel_type": "channel", "parent_user_id": "U0", "client_msg_id": "c-1"})
    }

    fn with(mut event: Value, name: &str, value: Value) -> Value {
        event[name] = value;
        event
    }

    #[test]
    fn a_reply_is_read() {
        let Inbound::Message(it) = read(&reply()) else { panic!("a message") };
        assert_eq!(
            (it.channel.as_str(), it.user.as_str(), it.text.as_str()),
            ("C1", "U1", "hello")
        );
        assert_eq!(
            (it.thread_ts, it.key.0.as_str(), it.direct),
            (Some(Ts::from("1.1")), "event:Ev1", false)
        );
    }

    #[test]
    fn odd_attachments_never_cost_the_words() {
        for (name, value) in [
            ("metadata", json!({"event_type": "x", "event_payload": {"n": 1}})),
            ("files", json!([{"id": "F1", "created": "notanumber"}])),
            ("blocks", json!([{"type": "rich_text", "elements": [{"type": "weird"}]}])),
            ("subtype", json!("thread_broadcast")),
        ] {
            assert!(
                matches!(read(&with(reply(), name, value)), Inbound::Message(it) if it.text == "hello"),
                "{name}"
            );
        }
    }

    #[test]
    fn bots_edits_and_ourselves_are_ignored() {
        for (name, value) in [
            ("bot_id", json!("B1")),
            ("app_id", json!("A1")),
            ("user", json!("USLACKBOT")),
            ("edited", json!({"user": "U1", "ts": "1.4"})),
            ("user", json!("U0")),
            ("subtype", json!("message_changed")),
            ("subtype", json!("message_deleted")),
            ("subtype", json!("bot_message")),
            ("subtype", json!("brand_new_subtype")),
            ("hidden", json!(true)),
        ] {
            assert!(
                matches!(read(&with(reply(), name, value.clone())), Inbound::Ignored { .. }),
                "{name} {value}"
            );
        }
        assert_eq!(
            read(&json!({"type": "brand_new_event", "x": 1})),
            Inbound::ignored("brand_new_event")
        );
    }

    #[test]
    fn a_message_of_a_bot_that_is_deleted_is_heard_of() {
        let deleted = |before: Value| {
            read(
                &json!({"type": "message", "subtype": "message_deleted", "hidden": true, "channel": "C1", "ts": "1.9", "deleted_ts": "1.5",
                "event_ts": "1.9", "channel_type": "channel", "previous_message": before}),
            )
        };
        let ours = json!({"type": "message", "user": "U0", "bot_id": "B0", "app_id": "A0", "ts": "1.5", "text": "Keep it?"});
        assert_eq!(
            deleted(ours),
            Inbound::Deleted(Deleted {
                team: "T1".to_owned(),
                channel: "C1".to_owned(),
                ts: Ts::from("1.5")
            })
        );
        assert!(matches!(deleted(reply()), Inbound::Ignored { .. }));
    }

    #[test]
    fn an_edit_that_names_us_is_no_mention() {
        let mention =
            with(with(reply(), "type", json!("app_mention")), "text", json!("<@U0> approve"));
        assert!(matches!(read(&mention), Inbound::Mention(_)));
        assert!(matches!(
            read(&with(mention, "edited", json!({"user": "U1", "ts": "1.4"}))),
            Inbound::Ignored { .. }
        ));
    }

    #[test]
    fn what_was_passed_on_is_not_said() {
        let card = json!([{"is_share": true, "is_msg_unfurl": true, "text": "approve", "fallback": "[signoff] approve", "author_id": "U2"}]);
        let forwarded = |words: &str| {
            read(&with(with(reply(), "attachments", card.clone()), "text", json!(words)))
        };
        for words in ["", "  ", "approve", "[signoff] approve"] {
            assert_eq!(forwarded(words), Inbound::ignored("nothing said"), "{words:?}");
        }
        assert!(
            matches!(forwarded("look at this"), Inbound::Message(it) if it.own_words() == "look at this")
        );
        assert_eq!(read(&with(reply(), "text", json!(""))), Inbound::ignored("nothing said"));
        let linked = with(
            with(
                reply(),
                "attachments",
                json!([{"text": "hello", "from_url": "https://example.com"}]),
            ),
            "text",
            json!("hello"),
        );
        assert!(
            matches!(read(&linked), Inbound::Message(_)),
            "a page that was linked is nobody's message"
        );
    }

    #[test]
    fn a_quote_alone_is_no_command() {
        let said = |text: &str| match read(&with(reply(), "text", json!(text))) {
            Inbound::Message(it) => it.own_words(),
            other => panic!("a message, not {other:?}"),
        };
        assert_eq!(said("&gt; approve"), "");
        assert_eq!(said("&gt; shall we go on?\napprove &amp; thanks"), "approve & thanks");
        assert_eq!(said("two\nlines"), "two\nlines");
    }

    #[test]
    fn a_message_that_names_us_is_heard_once() {
        let words = json!("<@U0> stop");
        assert!(matches!(read(&with(reply(), "text", words.clone())), Inbound::Ignored { .. }));
        let mention = with(with(reply(), "text", words.clone()), "type", json!("app_mention"));
        assert!(
            matches!(read(&mention), Inbound::Mention(it) if it.thread_ts == Some(Ts::from("1.1")))
        );
        let direct = with(with(reply(), "text", words), "channel_type", json!("im"));
        assert!(matches!(read(&direct), Inbound::Message(it) if it.direct));
    }

    #[test]
    fn comings_and_goings_are_read() {
        assert!(
            matches!(read(&json!({"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"})), Inbound::HomeOpened(it) if it.user == "U1")
        );
        assert!(matches!(
            read(&json!({"type": "app_home_opened", "user": "U1", "tab": "messages"})),
            Inbound::Ignored { .. }
        ));
        assert!(matches!(read(&json!({"type": "app_uninstalled"})), Inbound::Uninstalled(_)));
        assert!(matches!(
            read(&json!({"type": "tokens_revoked", "tokens": {"bot": ["U0"]}})),
            Inbound::Uninstalled(_)
        ));
        assert!(matches!(
            read(&json!({"type": "tokens_revoked", "tokens": {"oauth": ["U9"]}})),
            Inbound::Ignored { .. }
        ));
    }

    #[test]
    fn an_envelope_may_lack_what_emulators_leave_out() {
        let lean = json!({"type": "event_callback", "team_id": "T1", "event": reply()});
        let Ok(Inbound::Message(it)) = Inbound::parse("", lean.to_string().as_bytes(), None) else {
            panic!("a message")
        };
        assert!(it.key.0.starts_with("event:sha256:"));
    }

    #[test]
    fn the_address_is_verified_and_limits_are_ignored() {
        let read = |body: &str| Inbound::parse("application/json", body.as_bytes(), None);
        let verification = read(r#"{"type":"url_verification","token":"x","challenge":"abc"}"#);
        assert_eq!(verification, Ok(Inbound::UrlVerification { challenge: "abc".to_owned() }));
        assert_eq!(
            read(r#"{"type":"app_rate_limited","team_id":"T1"}"#),
            Ok(Inbound::ignored("app_rate_limited"))
        );
        assert!(
            read("[]").is_err()
                && read("{}").is_err()
                && read(r#"{"type":"event_callback"}"#).is_err()
        );
    }
}
