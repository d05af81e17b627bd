//! The hold of a point: how is a worker kept there until it was killed?

use anyhow::{Context, Result, bail};

use super::PATIENCE;
use super::pair::{NAMES, Pair};
use super::script;
use crate::world::held::Held;
use crate::world::{World, wait};

/// What keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// The database: this write, of rows for which that is so.
    Write(&'static str, &'static str),
    /// Its machine's git, before a call that is like this.
    GitBefore(&'static str),
    /// And after it.
    GitAfter(&'static str),
    /// A script of the attempt.
    Script(&'static str),
    /// Nothing: the run asks, and nobody works.
    Gate,
}

/// A hold that is set.
pub(super) enum Set {
    Write(Held),
    Git,
    Script,
}

impl Hold {
    pub async fn set(self, world: &World, pair: &Pair<'_>) -> Result<Set> {
        Ok(match self {
            Self::Write(write, which) => Set::Write(world.holds(write, which).await?),
            Self::GitBefore(words) => pair.gits.hold("before", words).map(|()| Set::Git)?,
            Self::GitAfter(words) => pair.gits.hold("after", words).map(|()| Set::Git)?,
            Self::Script(_) => Set::Script,
            Self::Gate => bail!("nobody works"),
        })
    }
}

impl Set {
    /// Waits until some worker is there; its name.
    pub async fn keeps(&self, pair: &Pair<'_>) -> Result<&'static str> {
        let there = async || Ok(self.kept(pair).await?.is_some());
        wait::until_within(PATIENCE, "a worker to be held", there).await?;
        self.kept(pair).await?.context("it is there no more")
    }

    async fn kept(&self, pair: &Pair<'_>) -> Result<Option<&'static str>> {
        let name = match self {
            Self::Write(held) => held.waiting().await?.into_iter().next(),
            Self::Git => pair.gits.held(),
            Self::Script => {
                let holds = |name: &&&str| !script::held(&pair.disk(name)).is_empty();
                return Ok(NAMES.iter().find(holds).copied());
            }
        };
        Ok(name.and_then(|name| NAMES.into_iter().find(|known| *known == name)))
    }

    /// Keeps nobody any more. What the dead one was about to do is done without it, or lost with it.
    pub async fn lets_go(self, pair: &Pair<'_>, (dead, lost): (&str, bool)) -> Result<()> {
        match self {
            Self::Write(held) => {
                if lost {
                    held.is_lost_of(dead).await?;
                }
                held.lets_go().await
            }
            Self::Git => pair.gits.lets_go(lost),
            Self::Script => Ok(()),
        }
    }
}
