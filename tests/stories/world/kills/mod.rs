//! Does a run come out the same, wherever its worker is killed?
//!
//! Two workers, each with a disk of its own, and a store that both reach. The one that has the run is killed (`-9`) at a point that is
//! seen or held from outside, after a while that depends on a seed; the other one goes on. The product has no hook for any of this: the
//! database holds a write back (`held.rs`), the machine's git holds a call back (`git.rs`), a script waits (`script.rs`).

mod git;
mod hold;
mod pair;
mod play;
mod point;
mod relay;
mod script;
mod table;

use std::time::Duration;

use anyhow::Result;
use signoff::run::Usd;

use super::told;
use play::Play;
pub use point::Point;
pub use table::HEAD;

/// For one stage: somebody has to find out that a worker is dead, and three of these worlds may be told at once.
const PATIENCE: Duration = Duration::from_mins(4);

/// Where a worker is killed, and how exactly.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub point: Point,
    /// From 1.
    pub seed: u64,
}

/// What becomes of a worker that was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays away, and its disk with it.
    StaysAway,
    /// It is back at once with its disk; what it was about to write is written without it.
    ComesBack,
    /// It is back at once, and its disk is empty.
    ComesBackEmpty,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Came {
    /// Of the branch that was pushed.
    pub tree: String,
    /// The keys of all its messages, without its id, in order.
    pub messages: Vec<String>,
    /// Of each stage.
    pub attempts: Vec<usize>,
    pub spent: Usd,
    pub ledger: Usd,
    /// Whether nothing was to be paid twice.
    pub pays_once: bool,
    /// Which worker was killed.
    pub killed: Option<&'static str>,
    pub seconds: f64,
}

impl Kill {
    /// The stage that is hit.
    pub fn stage(self) -> &'static str {
        let second = (self.point.number() / 3 + self.seed) % 2 == 1;
        if self.point.is_in_any_stage() && second { "two" } else { "one" }
    }

    pub const fn afterwards(self) -> Afterwards {
        match (self.point, (self.point.number() + self.seed) % 3) {
            (Point::BetweenStages, _) | (_, 2) => Afterwards::ComesBackEmpty,
            (_, 0) => Afterwards::StaysAway,
            _ => Afterwards::ComesBack,
        }
    }

    /// Whether no agent is to be paid once more: its work was in the store, and a heartbeat had told that it was done.
    const fn pays_once(self) -> bool {
        match self.point {
            Point::DiffNotKept | Point::WorkNotTold => self.seed.is_multiple_of(3),
            point => point.number() >= Point::WorkNotRecorded.number(),
        }
    }

    /// Between the moment that the point is reached and the kill: before a heartbeat tells of it, about when it does, or after.
    fn delay(self) -> Duration {
        Duration::from_millis((self.seed - 1) % 3 * 1_000 + self.point.number() * 61 % 500)
    }

    /// What comes of a run whose worker is killed here, in a world of its own.
    pub async fn comes_to(self) -> Result<Came> {
        told(async |w| Play { world: w, kill: Some(self) }.is_played().await).await
    }
}

/// What comes of a run when nobody is killed.
pub async fn unkilled() -> Result<Came> {
    told(async |w| Play { world: w, kill: None }.is_played().await).await
}

impl Came {
    pub fn has_tree_of(&self, unkilled: &Self) -> bool {
        self.tree == unkilled.tree
    }

    /// What it is said to have cost is what the ledger says; what was paid before a kill is not forgotten, and not paid again where its work
    /// was kept.
    pub fn costs_what_it_should(&self, unkilled: &Self) -> bool {
        let least = self.spent >= unkilled.spent;
        self.spent == self.ledger && least && (!self.pays_once || self.spent == unkilled.spent)
    }

    /// Each message once, and no other.
    pub fn has_messages_of(&self, unkilled: &Self) -> bool {
        self.messages == unkilled.messages
    }

    /// A kill is no attempt's fault.
    pub fn has_attempts_of(&self, unkilled: &Self) -> bool {
        self.attempts == unkilled.attempts
    }

    pub fn is_like(&self, unkilled: &Self) -> bool {
        self.has_tree_of(unkilled)
            && self.costs_what_it_should(unkilled)
            && self.has_messages_of(unkilled)
            && self.has_attempts_of(unkilled)
    }
}
