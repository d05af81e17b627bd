//! How does a message look, in plain text?
//! Made for snapshots: no times, no ids, no addresses.

use serde_json::Value;

use super::state::{Message, Private, State};

impl State {
    /// A message's blocks line by line; its text where it has no blocks.
    pub fn shown(&self, message: &Message) -> String {
        self.drawn(&message.text, &message.blocks)
    }

    /// A form, or a Home tab, line by line.
    pub fn shown_view(&self, view: &Value) -> String {
        let blocks =
            view.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let title = view
            .pointer("/title/text")
            .and_then(Value::as_str)
            .map(|title| format!("== {title} =="));
        let submit = view
            .pointer("/submit/text")
            .and_then(Value::as_str)
            .map(|submit| format!("[{submit}]"));
        title
            .into_iter()
            .chain(Some(self.drawn("", blocks)))
            .chain(submit)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Everything said, by channel, with threads below their roots and private words where they were told.
    pub fn transcript(&self) -> String {
        let mut lines = Vec::new();
        for channel in &self.channels {
            let roots: Vec<Line> =
                self.lines(&channel.id).into_iter().filter(|line| line.root.is_none()).collect();
            if !roots.is_empty() {
                let with =
                    channel.direct_with.as_deref().map(|user| format!("@{}", self.name(user)));
                lines.push(with.unwrap_or_else(|| format!("#{}", channel.name)));
            }
            for root in roots {
                lines.push(indented(&root.text, "  "));
                let replies = self
                    .lines(&channel.id)
                    .into_iter()
                    .filter(|line| line.root.as_deref() == Some(&root.ts));
                lines.extend(replies.map(|reply| indented(&reply.text, "      ")));
            }
        }
        lines.join("\n")
    }

    /// A thread: its root, then its replies.
    pub fn thread(&self, root: &str) -> String {
        let channel = self.message(root).map(|it| it.channel.clone()).unwrap_or_default();
        let lines = self
            .lines(&channel)
            .into_iter()
            .filter(|line| line.ts == root || line.root.as_deref() == Some(root));
        lines
            .map(|line| if line.ts == root { line.text } else { indented(&line.text, "    ") })
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn lines(&self, channel: &str) -> Vec<Line> {
        let said = self.messages.iter().filter(|it| it.channel == channel).map(|it| self.said(it));
        let told = self.private.iter().filter(|it| it.channel == channel).map(|it| self.told(it));
        let mut lines: Vec<Line> = said.chain(told).collect();
        lines.sort_by(|a, b| a.ts.cmp(&b.ts));
        lines
    }

    fn said(&self, message: &Message) -> Line {
        let said = labelled(self.name(&message.user), &self.shown(message));
        let text = message.reactions.iter().fold(said, |said, it| said + &format!(" (:{it}:)"));
        Line { ts: message.ts.clone(), root: message.thread_ts.clone(), text }
    }

    fn told(&self, private: &Private) -> Line {
        let label = format!("signoff (only to {})", self.name(&private.user));
        let text = labelled(&label, &self.drawn(&private.text, &private.blocks));
        Line { ts: private.ts.clone(), root: private.thread_ts.clone(), text }
    }

    fn drawn(&self, text: &str, blocks: &[Value]) -> String {
        if blocks.is_empty() {
            self.plain(text)
        } else {
            blocks.iter().map(|it| self.block(it)).collect::<Vec<_>>().join("\n")
        }
    }

    pub(super) fn block(&self, block: &Value) -> String {
        let list = |name: &str| block.get(name).and_then(Value::as_array).into_iter().flatten();
        let texts = |name: &str| list(name).map(|it| self.element(it)).collect::<Vec<_>>();
        match block["type"].as_str().unwrap_or_default() {
            "header" => format!("# {}", self.text(&block["text"])),
            "section" => {
                let text = block.get("text").map(|it| self.text(it));
                let accessory = block.get("accessory").map(|it| self.element(it));
                let first = [text, accessory].into_iter().flatten().collect::<Vec<_>>().join("  ");
                Some(first)
                    .filter(|it| !it.is_empty())
                    .into_iter()
                    .chain(list("fields").map(|it| format!("· {}", self.text(it))))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            "context" => format!("~ {}", texts("elements").join("  ")),
            "actions" => texts("elements").join(" "),
            "divider" => "---".to_owned(),
            "input" => {
                format!("{}: {}", self.text(&block["label"]), self.element(&block["element"]))
            }
            "image" => format!("(picture: {})", block["alt_text"].as_str().unwrap_or_default()),
            "markdown" => block["text"].as_str().unwrap_or_default().to_owned(),
            "rich_text" => list("elements").map(|it| self.rich(it)).collect::<Vec<_>>().join("\n"),
            "table" => {
                let row = |row: &Value| {
                    row.as_array()
                        .into_iter()
                        .flatten()
                        .map(|cell| self.cell(cell))
                        .collect::<Vec<_>>()
                        .join(" | ")
                };
                list("rows").map(row).collect::<Vec<_>>().join("\n")
            }
            other => format!("({other})"),
        }
    }

    fn element(&self, element: &Value) -> String {
        match element["type"].as_str().unwrap_or_default() {
            "mrkdwn" | "plain_text" => self.text(element),
            "button" => {
                let mark = match element["style"].as_str() {
                    Some("primary") => "*",
                    Some("danger") => "!",
                    _ => "",
                };
                format!("[{}{mark}]", self.text(&element["text"]))
            }
            "plain_text_input" => {
                format!("[{}]", element["initial_value"].as_str().unwrap_or("____"))
            }
            "image" => format!("(picture: {})", element["alt_text"].as_str().unwrap_or_default()),
            _ => {
                let options =
                    element.get("options").and_then(Value::as_array).into_iter().flatten();
                format!(
                    "<{}>",
                    options.map(|it| self.text(&it["text"])).collect::<Vec<_>>().join(" / ")
                )
            }
        }
    }

    /// A text object; only marked-up ones have references and entities.
    pub(super) fn text(&self, text: &Value) -> String {
        let words = text["text"].as_str().unwrap_or_default();
        if text["type"] == "mrkdwn" { self.plain(words) } else { words.to_owned() }
    }

    fn rich(&self, part: &Value) -> String {
        let inside = part.get("elements").and_then(Value::as_array).into_iter().flatten();
        match part["type"].as_str().unwrap_or_default() {
            "rich_text_preformatted" => {
                indented(&inside.map(|it| self.inline(it)).collect::<String>(), "| ")
            }
            "rich_text_quote" => {
                indented(&inside.map(|it| self.inline(it)).collect::<String>(), "> ")
            }
            "rich_text_list" => {
                inside.map(|it| format!("- {}", self.rich(it))).collect::<Vec<_>>().join("\n")
            }
            _ => inside.map(|it| self.inline(it)).collect(),
        }
    }

    fn inline(&self, part: &Value) -> String {
        let of = |name: &str| part[name].as_str().unwrap_or_default();
        match of("type") {
            "user" => format!("@{}", self.name(of("user_id"))),
            "emoji" => format!(":{}:", of("name")),
            "link" if of("text").is_empty() => of("url").to_owned(),
            "date" => of("fallback").to_owned(),
            _ => of("text").to_owned(),
        }
    }

    fn cell(&self, cell: &Value) -> String {
        match &cell["text"] {
            Value::String(text) => text.clone(),
            number @ Value::Number(_) => number.to_string(),
            _ => self.block(cell),
        }
    }
}

/// One thing said, and where it belongs.
struct Line {
    ts: String,
    root: Option<String>,
    text: String,
}

fn labelled(who: &str, words: &str) -> String {
    if words.contains('\n') {
        format!("{who}:\n{}", indented(words, "  "))
    } else {
        format!("{who}: {words}")
    }
}

fn indented(text: &str, by: &str) -> String {
    text.lines()
        .map(|line| format!("{by}{line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
