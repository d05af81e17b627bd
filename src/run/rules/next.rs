//! The next step of a run: what does it need now?
//! Retries, gates and endings follow from its events and the time alone; the workflow only carries them out.

use chrono::{DateTime, Utc};

use super::gated_work::GatedWork;
use super::iterate;
use super::same_failure::{TIMES, same_failure};
use crate::run::{
    AskedAmount, Attempt, AttemptOutcome, Decided, GateId, Guard, HandBranch, Happened, Outcome,
    Pause, Plan, ReviewPlan, Run, RunId, Shortage, Snapshot, StageName, StageOutcome, StagePhase,
    StageState, Trouble, Usd, Verdict, WorkStep,
};

/// Since these rules a run whose result is nowhere has failed.
const RULES_OF_DELIVERY: u32 = 2;

/// Since these rules stages are done side by side.
const RULES_OF_SIDE_RUNS: u32 = 3;

/// The next thing to do for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// An event follows from what is known: emit it.
    Emit(Happened),
    /// Let an agent write and the checks judge.
    Attempt(Box<Plan>),
    /// See whether what has to pass fails on what this attempt begins with, before it does anything.
    TryFirst(Box<Plan>),
    /// Let a second reader read good work.
    Review(Box<ReviewPlan>),
    /// Wait for a person, and until `wake` at most; then look again.
    Ask { gate: GateId, wake: Option<DateTime<Utc>> },
    /// Put the work of a failed stage where the person can fetch it who took the stage over; until `wake` at most.
    HandOut { gate: GateId, work: Snapshot, wake: Option<DateTime<Utc>> },
    /// The same as `Ask`, and a push to this branch is an answer too.
    AwaitPush { gate: GateId, branch: HandBranch, wake: Option<DateTime<Utc>> },
    /// Wait until then: nothing can be done before.
    Park { until: DateTime<Utc> },
    /// Wait until a worker is there that can do this.
    FindWorker { stage: StageName, attempt: u32, step: WorkStep },
    /// Put the result where people can fetch it; push it only where the run went well.
    Deliver { snapshot: Snapshot, push: bool, guard: Option<Guard> },
    /// Let the runs go on that are part of this one and not over, features or stages; all at once, until all are.
    Children,
    /// See what merging these features will be like: their numbers, whose they are, and what they made.
    PreviewMerge(Vec<(usize, RunId, Snapshot)>),
    /// Nothing is left.
    End(Outcome),
}

impl Run {
    /// What to do now. Only ever depends on the events and on `now`.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Next {
        if let Some(outcome) = self.outcome {
            return Next::End(outcome);
        }
        if !self.children_under_way().is_empty() {
            return Next::Children;
        }
        if let Some(next) = self.next_of_batch() {
            return next;
        }
        if let Some((outcome, why)) = self.verdict() {
            return self.wind_up(outcome, why);
        }
        match self.current() {
            Some((_, stage)) => self.next_of(stage, now),
            None => Next::Emit(Happened::Ended { outcome: Outcome::Done, why: None }),
        }
    }

    /// How the run will end, as soon as that is certain.
    pub(super) fn verdict(&self) -> Option<(Outcome, Option<String>)> {
        if let Some(sealed) = self.sealed_by() {
            let stopped = sealed.verdict == Verdict::Stop;
            let outcome = if stopped { Outcome::Stopped } else { Outcome::Rejected };
            return Some((outcome, sealed.words.clone()));
        }
        if let Some(failed) = self.stages.iter().find(|s| s.phase == StagePhase::Failed) {
            let why = failed.why.as_deref().unwrap_or("failed");
            return Some((Outcome::Failed, Some(format!("{}: {why}", failed.name()))));
        }
        if self.current().is_some() {
            return None;
        }
        Some(match self.nothing_was_merged() {
            Some(why) => (Outcome::Failed, Some(why)),
            None => (Outcome::Done, None),
        })
    }

    fn wind_up(&self, outcome: Outcome, why: Option<String>) -> Next {
        let is_open =
            |s: &&StageState| matches!(s.phase, StagePhase::Running | StagePhase::Waiting);
        if let Some(stage) = self.stages.iter().find(is_open) {
            return stage_undone(stage, None);
        }
        if let Some((stage, attempt)) = self.undeliverable() {
            return find_worker(stage, attempt, WorkStep::Deliver);
        }
        match self.last_good() {
            Some(snapshot) if self.delivered.is_none() && self.has_result() => {
                let guard = self.guard(snapshot);
                let push = outcome == Outcome::Done && self.is_approved_together();
                Next::Deliver { snapshot: snapshot.clone(), push, guard }
            }
            _ => Next::Emit(self.ended(outcome, why)),
        }
    }

    /// The attempt after which no worker could deliver the result, until somebody stops the run.
    fn undeliverable(&self) -> Option<(&StageState, &Attempt)> {
        let waits = |attempt: &Attempt| {
            attempt.waits_for_worker().is_some_and(|(step, ..)| step == WorkStep::Deliver)
        };
        let last = self.last_attempt().filter(|_| self.delivered.is_none());
        last.filter(|(_, attempt)| waits(attempt) && !self.was_stopped())
    }

    /// Whether the run has gone well, its result waits for a worker, and whoever does not want to wait may stop it.
    pub(super) fn delivery_may_stop(&self) -> bool {
        self.undeliverable().is_some_and(|(_, attempt)| {
            let pause = attempt.paused.as_ref().map(|paused| &paused.pause);
            matches!(pause, Some(Pause::Worker { may_stop: true, .. }))
        })
    }

    /// Whether it has work to deliver: what does a stage of another run leaves that to it, and what only took work over has none of its own.
    fn has_result(&self) -> bool {
        if self.request.is_side_run() {
            return false;
        }
        let took_over = self.request.takes_over().is_some();
        let mut attempts = self.stages.iter().flat_map(|stage| &stage.attempts);
        !took_over || attempts.any(|attempt| attempt.base.is_some())
    }

    /// A result that nobody can get is none, however well it went before.
    fn ended(&self, outcome: Outcome, why: Option<String>) -> Happened {
        let nowhere = self.delivered.as_ref().filter(|d| d.repository.is_empty());
        match nowhere {
            Some(delivered) if outcome == Outcome::Done && self.rules >= RULES_OF_DELIVERY => {
                let why = delivered.note.as_deref().unwrap_or("nobody knows why");
                let why = Some(format!("the result could not be delivered: {why}"));
                Happened::Ended { outcome: Outcome::Failed, why }
            }
            _ => Happened::Ended { outcome, why },
        }
    }

    fn next_of(&self, stage: &StageState, now: DateTime<Utc>) -> Next {
        if let Some(open) = &self.gate {
            return self.wait(open, now);
        }
        if let Some(why) = self.left_out_of_batch(stage) {
            return stage_undone(stage, Some(why));
        }
        if self.rules >= RULES_OF_SIDE_RUNS
            && let Some(runs) = self.side_by_side(stage)
        {
            return Next::Emit(Happened::SideRunsStarted { runs });
        }
        if stage.phase == StagePhase::Todo {
            let estimate = self.estimate_of(stage.name()).filter(|_| stage.side_run().is_none());
            return Next::Emit(Happened::StageStarted { stage: stage.name().clone(), estimate });
        }
        if stage.missed_deadline {
            return stage_failed(stage, self.why_unanswered(stage));
        }
        if let Some(decided) = self.left_out_by(stage) {
            return stage_undone(stage, decided.words.clone());
        }
        if let Some(snapshot) = self.approved_snapshot(stage) {
            return stage_good(stage, snapshot);
        }
        self.next_attempt_of(stage, now)
    }

    fn next_attempt_of(&self, stage: &StageState, now: DateTime<Utc>) -> Next {
        let Some(last) = stage.attempts_now().last() else {
            let begin = || self.begin_attempt(stage, stage.last_number() + 1, now);
            return stage.restored().map_or_else(begin, |work| self.after_good(stage, work, now));
        };
        let sent_back = || self.after_review(stage, last, now);
        match last.outcome {
            AttemptOutcome::Running => self.go_on(stage, last, now),
            // That attempt was made before these changes were asked for, so it does not count as a try of them.
            _ if stage.rework().is_some_and(|changes| last.n <= changes.after) => {
                self.begin_attempt(stage, last.n + 1, now)
            }
            _ if stage.retried().is_some_and(|retried| last.n <= retried.after) => {
                self.begin_attempt(stage, last.n + 1, now)
            }
            _ if stage.has_another_part(last) => self.begin_attempt(stage, last.n + 1, now),
            _ if let Some(next) = sent_back() => next,
            AttemptOutcome::Good => self.after_good(stage, last, now),
            AttemptOutcome::Bad | AttemptOutcome::Lost | AttemptOutcome::Stopped => {
                self.retry_or_give_up(stage, last, now)
            }
        }
    }

    /// Lets an attempt work, unless it waits for something.
    fn go_on(&self, stage: &StageState, attempt: &Attempt, now: DateTime<Utc>) -> Next {
        if let Some(ended) = self.nothing_to_merge(stage, attempt.n, now) {
            return Next::Emit(ended);
        }
        let spends =
            stage.done_by_hand(attempt.n).is_none() && self.merge_step(stage, attempt.n).is_none();
        if spends && let Some(question) = self.ask_for_money(stage, attempt, now) {
            return question;
        }
        match attempt.paused.as_ref().map(|paused| &paused.pause) {
            Some(Pause::ModelLimit { until }) if *until > now => Next::Park { until: *until },
            Some(Pause::Worker { step, .. }) => find_worker(stage, attempt, *step),
            Some(_) => {
                let (stage, attempt) = (stage.name().clone(), attempt.n);
                Next::Emit(Happened::Resumed { stage, attempt })
            }
            None => self.work_on(stage, attempt, now),
        }
    }

    fn retry_or_give_up(&self, stage: &StageState, last: &Attempt, now: DateTime<Utc>) -> Next {
        match self.why_no_retry(stage, last) {
            Some(why) => self.give_up(stage, why, now),
            None => self.begin_attempt(stage, last.n + 1, now),
        }
    }

    pub(super) fn after_good(
        &self,
        stage: &StageState,
        last: &Attempt,
        now: DateTime<Utc>,
    ) -> Next {
        if let Some(review) = self.review(stage, last) {
            return review;
        }
        match (GatedWork::of(stage, last), &last.snapshot) {
            (Some(work), _) => self.open_gate(work, now),
            (None, Some(snapshot)) => stage_good(stage, snapshot),
            (None, None) => self.ask_or_fail(stage, NOT_KEPT.to_owned(), now),
        }
    }

    /// The answer that took a stage's work away, or that goes on without it.
    fn left_out_by(&self, stage: &StageState) -> Option<&Decided> {
        let of_stage = |d: &&Decided| d.gate.as_ref().is_some_and(|g| &g.stage == stage.name());
        let before = stage.redone.as_ref().map_or(0, |redone| redone.decisions);
        let now = self.decisions.get(before..).unwrap_or_default();
        now.iter().filter(of_stage).find(|d| matches!(d.verdict, Verdict::Reject | Verdict::Skip))
    }

    /// Why a stage is not tried again after a bad attempt; none where another attempt may go well.
    fn why_no_retry(&self, stage: &StageState, last: &Attempt) -> Option<String> {
        // Whoever asks for another try sees how that one goes.
        let most = if stage.retried().is_some() { 1 } else { stage.stage.attempts };
        let began_after = stage.retried().map_or(stage.round_began_after(), |it| it.after);
        let tries = stage.tries(began_after, last.n);
        match (last.trouble, self.budget()) {
            (Some(Trouble::Budget), Some(budget)) => Some(budget_spent(budget)),
            (
                Some(
                    Trouble::Budget
                    | Trouble::Setup
                    | Trouble::SignIn
                    | Trouble::Program
                    | Trouble::NothingToFix,
                ),
                _,
            ) => Some(failure_of(last)),
            _ if stage.only_tells(last.n) => Some(failure_of(last)),
            _ if stage.stage.iterates => iterate::why_no_other(stage, last, (began_after, most)),
            _ if tries < most && stage.stage.recovery.is_some() && same_failure(stage, last) => {
                Some(format!("{TIMES} attempts failed in the same way: {}", failure_of(last)))
            }
            _ if tries < most => None,
            _ if tries <= 1 => Some(failure_of(last)),
            _ => Some(format!("{tries} attempts, the last: {}", failure_of(last))),
        }
    }

    /// A stage fails. But where only asked-for changes could not be made, the work from before is asked about once more.
    fn give_up(&self, stage: &StageState, why: String, now: DateTime<Utc>) -> Next {
        let before = stage.rework().and_then(|_| stage.good_attempt());
        match before.and_then(|attempt| GatedWork::of(stage, attempt)) {
            Some(work) => self.open_gate(work, now),
            None => self.ask_or_fail(stage, why, now),
        }
    }

    fn ask_or_fail(&self, stage: &StageState, why: String, now: DateTime<Utc>) -> Next {
        self.ask_to_recover(stage, &why, now).unwrap_or_else(|| stage_failed(stage, why))
    }

    /// Why a stage has failed, or would if nobody helped it.
    #[must_use]
    pub fn why_failed(&self, stage: &StageState) -> Option<String> {
        let last =
            stage.attempts_now().last().filter(|last| last.outcome != AttemptOutcome::Running)?;
        self.why_no_retry(stage, last)
    }

    /// Why a stage whose last question nobody answered has failed.
    fn why_unanswered(&self, stage: &StageState) -> String {
        if !stage.asked_last_to_recover() {
            return unanswered(stage);
        }
        let why = self.why_failed(stage).unwrap_or_else(|| NOT_KEPT.to_owned());
        match stage.last_question().and_then(|asked| asked.gate.by_hand.as_ref()) {
            Some(_) => format!("{why}; it was taken over by hand, and not handed in in time"),
            None => format!("{why}; nobody said in time how to go on"),
        }
    }

    pub(super) fn begin_attempt(
        &self,
        stage: &StageState,
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Next {
        match self.budget() {
            Some(budget) if self.spent() >= budget && self.request.money.is_none() => {
                self.give_up(stage, budget_spent(budget), now)
            }
            _ => Next::Emit(Happened::AttemptStarted { stage: stage.name().clone(), attempt }),
        }
    }
}

fn find_worker(stage: &StageState, attempt: &Attempt, step: WorkStep) -> Next {
    Next::FindWorker { stage: stage.name().clone(), attempt: attempt.n, step }
}

fn stage_good(stage: &StageState, snapshot: &Snapshot) -> Next {
    let (stage, snapshot) = (stage.name().clone(), Some(snapshot.clone()));
    Next::Emit(Happened::StageEnded { stage, outcome: StageOutcome::Good, why: None, snapshot })
}

fn stage_failed(stage: &StageState, why: String) -> Next {
    let (stage, why) = (stage.name().clone(), Some(why));
    Next::Emit(Happened::StageEnded { stage, outcome: StageOutcome::Failed, why, snapshot: None })
}

fn stage_undone(stage: &StageState, why: Option<String>) -> Next {
    let stage = stage.name().clone();
    Next::Emit(Happened::StageEnded { stage, outcome: StageOutcome::Undone, why, snapshot: None })
}

/// Good work that cannot be had.
const NOT_KEPT: &str = "its work is not kept anywhere";

/// Why a stage has failed whose question about anything but a failure nobody answered.
fn unanswered(stage: &StageState) -> String {
    let Some(AskedAmount { why, budget, .. }) = stage.asked_last_for_money() else {
        return "nobody answered in time".to_owned();
    };
    match (why, budget) {
        (Shortage::Run | Shortage::Stage, Some(budget)) => {
            format!("{}, and nobody raised it in time", budget_spent(budget))
        }
        (Shortage::Month(month), _) => {
            let budget = month.budget;
            format!("the budget of {budget} a month is spent, and nobody let it go on in time")
        }
        (Shortage::Breaker(_), _) => {
            "it seemed to get nowhere, and nobody let it go on in time".to_owned()
        }
        _ => "its money will probably not do, and nobody answered in time".to_owned(),
    }
}

fn budget_spent(budget: Usd) -> String {
    format!("the budget of {budget} is spent")
}

pub(super) fn failure_of(attempt: &Attempt) -> String {
    let unsaid = if attempt.outcome == AttemptOutcome::Stopped {
        "the attempt was interrupted"
    } else {
        "the checks failed"
    };
    attempt.why.clone().unwrap_or_else(|| unsaid.to_owned())
}

#[cfg(test)]
mod tests;
