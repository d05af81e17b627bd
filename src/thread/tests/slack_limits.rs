//! What Slack takes: the limits that every drawing is held to in tests.
//! Counted as JavaScript counts. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::Value;

use crate::run::foreign_text::is_hidden;
use crate::thread::Message;

/// Over all blocks of a message; in no documentation.
const ALL_TEXT: usize = 12_000;

/// How long Slack thinks a text is, at worst.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A message as it is sent, and as it is sent when Slack refuses it.
pub(crate) fn message(message: &Message) {
    let text = message.text.length();
    assert!((1..=150).contains(&text), "{}: {text} characters: {:?}", message.key, message.text);
    for blocks in [&message.blocks, &message.plainer()] {
        let blocks = serde_json::to_value(blocks).unwrap();
        self::blocks(&blocks, (50, &message.key.to_string()));
        let all: usize = texts(&blocks).iter().map(|text| length(text)).sum();
        assert!(all <= ALL_TEXT, "{}: {all} characters", message.key);
    }
}

/// A modal.
pub(crate) fn view(view: &Value) {
    assert!(view.to_string().len() < 250_000, "{} bytes", view.to_string().len());
    self::blocks(&view["blocks"], (100, "modal"));
    for button in ["title", "submit", "close"] {
        assert!(
            view[button].is_null()
                || (1..=24).contains(&length(view[button]["text"].as_str().unwrap())),
            "{button}"
        );
    }
    assert!(
        view["private_metadata"].as_str().is_none_or(|data| length(data) <= 3_000)
            && length(view["callback_id"].as_str().unwrap()) <= 255
    );
    let form = view["blocks"].as_array().unwrap().iter().any(|b| b["type"] == "input");
    assert!(!form || !view["submit"].is_null(), "a form that cannot be sent");
}

/// The app's home.
pub(crate) fn home(blocks: &Value) {
    self::blocks(blocks, (100, "home"));
    assert!(blocks.to_string().len() < 250_000, "{} bytes", blocks.to_string().len());
}

fn blocks(blocks: &Value, (most, what): (usize, &str)) {
    let blocks = blocks.as_array().unwrap();
    assert!((1..=most).contains(&blocks.len()), "{what}: {} blocks", blocks.len());
    unique(blocks, "block_id", what);
    for block in blocks {
        let most = if block["type"] == "header" { 150 } else { 3_000 };
        for text in texts(block) {
            assert!(
                (1..=most).contains(&length(&text)),
                "{what}: {} of {} characters",
                block["type"],
                length(&text)
            );
            assert!(text.matches("```").count() % 2 == 0, "{what}: an open fence in {text}");
            assert!(!text.contains("<!channel>") && !text.contains("<!here>"), "{what}: {text}");
            assert!(
                !text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\t')),
                "{what}: {text:?}"
            );
        }
        let elements: Vec<Value> = block["elements"]
            .as_array()
            .into_iter()
            .flatten()
            .chain(block.get("accessory"))
            .cloned()
            .collect();
        unique(&elements, "action_id", what);
        elements
            .iter()
            .filter(|element| element["type"] == "button")
            .for_each(|button| pressable(button, what));
        assert!(
            block["type"] != "actions" || elements.len() <= 25,
            "{what}: {} buttons",
            elements.len()
        );
    }
}

fn pressable(button: &Value, what: &str) {
    let fits = |field: &str, most: usize| {
        button[field].as_str().is_none_or(|text| (1..=most).contains(&length(text)))
    };
    assert!(length(button["text"]["text"].as_str().unwrap()) <= 75, "{what}: {button}");
    assert!(
        fits("value", 2_000)
            && fits("url", 3_000)
            && fits("action_id", 255)
            && button["action_id"].is_string(),
        "{what}: {button}"
    );
}

fn unique(items: &[Value], field: &str, what: &str) {
    let mut ids: Vec<&str> = items.iter().filter_map(|item| item[field].as_str()).collect();
    assert!(ids.iter().all(|id| length(id) <= 255), "{what}: {ids:?}");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{what}: {field} twice");
}

/// Every text in these blocks.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("text").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(texts)).collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
