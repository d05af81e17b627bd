//! What would real Slack refuse?
//! The limits of messages, forms and Home tabs of ours, as its documentation has them; where it has none, what people found out.
//! <https://docs.slack.dev/reference/block-kit>

mod blocks;
mod elements;
mod texts;

use serde_json::Value;

use texts::{Kind, length};

/// Over all blocks of a message. Undocumented: Slack answers `msg_blocks_too_long` beyond 12,000 to 13,200 characters.
const ALL_TEXT: usize = 12_000;
/// Undocumented too. What everybody in the channel can read should be no more than a short key.
const METADATA: usize = 1_000;
const VIEW_BYTES: usize = 250_000;

/// A message as it is to be posted or changed.
pub(super) struct Said<'a> {
    pub text: &'a str,
    pub blocks: &'a [Value],
    pub metadata: Option<&'a Value>,
    pub update: bool,
}

/// The error that Slack answers, and everything that is wrong with a message; none if nothing is.
pub(super) fn of_message(said: &Said<'_>) -> Option<(&'static str, Vec<String>)> {
    let mut found = Wrong::in_message();
    found.if_more(said.blocks.len(), 50, "blocks");
    found.blocks(said.blocks);
    let mut long = Wrong::default();
    long.if_more(
        said.text.chars().count(),
        if said.update { 4_000 } else { 40_000 },
        "characters of text",
    );
    let mut all = Wrong::default();
    all.if_more(said.blocks.iter().map(texts::all).sum(), ALL_TEXT, "characters over all blocks");
    let silent = if said.text.is_empty() {
        vec!["no text for notifications and screen readers".to_owned()]
    } else {
        vec![]
    };
    let metadata = said.metadata.map(of_metadata).unwrap_or_default();
    let checked = [
        ("invalid_metadata_format", metadata),
        ("msg_too_long", long.found),
        ("invalid_blocks", found.found),
        ("msg_blocks_too_long", all.found),
        ("no_text", silent),
    ];
    let error = checked.iter().find(|(_, wrong)| !wrong.is_empty())?.0;
    Some((error, checked.into_iter().flat_map(|(_, wrong)| wrong).collect()))
}

/// What is wrong with a form or a Home tab.
pub(super) fn of_view(view: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    let blocks =
        view.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    wrong.if_more(blocks.len(), 100, "blocks");
    wrong.if_more(view.to_string().len(), VIEW_BYTES, "bytes of a view");
    wrong.blocks(blocks);
    match view["type"].as_str() {
        Some("modal") => {
            wrong.text(view.get("title"), 24, "title", Kind::Plain);
            let asks = blocks.iter().any(|block| block["type"] == "input");
            for (name, must) in [("submit", asks), ("close", false)] {
                if must || view.get(name).is_some_and(|it| !it.is_null()) {
                    wrong.text(view.get(name), 24, name, Kind::Plain);
                }
            }
        }
        Some("home") if ["title", "submit", "close"].iter().all(|it| view.get(it).is_none()) => {}
        Some("home") => wrong.say("a Home tab with a title or buttons of a form"),
        _ => wrong.say("a view that is neither modal nor home"),
    }
    wrong.if_more(length(&view["private_metadata"]), 3_000, "characters of private_metadata");
    for name in ["callback_id", "external_id"] {
        wrong.if_more(length(&view[name]), 255, &format!("characters of {name}"));
    }
    wrong.found
}

/// A name, and an object of texts: what is no text makes other apps lose the whole page that they read.
fn of_metadata(metadata: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    if length(&metadata["event_type"]) == 0 {
        wrong.say("metadata without event_type");
    }
    match metadata["event_payload"].as_object() {
        None => wrong.say("metadata without event_payload"),
        Some(fields) => {
            fields
                .iter()
                .filter(|(_, value)| !value.is_string())
                .for_each(|(name, _)| wrong.say(&format!("{name} in metadata is no text")));
        }
    }
    wrong.if_more(metadata.to_string().chars().count(), METADATA, "characters of metadata");
    wrong.found
}

/// What was found so far.
#[derive(Default)]
struct Wrong {
    found: Vec<String>,
    block_ids: Vec<String>,
    /// Of the whole message; of the block, where it is no message.
    action_ids: Vec<String>,
    message: bool,
    tables: usize,
    markdown: usize,
}

impl Wrong {
    fn in_message() -> Self {
        Self { message: true, ..Self::default() }
    }

    fn say(&mut self, what: &str) {
        self.found.push(what.to_owned());
    }

    fn if_more(&mut self, count: usize, most: usize, what: &str) {
        if count > most {
            self.found.push(format!("{count} {what}, at most {most}"));
        }
    }

    /// Slack refuses what it does not know.
    fn only(&mut self, part: &Value, known: &[&str]) {
        let kind = part["type"].as_str().unwrap_or_default();
        for name in part.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
            if !["type", "block_id", "action_id"].contains(&name) && !known.contains(&name) {
                self.found.push(format!("{kind} knows no {name}"));
            }
        }
    }
}
