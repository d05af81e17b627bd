//! Who comes, goes, and belongs together?

use anyhow::{Context, Result};

use super::FakeSlack;
use super::seeds;
use super::signed::{Heard, Sent};
use super::state::Account;

impl FakeSlack {
    /// Somebody new works here.
    pub fn hires(&self, name: &str) {
        self.shared.change(|state| {
            let id = state.next_id("U1");
            state.people.push(seeds::person(&id, name));
        });
    }

    /// Somebody is let go. Their clicks of a moment ago may still come, and groups may still name them.
    pub fn deactivates(&self, name: &str) -> Result<()> {
        self.becomes(name, |it| it.deactivated = true)
    }

    /// A member is a guest from now on.
    pub fn makes_guest(&self, name: &str) -> Result<()> {
        self.becomes(name, |it| it.guest = true)
    }

    /// Somebody belongs to a group (`leads`, `oncall`, `nobody`) from now on.
    pub fn adds_to_group(&self, group: &str, name: &str) -> Result<()> {
        let user = self.user(name)?;
        self.shared.change(|state| {
            let members = &mut state
                .group(group)
                .with_context(|| format!("no group is called {group}"))?
                .members;
            members.retain(|it| *it != user);
            members.push(user);
            Ok(())
        })
    }

    /// Somebody does not any more.
    pub fn removes_from_group(&self, group: &str, name: &str) -> Result<()> {
        let user = self.user(name)?;
        self.shared.change(|state| {
            state
                .group(group)
                .with_context(|| format!("no group is called {group}"))?
                .members
                .retain(|it| *it != user);
            Ok(())
        })
    }

    /// An admin deletes a message, whoever said it.
    pub async fn admin_deletes(&self, ts: &str) -> Result<Heard> {
        let before = self.message(ts).context("it is gone already")?;
        let event = self.shared.change(|state| {
            state.messages.retain(|it| it.ts != ts);
            let event = state.change_event("message_deleted", &before, None);
            state.event(&event)
        });
        self.deliver(Sent::json(&event)).await
    }

    fn becomes(&self, name: &str, change: impl FnOnce(&mut Account)) -> Result<()> {
        let id = self.user(name)?;
        self.shared.change(|state| state.people.iter_mut().find(|it| it.id == id).map(change));
        Ok(())
    }
}
