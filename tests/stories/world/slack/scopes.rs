//! What may the bot do?

use super::FakeSlack;
use super::api::Arguments;

/// All that a bot of our kind needs; `files:write` is given by those who want charts. <https://docs.slack.dev/reference/scopes>
pub(super) const ALL: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "reactions:write",
    "usergroups:read",
    "users:read",
];

impl FakeSlack {
    /// The bot was installed with this scope, too.
    pub fn grants_scope(&self, scope: &'static str) {
        self.shared.change(|state| state.scopes.insert(scope));
    }

    /// The bot was installed without this scope; what needs it is answered `missing_scope`.
    pub fn withholds_scope(&self, scope: &str) {
        self.shared.change(|state| state.scopes.retain(|it| *it != scope));
    }
}

/// The scope that a method needs; most of what concerns forms needs none.
pub(super) fn needed(method: &str, arguments: &Arguments) -> Option<&'static str> {
    match method {
        "chat.postMessage" | "chat.update" | "chat.delete" | "chat.postEphemeral" => {
            Some("chat:write")
        }
        "conversations.history" | "conversations.replies" => {
            Some(match arguments.text("channel").unwrap_or_default().as_bytes().first() {
                Some(b'G') => "groups:history",
                Some(b'D') => "im:history",
                _ => "channels:history",
            })
        }
        "conversations.open" => Some("im:write"),
        "files.getUploadURLExternal" | "files.completeUploadExternal" => Some("files:write"),
        "reactions.add" => Some("reactions:write"),
        "usergroups.users.list" => Some("usergroups:read"),
        "users.info" => Some("users:read"),
        "users.conversations" | "conversations.info" => Some("channels:read"),
        _ => None,
    }
}
