//! What happens when the bot says, changes or takes back something?

use serde_json::{Value, json};

use super::api::{Answer, Arguments, Refusal};
use super::limits;
use super::state::{APP, BOT, BOT_USER, Message, Private, State};

pub(super) fn post(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = writable(state, arguments)?;
    let thread_ts = arguments.text("thread_ts").map(ToOwned::to_owned);
    if let Some(root) = &thread_ts
        && !state.messages.iter().any(|it| it.ts == *root && it.channel == channel)
    {
        return Err("thread_not_found".into());
    }
    let (text, blocks) = content(state, "chat.postMessage", arguments)?;
    let blocks = blocks.unwrap_or_default();
    let ts = state.next_ts();
    let message = Message {
        channel: channel.clone(),
        ts: ts.clone(),
        thread_ts,
        user: BOT_USER.to_owned(),
        text,
        blocks: named(state, blocks),
        metadata: arguments.get("metadata").cloned(),
        ..Message::default()
    };
    let shown = wire(&message, false);
    state.messages.push(message);
    Ok(json!({ "channel": channel, "ts": ts, "message": shown }))
}

/// Like real Slack: without `blocks` the old ones stay, so a text alone shows nothing new; without metadata the old stays too.
pub(super) fn update(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = writable(state, arguments)?;
    let ts = arguments.text("ts").unwrap_or_default().to_owned();
    let (text, blocks) = content(state, "chat.update", arguments)?;
    let blocks = blocks.map(|blocks| named(state, blocks));
    let message = state
        .messages
        .iter_mut()
        .find(|it| it.ts == ts && it.channel == channel)
        .ok_or("message_not_found")?;
    if !message.is_ours() {
        return Err("cant_update_message".into());
    }
    message.before.push((message.text.clone(), message.blocks.clone()));
    message.text.clone_from(&text);
    if let Some(blocks) = blocks {
        message.blocks = blocks;
    } else if !message.blocks.is_empty() {
        state
            .violations
            .push("chat.update: text alone changes nothing in a message with blocks".to_owned());
    }
    if let Some(metadata) = arguments.get("metadata") {
        message.metadata = Some(metadata.clone());
    }
    Ok(json!({ "channel": channel, "ts": ts, "text": text }))
}

pub(super) fn delete(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = writable(state, arguments)?;
    let ts = arguments.text("ts").unwrap_or_default();
    let at = state
        .messages
        .iter()
        .position(|it| it.ts == ts && it.channel == channel)
        .ok_or("message_not_found")?;
    if !state.messages[at].is_ours() {
        return Err("cant_delete_message".into());
    }
    let gone = state.messages.remove(at);
    Ok(json!({ "channel": channel, "ts": gone.ts }))
}

pub(super) fn ephemeral(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = writable(state, arguments)?;
    let user = arguments
        .text("user")
        .and_then(|id| state.account(id))
        .ok_or("user_not_in_channel")?
        .id
        .clone();
    let (text, blocks) = content(state, "chat.postEphemeral", arguments)?;
    let ts = state.next_ts();
    let thread_ts = arguments.text("thread_ts").map(ToOwned::to_owned);
    state.private.push(Private {
        channel,
        user,
        thread_ts,
        text,
        blocks: blocks.unwrap_or_default(),
        ts: ts.clone(),
    });
    Ok(json!({ "message_ts": ts }))
}

/// A response address works five times; to the person who got it unless asked otherwise.
pub(super) fn respond(state: &mut State, arguments: &Arguments) -> Answer {
    let id = arguments.text("response_id").unwrap_or_default();
    let address = state.responses.get_mut(id).ok_or("expired_url")?;
    address.uses += 1;
    if address.uses > 5 {
        return Err("used_url".into());
    }
    let (channel, user, thread_ts) =
        (address.channel.clone(), address.user.clone(), address.thread_ts.clone());
    let (text, blocks) = content(state, "response_url", arguments)?;
    tell(
        state,
        Private {
            channel,
            user,
            thread_ts,
            text,
            blocks: blocks.unwrap_or_default(),
            ts: String::new(),
        },
        arguments,
    );
    Ok(json!({}))
}

/// Also what a slash command's answer does with its body.
pub(super) fn tell(state: &mut State, told: Private, arguments: &Arguments) {
    let ts = state.next_ts();
    if arguments.text("response_type") == Some("in_channel") {
        state.messages.push(Message {
            channel: told.channel,
            ts,
            thread_ts: told.thread_ts,
            user: BOT_USER.to_owned(),
            text: told.text,
            blocks: told.blocks,
            ..Message::default()
        });
    } else {
        state.private.push(Private { ts, ..told });
    }
}

pub(super) fn react(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = writable(state, arguments)?;
    let name = arguments
        .text("name")
        .filter(|it| !it.contains([':', ' ']))
        .ok_or("invalid_name")?
        .to_owned();
    let ts = arguments.text("timestamp").ok_or("no_item_specified")?;
    let message = state
        .messages
        .iter_mut()
        .find(|it| it.ts == ts && it.channel == channel && !it.command)
        .ok_or("message_not_found")?;
    if message.reactions.contains(&name) {
        return Err("already_reacted".into());
    }
    message.reactions.push(name);
    Ok(json!({}))
}

/// A message as Slack's API shows it.
pub(super) fn wire(message: &Message, all_metadata: bool) -> Value {
    let mut shown = json!({ "type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": super::TEAM });
    if message.is_ours() {
        shown["bot_id"] = json!(BOT);
        shown["app_id"] = json!(APP);
    }
    if let Some((original, words)) = &message.forwards {
        shown["attachments"] = json!([{
            "id": 1, "is_share": true, "is_msg_unfurl": true, "ts": original, "author_id": BOT_USER, "author_subname": "signoff",
            "text": words, "fallback": format!("[signoff] {words}"),
            "message_blocks": [{ "team": super::TEAM, "ts": original, "message": { "blocks": message.blocks } }],
        }]);
    } else if !message.blocks.is_empty() {
        shown["blocks"] = json!(message.blocks);
    }
    if let Some(root) = &message.thread_ts {
        shown["thread_ts"] = json!(root);
    }
    if !message.before.is_empty() {
        shown["edited"] = json!({ "user": message.user, "ts": message.ts });
    }
    match &message.metadata {
        Some(metadata) if all_metadata => shown["metadata"] = metadata.clone(),
        Some(metadata) => shown["metadata"] = json!({ "event_type": metadata["event_type"] }),
        None => {}
    }
    shown
}

/// The channel to write to, if the bot may.
fn writable(state: &State, arguments: &Arguments) -> Result<String, &'static str> {
    writable_channel(state, arguments.text("channel"))
}

pub(super) fn writable_channel(state: &State, id: Option<&str>) -> Result<String, &'static str> {
    let channel = id
        .and_then(|id| state.channels.iter().find(|it| it.id == id))
        .ok_or("channel_not_found")?;
    if let Some(error) = channel.refuses {
        return Err(error);
    }
    match channel {
        it if it.archived => Err("is_archived"),
        it if !it.has_us => Err("not_in_channel"),
        it => Ok(it.id.clone()),
    }
}

/// Text and blocks, if real Slack took them; what it would mind is noted.
fn content(
    state: &mut State,
    method: &str,
    arguments: &Arguments,
) -> Result<(String, Option<Vec<Value>>), Refusal> {
    let text = arguments.text("text").unwrap_or_default().to_owned();
    let blocks = arguments.get("blocks").and_then(Value::as_array).cloned();
    let wrong = limits::of_message(&limits::Said {
        text: &text,
        blocks: blocks.as_deref().unwrap_or_default(),
        metadata: arguments.get("metadata"),
        update: method == "chat.update",
    });
    let Some((error, because)) = wrong else { return Ok((text, blocks)) };
    state.violations.extend(because.iter().map(|it| format!("{method}: {it}")));
    // Without text Slack takes a message that has blocks; people with screen readers and watches do not.
    if error == "no_text" && blocks.as_ref().is_some_and(|it| !it.is_empty()) {
        return Ok((text, blocks));
    }
    Err(Refusal { error, because })
}

/// Slack names the blocks that have no name.
pub(super) fn named(state: &mut State, mut blocks: Vec<Value>) -> Vec<Value> {
    for block in &mut blocks {
        if block.get("block_id").is_none() {
            block["block_id"] = json!(state.next_id("b"));
        }
    }
    blocks
}
