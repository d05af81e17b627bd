//! What do people say?

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::FakeSlack;
use super::api::Arguments;
use super::messages::tell;
use super::signed::{Heard, Sent};
use super::state::{Account, BOT_USER, Message, Private, State, TEAM};

/// Something that was said, and what the bot answered to it.
#[derive(Clone, Debug)]
pub struct Said {
    pub ts: String,
    /// To a message that calls the bot: what it answered to the mention.
    pub heard: Heard,
}

/// Where something is said.
#[derive(Clone, Debug)]
pub struct Spot {
    pub channel: String,
    /// Of the thread; none in the channel itself.
    pub root: Option<String>,
}

impl FakeSlack {
    /// Types there. Who calls the bot by name is told of twice, as a mention and as a message; not so in a direct conversation.
    pub(super) async fn speaks(&self, user: &str, place: &Spot, text: &str) -> Result<Said> {
        ensure!(
            place.root.is_none() || !text.starts_with('/'),
            "Slack takes no commands in threads"
        );
        self.answered_all(&self.account(user)?)?;
        let message = self.said(user, place, text)?;
        let heard = if message.command {
            self.commands(&message, text).await?
        } else {
            self.tells_bot(&message).await?
        };
        Ok(Said { ts: message.ts, heard })
    }

    async fn tells_bot(&self, message: &Message) -> Result<Heard> {
        let (plain, mention) = self.shared.change(|state| {
            let plain = state.message_event("message", message);
            let mention =
                state.calls_us(message).then(|| state.message_event("app_mention", message));
            (state.event(&plain), mention.map(|it| state.event(&it)))
        });
        let heard = self.deliver(Sent::json(&plain)).await?;
        match mention {
            Some(mention) => self.deliver(Sent::json(&mention)).await,
            None => Ok(heard),
        }
    }

    async fn commands(&self, message: &Message, text: &str) -> Result<Heard> {
        let channel = &message.channel;
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
        self.reads_answer(message, &heard);
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
        self.shared.change(|state| {
            tell(state, told, &Arguments(json.as_object().cloned().unwrap_or_default()));
        });
    }

    /// Puts it into the channel, where it stands whether the bot hears it or not.
    pub(super) fn said(&self, user: &str, place: &Spot, text: &str) -> Result<Message> {
        let person = self.account(user)?;
        let command = text.starts_with('/');
        let here = self.peek(|state| state.channel(&place.channel).is_some_and(|it| it.has_us));
        ensure!(command || here, "the bot is not in {}, so it hears nothing there", place.channel);
        Ok(self.shared.change(|state| {
            let text = if command { escaped(text) } else { state.with_mentions(&escaped(text)) };
            let (channel, thread_ts) = (place.channel.clone(), place.root.clone());
            let message = Message {
                channel,
                ts: state.next_ts(),
                thread_ts,
                user: person.id,
                text,
                command,
                ..Message::default()
            };
            state.messages.push(message.clone());
            message
        }))
    }

    /// Somebody, by name or id.
    pub(super) fn account(&self, name: &str) -> Result<Account> {
        self.peek(|state| state.user(name).cloned())
            .with_context(|| format!("nobody is called {name}"))
    }
}

impl State {
    /// Clients turn `@ana` into a reference while a person types.
    pub(super) fn with_mentions(&self, text: &str) -> String {
        self.people.iter().fold(text.to_owned(), |text, it| {
            text.replace(&format!("@{}", it.name), &format!("<@{}>", it.id))
        })
    }

    /// Whether Slack tells the bot of a mention.
    pub(super) fn calls_us(&self, message: &Message) -> bool {
        let direct = self.channel(&message.channel).is_some_and(|it| it.direct_with.is_some());
        !direct && message.text.contains(&format!("<@{BOT_USER}>"))
    }
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
