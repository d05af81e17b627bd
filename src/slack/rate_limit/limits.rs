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

/// How many edits a minute Slack grants an app in a workspace.
pub const SLACKS_PACE: u32 = 50;

impl RateLimits {
    /// For a Slack that takes so many edits a minute, and of all else as much more or less than Slack itself.
    #[must_use]
    pub fn at_pace(edits_a_minute: u32) -> Self {
        let times = f64::from(edits_a_minute.max(1)) / f64::from(SLACKS_PACE);
        let scaled = |rate: Rate| Rate {
            per_minute: rate.per_minute * times,
            burst: rate.burst * times.max(1.0),
        };
        let slack = Self::slack();
        Self {
            posts_in_a_channel: scaled(slack.posts_in_a_channel),
            posts: scaled(slack.posts),
            edits: scaled(slack.edits),
            reads: scaled(slack.reads),
            rare: scaled(slack.rare),
            others: scaled(slack.others),
            patience: slack.patience,
        }
    }

    /// Four fifths to nine tenths of what Slack allows: an edit more or less shows, and a full burst and a minute of ticks are no more edits than
    /// it takes. The cap on a workspace's posts is unpublished ("several hundred a minute").
    #[must_use]
    pub fn slack() -> Self {
        Self {
            posts_in_a_channel: Rate { per_minute: 60.0, burst: 3.0 },
            posts: Rate { per_minute: 240.0, burst: 10.0 },
            edits: Rate { per_minute: 45.0, burst: 8.0 },
            reads: Rate { per_minute: 40.0, burst: 10.0 },
            rare: Rate { per_minute: 16.0, burst: 5.0 },
            others: Rate { per_minute: 80.0, burst: 10.0 },
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
