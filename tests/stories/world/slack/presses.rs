//! What do people press?

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::FakeSlack;
use super::payloads::Pressed;
use super::signed::{Heard, Sent};
use super::state::{Account, Message, State, View};

/// Where something is pressed.
#[derive(Clone, Debug)]
pub(super) enum Screen {
    /// As somebody's client shows it, which need not be as it is now.
    Message(Box<Message>),
    Home,
    /// The form they look at.
    Form,
}

/// "Are you sure?", and what happens if so.
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    pub confirm: Value,
    screen: Screen,
    pressed: Pressed,
}

/// What is looked for to be pressed.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    /// The beginning is enough, if it is the only one that begins so.
    pub name: &'a str,
    /// An option of a menu, not a button.
    pub option: bool,
    /// The first one in or below the first block that shows these words; anywhere, if there are none.
    pub near: &'a str,
}

impl<'a> Sought<'a> {
    pub(super) const fn button(name: &'a str) -> Self {
        Self { name, option: false, near: "" }
    }

    pub(super) const fn option(name: &'a str) -> Self {
        Self { name, option: true, near: "" }
    }
}

impl FakeSlack {
    /// Presses what is sought, or opens the dialog that it asks with.
    pub(super) async fn acts(
        &self,
        user: &str,
        screen: Screen,
        sought: Sought<'_>,
    ) -> Result<Heard> {
        let person = self.account(user)?;
        self.answered_all(&person)?;
        let pressed = self.peek(|state| state.find(&state.blocks_of(&person, &screen)?, sought))?;
        let Some(confirm) = pressed.element.get("confirm").cloned() else {
            return self.interacts(&person, &screen, &pressed).await;
        };
        self.shared
            .change(|state| state.dialogs.insert(person.id, Dialog { confirm, screen, pressed }));
        Ok(Heard::nothing())
    }

    /// Answers the dialog; "no" is nothing that the bot hears.
    pub(super) async fn answers_dialog(&self, user: &str, yes: bool) -> Result<Heard> {
        let person = self.account(user)?;
        let dialog = self
            .shared
            .change(|state| state.dialogs.remove(&person.id))
            .with_context(|| format!("{user} was not asked to confirm anything"))?;
        if yes {
            self.interacts(&person, &dialog.screen, &dialog.pressed).await
        } else {
            Ok(Heard::nothing())
        }
    }

    /// A dialog hides everything else.
    pub(super) fn answered_all(&self, person: &Account) -> Result<()> {
        let open =
            self.peek(|state| state.dialogs.get(&person.id).map(|it| state.shown_dialog(it)));
        ensure!(
            open.is_none(),
            "{} has to answer first: {}",
            person.name,
            open.unwrap_or_default()
        );
        Ok(())
    }

    async fn interacts(
        &self,
        person: &Account,
        screen: &Screen,
        pressed: &Pressed,
    ) -> Result<Heard> {
        let payload = self.shared.change(|state| match screen {
            Screen::Message(message) => {
                Some(state.block_actions(self.shared.address, person, message, pressed))
            }
            Screen::Home => state
                .homes
                .get(&person.id)
                .cloned()
                .map(|home| state.view_actions(person, home, pressed)),
            Screen::Form => state
                .open_view(&person.id)
                .map(View::described)
                .map(|form| state.view_actions(person, form, pressed)),
        });
        self.interaction(&payload.context("what was pressed is gone")?).await
    }

    /// The one place from which interactions go out.
    pub(super) async fn interaction(&self, payload: &Value) -> Result<Heard> {
        self.deliver(Sent::form(&[("payload", &payload.to_string())])).await
    }
}

impl State {
    fn blocks_of(&self, person: &Account, screen: &Screen) -> Result<Vec<Value>> {
        let view = match screen {
            Screen::Message(message) => return Ok(message.blocks.clone()),
            Screen::Home => self
                .homes
                .get(&person.id)
                .with_context(|| format!("{} has no Home tab yet", person.name))?,
            Screen::Form => {
                &self
                    .open_view(&person.id)
                    .with_context(|| format!("{} has no form open", person.name))?
                    .content
            }
        };
        Ok(view["blocks"].as_array().cloned().unwrap_or_default())
    }

    fn find(&self, blocks: &[Value], sought: Sought<'_>) -> Result<Pressed> {
        let from = blocks.iter().position(|block| self.block(block).contains(sought.near));
        let blocks = &blocks[from.with_context(|| format!("nothing shows {:?}", sought.near))?..];
        let all: Vec<(String, Pressed)> = blocks
            .iter()
            .flat_map(in_block)
            .filter(|(_, it)| it.option.is_some() == sought.option)
            .collect();
        let names: Vec<String> = all.iter().map(|(text, _)| format!("[{text}]")).collect();
        let exact = all.iter().any(|(text, _)| text == sought.name);
        let mut fitting = all.into_iter().filter(|(text, _)| {
            if exact { text == sought.name } else { text.starts_with(sought.name) }
        });
        match (fitting.next(), fitting.next()) {
            (Some((_, pressed)), None) => Ok(pressed),
            (Some((_, pressed)), Some(_)) if !sought.near.is_empty() => Ok(pressed),
            _ => bail!(
                "no [{}] to press, or several; there is {}",
                sought.name,
                if names.is_empty() { "none at all".to_owned() } else { names.join(" ") }
            ),
        }
    }

    /// How "Are you sure?" reads.
    pub(super) fn shown_dialog(&self, dialog: &Dialog) -> String {
        let [title, text, yes, no] =
            ["title", "text", "confirm", "deny"].map(|name| self.text(&dialog.confirm[name]));
        format!("{title} {text} [{yes}] [{no}]")
    }
}

/// What the buttons and options read.
pub(super) fn offered(blocks: &[Value]) -> Vec<String> {
    blocks.iter().flat_map(in_block).map(|(text, _)| text).collect()
}

fn in_block(block: &Value) -> Vec<(String, Pressed)> {
    let block_id = block["block_id"].as_str().unwrap_or_default();
    let elements = block["elements"].as_array().into_iter().flatten().chain(block.get("accessory"));
    elements.flat_map(|element| in_element(block_id, element)).collect()
}

fn in_element(block_id: &str, element: &Value) -> Vec<(String, Pressed)> {
    let pressed = |option: Option<&Value>| Pressed {
        block_id: block_id.to_owned(),
        element: element.clone(),
        option: option.cloned(),
    };
    let text = |it: &Value| {
        it.pointer("/text/text").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    if element["type"] == "button" {
        return vec![(text(element), pressed(None))];
    }
    element["options"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|option| (text(option), pressed(Some(option))))
        .collect()
}
