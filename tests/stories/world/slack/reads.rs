//! What does Slack answer to who and what is there?

use serde_json::{Value, json};

use super::api::{Answer, Arguments};
use super::messages::wire;
use super::state::{BOT, BOT_USER, Message, State, TEAM};

pub(super) fn auth_test() -> Value {
    json!({ "url": "https://acme.slack.com/", "team": "Acme", "user": "signoff", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT })
}

pub(super) fn users_info(state: &State, arguments: &Arguments) -> Answer {
    let it = arguments.text("user").and_then(|id| state.account(id)).ok_or("user_not_found")?;
    let mut user = json!({
        "id": it.id, "name": it.name, "team_id": it.team, "real_name": it.name, "deleted": it.deactivated, "is_bot": it.bot,
        "profile": { "display_name": it.name, "real_name": it.name, "fields": [] },
    });
    // Of who is gone, Slack tells no more.
    if !it.deactivated {
        user["is_restricted"] = json!(it.guest);
        user["is_ultra_restricted"] = json!(false);
        user["is_stranger"] = json!(it.team != TEAM);
        user["tz"] = json!(it.zone);
        user["tz_offset"] = json!(it.zone_offset);
    }
    Ok(json!({ "user": user }))
}

pub(super) fn group_members(state: &State, arguments: &Arguments) -> Answer {
    let group = arguments
        .text("usergroup")
        .and_then(|id| state.groups.iter().find(|it| it.id == id))
        .ok_or("no_such_subteam")?;
    Ok(json!({ "users": group.members }))
}

pub(super) fn open(state: &mut State, arguments: &Arguments) -> Answer {
    let account = arguments
        .text("users")
        .ok_or("users_list_not_supplied")
        .map(|id| state.account(id))?
        .ok_or("user_not_found")?;
    if account.deactivated {
        return Err("user_disabled".into());
    }
    let user = account.id.clone();
    Ok(json!({ "channel": { "id": state.direct(&user).id } }))
}

pub(super) fn channel_info(state: &State, arguments: &Arguments) -> Answer {
    let channel = arguments
        .text("channel")
        .and_then(|id| state.channels.iter().find(|it| it.id == id))
        .filter(|it| !it.private || it.has_us)
        .ok_or("channel_not_found")?;
    let direct = channel.direct_with.is_some();
    Ok(json!({ "channel": {
        "id": channel.id, "name": channel.name, "is_channel": !direct, "is_im": direct, "is_private": channel.private || direct,
        "is_archived": channel.archived,
    } }))
}

/// Channels that a person is in; private ones only if the bot is there too.
pub(super) fn channels_of(state: &State, arguments: &Arguments) -> Answer {
    let person = arguments.text("user").and_then(|id| state.account(id)).ok_or("user_not_found")?;
    let there = state.channels.iter().filter(|it| it.direct_with.is_none() && it.has(person));
    let shown: Vec<Value> = there
        .filter(|it| !it.private || it.has_us)
        .map(|it| json!({ "id": it.id, "name": it.name, "is_private": it.private }))
        .collect();
    Ok(json!({ "channels": shown, "response_metadata": { "next_cursor": "" } }))
}

/// The root, then its replies, oldest first. The root comes whatever `oldest` says.
pub(super) fn replies(state: &State, arguments: &Arguments) -> Answer {
    let channel = readable(state, arguments)?;
    let root = arguments.text("ts").ok_or("invalid_arguments")?;
    if !state.messages.iter().any(|it| it.ts == root && it.channel == channel && !it.command) {
        return Err("thread_not_found".into());
    }
    let thread = state.messages.iter().filter(|it| it.channel == channel && it.root() == root);
    page(state, arguments, thread.filter(|it| it.ts == root || recent(it, arguments)).collect())
}

/// What stands in the channel itself, newest first.
pub(super) fn history(state: &State, arguments: &Arguments) -> Answer {
    let channel = readable(state, arguments)?;
    page(
        state,
        arguments,
        state
            .messages
            .iter()
            .rev()
            .filter(|it| it.channel == channel && it.thread_ts.is_none() && recent(it, arguments))
            .collect(),
    )
}

fn readable(state: &State, arguments: &Arguments) -> Result<String, &'static str> {
    let channel = arguments
        .text("channel")
        .and_then(|id| state.channels.iter().find(|it| it.id == id))
        .ok_or("channel_not_found")?;
    match channel.refuses {
        // What is archived can still be read.
        Some(error) if !error.ends_with("is_archived") => Err(error),
        _ if !channel.has_us => Err("not_in_channel"),
        _ => Ok(channel.id.clone()),
    }
}

/// Times have equally many digits, so they compare as text.
fn recent(message: &Message, arguments: &Arguments) -> bool {
    let oldest = arguments.text("oldest").unwrap_or("0");
    !message.command
        && (message.ts.as_str() > oldest
            || (arguments.is_true("inclusive") && message.ts == oldest))
}

/// The cursor is where the next page begins.
fn page(state: &State, arguments: &Arguments, messages: Vec<&Message>) -> Answer {
    let start: usize =
        arguments.text("cursor").map_or(Ok(0), str::parse).map_err(|_| "invalid_cursor")?;
    let size = arguments.number("limit").unwrap_or(100).clamp(1, state.page_size);
    let all = messages.len();
    let shown: Vec<Value> = messages
        .into_iter()
        .skip(start)
        .take(size)
        .map(|it| wire(it, arguments.is_true("include_all_metadata")))
        .collect();
    let next = if start + size < all { (start + size).to_string() } else { String::new() };
    Ok(
        json!({ "messages": shown, "has_more": !next.is_empty(), "response_metadata": { "next_cursor": next } }),
    )
}
