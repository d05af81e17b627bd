//! The breakers: when does an agent seem to spend and get nowhere?
//! Two signs, both counted by us: many steps that changed no file, and much money within a minute. A person says what they mean.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::write_attempt::WriteAttempt;
use crate::agent::AgentEvent;
use crate::config;
use crate::run::{Breaker, Usd};
use crate::workspace::FilesSeen;

const MINUTE: Duration = Duration::from_mins(1);

/// What is watched of one agent at work.
pub(super) struct Breakers {
    /// None where somebody let it go on already.
    rules: Option<config::Breakers>,
    worktree: PathBuf,
    /// Since a file changed, as far as that was looked at.
    steps: u32,
    /// None until they were looked at, or where they cannot be.
    files: Option<FilesSeen>,
    /// What was spent in all, when; of the last minute.
    spent: VecDeque<(Instant, Usd)>,
    tripped: Option<Breaker>,
}

impl WriteAttempt<'_> {
    /// Those of this attempt.
    pub(super) fn breakers(&self) -> Breakers {
        let rules = self.input.watched.breakers.then(|| self.bench.projects.current().breakers);
        Breakers::new(rules, self.folder.at("work"))
    }
}

impl Breakers {
    const fn new(rules: Option<config::Breakers>, worktree: PathBuf) -> Self {
        Self { rules, worktree, steps: 0, files: None, spent: VecDeque::new(), tripped: None }
    }

    /// What speaks against letting it go on.
    pub const fn tripped(&self) -> Option<Breaker> {
        self.tripped
    }

    /// Counts its steps: uses of tools.
    pub async fn see(&mut self, event: &AgentEvent) {
        let AgentEvent::ToolStarted { .. } = event else { return };
        if self.steps == 0 && self.rules.is_some_and(|rules| rules.steps > 0) {
            self.files = FilesSeen::in_folder(&self.worktree).await;
        }
        self.steps = self.steps.saturating_add(1);
    }

    /// Whether it is stopped now, having spent so much in all. Once.
    pub async fn trips(&mut self, spent: Usd, now: Instant) -> bool {
        let Some(rules) = self.rules.filter(|_| self.tripped.is_none()) else { return false };
        self.tripped = match self.too_fast(rules, spent, now) {
            Some(breaker) => Some(breaker),
            None => self.nothing_changed(rules).await,
        };
        self.tripped.is_some()
    }

    fn too_fast(&mut self, rules: config::Breakers, spent: Usd, now: Instant) -> Option<Breaker> {
        let most = rules.in_a_minute?;
        self.spent.push_back((now, spent));
        while self.spent.front().is_some_and(|(at, _)| now.duration_since(*at) > MINUTE) {
            self.spent.pop_front();
        }
        let in_a_minute = spent.minus(self.spent.front()?.1);
        (in_a_minute > most).then_some(Breaker::TooFast { in_a_minute })
    }

    async fn nothing_changed(&mut self, rules: config::Breakers) -> Option<Breaker> {
        if rules.steps == 0 || self.steps < rules.steps {
            return None;
        }
        let steps = std::mem::take(&mut self.steps);
        let before = self.files.take()?;
        let now = FilesSeen::in_folder(&self.worktree).await?;
        (before == now).then_some(Breaker::NothingChanged { steps })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const fn cents(n: i64) -> Usd {
        Usd::from_nanos(n * 10_000_000)
    }

    fn breakers(worktree: &std::path::Path) -> Breakers {
        let usual = config::Breakers::default();
        let rules = config::Breakers { steps: 3, in_a_minute: Some(cents(100)), ..usual };
        Breakers::new(Some(rules), worktree.to_owned())
    }

    async fn steps(breakers: &mut Breakers, n: usize) {
        let (id, name, title) = ("1".to_owned(), "Read".to_owned(), "Read a.js".to_owned());
        for _ in 0..n {
            let (id, name, title) = (id.clone(), name.clone(), title.clone());
            breakers.see(&AgentEvent::ToolStarted { id, name, title, input: None }).await;
        }
    }

    #[tokio::test]
    async fn steps_that_change_nothing_are_asked_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut breakers, now) = (breakers(folder.path()), Instant::now());
        steps(&mut breakers, 3).await;
        fs::write(folder.path().join("a.js"), "1").expect("written");
        assert!(!breakers.trips(Usd::ZERO, now).await, "a file came");
        steps(&mut breakers, 2).await;
        assert!(!breakers.trips(Usd::ZERO, now).await, "too few steps to tell");
        steps(&mut breakers, 1).await;
        assert!(breakers.trips(Usd::ZERO, now).await);
        assert_eq!(breakers.tripped(), Some(Breaker::NothingChanged { steps: 3 }));
        assert!(!breakers.trips(Usd::ZERO, now).await, "it is stopped already");
    }

    #[tokio::test]
    async fn what_is_spent_is_counted_for_a_minute() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut breakers, start) = (breakers(folder.path()), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!breakers.trips(cents(500), at(0)).await, "what was spent before");
        assert!(!breakers.trips(cents(590), at(50)).await);
        assert!(!breakers.trips(cents(680), at(111)).await, "two minutes for $1.80");
        assert!(breakers.trips(cents(800), at(112)).await);
        assert_eq!(breakers.tripped(), Some(Breaker::TooFast { in_a_minute: cents(120) }));
    }
}
