//! Is that a block of ours, and is it small enough?

use std::ops::RangeInclusive;
use std::slice::from_ref;

use serde_json::Value;

use super::Wrong;
use super::elements::{IN_ACTIONS, IN_INPUT, IN_SECTION};
use super::texts::{Kind, all, length};

impl Wrong {
    pub(super) fn blocks(&mut self, blocks: &[Value]) {
        for block in blocks {
            if let Some(id) = block.get("block_id") {
                self.name(id, "block_id");
                let id = id.as_str().unwrap_or_default();
                if self.block_ids.iter().any(|known| known == id) {
                    self.say(&format!("two blocks are called {id}"));
                }
                self.block_ids.push(id.to_owned());
            }
            if !self.message {
                self.action_ids.clear();
            }
            self.block(block);
        }
    }

    /// An id that was given has something in it.
    pub(super) fn name(&mut self, id: &Value, what: &str) {
        match length(id) {
            0 => self.say(&format!("an empty {what}")),
            letters => self.if_more(letters, 255, &format!("characters of {what}")),
        }
    }

    fn block(&mut self, block: &Value) {
        match block["type"].as_str().unwrap_or_default() {
            "section" => self.section(block),
            "header" => {
                self.only(block, &["text"]);
                self.text(block.get("text"), 150, "header", Kind::Plain);
            }
            "context" => self.context(block),
            "actions" => {
                self.only(block, &["elements"]);
                self.count(list(block, "elements").len(), 1..=25, "actions");
                self.elements(list(block, "elements"), IN_ACTIONS);
            }
            "input" => self.input(block),
            "image" => {
                self.only(block, &["image_url", "alt_text", "title"]);
                self.image(block);
                self.maybe_text(block.get("title"), 2_000, "title", Kind::Plain);
            }
            "markdown" => {
                self.only(block, &["text"]);
                self.markdown += length(&block["text"]);
                self.if_more(self.markdown, 12_000, "characters of markdown");
            }
            "table" => self.table(block),
            "rich_text" => {
                self.only(block, &["elements"]);
                self.rich(list(block, "elements"));
            }
            "divider" => self.only(block, &[]),
            other => self.say(&format!("a block of type {other:?}")),
        }
    }

    fn section(&mut self, block: &Value) {
        self.only(block, &["text", "fields", "accessory", "expand"]);
        let fields = list(block, "fields");
        if block.get("fields").is_none() || block.get("text").is_some() {
            self.text(block.get("text"), 3_000, "section", Kind::Any);
        }
        if block.get("fields").is_some() {
            self.count(fields.len(), 1..=10, "fields");
        }
        for field in fields {
            self.text(Some(field), 2_000, "field", Kind::Any);
        }
        self.elements(block.get("accessory").map(from_ref).unwrap_or_default(), IN_SECTION);
    }

    fn context(&mut self, block: &Value) {
        self.only(block, &["elements"]);
        self.count(list(block, "elements").len(), 1..=10, "context elements");
        for element in list(block, "elements") {
            if element["type"] == "image" {
                self.image(element);
            } else {
                self.text(Some(element), 3_000, "context", Kind::Any);
            }
        }
    }

    fn input(&mut self, block: &Value) {
        self.only(block, &["label", "element", "hint", "optional", "dispatch_action"]);
        self.text(block.get("label"), 2_000, "label", Kind::Plain);
        self.maybe_text(block.get("hint"), 2_000, "hint", Kind::Plain);
        match block.get("element") {
            Some(element) => self.elements(from_ref(element), IN_INPUT),
            None => self.say("an input without element"),
        }
    }

    pub(super) fn image(&mut self, image: &Value) {
        self.count(length(&image["alt_text"]), 1..=2_000, "characters of alt_text");
        self.count(length(&image["image_url"]), 1..=3_000, "characters of image_url");
    }

    fn table(&mut self, block: &Value) {
        self.only(block, &["rows", "column_settings"]);
        self.tables += 1;
        self.if_more(self.tables, 1, "tables");
        self.count(list(block, "rows").len(), 1..=100, "rows");
        for row in list(block, "rows") {
            self.count(row.as_array().map_or(0, Vec::len), 1..=20, "cells");
        }
        self.if_more(all(&block["rows"]), 10_000, "characters in cells");
    }

    fn rich(&mut self, elements: &[Value]) {
        for element in elements {
            if element["type"] == "text" && length(&element["text"]) == 0 {
                self.say("an empty text in rich text");
            }
            self.rich(list(element, "elements"));
        }
    }

    pub(super) fn count(&mut self, count: usize, range: RangeInclusive<usize>, what: &str) {
        if count < *range.start() {
            self.say(&format!("{count} {what}, at least {}", range.start()));
        }
        self.if_more(count, *range.end(), what);
    }
}

pub(super) fn list<'a>(part: &'a Value, name: &str) -> &'a [Value] {
    part.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
