//! Files: how does a picture come into a thread?

use axum::body::Bytes;
use serde_json::json;

use super::BOT_USER;
use super::api::{Answer, Arguments};
use super::messages::writable_channel;
use super::state::{Message, State};

/// A file that is on its way: what it is said to be, and then its bytes.
#[derive(Clone, Debug, Default)]
pub struct File {
    length: usize,
    description: String,
    bytes: Option<Bytes>,
}

pub(super) fn address(state: &mut State, arguments: &Arguments) -> Answer {
    let length = arguments.number("length").filter(|it| *it > 0).ok_or("invalid_arguments")?;
    let description = arguments.text("alt_txt").unwrap_or_default().to_owned();
    if description.chars().count() > 1_000 {
        return Err("alt_txt_too_large".into());
    }
    arguments.text("filename").ok_or("invalid_arguments")?;
    state.files.push(File { length, description, bytes: None });
    let id = format!("F{}", state.files.len());
    Ok(json!({ "file_id": id, "upload_url": format!("{}/upload/{id}", state.base) }))
}

/// What the address answers; it asks for no token.
pub(super) fn upload(state: &mut State, id: &str, bytes: Bytes) -> String {
    let Some(file) = find(state, id) else { return "no such file".to_owned() };
    let stored = format!("OK - {}", bytes.len());
    file.bytes = Some(bytes);
    stored
}

pub(super) fn complete(state: &mut State, arguments: &Arguments) -> Answer {
    // This method calls the channel by another name than all others.
    let channel = writable_channel(state, arguments.text("channel_id"))?;
    let file = arguments.get("files").and_then(|files| files.get(0)).ok_or("invalid_arguments")?;
    let (id, title) = (file["id"].as_str().unwrap_or_default(), file["title"].clone());
    let known = find(state, id).ok_or("file_not_found")?;
    let bytes = known.bytes.take().ok_or("file_not_uploaded")?;
    if bytes.len() != known.length || !bytes.starts_with(b"\x89PNG") {
        return Err("invalid_upload".into());
    }
    let text = format!("[picture {}: {}]", title.as_str().unwrap_or_default(), known.description);
    let message = Message {
        channel,
        ts: state.next_ts(),
        thread_ts: arguments.text("thread_ts").map(ToOwned::to_owned),
        user: BOT_USER.to_owned(),
        text,
        ..Message::default()
    };
    state.messages.push(message);
    Ok(json!({ "files": [{ "id": id, "title": title }] }))
}

fn find<'s>(state: &'s mut State, id: &str) -> Option<&'s mut File> {
    let n: usize = id.strip_prefix('F')?.parse().ok()?;
    state.files.get_mut(n.checked_sub(1)?)
}
