//! Facts about the work: what does our own code know of it?
//! Sizes, tests now and before, coverage and its change, money, and what is new since somebody last looked.

use super::GateView;
use crate::run::{Approver, Attempt, AttemptOutcome, Changes, Diff, GateKind, Usd};
use crate::slack::Mrkdwn;
use crate::thread::people::called_by;
use crate::thread::{RenderContext, figures, red_green};

/// Longest path.
const PATH: usize = 80;

impl GateView<'_> {
    /// The figures in a line, what new tests prove, then the largest files.
    pub(super) fn facts(&self) -> Mrkdwn {
        let proof = self.work.red_green.as_ref().filter(|told| told.says_something());
        let proof = proof.map(|told| format!("\n{}", red_green::in_full(told)));
        let figures = format!("{}{}", self.figures(), proof.unwrap_or_default());
        let files = self.work.diff.iter().flat_map(largest);
        Mrkdwn::join([figures.into()].into_iter().chain(files), "\n• ")
    }

    /// `3 files +156 −12 · 50/50 tests, before 47/47 · 92 % coverage, +1.5 · $0.27 of $5.00 so far`.
    pub(in crate::thread) fn figures(&self) -> String {
        match self.gate.id.kind {
            GateKind::Approve => {}
            GateKind::Budget => return self.money_spent(),
            GateKind::Recovery => return self.failed_in_short(),
        }
        let diff = self.work.diff.as_ref().map(figures::diff);
        let rest = self.run.estimated_rest().filter(|rest| self.is_open() && *rest > Usd::ZERO);
        let rest = rest.map(|rest| format!(", the rest about {}", rest.roughly()));
        let spent = figures::of_budget(self.run, self.spent());
        let money = format!("{spent} so far{}", rest.unwrap_or_default());
        let parts = [diff, Some(self.tests()), self.coverage(), Some(money)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    fn tests(&self) -> String {
        match (self.work.tests, self.before().and_then(|a| a.tests)) {
            (Some(now), Some(before)) => {
                format!("{}, before {}/{}", figures::tests(now), before.passed, before.ran())
            }
            (Some(now), None) => figures::tests(now),
            (None, _) => "checks passed".to_owned(),
        }
    }

    fn coverage(&self) -> Option<String> {
        let now = self.work.coverage_percent?;
        let before = self.before().and_then(|a| a.coverage_percent);
        Some(format!("{} coverage{}", figures::percent(now), change(before, now)))
    }

    /// The newest good work before this one.
    fn before(&self) -> Option<&Attempt> {
        let good = |a: &&Attempt| a.outcome == AttemptOutcome::Good;
        let earlier = self
            .run
            .stages
            .iter()
            .take_while(|s| s.name() != self.stage.name())
            .flat_map(|s| &s.attempts);
        earlier.chain(self.stage.attempts.iter().filter(|a| a.n < self.work.n)).filter(good).last()
    }

    /// Whether everybody who is called now approved what was approved last.
    fn approved_before(&self) -> bool {
        let earlier = self.run.stages.iter().take_while(|s| s.name() != self.stage.name());
        let approvals = earlier
            .filter(|s| s.was_approved())
            .filter_map(|s| s.asked.last())
            .last()
            .map(|asked| &asked.gate.approvals);
        let approved = |who: &Approver| matches!(who, Approver::Person(person) if approvals.is_some_and(|them| them.contains(person)));
        called_by(self.run, &self.gate.id, self.spec).iter().all(approved)
    }

    /// The money up to this question: what came after it does not change its card.
    pub(super) fn spent(&self) -> Usd {
        let newest = self
            .stage
            .changes
            .iter()
            .find(|c| c.round == self.gate.id.round)
            .map_or(u32::MAX, |c| c.after);
        let earlier = self
            .run
            .stages
            .iter()
            .take_while(|s| s.name() != self.stage.name())
            .flat_map(|s| &s.attempts);
        let attempts = earlier.chain(self.stage.attempts.iter().filter(|a| a.n <= newest));
        attempts.map(Attempt::spent).sum::<Usd>() + self.spent_on_children()
    }

    /// The same of the runs that are part of it.
    pub(super) fn spent_on_children(&self) -> Usd {
        self.run.spent_on_children_by(self.gate.opened_at)
    }

    /// What is new to somebody who looked before.
    pub(super) fn since(&self, render: &RenderContext) -> Option<Mrkdwn> {
        let whose = if self.approved_before() { "you last approved" } else { "the last approval" };
        let since_approved = self.work.since_approved.as_ref();
        let since_approved =
            since_approved.map(|diff| format!("Since {whose}: {}", figures::diff(diff)).into());
        Mrkdwn::join(self.since_round(render).into_iter().chain(since_approved), "\n").non_empty()
    }

    /// What is new since the round before, if there is newer work; a link to that, where there are pages.
    fn since_round(&self, render: &RenderContext) -> Option<Mrkdwn> {
        let round = self.gate.id.round.saturating_sub(1);
        let is_same = |c: &Changes| c.round == round && self.gate.attempt <= c.after;
        if round == 0 || self.stage.changes.iter().any(is_same) {
            return None;
        }
        let diff = self.work.since_round.as_ref()?;
        let since = format!("Since round {round}");
        let since = self
            .since_url(render)
            .map_or_else(|| Mrkdwn::from(since.clone()), |url| Mrkdwn::link(&url, &since));
        Some(since + ": " + figures::diff(diff))
    }
}

/// `, +1.5`, of what is shown.
fn change(before: Option<f64>, now: f64) -> String {
    let Some(tenths) = before.map(|before| figures::tenths(now) - figures::tenths(before)) else {
        return String::new();
    };
    let shown = tenths.unsigned_abs();
    let sign = match tenths {
        0 => return ", unchanged".to_owned(),
        1.. => '+',
        _ => '−',
    };
    let part = if shown % 10 == 0 { String::new() } else { format!(".{}", shown % 10) };
    format!(", {sign}{}{part}", shown / 10)
}

fn largest(diff: &Diff) -> impl Iterator<Item = Mrkdwn> {
    let biggest = diff
        .biggest
        .iter()
        .take(Diff::BIGGEST)
        .map(|f| Mrkdwn::code(&f.path, PATH) + " " + figures::lines(f.added, f.removed));
    let others = u64::from(diff.files).saturating_sub(diff.biggest.len() as u64);
    biggest.chain((others > 0).then(|| figures::plural(others, "smaller file").into()))
}
