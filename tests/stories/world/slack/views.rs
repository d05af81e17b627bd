//! What happens to forms and Home tabs?

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::FakeSlack;
use super::api::{Answer, Arguments, Refusal};
use super::limits;
use super::messages::named;
use super::state::{APP, BOT, State, TEAM, View};

/// How long a trigger opens a form.
const TRIGGER_LIVES: Duration = Duration::from_secs(3);
/// How many forms may lie on each other.
const MOST_STACKED: usize = 3;

impl FakeSlack {
    /// All triggers that were given so far are older than the three seconds that they work.
    pub fn lets_triggers_expire(&self) {
        self.shared
            .lock()
            .triggers
            .values_mut()
            .for_each(|it| it.given -= TRIGGER_LIVES + Duration::from_millis(1));
    }
}

/// A new form. Whatever the person had open is put away.
pub(super) fn open(state: &mut State, arguments: &Arguments) -> Answer {
    let (user, _) = triggered(state, arguments)?;
    let view = checked(state, "views.open", arguments, "modal")?;
    state.views.iter_mut().filter(|it| it.user == user).for_each(|it| it.open = false);
    Ok(json!({ "view": state.opens(&user, view, None) }))
}

/// A form on top of the one that was pressed in.
pub(super) fn push(state: &mut State, arguments: &Arguments) -> Answer {
    let (user, below) = triggered(state, arguments)?;
    let below = below.ok_or("not_found")?;
    if state.views.iter().filter(|it| it.open && it.user == user).count() >= MOST_STACKED {
        return Err("push_limit_reached".into());
    }
    let view = checked(state, "views.push", arguments, "modal")?;
    Ok(json!({ "view": state.opens(&user, view, Some(below)) }))
}

/// Changes a form, if it is still as the bot believes (`hash`); what people filled in stays where it has a place.
pub(super) fn update(state: &mut State, arguments: &Arguments) -> Answer {
    let (id, external) = (arguments.text("view_id"), arguments.text("external_id"));
    let is_meant = |it: &View| {
        id.map_or(external.is_some() && it.content["external_id"].as_str() == external, |id| {
            it.id == id
        })
    };
    let meant = state.views.iter().find(|it| it.open && is_meant(it)).ok_or("not_found")?;
    if arguments.text("hash").is_some_and(|known| known != meant.hash) {
        return Err("hash_conflict".into());
    }
    let id = meant.id.clone();
    let new = checked(state, "views.update", arguments, "modal")?;
    Ok(json!({ "view": state.changes(&id, new) }))
}

/// Draws a person's Home tab, which keeps its id.
pub(super) fn publish(state: &mut State, arguments: &Arguments) -> Answer {
    let user = arguments
        .text("user_id")
        .and_then(|id| state.account(id))
        .ok_or("user_not_found")?
        .id
        .clone();
    let before = state.homes.get(&user).map(|it| (it["id"].clone(), it["hash"].clone()));
    if let (Some(known), Some((_, hash))) = (arguments.get("hash"), &before)
        && known != hash
    {
        return Err("hash_conflict".into());
    }
    let content = checked(state, "views.publish", arguments, "home")?;
    let id = before
        .and_then(|(id, _)| id.as_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| state.next_id("V"));
    let view =
        View { id, user: user.clone(), hash: state.next_id("h"), content, ..View::default() }
            .described();
    state.homes.insert(user, view.clone());
    Ok(json!({ "view": view }))
}

/// Whose trigger it is, and from which form. It works once, whatever comes of it.
fn triggered(
    state: &mut State,
    arguments: &Arguments,
) -> Result<(String, Option<String>), Refusal> {
    let trigger = arguments
        .text("trigger_id")
        .and_then(|id| state.triggers.get_mut(id))
        .ok_or("invalid_trigger_id")?;
    if trigger.used {
        return Err("exchanged_trigger_id".into());
    }
    trigger.used = true;
    if trigger.given.elapsed() > TRIGGER_LIVES {
        return Err("expired_trigger_id".into());
    }
    Ok((trigger.user.clone(), trigger.view.clone()))
}

fn checked(state: &mut State, method: &str, arguments: &Arguments, kind: &str) -> Answer {
    let view = arguments.get("view").cloned().ok_or("invalid_arguments")?;
    state.checks(method, view, kind)
}

impl State {
    /// A view of that kind as Slack keeps it; what it minds is noted.
    pub(super) fn checks(&mut self, method: &str, mut view: Value, kind: &str) -> Answer {
        let mut wrong = limits::of_view(&view);
        if view["type"] != kind {
            wrong.push(format!("a {kind} was expected"));
        }
        if wrong.is_empty() {
            view["blocks"] =
                json!(named(self, view["blocks"].as_array().cloned().unwrap_or_default()));
            return Ok(view);
        }
        self.violations.extend(wrong.iter().map(|it| format!("{method}: {it}")));
        Err(Refusal { error: "invalid_arguments", because: wrong })
    }

    /// Lays a form on somebody's screen.
    pub(super) fn opens(&mut self, user: &str, content: Value, previous: Option<String>) -> Value {
        let (id, hash) = (self.next_id("V"), self.next_id("h"));
        let view = View {
            id,
            hash,
            user: user.to_owned(),
            content,
            open: true,
            previous,
            ..View::default()
        };
        let described = view.described();
        self.views.push(view);
        described
    }

    /// Shows something else in a form.
    pub(super) fn changes(&mut self, id: &str, content: Value) -> Value {
        let hash = self.next_id("h");
        let Some(view) = self.views.iter_mut().find(|it| it.id == id) else { return Value::Null };
        view.hash = hash;
        view.content = content;
        view.errors = BTreeMap::new();
        view.described()
    }
}

impl View {
    /// A view as Slack gives it back.
    pub(super) fn described(&self) -> Value {
        let mut view = self.content.clone();
        for name in ["callback_id", "private_metadata", "external_id"] {
            if view.get(name).is_none() {
                view[name] = json!("");
            }
        }
        for (name, value) in [
            ("id", json!(self.id)),
            ("hash", json!(self.hash)),
            ("team_id", json!(TEAM)),
            ("app_id", json!(APP)),
            ("bot_id", json!(BOT)),
            ("root_view_id", json!(self.previous.as_ref().unwrap_or(&self.id))),
            ("previous_view_id", json!(self.previous)),
            ("state", json!({ "values": self.values() })),
        ] {
            view[name] = value;
        }
        view
    }

    /// By block, then by action: what was filled in, else what was there at the beginning.
    fn values(&self) -> Value {
        let inputs = self.inputs().map(|block| {
            let (id, element) = (block["block_id"].as_str().unwrap_or_default(), &block["element"]);
            let action = element["action_id"].as_str().unwrap_or_default();
            (id.to_owned(), json!({ action: self.filled.get(id).cloned().unwrap_or_else(|| untouched(element)) }))
        });
        Value::Object(inputs.collect::<Map<_, _>>())
    }

    /// The fields of a form.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Value> {
        self.content["blocks"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|block| block["type"] == "input")
    }
}

/// A field that nobody touched.
fn untouched(element: &Value) -> Value {
    let initial = |name: &str| element.get(name).cloned().unwrap_or_default();
    let kind = &element["type"];
    match kind.as_str().unwrap_or_default() {
        "static_select" | "radio_buttons" => {
            json!({ "type": kind, "selected_option": initial("initial_option") })
        }
        "checkboxes" => {
            json!({ "type": kind, "selected_options": element.get("initial_options").cloned().unwrap_or_else(|| json!([])) })
        }
        "users_select" => json!({ "type": kind, "selected_user": initial("initial_user") }),
        "multi_users_select" => {
            json!({ "type": kind, "selected_users": element.get("initial_users").cloned().unwrap_or_else(|| json!([])) })
        }
        _ => json!({ "type": kind, "value": initial("initial_value") }),
    }
}
