//! What can a person do with a form?

use anyhow::Result;

use super::Person;
use crate::world::slack::Target;
use crate::world::slack::presses::{Screen, Sought};
use crate::world::slack::signed::Heard;
use crate::world::slack::state::View;

impl Person {
    /// Rejects what a run asks about, in the form that opens.
    pub async fn rejects<T: Target + ?Sized>(&self, run: &T, why: &str) -> Result<()> {
        self.presses("Reject", run).await?;
        self.sees_form("Reject").await?;
        self.fills("words", why)?;
        self.sends_the_form().await?;
        self.sees_no_form().await
    }

    /// Asks for changes in the form that opens.
    pub async fn asks_for_changes<T: Target + ?Sized>(
        &self,
        run: &T,
        words: &str,
        start: &str,
    ) -> Result<()> {
        self.presses("Request changes", run).await?;
        self.sees_form("Request changes").await?;
        self.fills("words", words)?;
        self.chooses("start", start)?;
        self.sends_the_form().await?;
        self.sees_no_form().await
    }

    /// Types `/develop` and nothing else, and fills in the form that opens.
    pub async fn fills_in_a_run(&self, project: &str, brief: &str) -> Result<()> {
        self.says("/develop").await?;
        self.sees_form("Develop").await?;
        self.chooses("project", project)?;
        self.fills("brief", brief)
    }

    /// Waits for a form that shows the words, in its title or anywhere.
    pub async fn sees_form(&self, words: &str) -> Result<View> {
        let user = self.slack.user(&self.name)?;
        let what = format!("a form for {} with {words:?}", self.name);
        self.slack
            .until(&what, |state| {
                state
                    .open_view(&user)
                    .filter(|it| state.shown_view(&it.content).contains(words))
                    .cloned()
            })
            .await
    }

    /// Types into a field of the form, named by its label or its block.
    pub fn fills(&self, field: &str, words: &str) -> Result<()> {
        self.slack.fills_field(&self.name, field, words)
    }

    /// Chooses the option of a field that reads so; in a field for people, a person by name.
    pub fn chooses(&self, field: &str, option: &str) -> Result<()> {
        self.slack.fills_field(&self.name, field, option)
    }

    /// Sends the form, if their client would: with every field filled in that must be.
    pub async fn sends_the_form(&self) -> Result<Heard> {
        self.slack.sends_form(&self.name).await
    }

    /// Waits until the form says below a field what is wrong with it.
    pub async fn is_corrected(&self, field: &str, words: &str) -> Result<()> {
        let user = self.slack.user(&self.name)?;
        let what = format!("{words:?} below {field} in the form of {}", self.name);
        self.slack
            .until(&what, |state| {
                state
                    .open_view(&user)?
                    .errors
                    .get(field)
                    .filter(|it| it.contains(words))
                    .map(|_| ())
            })
            .await
    }

    /// Presses a button in the form, as to turn a page.
    pub async fn presses_in_form(&self, button: &str) -> Result<Heard> {
        self.slack.acts(&self.name, Screen::Form, Sought::button(button)).await
    }

    /// Waits until they have no form before them.
    pub async fn sees_no_form(&self) -> Result<()> {
        let user = self.slack.user(&self.name)?;
        self.slack
            .until(&format!("no form for {}", self.name), |state| {
                state.open_view(&user).is_none().then_some(())
            })
            .await
    }

    /// Closes the form without sending it.
    pub async fn closes_the_form(&self) -> Result<()> {
        self.slack.closes_form(&self.name).await
    }
}
