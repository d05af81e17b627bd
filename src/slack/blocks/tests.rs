//! Is everything that is drawn what Slack takes, whatever it is given?

use proptest::collection::vec;
use proptest::prelude::{prop_assert, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use proptest::test_runner::Config as ProptestConfig;
use serde_json::{Value, json};
use url::Url;

use super::fit::{bytes, text_length};
use super::*;
use crate::slack::truncate::length;

/// What people, models and repositories could call a thing.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("& < > &amp; &lt;b&gt;".to_owned()),
        Just("<!channel> <!here|x> <@U01ANA> <#C1> <https://example.com|click>".to_owned()),
        Just("```\n` ~~~ *bold* _it_".to_owned()),
        Just("\u{202e}gnp.exe\u{2066}\u{2069}\u{200f}\u{200b}\u{feff}\u{e0041}".to_owned()),
        Just(format!("a{}", "\u{301}\u{489}".repeat(90))),
        Just("👩‍💻🏳️‍🌈 שלום می‌خواهم".to_owned()),
        Just("\n\r\n\t \u{2028}\u{0}\u{7}".to_owned()),
        Just("x".repeat(3_100)),
        Just("<".repeat(800)),
        "\\PC{0,30}",
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn sent(block: &SlackBlock) -> Value {
    serde_json::to_value(block).expect("blocks are JSON")
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

/// What of it Slack would refuse.
fn too_long(value: &Value, limits: &[(&str, usize)]) -> Vec<String> {
    let long = |(pointer, max): &(&str, usize)| {
        let text = at(value, pointer);
        (text.is_empty() || length(text) > *max)
            .then(|| format!("{pointer}: {} of {max}", length(text)))
    };
    limits.iter().filter_map(long).collect()
}

/// The last one is too long to come back whole.
fn values(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).chain(["v".repeat(76)]).collect()
}

#[test]
fn blocks_are_what_slack_expects() {
    assert_eq!(
        sent(&actions(
            "gate:1",
            vec![Button::new("Approve", "gate.approve", "run-1/streaming/1").primary()]
        )),
        json!({"type": "actions", "block_id": "gate:1", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "gate.approve", "value": "run-1/streaming/1", "style": "primary"}]})
    );
    assert_eq!(
        sent(&section("a < b".to_owned())),
        json!({"type": "section", "expand": true, "text": {"type": "mrkdwn", "text": "a &lt; b", "verbatim": true}})
    );
}

#[test]
fn what_can_be_chosen_is_what_slack_expects() {
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let two = [("On top of it", "top"), ("From its base", "base")];
    let options = json!([{"text": text("On top of it"), "value": "top"}, {"text": text("From its base"), "value": "base"}]);
    let start = Field::new("start", "Start");
    assert_eq!(
        sent(&radio(start, &two).expect("two")),
        json!({"type": "input", "block_id": "start", "label": text("Start"),
            "element": {"type": "radio_buttons", "action_id": "start", "options": options, "initial_option": options[0]}})
    );
    let chosen = |value| {
        sent(&select(start, &two, value).expect("two"))["element"]["initial_option"].clone()
    };
    assert_eq!(
        [chosen(Some("base")), chosen(Some("x")), chosen(None)],
        [1, 0, 0].map(|n| options[n].clone())
    );
    assert!(radio(start, &[]).is_none() && select(start, &[("x", "")], None).is_none());
    assert_eq!(
        sent(&text_input(
            Field::optional("words", "What should change?"),
            Words { placeholder: "…", many_lines: true, most: 5_000 }
        )),
        json!({"type": "input", "block_id": "words", "optional": true, "label": text("What should change?"),
            "element": {"type": "plain_text_input", "action_id": "words", "multiline": true, "max_length": 3_000, "placeholder": text("…")}})
    );
}

#[test]
fn what_a_program_reads_is_whole_or_not_there() {
    let button = |value: &str| {
        sent(&actions("b", vec![Button::new("x", "a", value)]))["elements"][0]["value"].clone()
    };
    assert_eq!(
        (button(&"v".repeat(2_000)), button(&"v".repeat(2_001))),
        (json!("v".repeat(2_000)), Value::Null)
    );
    let metadata = |text: &str| {
        let modal = Modal {
            title: "x",
            callback_id: "changes",
            private_metadata: text,
            submit: None,
            blocks: vec![],
        };
        serde_json::to_value(modal.view()).expect("JSON")["private_metadata"].clone()
    };
    assert_eq!((metadata("{}"), metadata(&"v".repeat(3_001))), (json!("{}"), Value::Null));
}

#[test]
fn a_form_can_be_sent() {
    let words = text_input(
        Field::new("words", "Words"),
        Words { placeholder: "", many_lines: true, most: 0 },
    );
    let form = Modal {
        title: "Request changes",
        callback_id: "changes",
        private_metadata: "",
        submit: None,
        blocks: vec![words],
    };
    let view = serde_json::to_value(form.view()).expect("JSON");
    assert_eq!(
        (at(&view, "/submit/text"), at(&view, "/close/text"), at(&view, "/callback_id")),
        ("Send", "Cancel", "changes")
    );
    assert_eq!(view["blocks"][0]["element"]["max_length"], 1);
}

#[test]
fn what_does_not_fit_goes_but_the_question_stays() {
    let mut blocks: Vec<SlackBlock> = (0..70).map(|_| section("x".repeat(400))).collect();
    blocks.push(actions("gate", vec![Button::new("Approve", "a", "v")]));
    let blocks = fit(blocks);
    assert!(matches!(blocks.last(), Some(SlackBlock::Actions(_))));
    assert!(sent(&blocks[blocks.len() - 2]).to_string().contains("shortened"));
    let only_questions = (0..120)
        .map(|n| actions(&format!("b{n}"), vec![Button::new("Approve", "a", "v")]))
        .collect::<Vec<_>>();
    let kept = fit(only_questions.clone());
    assert_eq!((kept.len(), &kept[..49]), (50, &only_questions[..49]));
    assert_eq!(
        (fit_view(only_questions.clone()).len(), fit(only_questions[..50].to_vec())),
        (100, only_questions[..50].to_vec())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_too_long_or_empty(text in hostile()) {
        let quoted = Mrkdwn::quoted(&text).unwrap_or_default() + Mrkdwn::code(&text, 40) + Mrkdwn::line(&text, 100) + Mrkdwn::code_block(&text);
        for (block, limit) in [
            (header(&text), ("/text/text", 150)),
            (section(text.clone()), ("/text/text", 3_000)),
            (section(quoted), ("/text/text", 3_000)),
            (context(text), ("/elements/0/text", 2_000)),
        ] {
            prop_assert!(too_long(&sent(&block), &[limit]).is_empty(), "{:?}", too_long(&sent(&block), &[limit]));
            let plainer = plainer(&[block]);
            prop_assert!(plainer.iter().all(|block| too_long(&sent(block), &[("/text/text", 1_500)]).is_empty()), "{plainer:?}");
        }
    }

    #[test]
    fn no_button_is_too_long(text in hostile()) {
        let url = Url::parse(&format!("https://example.com/?{text}")).expect("a query may be anything");
        let button = Button::link(&text, &format!("a{text}"), url).confirmed(Confirm { title: &text, text: &text, yes: &text, no: &text });
        let block = sent(&actions(&format!("b{text}"), vec![button.clone()]));
        let limits = [
            ("/block_id", 255), ("/elements/0/text/text", 75), ("/elements/0/action_id", 255), ("/elements/0/confirm/title/text", 100),
            ("/elements/0/confirm/text/text", 300), ("/elements/0/confirm/confirm/text", 30), ("/elements/0/confirm/deny/text", 30),
        ];
        prop_assert!(too_long(&block, &limits).is_empty(), "{:?}", too_long(&block, &limits));
        prop_assert!(block.pointer("/elements/0/url").and_then(Value::as_str).is_none_or(|url| length(url) <= 3_000));
        prop_assert!(sent(&actions("b", vec![button; 40]))["elements"].as_array().is_some_and(|all| all.len() == 25));
    }

    #[test]
    fn no_form_is_too_long(text in hostile(), count in 1usize..200) {
        let (id, values) = (format!("f{text}"), values(count));
        let (field, choices) = (Field::optional(&id, &text), values.iter().map(|value| (text.as_str(), value.as_str())).collect::<Vec<_>>());
        let blocks = vec![
            text_input(field, Words { placeholder: &text, many_lines: true, most: 2_000 }),
            radio(field, &choices).expect("a choice"),
            select(field, &choices, Some("99")).expect("a choice"),
        ];
        let modal = Modal { title: &text, callback_id: "c", private_metadata: &text, submit: Some(&text), blocks };
        let view = serde_json::to_value(modal.view()).expect("JSON");
        let limits = [
            ("/title/text", 24), ("/submit/text", 24), ("/close/text", 24), ("/blocks/0/label/text", 2_000), ("/blocks/0/block_id", 255),
            ("/blocks/0/element/placeholder/text", 150), ("/blocks/1/element/options/0/text/text", 75), ("/blocks/2/element/options/0/text/text", 75),
        ];
        prop_assert!(too_long(&view, &limits).is_empty(), "{:?}", too_long(&view, &limits));
        prop_assert!(length(view["private_metadata"].as_str().unwrap_or_default()) <= 3_000);
        let most = |pointer: &str| view.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
        prop_assert!(most("/blocks/1/element/options") <= 10 && most("/blocks/2/element/options") <= 100);
    }

    #[test]
    fn nobody_is_called_by_foreign_words(text in hostile()) {
        let drawn = [text.clone().into(), Mrkdwn::code(&text, 80), Mrkdwn::line(&text, 80)];
        for mrkdwn in drawn.into_iter().chain(Mrkdwn::quoted(&text)).chain(Mrkdwn::excerpt(&text, 300)) {
            let words: String = mrkdwn.as_str().lines().map(|line| line.strip_prefix("> ").unwrap_or(line)).collect();
            prop_assert!(!words.contains(['<', '>']) && !words.contains("```"), "{words}");
        }
    }
}

proptest! {
    // Each case is large.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_message_and_a_view_fit_however_much_there_is(text in hostile(), sections in 0usize..120, rows in 0usize..120) {
        let mut blocks: Vec<SlackBlock> = (0..sections).map(|_| section(text.clone())).collect();
        blocks.extend((0..rows).map(|n| actions(&format!("b{n}"), vec![Button::new(&text, "a", &text); 5])));
        let message = fit(blocks.clone());
        prop_assert!(message.len() <= 50 && message.iter().map(text_length).sum::<usize>() <= 12_000);
        let view = fit_view(blocks);
        prop_assert!(view.len() <= 100 && view.iter().map(bytes).sum::<usize>() <= 200_000);
    }
}
