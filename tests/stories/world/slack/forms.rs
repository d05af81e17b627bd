//! What do people fill in?

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::FakeSlack;
use super::signed::Heard;
use super::state::{State, View};

impl FakeSlack {
    /// Types into a field, or chooses the option that reads so.
    pub(super) fn fills_field(&self, user: &str, field: &str, answer: &str) -> Result<()> {
        let user = self.account(user)?.id;
        let meant = self.user(answer).ok();
        self.shared.change(|state| {
            let view = state.open_form(&user)?;
            let block = view
                .inputs()
                .find(|it| is_called(it, field))
                .with_context(|| format!("the form has no field {field}"))?
                .clone();
            let value = filled(&block["element"], answer, meant)?;
            view.filled.insert(block["block_id"].as_str().unwrap_or_default().to_owned(), value);
            Ok(())
        })
    }

    /// Sends the form, if a client would; it may come back with what is wrong, change, or make way.
    pub(super) async fn sends_form(&self, user: &str) -> Result<Heard> {
        let person = self.account(user)?;
        self.answered_all(&person)?;
        let payload = self.shared.change(|state| {
            let view = state.open_form(&person.id)?.clone();
            sendable(&view)?;
            anyhow::Ok((view.id.clone(), state.view_sent("view_submission", &person, &view)))
        });
        let (id, payload) = payload?;
        let heard = self.interaction(&payload).await?;
        self.shared.change(|state| state.after_submission(&id, &heard));
        Ok(heard)
    }

    /// Closes the form, with all below it or not; the bot hears of it where it wants to.
    pub(super) async fn closes_form(&self, user: &str) -> Result<()> {
        let person = self.account(user)?;
        let payload = self.shared.change(|state| {
            let view = state.open_form(&person.id)?;
            view.open = false;
            let view = view.clone();
            anyhow::Ok(
                (view.content["notify_on_close"] == true)
                    .then(|| state.view_sent("view_closed", &person, &view)),
            )
        })?;
        if let Some(payload) = payload {
            self.interaction(&payload).await?;
        }
        Ok(())
    }
}

impl State {
    fn open_form(&mut self, user: &str) -> Result<&mut View> {
        let name = self.name(user).to_owned();
        self.views
            .iter_mut()
            .rev()
            .find(|it| it.open && it.user == user)
            .with_context(|| format!("{name} has no form open"))
    }

    /// Nothing closes the form; `response_action` keeps it open with errors, changes it, lays another on it, or closes all.
    fn after_submission(&mut self, id: &str, heard: &Heard) {
        let Some(at) = self.views.iter().position(|it| it.id == id) else { return };
        let answer = heard.json().unwrap_or_default();
        self.views[at].errors = BTreeMap::new();
        let user = self.views[at].user.clone();
        let known =
            answer.get("view").cloned().map(|view| self.checks("view_submission", view, "modal"));
        match (answer["response_action"].as_str(), known) {
            // Slack says that something went wrong, and keeps the form.
            _ if heard.status != 200 => {}
            (Some("errors"), _) => self.finds_wrong(at, &answer["errors"]),
            (Some("update"), Some(Ok(view))) => drop(self.changes(id, view)),
            (Some("push"), Some(Ok(view))) => drop(self.opens(&user, view, Some(id.to_owned()))),
            (Some("clear"), None) => {
                self.views.iter_mut().filter(|it| it.user == user).for_each(|it| it.open = false);
            }
            (None, None) if heard.body.is_empty() || answer == json!({}) => {
                self.views[at].open = false;
            }
            (_, Some(Err(_))) => {}
            _ => self.violations.push(format!("a form was answered with {}", heard.body)),
        }
    }

    /// Slack shows an error below a field; what belongs to no field makes it say only that something went wrong.
    fn finds_wrong(&mut self, at: usize, errors: &Value) {
        let fields: Vec<String> = self.views[at]
            .inputs()
            .filter_map(|it| it["block_id"].as_str().map(ToOwned::to_owned))
            .collect();
        let errors = errors.as_object().cloned().unwrap_or_default();
        for (block, error) in &errors {
            if !fields.contains(block) || error.as_str().is_none_or(str::is_empty) {
                self.violations
                    .push(format!("an error {error} for {block:?}, which is no field of the form"));
            }
        }
        if errors.is_empty() {
            self.violations.push("a form was refused without errors".to_owned());
        }
        self.views[at].errors = errors
            .into_iter()
            .map(|(block, error)| (block, error.as_str().unwrap_or_default().to_owned()))
            .collect();
    }
}

fn is_called(block: &Value, name: &str) -> bool {
    block["block_id"] == name || block.pointer("/label/text").is_some_and(|label| label == name)
}

/// What a field holds once somebody answered.
fn filled(element: &Value, answer: &str, person: Option<String>) -> Result<Value> {
    let kind = &element["type"];
    let options: Vec<&Value> = element["options"].as_array().into_iter().flatten().collect();
    let option = || {
        let names: Vec<&Value> = options.iter().map(|it| &it["text"]["text"]).collect();
        let chosen =
            options.iter().find(|it| it["text"]["text"] == answer || it["value"] == answer);
        chosen
            .copied()
            .with_context(|| format!("no option is called {answer}; there are {names:?}"))
    };
    Ok(match kind.as_str().unwrap_or_default() {
        "static_select" | "radio_buttons" => json!({ "type": kind, "selected_option": option()? }),
        "checkboxes" => json!({ "type": kind, "selected_options": [option()?] }),
        "users_select" => {
            json!({ "type": kind, "selected_user": person.context("nobody is called so")? })
        }
        "multi_users_select" => {
            json!({ "type": kind, "selected_users": [person.context("nobody is called so")?] })
        }
        "plain_text_input" if answer.is_empty() => json!({ "type": kind, "value": null }),
        "plain_text_input" => json!({ "type": kind, "value": answer }),
        other => bail!("nobody knows how to fill in {other:?}"),
    })
}

/// A client sends a form that has a button for it, with all fields filled in that must be, and none too full.
fn sendable(view: &View) -> Result<()> {
    ensure!(
        view.content.get("submit").is_some_and(|it| !it.is_null()),
        "the form has no button to send it with"
    );
    let described = view.described();
    for block in view.inputs() {
        let (id, element) = (block["block_id"].as_str().unwrap_or_default(), &block["element"]);
        let value = described.pointer(&format!(
            "/state/values/{id}/{}",
            element["action_id"].as_str().unwrap_or_default()
        ));
        let held = value
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "type")
            .map(|(_, held)| held)
            .next();
        let empty = held.is_none_or(|it| it.is_null() || it.as_array().is_some_and(Vec::is_empty));
        ensure!(
            !empty || block["optional"] == true,
            "the client wants the field {id} filled in first"
        );
        let letters = held.and_then(Value::as_str).map_or(0, |it| it.chars().count());
        let bound = |name: &str, other: usize| {
            element
                .get(name)
                .and_then(Value::as_u64)
                .map_or(other, |it| usize::try_from(it).unwrap_or(other))
        };
        ensure!(
            empty
                || letters == 0
                || (bound("min_length", 0)..=bound("max_length", 3_000)).contains(&letters),
            "{letters} letters do not fit into {id}"
        );
    }
    Ok(())
}
