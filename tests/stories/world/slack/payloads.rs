//! What does Slack write into a request?

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::messages::wire;
use super::state::{APP, BOT_USER, Message, Person, ResponseAddress, State, TEAM, Trigger, View, now};
use super::views::described;

/// Which element was pressed.
pub(super) struct Pressed {
    pub block_id: String,
    pub element: Value,
    /// The option that was chosen, where there are some.
    pub option: Option<Value>,
}

impl State {
    pub(super) fn event(&mut self, event: &Value) -> Value {
        let event_id = self.next_id("Ev");
        json!({
            "type": "event_callback", "token": "legacy", "team_id": TEAM, "api_app_id": APP, "event": event, "event_id": event_id,
            "event_time": now().timestamp(), "event_context": "4-x", "is_ext_shared_channel": false,
            "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true, "is_enterprise_install": false }],
        })
    }

    /// A message event; an `app_mention` differs in its type only.
    pub(super) fn message_event(&self, kind: &str, message: &Message) -> Value {
        let channel = self.channel(&message.channel);
        let channel_type = match channel {
            Some(it) if it.direct_with.is_some() => "im",
            Some(it) if it.private => "group",
            _ => "channel",
        };
        let mut event = wire(message, false);
        event["type"] = json!(kind);
        event["channel"] = json!(message.channel);
        event["event_ts"] = json!(message.ts);
        event["user_team"] = json!(self.user(&message.user).map(|it| it.team.clone()));
        if kind == "message" {
            event["channel_type"] = json!(channel_type);
        }
        event
    }

    pub(super) fn block_actions(&mut self, address: SocketAddr, person: &Person, message: &Message, pressed: &Pressed) -> Value {
        let mut payload = self.interaction("block_actions", person);
        let channel = self.channel(&message.channel).map(|it| it.name.clone());
        payload["container"] = json!({ "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": false });
        if let Some(root) = &message.thread_ts {
            payload["container"]["thread_ts"] = json!(root);
        }
        payload["channel"] = json!({ "id": message.channel, "name": channel });
        payload["message"] = wire(message, true);
        payload["state"] = json!({ "values": {} });
        payload["response_url"] = json!(self.response_url(address, &person.id, &message.channel, message.thread_ts.clone()));
        payload["actions"] = json!([self.action(pressed)]);
        payload
    }

    pub(super) fn home_actions(&mut self, person: &Person, home: Value, pressed: &Pressed) -> Value {
        let mut payload = self.interaction("block_actions", person);
        payload["container"] = json!({ "type": "view", "view_id": "V0HOME" });
        payload["view"] = described(home, "V0HOME", "h");
        payload["actions"] = json!([self.action(pressed)]);
        payload
    }

    pub(super) fn view_submission(&mut self, person: &Person, view: &View, values: &Value) -> Value {
        let mut payload = self.interaction("view_submission", person);
        payload["view"] = described(view.content.clone(), &view.id, &view.hash);
        payload["view"]["state"] = json!({ "values": values });
        payload["response_urls"] = json!([]);
        payload
    }

    pub(super) fn response_url(&mut self, address: SocketAddr, user: &str, channel: &str, thread_ts: Option<String>) -> String {
        let id = self.next_id("r");
        self.responses.insert(id.clone(), ResponseAddress { user: user.to_owned(), channel: channel.to_owned(), thread_ts, uses: 0 });
        format!("http://{address}/respond/{id}")
    }

    pub(super) fn trigger(&mut self, user: &str) -> String {
        let id = self.next_id("13345224609.738474920.");
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), given: Instant::now(), used: false });
        id
    }

    fn interaction(&mut self, kind: &str, person: &Person) -> Value {
        json!({
            "type": kind, "token": "legacy", "api_app_id": APP, "trigger_id": self.trigger(&person.id),
            "user": { "id": person.id, "username": person.name, "name": person.name, "team_id": person.team },
            "team": { "id": TEAM, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
        })
    }

    fn action(&mut self, pressed: &Pressed) -> Value {
        let element = &pressed.element;
        let mut action =
            json!({ "type": element["type"], "action_id": element["action_id"], "block_id": pressed.block_id, "action_ts": self.next_ts() });
        match &pressed.option {
            Some(option) => action["selected_option"] = option.clone(),
            None => action["text"] = element["text"].clone(),
        }
        if let Some(value) = element.get("value") {
            action["value"] = value.clone();
        }
        action
    }
}
