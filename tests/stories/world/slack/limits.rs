//! What would real Slack refuse?
//! The limits of Block Kit that a message or a form of ours could ever meet. <https://docs.slack.dev/reference/block-kit>

use std::collections::HashSet;

use serde_json::Value;

/// What is wrong with a message's blocks.
pub(super) fn of_message(blocks: &[Value]) -> Vec<String> {
    let mut wrong = Wrong::default();
    wrong.if_more(blocks.len(), 50, "blocks");
    wrong.blocks(blocks);
    // Undocumented: beyond some 12,000 characters over all blocks Slack answers msg_blocks_too_long.
    wrong.if_more(blocks.iter().map(all_text).sum(), 12_500, "characters over all blocks");
    wrong.found
}

/// What is wrong with a form or a Home tab.
pub(super) fn of_view(view: &Value) -> Vec<String> {
    let mut wrong = Wrong::default();
    let blocks = view.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    wrong.if_more(blocks.len(), 100, "blocks");
    wrong.blocks(blocks);
    if view["type"] == "modal" {
        wrong.text(view.get("title"), 24, "title");
    }
    let has_inputs = blocks.iter().any(|block| block["type"] == "input");
    if has_inputs || view.get("submit").is_some() {
        wrong.text(view.get("submit"), 24, "submit");
    }
    wrong.if_more(length(&view["private_metadata"]), 3_000, "characters of private_metadata");
    wrong.if_more(length(&view["callback_id"]), 255, "characters of callback_id");
    wrong.found
}

#[derive(Default)]
struct Wrong {
    found: Vec<String>,
    block_ids: HashSet<String>,
}

impl Wrong {
    fn if_more(&mut self, count: usize, most: usize, what: &str) {
        if count > most {
            self.found.push(format!("{count} {what}, at most {most}"));
        }
    }

    /// A text object, neither empty nor too long.
    fn text(&mut self, text: Option<&Value>, most: usize, what: &str) {
        match text.and_then(|it| it.get("text")).and_then(Value::as_str) {
            None | Some("") => self.found.push(format!("{what} has no text")),
            Some(text) => self.if_more(text.chars().count(), most, &format!("characters of {what}")),
        }
    }

    fn blocks(&mut self, blocks: &[Value]) {
        for block in blocks {
            if let Some(id) = block.get("block_id").and_then(Value::as_str) {
                self.if_more(id.chars().count(), 255, "characters of block_id");
                if !self.block_ids.insert(id.to_owned()) {
                    self.found.push(format!("two blocks are called {id}"));
                }
            }
            self.block(block);
        }
    }

    fn block(&mut self, block: &Value) {
        let list = |name: &str| block.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match block["type"].as_str().unwrap_or_default() {
            "section" => {
                let fields = list("fields");
                if fields.is_empty() || block.get("text").is_some() {
                    self.text(block.get("text"), 3_000, "section");
                }
                self.if_more(fields.len(), 10, "fields");
                for field in fields {
                    self.text(Some(field), 2_000, "field");
                }
                self.elements(block.get("accessory").map(std::slice::from_ref).unwrap_or_default());
            }
            "header" => self.text(block.get("text"), 150, "header"),
            "context" => {
                self.if_more(list("elements").len(), 10, "context elements");
                for text in list("elements").iter().filter(|it| it["type"] != "image") {
                    self.text(Some(text), 3_000, "context");
                }
            }
            "actions" => {
                self.if_more(list("elements").len(), 25, "actions");
                if list("elements").is_empty() {
                    self.found.push("actions without elements".to_owned());
                }
                self.elements(list("elements"));
            }
            "input" => {
                self.text(block.get("label"), 2_000, "label");
                self.elements(block.get("element").map(std::slice::from_ref).unwrap_or_default());
            }
            "image" => self.if_more(length(&block["alt_text"]), 2_000, "characters of alt_text"),
            "markdown" => self.if_more(length(&block["text"]), 12_000, "characters of markdown"),
            "table" => self.if_more(list("rows").len(), 100, "rows"),
            "divider" | "rich_text" | "context_actions" | "task_card" | "plan" => {}
            other => self.found.push(format!("a block of type {other:?}")),
        }
    }

    fn elements(&mut self, elements: &[Value]) {
        let mut action_ids = HashSet::new();
        for element in elements {
            if let Some(id) = element.get("action_id").and_then(Value::as_str) {
                self.if_more(id.chars().count(), 255, "characters of action_id");
                if !action_ids.insert(id) {
                    self.found.push(format!("two elements of a block are called {id}"));
                }
            }
            if element["type"] == "button" {
                self.button(element);
            }
            let options = element.get("options").and_then(Value::as_array).map_or(0, Vec::len);
            self.if_more(options, if element["type"] == "overflow" { 5 } else { 100 }, "options");
        }
    }

    fn button(&mut self, button: &Value) {
        self.text(button.get("text"), 75, "button");
        self.if_more(length(&button["value"]), 2_000, "characters of a button's value");
        self.if_more(length(&button["url"]), 3_000, "characters of a button's url");
        if button.get("action_id").is_none() {
            self.found.push("a button without action_id".to_owned());
        }
        if !matches!(button.get("style").and_then(Value::as_str), None | Some("primary" | "danger")) {
            self.found.push("a button of unknown style".to_owned());
        }
        if let Some(confirm) = button.get("confirm") {
            for (name, most) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
                self.text(confirm.get(name), most, name);
            }
        }
    }
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |it| it.chars().count())
}

/// Every text in a block, however deep.
fn all_text(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| if name == "text" && value.is_string() { length(value) } else { all_text(value) }).sum()
        }
        Value::Array(values) => values.iter().map(all_text).sum(),
        _ => 0,
    }
}
