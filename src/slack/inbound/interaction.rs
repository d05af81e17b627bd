//! Interactions: what was pressed, or filled in?

use std::collections::BTreeMap;

use url::Url;

use super::fields::FormFields;
use super::key::{key, key_of_content};
use super::{Click, FieldValue, Inbound, Malformed, Surface, ViewSubmission};
use crate::run::RequestId;
use crate::slack::response_url::ResponseUrl;
use crate::slack::ts::Ts;

/// Null in installations for a whole organisation, so the person's own team stands in.
const TEAM: &[&str] = &[
    "/team/id",
    "/user/team_id",
    "/view/app_installed_team_id",
    "/view/team_id",
    "/enterprise/id",
];
const USER_TEAM: &[&str] = &["/user/team_id", "/team/id", "/view/team_id", "/enterprise/id"];

/// What was filled in, by block, then by action.
type FormValues = BTreeMap<String, BTreeMap<String, FieldValue>>;

pub(super) fn parse(fields: FormFields<'_>, emulator: Option<&Url>) -> Result<Inbound, Malformed> {
    match fields.need(&["/type"])?.as_str() {
        "block_actions" => click(fields, emulator),
        "view_submission" => submission(fields),
        other => Ok(Inbound::ignored(other)),
    }
}

/// Clients send one action at a time.
fn click(fields: FormFields<'_>, emulator: Option<&Url>) -> Result<Inbound, Malformed> {
    let action =
        fields.at("/actions/0").ok_or_else(|| Malformed("/actions/0 is missing".to_owned()))?;
    let message_ts = message_ts(fields);
    let thread_ts = fields
        .first(&["/container/thread_ts", "/message/thread_ts"])
        .filter(|root| Some(*root) != message_ts);
    let user = fields.need(&["/user/id"])?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(Inbound::Click(Click {
        key: click_key(fields, action, &user)?,
        team: fields.need(TEAM)?,
        user_team: fields.need(USER_TEAM)?,
        user,
        surface: surface(fields),
        channel: fields.first(&["/channel/id", "/container/channel_id"]).map(ToOwned::to_owned),
        message_ts: message_ts.map(Ts::from),
        ephemeral: fields.is_true("/container/is_ephemeral"),
        thread_ts: thread_ts.map(Ts::from),
        view_id: fields.first(&["/view/id", "/container/view_id"]).map(ToOwned::to_owned),
        view_hash: fields.text("/view/hash").map(ToOwned::to_owned),
        callback_id: owned(fields.text("/view/callback_id")),
        private_metadata: owned(fields.text("/view/private_metadata")),
        action_id: action.need(&["/action_id"])?,
        block_id: owned(action.text("/block_id")),
        value: field_value(action).first(),
        trigger_id: owned(fields.text("/trigger_id")),
        response_url: fields
            .text("/response_url")
            .and_then(|text| ResponseUrl::parse(text, emulator)),
    }))
}

fn message_ts(fields: FormFields<'_>) -> Option<&str> {
    fields.first(&["/container/message_ts", "/message/ts"])
}

fn surface(fields: FormFields<'_>) -> Surface {
    match (fields.text("/view/type"), message_ts(fields)) {
        (Some("home"), _) => Surface::Home,
        // An emulator tells neither view nor message of what was pressed at home.
        (None, None) if fields.text("/container/type") == Some("message") => Surface::Home,
        (Some(_), _) | (None, None) => Surface::Modal,
        (None, Some(_)) => Surface::Message,
    }
}

fn click_key(
    fields: FormFields<'_>,
    action: FormFields<'_>,
    user: &str,
) -> Result<RequestId, Malformed> {
    if let Some(trigger_id) = fields.text("/trigger_id") {
        return Ok(key("click", &[trigger_id]));
    }
    let message_ts = message_ts(fields).unwrap_or_default();
    let action_id = action.need(&["/action_id"])?;
    let action_ts = action.text("/action_ts").unwrap_or_default();
    Ok(key_of_content("click", &[message_ts, &action_id, user, action_ts]))
}

fn submission(fields: FormFields<'_>) -> Result<Inbound, Malformed> {
    let view_id = fields.need(&["/view/id"])?;
    let values = values(fields);
    let owned = |pointer| fields.text(pointer).unwrap_or_default().to_owned();
    Ok(Inbound::Submission(ViewSubmission {
        key: submission_key(fields, &view_id, &values),
        team: fields.need(TEAM)?,
        user_team: fields.need(USER_TEAM)?,
        user: fields.need(&["/user/id"])?,
        callback_id: owned("/view/callback_id"),
        private_metadata: owned("/view/private_metadata"),
        values,
        view_id,
        view_hash: fields.text("/view/hash").map(ToOwned::to_owned),
        trigger_id: owned("/trigger_id"),
    }))
}

fn values(fields: FormFields<'_>) -> FormValues {
    let of_block = |actions: FormFields<'_>| {
        actions.entries("").map(|(action, field)| (action.clone(), field_value(field))).collect()
    };
    fields
        .entries("/view/state/values")
        .map(|(block, actions)| (block.clone(), of_block(actions)))
        .collect()
}

fn submission_key(fields: FormFields<'_>, view_id: &str, values: &FormValues) -> RequestId {
    if let Some(trigger_id) = fields.text("/trigger_id") {
        return key("submission", &[view_id, trigger_id]);
    }
    // A form refused for its words is sent again with others, under the same id and hash.
    let hash = fields.text("/view/hash").unwrap_or_default();
    key_of_content("submission", &[view_id, hash, &format!("{values:?}")])
}

const ONE: &[&str] = &[
    "/value",
    "/selected_option/value",
    "/selected_user",
    "/selected_conversation",
    "/selected_channel",
    "/selected_date",
    "/selected_time",
];
const MANY: &[&str] =
    &["/selected_options", "/selected_users", "/selected_conversations", "/selected_channels"];

/// What an input or a pressed element holds, whatever its kind.
fn field_value(field: FormFields<'_>) -> FieldValue {
    if let Some(text) = field.first(ONE) {
        return FieldValue::Text(text.to_owned());
    }
    let chosen: Vec<String> = MANY
        .iter()
        .flat_map(|at| field.list(at))
        .filter_map(|one| one.as_text().or_else(|| one.text("/value")))
        .map(ToOwned::to_owned)
        .collect();
    if chosen.is_empty() { FieldValue::Nothing } else { FieldValue::Chosen(chosen) }
}

#[cfg(test)]
mod tests;
