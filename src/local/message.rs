//! What does a person read in a message, and what can be pressed?
//! For the demo, which sees a thread from outside: any blocks, tolerantly.

use serde::Deserialize;
use serde_json::Value;

use super::local_slack::{BOT, PEOPLE};

/// A message of the channel.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SeenMessage {
    pub ts: String,
    #[serde(default)]
    pub user: String,
    pub thread_ts: Option<String>,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub blocks: Vec<Value>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenButton {
    text: String,
    pub action_id: String,
    pub block_id: String,
    pub value: String,
}

impl SeenButton {
    /// Whether it says just that, an emoji aside.
    pub fn says(&self, words: &str) -> bool {
        bare_words(&self.text) == words
    }
}

/// Every button, wherever it is in a block.
pub fn buttons(blocks: &[Value]) -> impl Iterator<Item = SeenButton> {
    blocks.iter().flat_map(|block| {
        let elements =
            block["elements"].as_array().into_iter().flatten().chain([&block["accessory"]]);
        let block_id = text_at(&block["block_id"]);
        let buttons = elements.filter(|element| element["type"] == "button");
        buttons.map(move |element| SeenButton {
            text: text_at(&element["text"]["text"]),
            action_id: text_at(&element["action_id"]),
            block_id: block_id.clone(),
            value: text_at(&element["value"]),
        })
    })
}

/// What a person reads, line by line: the blocks where there are any, else the text.
pub fn lines(message: &SeenMessage) -> Vec<String> {
    let mut said = Vec::new();
    message.blocks.iter().for_each(|block| gather(block, &mut said));
    if said.is_empty() {
        said.push(message.text.clone());
    }
    said.iter().flat_map(|text| text.lines()).map(plain).filter(|line| !line.is_empty()).collect()
}

/// Texts in the order they are drawn; a row of small ones is one line.
fn gather(block: &Value, said: &mut Vec<String>) {
    match block["type"].as_str().unwrap_or_default() {
        "actions" => {
            let labels: Vec<String> = buttons(std::slice::from_ref(block))
                .map(|button| format!("[{}]", button.text))
                .collect();
            said.push(labels.join(" "));
        }
        "context" => said.push(texts(&block["elements"]).join(" ")),
        "table" => said.extend(
            block["rows"].as_array().into_iter().flatten().map(|row| texts(row).join(" · ")),
        ),
        _ => {
            said.extend(texts(&block["text"]));
            said.extend(texts(&block["fields"]));
            said.extend(texts(&block["elements"]));
            said.extend(
                buttons(std::slice::from_ref(block))
                    .filter(|_| block["accessory"].is_object())
                    .map(|button| format!("[{}]", button.text)),
            );
        }
    }
}

/// The innermost texts of a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => ["text", "elements"]
            .iter()
            .filter_map(|name| fields.get(*name))
            .flat_map(texts)
            .collect(),
        _ => Vec::new(),
    }
}

/// Slack's marks as a terminal shows them: `<@U0ANA>` → `@ana`, `<url|words>` → `words (url)`.
fn plain(line: &str) -> String {
    let mut said = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((mark, tail)) = after.split_once('>') else { break };
        said.push_str(before);
        said.push_str(&mark_as_words(mark));
        rest = tail;
    }
    said.push_str(rest);
    let said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    said.replace('\u{a0}', " ").trim_end().to_owned()
}

fn mark_as_words(mark: &str) -> String {
    if let Some(person) = mark.strip_prefix('@') {
        let id = person.split('|').next().unwrap_or(person);
        let name = PEOPLE.iter().find(|(known, ..)| *known == id).map(|(_, name, _)| *name);
        return format!("@{}", name.unwrap_or(if id == BOT { "signoff" } else { id }));
    }
    match mark.split_once('|') {
        Some((url, words)) => format!("{words} ({url})"),
        None => mark.to_owned(),
    }
}

/// A text without its emoji and ornaments.
pub fn bare_words(text: &str) -> String {
    let is_emoji = |word: &str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    let trimmed = text
        .split_whitespace()
        .filter(|word| !is_emoji(word))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    trimmed.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn text_at(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_is_read_as_a_person_reads_it() {
        let card = SeenMessage {
            text: "fallback".to_owned(),
            blocks: vec![
                json!({ "type": "section", "text": { "type": "mrkdwn", "text": "*streaming* for <@U0ANA>\n<http://x/d|View diff> &amp; more" } }),
                json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": "3 files" }, { "type": "mrkdwn", "text": "+12 −1" }] }),
                json!({ "type": "actions", "block_id": "b", "elements": [
                    { "type": "button", "text": { "type": "plain_text", "text": ":white_check_mark: Approve" }, "action_id": "gate.approve", "value": "{}" },
                ] }),
            ],
            ..SeenMessage::default()
        };
        insta::assert_snapshot!(lines(&card).join("\n"), @r"
        *streaming* for @ana
        View diff (http://x/d) & more
        3 files +12 −1
        [:white_check_mark: Approve]
        ");
        let pressed: Vec<SeenButton> =
            buttons(&card.blocks).filter(|button| button.says("Approve")).collect();
        assert_eq!(pressed[0].action_id, "gate.approve");
    }
}
