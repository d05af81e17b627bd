//! What can a person press?

use anyhow::Result;
use serde_json::json;

use super::Person;
use crate::world::slack::Target;
use crate::world::slack::presses::{Screen, Sought};
use crate::world::slack::signed::{Heard, Sent};

impl Person {
    /// Presses a button of a message: as it is now, or, of one that was saved, as their client still shows it. Of a run, on its newest gate. Where a dialog asks first, it has to be answered.
    pub async fn presses<T: Target + ?Sized>(&self, button: &str, on: &T) -> Result<Heard> {
        let message = on.message(&self.slack).await?;
        self.slack
            .acts(&self.name, Screen::Message(Box::new(message)), Sought::button(button))
            .await
    }

    /// Presses the first such button of a message that stands with these words, or below.
    pub async fn presses_near<T: Target + ?Sized>(
        &self,
        button: &str,
        near: &str,
        on: &T,
    ) -> Result<Heard> {
        let screen = Screen::Message(Box::new(on.message(&self.slack).await?));
        self.slack.acts(&self.name, screen, Sought { near, ..Sought::button(button) }).await
    }

    /// Chooses an option of a menu in a message.
    pub async fn picks<T: Target + ?Sized>(&self, option: &str, on: &T) -> Result<Heard> {
        let message = on.message(&self.slack).await?;
        self.slack
            .acts(&self.name, Screen::Message(Box::new(message)), Sought::option(option))
            .await
    }

    /// Waits for a dialog that asks so, after something was pressed.
    pub async fn is_asked(&self, words: &str) -> Result<()> {
        let user = self.slack.user(&self.name)?;
        let asked = format!("{} to be asked {words:?}", self.name);
        self.slack
            .until(&asked, |state| {
                state
                    .dialogs
                    .get(&user)
                    .filter(|it| state.shown_dialog(it).contains(words))
                    .map(|_| ())
            })
            .await
    }

    /// "Are you sure?" – yes.
    pub async fn confirms(&self) -> Result<Heard> {
        self.slack.answers_dialog(&self.name, true).await
    }

    /// "Are you sure?" – no. The bot hears nothing.
    pub async fn declines(&self) -> Result<()> {
        self.slack.answers_dialog(&self.name, false).await.map(drop)
    }

    /// Looks at the bot's Home tab.
    pub async fn opens_home(&self) -> Result<Heard> {
        let user = self.slack.user(&self.name)?;
        let event = self.slack.shared.change(|state| {
            let (channel, ts) = (state.direct(&user).id, state.next_ts());
            let mut opened = json!({ "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": ts });
            if let Some(home) = state.homes.get(&user) {
                opened["view"] = home.clone();
            }
            state.event(&opened)
        });
        self.slack.deliver(Sent::json(&event)).await
    }

    /// Waits until their Home tab shows the words.
    pub async fn sees_home(&self, words: &str) -> Result<()> {
        let user = self.slack.user(&self.name)?;
        let what = format!("{words:?} on the Home tab of {}", self.name);
        self.slack
            .until(&what, |state| {
                state.shown_view(state.homes.get(&user)?).contains(words).then_some(())
            })
            .await
    }

    /// What their Home tab shows now; nothing where it was never drawn.
    pub fn home(&self) -> Result<String> {
        let user = self.slack.user(&self.name)?;
        Ok(self
            .slack
            .peek(|state| state.homes.get(&user).map(|it| state.shown_view(it)))
            .unwrap_or_default())
    }

    /// Presses the first such button of their Home tab that stands with these words, or below.
    pub async fn presses_at_home(&self, button: &str, near: &str) -> Result<Heard> {
        self.slack.acts(&self.name, Screen::Home, Sought { near, ..Sought::button(button) }).await
    }

    /// Chooses the first such option there.
    pub async fn picks_at_home(&self, option: &str, near: &str) -> Result<Heard> {
        self.slack.acts(&self.name, Screen::Home, Sought { near, ..Sought::option(option) }).await
    }
}
