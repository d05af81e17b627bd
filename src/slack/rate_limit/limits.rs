//! Rate limits by kind of method: how many calls does Slack allow?

use std::time::Duration;

/// So many calls a minute, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_minute: f64,
    pub burst: f64,
}

/// How fast each kind of call may go.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimits {
    pub posts_in_a_channel: Rate,
    pub posts: Rate,
    pub edits: Rate,
    pub reads: Rate,
    /// Slack's second tier: what should be asked rarely.
    pub rare: Rate,
    pub others: Rate,
    /// The longest a gate or milestone waits inside a call; beyond that the caller is told when to come back.
    pub patience: Duration,
}

impl RateLimits {
    /// About four fifths of what Slack allows. The cap on a workspace's posts is unpublished ("several hundred a minute").
    #[must_use]
    pub fn slack() -> Self {
        Self {
            posts_in_a_channel: Rate { per_minute: 60.0, burst: 3.0 },
            posts: Rate { per_minute: 240.0, burst: 10.0 },
            edits: Rate { per_minute: 40.0, burst: 10.0 },
            reads: Rate { per_minute: 40.0, burst: 10.0 },
            rare: Rate { per_minute: 16.0, burst: 5.0 },
            others: Rate { per_minute: 80.0, burst: 10.0 },
            patience: Duration::from_secs(3),
        }
    }

    /// For emulators, which do not mind.
    #[must_use]
    pub fn generous() -> Self {
        let rate = Rate { per_minute: 60_000.0, burst: 1_000.0 };
        Self {
            posts_in_a_channel: rate,
            posts: rate,
            edits: rate,
            reads: rate,
            rare: rate,
            others: rate,
            patience: Duration::from_secs(3),
        }
    }

    pub(super) fn of(&self, method: &str) -> Rate {
        match method {
            "chat.postMessage" => self.posts,
            "chat.update" => self.edits,
            "conversations.replies"
            | "conversations.history"
            | "conversations.open"
            | "reactions.add"
            | "bots.info" => self.reads,
            "usergroups.users.list" => self.rare,
            _ => self.others,
        }
    }
}
