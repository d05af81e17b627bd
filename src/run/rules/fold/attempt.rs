//! The fold of an attempt's events: what do they add up to?

use chrono::{DateTime, Utc};

use crate::run::{Attempt, Diff, Happened, Paused, Run, StageName};

impl Run {
    pub(super) fn apply_to_attempt(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::AttemptStarted { stage, attempt } => {
                self.apply_attempt_started(stage, *attempt, at);
            }
            Happened::WaitedForSlot { stage, attempt, seconds } => {
                self.change_attempt(stage, *attempt, |a| {
                    a.queued_seconds += seconds;
                    a.paused_seconds += seconds;
                });
            }
            Happened::UntilTried { stage, attempt, tried } => {
                self.change_stage(stage, |s| s.tried = Some((*attempt, tried.clone())));
            }
            Happened::Written { .. } => self.apply_written(what),
            Happened::Reviewed { stage, attempt, review } => {
                self.change_attempt(stage, *attempt, |a| a.review = Some(review.clone()));
            }
            Happened::AttemptEnded { .. } => self.apply_attempt_ended(what),
            Happened::Paused { stage, attempt, pause, tokens, cost_usd } => {
                let paused = Paused { pause: pause.clone(), since: at };
                self.change_attempt(stage, *attempt, |a| {
                    a.paused = Some(paused);
                    (a.tokens, a.cost_usd) = (*tokens, *cost_usd);
                });
            }
            Happened::Resumed { stage, attempt } => {
                self.change_attempt(stage, *attempt, |a| a.resume(at));
            }
            _ => {}
        }
    }

    fn apply_attempt_started(&mut self, stage: &StageName, n: u32, at: DateTime<Utc>) {
        if self.joins(stage) || self.needs_no_writer(stage, n) {
            // It only merges: what people said is for whoever writes next.
            self.change_stage(stage, |s| s.begin_merge(Attempt::running(n, Vec::new(), at)));
            return;
        }
        let remarks = self.remarks_for(stage);
        for note in self.notes.iter_mut().filter(|note| note.read_by.is_none()) {
            note.read_by = Some((stage.clone(), n));
        }
        self.change_stage(stage, |s| s.attempts.push(Attempt::running(n, remarks, at)));
    }

    fn apply_written(&mut self, what: &Happened) {
        let Happened::Written {
            stage,
            attempt,
            agent,
            sandboxing,
            base,
            snapshot,
            diff,
            since_round,
            since_approved,
            tokens,
            cost_usd,
            words,
            branch,
            parts,
            conflicts,
        } = what
        else {
            return;
        };
        if agent.is_some() {
            self.agent.clone_from(agent);
        }
        self.sandboxing = Some(*sandboxing);
        self.change_attempt(stage, *attempt, |a| {
            a.base = Some(base.clone());
            a.snapshot = Some(snapshot.clone());
            a.diff = Some(Diff::clone(diff));
            a.since_round = since_round.as_deref().cloned();
            a.since_approved = since_approved.as_deref().cloned();
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.words.clone_from(words);
            a.branch.clone_from(branch);
            a.parts.clone_from(parts);
            a.conflicts.clone_from(conflicts);
        });
    }

    fn apply_attempt_ended(&mut self, what: &Happened) {
        let Happened::AttemptEnded {
            stage,
            attempt,
            outcome,
            why,
            feedback,
            trouble,
            tests,
            coverage_percent,
            tests_changed,
            red_green,
            reports,
            workplace,
            tokens,
            cost_usd,
            seconds,
            review_follows: _,
        } = what
        else {
            return;
        };
        self.change_attempt(stage, *attempt, |a| {
            a.outcome = *outcome;
            a.why.clone_from(why);
            a.feedback.clone_from(feedback);
            a.trouble = *trouble;
            a.tests = *tests;
            a.coverage_percent = *coverage_percent;
            a.tests_changed.clone_from(tests_changed);
            a.red_green.clone_from(red_green);
            a.reports.clone_from(reports);
            a.workplace.clone_from(workplace);
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.seconds = *seconds;
            a.paused = None;
        });
    }

    /// Somebody lets it spend: what stood still until then goes on.
    pub(super) fn resume_after_raise(&mut self, at: DateTime<Utc>) {
        let all = self.stages.iter_mut().flat_map(|stage| &mut stage.attempts);
        for attempt in all.filter(|attempt| attempt.waits_for_a_person()) {
            attempt.resume(at);
        }
    }

    fn change_attempt(&mut self, stage: &StageName, n: u32, change: impl FnOnce(&mut Attempt)) {
        self.change_stage(stage, |s| {
            if let Some(attempt) = s.attempts.iter_mut().find(|a| a.n == n) {
                change(attempt);
            }
        });
    }
}
