//! What do people press, and fill in?

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::FakeSlack;
use super::payloads::Pressed;
use super::signed::{Heard, Sent};
use super::state::{Message, State, View};

impl FakeSlack {
    /// Presses the button of that message, as it is now; or chooses that option of a menu.
    pub async fn presses(&self, user: &str, ts: &str, button: &str) -> Result<Heard> {
        let message = self.message(ts).context("no such message")?;
        self.presses_in(user, &message, button).await
    }

    /// Presses a button that somebody's client still shows although the message may have changed: the last one of that name.
    pub async fn presses_late(&self, user: &str, ts: &str, button: &str) -> Result<Heard> {
        let mut message = self.message(ts).context("no such message")?;
        let mut looks = std::iter::once(&message.blocks).chain(message.before.iter().rev().map(|(_, blocks)| blocks));
        message.blocks = looks.find(|blocks| find(blocks, button).is_ok()).cloned().with_context(|| format!("there never was a [{button}]"))?;
        self.presses_in(user, &message, button).await
    }

    /// Presses a button of the person's Home tab.
    pub async fn presses_at_home(&self, user: &str, button: &str) -> Result<Heard> {
        let person = self.person(user)?;
        let home = self.peek(|state| state.homes.get(&person.id).cloned()).with_context(|| format!("{user} has no Home tab yet"))?;
        let pressed = find(home["blocks"].as_array().map(Vec::as_slice).unwrap_or_default(), button)?;
        let payload = self.shared.change(|state| state.home_actions(&person, home, &pressed));
        self.interacts(&payload).await
    }

    /// Fills in the open form, by label or block id, and sends it. What is wrong with it then stands in [`View::errors`].
    pub async fn submits(&self, user: &str, answers: &[(&str, &str)]) -> Result<Heard> {
        let person = self.person(user)?;
        let view = self.peek(|state| state.open_view(&person.id).cloned()).with_context(|| format!("{user} has no form open"))?;
        let values = filled(&view.content, answers)?;
        let payload = self.shared.change(|state| state.view_submission(&person, &view, &values));
        let heard = self.interacts(&payload).await?;
        self.shared.change(|state| state.after_submission(&view.id, &heard));
        Ok(heard)
    }

    /// The form that person looks at; waits for it.
    pub async fn form(&self, user: &str) -> Result<View> {
        let id = self.user(user)?;
        self.until(&format!("a form for {user}"), |state| state.open_view(&id).cloned()).await
    }

    async fn presses_in(&self, user: &str, message: &Message, button: &str) -> Result<Heard> {
        let person = self.person(user)?;
        let pressed = find(&message.blocks, button)?;
        let payload = self.shared.change(|state| state.block_actions(self.shared.address, &person, message, &pressed));
        self.interacts(&payload).await
    }

    async fn interacts(&self, payload: &Value) -> Result<Heard> {
        self.deliver(Sent::form(&[("payload", &payload.to_string())])).await
    }
}

impl State {
    /// An empty 200 closes the form; `response_action` may keep it open with errors, change it, or close all.
    fn after_submission(&mut self, id: &str, heard: &Heard) {
        let Some(view) = self.views.iter_mut().find(|it| it.id == id) else { return };
        let answer = heard.json().unwrap_or_default();
        view.errors = BTreeMap::new();
        match answer["response_action"].as_str() {
            _ if heard.status != 200 => {}
            Some("errors") => {
                let errors = answer["errors"].as_object().into_iter().flatten();
                view.errors = errors.map(|(block, error)| (block.clone(), error.as_str().unwrap_or_default().to_owned())).collect();
            }
            Some("update") => view.content = answer["view"].clone(),
            _ => view.open = false,
        }
    }
}

/// The one button or option of that name; its beginning is enough if it is the only one.
fn find(blocks: &[Value], name: &str) -> Result<Pressed> {
    let all: Vec<(String, Pressed)> = blocks.iter().flat_map(in_block).collect();
    let names: Vec<String> = all.iter().map(|(text, _)| format!("[{text}]")).collect();
    let exact = all.iter().filter(|(text, _)| text == name).count() == 1;
    let mut fitting = all.into_iter().filter(|(text, _)| if exact { text == name } else { text.starts_with(name) });
    match (fitting.next(), fitting.next()) {
        (Some((_, pressed)), None) => Ok(pressed),
        _ => bail!("no [{name}] to press, or several; there is {}", if names.is_empty() { "none at all".to_owned() } else { names.join(" ") }),
    }
}

fn in_block(block: &Value) -> Vec<(String, Pressed)> {
    let block_id = block["block_id"].as_str().unwrap_or_default();
    let elements = block["elements"].as_array().into_iter().flatten().chain(block.get("accessory"));
    elements.flat_map(|element| in_element(block_id, element)).collect()
}

fn in_element(block_id: &str, element: &Value) -> Vec<(String, Pressed)> {
    let pressed = |option: Option<&Value>| Pressed { block_id: block_id.to_owned(), element: element.clone(), option: option.cloned() };
    let text = |it: &Value| it.pointer("/text/text").and_then(Value::as_str).unwrap_or_default().to_owned();
    if element["type"] == "button" {
        return vec![(text(element), pressed(None))];
    }
    element["options"].as_array().into_iter().flatten().map(|option| (text(option), pressed(Some(option)))).collect()
}

/// The values of a form: what was answered, else what was there at the beginning.
fn filled(view: &Value, answers: &[(&str, &str)]) -> Result<Value> {
    let mut values = Map::new();
    let mut left: BTreeMap<&str, &str> = answers.iter().copied().collect();
    for block in view["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
        let (id, label) = (block["block_id"].as_str().unwrap_or_default(), block.pointer("/label/text").and_then(Value::as_str).unwrap_or_default());
        let element = &block["element"];
        let answer = left.remove(id).or_else(|| left.remove(label)).map_or_else(|| element["initial_value"].clone(), |it| json!(it));
        let mut value = json!({ "type": element["type"] });
        match element["options"].as_array() {
            Some(options) => value["selected_option"] = options.iter().find(|it| it["text"]["text"] == answer).cloned().unwrap_or_default(),
            None => value["value"] = answer,
        }
        values.insert(id.to_owned(), json!({ element["action_id"].as_str().unwrap_or_default(): value }));
    }
    if let Some(unknown) = left.keys().next() {
        bail!("the form has no field {unknown}");
    }
    Ok(Value::Object(values))
}
