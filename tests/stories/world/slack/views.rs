//! What happens to forms and Home tabs?

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Answer, Arguments};
use super::limits;
use super::state::{State, View};

/// How long a trigger opens a form.
const TRIGGER_LIVES: Duration = Duration::from_secs(3);

pub(super) fn open(state: &mut State, arguments: &Arguments) -> Answer {
    let trigger = arguments.text("trigger_id").and_then(|id| state.triggers.get_mut(id)).ok_or("invalid_trigger_id")?;
    if trigger.used {
        return Err("exchanged_trigger_id");
    }
    trigger.used = true;
    if trigger.given.elapsed() > TRIGGER_LIVES {
        return Err("expired_trigger_id");
    }
    let user = trigger.user.clone();
    let view = checked(state, "views.open", arguments)?;
    let (id, hash) = (state.next_id("V"), state.next_id("h"));
    state.views.push(View { id: id.clone(), user, hash: hash.clone(), content: view.clone(), open: true, errors: BTreeMap::new() });
    Ok(json!({ "view": described(view, &id, &hash) }))
}

pub(super) fn update(state: &mut State, arguments: &Arguments) -> Answer {
    let new = checked(state, "views.update", arguments)?;
    let hash = state.next_id("h");
    let id = arguments.text("view_id").unwrap_or_default();
    let view = state.views.iter_mut().find(|it| it.id == id).ok_or("not_found")?;
    if arguments.text("hash").is_some_and(|known| known != view.hash) {
        return Err("hash_conflict");
    }
    view.hash.clone_from(&hash);
    view.content = new.clone();
    Ok(json!({ "view": described(new, id, &hash) }))
}

pub(super) fn publish(state: &mut State, arguments: &Arguments) -> Answer {
    let user = arguments.text("user_id").and_then(|id| state.user(id)).ok_or("user_not_found")?.id.clone();
    let view = checked(state, "views.publish", arguments)?;
    let (id, hash) = (state.next_id("V"), state.next_id("h"));
    state.homes.insert(user, view.clone());
    Ok(json!({ "view": described(view, &id, &hash) }))
}

fn checked(state: &mut State, method: &str, arguments: &Arguments) -> Answer {
    let view = arguments.get("view").cloned().ok_or("invalid_arguments")?;
    let wrong = limits::of_view(&view);
    if wrong.is_empty() {
        return Ok(view);
    }
    state.violations.extend(wrong.into_iter().map(|it| format!("{method}: {it}")));
    Err("invalid_arguments")
}

/// A view as Slack gives it back.
pub(super) fn described(mut view: Value, id: &str, hash: &str) -> Value {
    view["id"] = json!(id);
    view["hash"] = json!(hash);
    view["team_id"] = json!(super::TEAM);
    view
}
