//! What does Slack write into a request?

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::messages::wire;
use super::state::{
    APP, Account, BOT_USER, Message, ResponseAddress, State, TEAM, Trigger, View, now,
};

/// Which element was pressed.
#[derive(Clone, Debug)]
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
        // Bots of today say so; those of old have a subtype.
        if self.account(&message.user).is_some_and(|it| it.bot) && !message.is_ours() {
            event["bot_id"] = json!(message.user.replacen('U', "B", 1));
            event["app_id"] = json!(message.user.replacen('U', "A", 1));
            event["bot_profile"] = json!({ "name": self.name(&message.user), "deleted": false });
        } else {
            event["client_msg_id"] = json!(format!("c-{}", message.ts));
        }
        event["user_team"] = json!(self.account(&message.user).map(|it| it.team.clone()));
        if let Some(root) = message.thread_ts.as_ref().and_then(|root| self.message(root)) {
            event["parent_user_id"] = json!(root.user);
        }
        if kind == "message" {
            event["channel_type"] = json!(channel_type);
        }
        event
    }

    /// What became of a message that was changed or taken back (`deleted`).
    pub(super) fn change_event(
        &mut self,
        subtype: &str,
        before: &Message,
        after: Option<&Message>,
    ) -> Value {
        let at = self.next_ts();
        let mut event = self.message_event("message", before);
        event["previous_message"] = wire(before, false);
        event["subtype"] = json!(subtype);
        event["hidden"] = json!(true);
        event["ts"] = json!(at);
        event["event_ts"] = json!(at);
        match after {
            Some(after) => event["message"] = wire(after, false),
            None => event["deleted_ts"] = json!(before.ts),
        }
        if let Some(fields) = event.as_object_mut() {
            fields.retain(|name, _| {
                !["user", "text", "blocks", "user_team", "client_msg_id", "thread_ts", "edited"]
                    .contains(&name.as_str())
            });
        }
        event
    }

    pub(super) fn block_actions(
        &mut self,
        address: SocketAddr,
        person: &Account,
        message: &Message,
        pressed: &Pressed,
    ) -> Value {
        let mut payload = self.interaction("block_actions", person);
        let channel = self.channel(&message.channel).map(|it| it.name.clone());
        payload["container"] = json!({ "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": message.ephemeral });
        if message.forwards.is_some() {
            payload["container"]["type"] = json!("message_attachment");
            payload["container"]["attachment_id"] = json!(1);
        }
        if let Some(root) = &message.thread_ts {
            payload["container"]["thread_ts"] = json!(root);
        }
        payload["channel"] = json!({ "id": message.channel, "name": channel });
        if !message.ephemeral {
            payload["message"] = wire(message, true);
        }
        payload["state"] = json!({ "values": {} });
        payload["response_url"] = json!(self.response_url(
            address,
            &person.id,
            &message.channel,
            message.thread_ts.clone()
        ));
        payload["actions"] = json!([self.action(pressed)]);
        payload
    }

    /// What was pressed in a Home tab, or in a form. There is no channel, and nowhere to answer to.
    pub(super) fn view_actions(
        &mut self,
        person: &Account,
        view: Value,
        pressed: &Pressed,
    ) -> Value {
        let mut payload = self.interaction("block_actions", person);
        if view["type"] == "modal"
            && let Some(trigger) =
                payload["trigger_id"].as_str().and_then(|id| self.triggers.get_mut(id))
        {
            trigger.view = view["id"].as_str().map(ToOwned::to_owned);
        }
        payload["container"] = json!({ "type": "view", "view_id": view["id"] });
        payload["view"] = view;
        payload["actions"] = json!([self.action(pressed)]);
        payload
    }

    /// A form that was sent, or closed (`view_closed`).
    pub(super) fn view_sent(&mut self, kind: &str, person: &Account, view: &View) -> Value {
        let mut payload = self.interaction(kind, person);
        payload["view"] = view.described();
        match (kind, payload.as_object_mut()) {
            ("view_submission", _) => payload["response_urls"] = json!([]),
            (_, Some(fields)) => {
                fields.remove("trigger_id");
                fields.insert("is_cleared".to_owned(), json!(false));
            }
            _ => {}
        }
        payload
    }

    pub(super) fn response_url(
        &mut self,
        address: SocketAddr,
        user: &str,
        channel: &str,
        thread_ts: Option<String>,
    ) -> String {
        let id = self.next_id("r");
        self.responses.insert(
            id.clone(),
            ResponseAddress {
                user: user.to_owned(),
                channel: channel.to_owned(),
                thread_ts,
                uses: 0,
            },
        );
        format!("http://{address}/respond/{id}")
    }

    pub(super) fn trigger(&mut self, user: &str) -> String {
        let id = self.next_id("13345224609.738474920.");
        self.triggers.insert(
            id.clone(),
            Trigger { user: user.to_owned(), view: None, given: Instant::now(), used: false },
        );
        id
    }

    fn interaction(&mut self, kind: &str, person: &Account) -> Value {
        json!({
            "type": kind, "token": "legacy", "api_app_id": APP, "trigger_id": self.trigger(&person.id),
            "user": { "id": person.id, "username": person.name, "name": person.name, "team_id": person.team },
            "team": { "id": TEAM, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
        })
    }

    fn action(&mut self, pressed: &Pressed) -> Value {
        let element = &pressed.element;
        let mut action = json!({ "type": element["type"], "action_id": element["action_id"], "block_id": pressed.block_id, "action_ts": self.next_ts() });
        match &pressed.option {
            Some(option) if element["type"] == "checkboxes" => {
                action["selected_options"] = json!([option]);
            }
            Some(option) => action["selected_option"] = option.clone(),
            None => action["text"] = element["text"].clone(),
        }
        for name in ["initial_option", "placeholder", "style", "confirm", "url"] {
            if let Some(known) = element.get(name) {
                action[name] = known.clone();
            }
        }
        if let Some(value) = element.get("value") {
            action["value"] = value.clone();
        }
        action
    }
}
