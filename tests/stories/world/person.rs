//! Who starts runs? Somebody in front of Slack, who can do there what people do, and finds the run that comes of it.

use std::ops::Deref;

use anyhow::{Context, Result, ensure};

use super::slack::{self, State};
use super::{RunOf, World};

/// A person of `slack/person.rs`, and the world of the story.
pub struct Person<'w> {
    world: &'w World,
    at_slack: slack::Person,
}

impl Deref for Person<'_> {
    type Target = slack::Person;

    fn deref(&self) -> &slack::Person {
        &self.at_slack
    }
}

impl World {
    /// Somebody, by name.
    pub fn person(&self, name: &str) -> Person<'_> {
        Person { world: self, at_slack: self.slack.person(name) }
    }

    /// The same, of several.
    pub fn people<const N: usize>(&self, names: [&str; N]) -> [Person<'_>; N] {
        names.map(|name| self.person(name))
    }
}

impl<'w> Person<'w> {
    /// Types `/develop …` in #dev; the run whose card appears there.
    pub async fn develops(&self, words: &str) -> Result<RunOf<'w>> {
        self.starts(&format!("/develop {words}")).await
    }

    /// The story's first run, in the private channel, once it is in that phase; its name.
    pub async fn develops_secretly(&self, project: &str, phase: &str) -> Result<String> {
        self.says_in("secret", &format!("/develop {project}")).await?;
        self.world.until_runs(1).await?;
        let run = self.world.store.newest_runs(1).await?[0].id().to_string();
        self.world.until_phase(&run, phase).await?;
        Ok(run)
    }

    /// Says something else that starts a run, as `@signoff develop tale`; the run whose card appears then.
    pub async fn starts(&self, words: &str) -> Result<RunOf<'w>> {
        let slack = &self.world.slack;
        let before = slack.peek(cards);
        let heard = self.says(words).await?.heard;
        ensure!(heard.status == 200, "it was answered with {}", heard.status);
        let root = slack
            .until("a run card", |state| cards(state).into_iter().find(|ts| !before.contains(ts)))
            .await;
        RunOf::at(self.world, root.with_context(|| format!("told: {}", heard.body))?)
    }
}

fn cards(state: &State) -> Vec<String> {
    let cards =
        state.messages.iter().filter(|it| it.key().is_some_and(|key| key.ends_with("/card")));
    cards.map(|it| it.ts.clone()).collect()
}
