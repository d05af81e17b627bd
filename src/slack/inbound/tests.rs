//! Whatever comes in: is it understood, kept and never the end of us?

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use serde_json::json;

use super::payload::without_quotes;
use super::*;

/// JSON with the names that matter, in places and kinds that do not.
fn shapes() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            "block_actions",
            "view_submission",
            "event_callback",
            "message",
            "app_mention",
            "app_home_opened",
            "home",
            "U1",
            "(\\PC|\u{0}|\u{202e}){0,5}"
        ]
        .prop_map(Value::from),
    ];
    let names = "type|team|id|user|team_id|event|actions|container|channel|view|state|values|text|ts|message|action_id|authorizations|\
        hash|private_metadata|callback_id|selected_option|selected_options|value|tab|subtype|attachments|is_share|is_msg_unfurl|fallback|\
        edited|app_id|bot_id|command|user_id|channel_id|trigger_id|thread_ts";
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((names, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in vec(any::<u8>(), 0..400), json: bool) {
        let _ = Inbound::parse(if json { "application/json" } else { "application/x-www-form-urlencoded" }, &body, None);
    }

    #[test]
    fn arbitrary_shapes_never_panic_and_keys_stay_short(payload in shapes()) {
        for frame in [Frame::Command, Frame::Interaction, Frame::Event] {
            if let Ok(inbound) = Inbound::from_frame(frame, &payload, None) {
                prop_assert!(inbound.key().is_none_or(|key| key.0.len() <= 120));
                let kept = serde_json::to_string(&inbound).expect("JSON");
                let hides = kept.contains("\\u0000") || kept.contains('\u{202e}');
                prop_assert!(!hides);
                prop_assert_eq!(serde_json::from_str::<Inbound>(&kept).expect("the same"), inbound);
            }
        }
    }

    #[test]
    fn words_come_through_a_form_as_they_were_typed(text in "[a-z]\\PC{0,200}") {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("team_id", "T1"), ("channel_id", "C1"), ("user_id", "U1"), ("command", "/develop"), ("trigger_id", "1"), ("text", &text)])
            .finish();
        let Ok(Inbound::Command(it)) = Inbound::parse("application/x-www-form-urlencoded", body.as_bytes(), None) else { panic!("a command") };
        prop_assert_eq!(it.text, foreign_text::printable(&text));
    }
}

#[test]
fn what_somebody_quotes_is_not_what_they_say() {
    for (typed, own_words) in [
        ("approve", "approve"),
        ("approve\n\nbut *slowly*\n", "approve\n\nbut *slowly*"),
        ("> approve", ""),
        (">approve\n> now", ""),
        ("> shall we?\nreject", "reject"),
        ("no\n>>> approve\nand more", "no"),
        ("2 > 1", "2 > 1"),
        (
            "no:\n```>>> f(1)\n2\n>>> f(2)\n> x```\n> approve\nso",
            "no:\n```>>> f(1)\n2\n>>> f(2)\n> x```\nso",
        ),
        ("```\n>>> f(1)\n```\n>>> approve\nall", "```\n>>> f(1)\n```"),
        ("a ```fence\n> approve", "a ```fence"),
        ("> ```\n> approve\nno", "no"),
    ] {
        assert_eq!(without_quotes(typed).trim(), own_words, "{typed:?}");
    }
}

#[test]
fn what_was_understood_can_be_kept_and_read_again() {
    let body = b"team_id=T1&channel_id=C1&user_id=U1&command=/develop&text=x&trigger_id=1&response_url=https://hooks.slack.com/commands/1";
    let inbound = Inbound::parse("", body, None).expect("a command");
    let kept = serde_json::to_string(&inbound).expect("JSON");
    assert_eq!(serde_json::from_str::<Inbound>(&kept).expect("the same"), inbound);
    assert!(matches!(inbound, Inbound::Command(it) if it.person().to_string() == "slack:T1:U1"));
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}{}", "{\"type\":".repeat(100_000), "1");
    assert!(Inbound::parse("application/json", deep.as_bytes(), None).is_err());
    assert_eq!(
        Inbound::from_frame(Frame::Interaction, &json!({"type": "x".repeat(500)}), None),
        Ok(Inbound::ignored(&"x".repeat(60)))
    );
}
