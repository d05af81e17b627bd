//! Is everything that a person says heard once, and nothing else?

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
    assert_eq!((it.channel.as_str(), it.user.as_str(), it.text.as_str()), ("C1", "U1", "hello"));
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
    assert!(matches!(deleted(reply()), Inbound::Changed(it) if it.text.is_empty()));
}

#[test]
fn an_edit_that_names_us_is_no_mention() {
    let mention = with(with(reply(), "type", json!("app_mention")), "text", json!("<@U0> approve"));
    assert!(matches!(read(&mention), Inbound::Mention(_)));
    assert!(matches!(
        read(&with(mention, "edited", json!({"user": "U1", "ts": "1.4"}))),
        Inbound::Ignored { .. }
    ));
}

#[test]
fn what_was_passed_on_is_not_said() {
    let card = json!([{"is_share": true, "is_msg_unfurl": true, "text": "approve", "fallback": "[signoff] approve", "author_id": "U2"}]);
    let forwarded =
        |words: &str| read(&with(with(reply(), "attachments", card.clone()), "text", json!(words)));
    for words in ["", "  ", "approve", "[signoff] approve"] {
        assert_eq!(forwarded(words), Inbound::ignored("nothing said"), "{words:?}");
    }
    assert!(
        matches!(forwarded("look at this"), Inbound::Message(it) if it.own_words() == "look at this")
    );
    assert_eq!(read(&with(reply(), "text", json!(""))), Inbound::ignored("nothing said"));
    let linked = with(
        with(reply(), "attachments", json!([{"text": "hello", "from_url": "https://example.com"}])),
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
        read("[]").is_err() && read("{}").is_err() && read(r#"{"type":"event_callback"}"#).is_err()
    );
}

fn change(subtype: &str) -> Value {
    let said = json!({"type": "message", "user": "U1", "text": "hunter2", "ts": "1.5", "thread_ts": "1.1", "team": "T1"});
    let mut now = said.clone();
    now["text"] = json!("use the vault");
    json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev9", "event": {"type": "message", "subtype": subtype, "hidden": true,
        "channel": "C1", "ts": "1.9", "message": now, "previous_message": said, "deleted_ts": "1.5"}})
}

#[test]
fn what_a_person_changed_or_took_back_in_a_thread_is_read() {
    let read =
        |payload: &Value| Inbound::from_frame(crate::slack::inbound::Frame::Event, payload, None);
    let Ok(Inbound::Changed(it)) = read(&change("message_changed")) else { panic!("a change") };
    assert_eq!(
        (it.ts.as_str(), it.text.as_str(), it.user.as_str()),
        ("1.5", "use the vault", "U1")
    );
    let Ok(Inbound::Changed(it)) = read(&change("message_deleted")) else { panic!("taken back") };
    assert_eq!((it.ts.as_str(), it.text.as_str()), ("1.5", ""));
    let mut unfolded = change("message_changed");
    unfolded["event"]["message"]["text"] = json!("hunter2");
    assert!(matches!(read(&unfolded), Ok(Inbound::Ignored { .. })));
    let mut bots = change("message_changed");
    bots["event"]["message"]["bot_id"] = json!("B1");
    assert!(matches!(read(&bots), Ok(Inbound::Ignored { .. })));
}
