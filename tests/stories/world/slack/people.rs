//! What do people say?

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::FakeSlack;
use super::api::Arguments;
use super::messages::tell;
use super::signed::{Heard, Sent};
use super::state::{Message, Person, Private, State, TEAM};

impl FakeSlack {
    /// Types into a channel: a slash command, else a message. The channel `@signoff` is the direct conversation with the bot.
    pub async fn says(&self, user: &str, channel: &str, text: &str) -> Result<Heard> {
        let channel = self.place(user, channel)?;
        if text.starts_with('/') { self.commands(user, &channel, text).await } else { self.speaks(user, &channel, None, text).await }
    }

    /// Answers in a thread. Commands cannot be given there.
    pub async fn replies(&self, user: &str, root: &str, text: &str) -> Result<Heard> {
        let channel = self.message(root).context("no such message to reply to")?.channel;
        self.speaks(user, &channel, Some(root), text).await
    }

    /// Calls the bot by name, in a channel or in a thread. Slack tells the bot twice: of the mention, and of the message.
    pub async fn mentions(&self, user: &str, channel: &str, root: Option<&str>, text: &str) -> Result<Heard> {
        let channel = self.place(user, channel)?;
        let message = self.said(user, &channel, root, &format!("@signoff {text}"))?;
        let (mention, plain) = self.shared.change(|state| {
            let mention = state.message_event("app_mention", &message);
            let plain = state.message_event("message", &message);
            (state.event(&mention), state.event(&plain))
        });
        self.deliver(Sent::json(&plain)).await?;
        self.deliver(Sent::json(&mention)).await
    }

    /// Looks at the bot's Home tab.
    pub async fn opens_home(&self, user: &str) -> Result<Heard> {
        let event = self.shared.change(|state| {
            let user = state.user(user).map(|it| it.id.clone());
            state.event(&json!({ "type": "app_home_opened", "user": user, "channel": "D0HOME", "tab": "home" }))
        });
        self.deliver(Sent::json(&event)).await
    }

    /// Something another bot says, to see that nobody listens.
    pub async fn robo_says(&self, channel: &str, root: Option<&str>, text: &str) -> Result<Heard> {
        let channel = self.channel(channel)?;
        let message = self.said("robo", &channel, root, text)?;
        let event = self.shared.change(|state| {
            let mut event = state.message_event("message", &message);
            event["bot_id"] = json!("B05ROBO");
            event["subtype"] = json!("bot_message");
            state.event(&event)
        });
        self.deliver(Sent::json(&event)).await
    }

    async fn commands(&self, user: &str, channel: &str, text: &str) -> Result<Heard> {
        let message = self.said(user, channel, None, text)?;
        let (command, words) = text.split_once(' ').unwrap_or((text, ""));
        let (trigger, response) = self.shared.change(|state| {
            let response = state.response_url(self.shared.address, &message.user, channel, None);
            (state.trigger(&message.user), response)
        });
        let (user_name, channel_name) = self.peek(|state| {
            let place = state.channel(channel).map(|it| it.name.clone()).unwrap_or_default();
            (state.name(&message.user).to_owned(), place)
        });
        let sent = Sent::form(&[
            ("token", "legacy"),
            ("team_id", TEAM),
            ("team_domain", "acme"),
            ("channel_id", channel),
            ("channel_name", &channel_name),
            ("user_id", &message.user),
            ("user_name", &user_name),
            ("command", command),
            ("text", &escaped(words.trim())),
            ("api_app_id", "A00APP"),
            ("is_enterprise_install", "false"),
            ("response_url", &response),
            ("trigger_id", &trigger),
        ]);
        let heard = self.deliver(sent).await?;
        self.reads_answer(&message, &heard);
        Ok(heard)
    }

    /// A command's answer may stand in the acknowledgement itself, as JSON or as plain words.
    fn reads_answer(&self, message: &Message, heard: &Heard) {
        if heard.status != 200 || heard.body.is_empty() {
            return;
        }
        let json = heard.json().unwrap_or_else(|| json!({ "text": heard.body }));
        let told = Private {
            channel: message.channel.clone(),
            user: message.user.clone(),
            thread_ts: None,
            text: json["text"].as_str().unwrap_or_default().to_owned(),
            blocks: json["blocks"].as_array().cloned().unwrap_or_default(),
            ts: String::new(),
        };
        self.shared.change(|state| tell(state, told, &Arguments(json.as_object().cloned().unwrap_or_default())));
    }

    async fn speaks(&self, user: &str, channel: &str, root: Option<&str>, text: &str) -> Result<Heard> {
        let message = self.said(user, channel, root, text)?;
        let event = self.shared.change(|state| {
            let event = state.message_event("message", &message);
            state.event(&event)
        });
        self.deliver(Sent::json(&event)).await
    }

    /// Puts it into the channel, where it stands whether the bot hears it or not.
    fn said(&self, user: &str, channel: &str, root: Option<&str>, text: &str) -> Result<Message> {
        let (person, here) = self.peek(|state| (state.user(user).cloned(), state.channel(channel).cloned()));
        let person = person.with_context(|| format!("nobody is called {user}"))?;
        let command = text.starts_with('/');
        if !command && !here.is_some_and(|it| it.has_us) {
            bail!("the bot is not in {channel}, so it hears nothing there");
        }
        Ok(self.shared.change(|state| {
            let text = if command { escaped(text) } else { state.with_mentions(&escaped(text)) };
            let message = state.new_message(&person, channel, root, text, command);
            state.messages.push(message.clone());
            message
        }))
    }

    fn place(&self, user: &str, channel: &str) -> Result<String> {
        if channel != "@signoff" {
            return self.channel(channel);
        }
        let user = self.user(user)?;
        Ok(self.shared.change(|state| state.direct(&user).id))
    }

    /// A person of this workspace, by name or id.
    pub(super) fn person(&self, name: &str) -> Result<Person> {
        self.peek(|state| state.user(name).cloned()).with_context(|| format!("nobody is called {name}"))
    }
}

impl State {
    fn new_message(&mut self, person: &Person, channel: &str, root: Option<&str>, text: String, command: bool) -> Message {
        Message {
            channel: channel.to_owned(),
            ts: self.next_ts(),
            thread_ts: root.map(ToOwned::to_owned),
            user: person.id.clone(),
            text,
            blocks: vec![],
            metadata: None,
            command,
            before: vec![],
            reactions: vec![],
        }
    }

    /// Clients turn `@ana` into a reference while a person types.
    fn with_mentions(&self, text: &str) -> String {
        self.people.iter().fold(text.to_owned(), |text, it| text.replace(&format!("@{}", it.name), &format!("<@{}>", it.id)))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
