//! The runs that most tests draw.

use chrono::TimeDelta;

use crate::run::{AttemptOutcome, Outcome, PersonId, Stage, Tests, Trouble, Verdict};

use super::{Tale, Work, ben, request, stage, work};

impl Tale {
    /// The second stage waits for an answer.
    pub fn waiting() -> Self {
        let scaffold = Work { tests: Some(Tests { passed: 15, failed: 0, skipped: 0 }), coverage: None, ..work(2_340, 4, 135) };
        Self::new()
            .started()
            .works("scaffold", 1, scaffold)
            .keeps("scaffold")
            .works("core-implementation", 1, work(12_850, 23, 270))
            .asks("core-implementation")
    }

    /// The third stage goes wrong once.
    pub fn rolled_back() -> Self {
        let tale = Self::waiting().after(250).decides(ben(), Verdict::Approve, Some("nice & tidy")).keeps("core-implementation");
        tale.errs("streaming", 1)
    }

    /// All went well in the end.
    pub fn done() -> Self {
        Self::rolled_back()
            .works("streaming", 2, work(8_500, 15, 210))
            .keeps("streaming")
            .works("structured-logging", 1, work(6_000, 11, 120))
            .keeps("structured-logging")
            .works("parallel-processing", 1, work(7_000, 13, 180))
            .keeps("parallel-processing")
            .works("cost-tracking", 1, work(4_000, 10, 180))
            .keeps("cost-tracking")
            .delivers(true)
            .closes(Outcome::Done, None)
    }

    /// The largest run there is: twelve stages, five attempts each, every text as long and as hostile as can be.
    pub fn largest() -> Self {
        let nasty = format!("{} ```<!channel> \u{202e}&<@U1>``` ", "x<&>".repeat(2_500));
        let stages: Vec<String> = (0..12).map(|i| format!("{}-{i}", "s".repeat(61))).collect();
        let mut request = request();
        request.brief.clone_from(&nasty);
        request.pipeline.stages = stages.iter().map(|s| Stage { attempts: 5, ..stage(s) }).collect();
        request.approvers = (0..40).map(|i| PersonId::Slack { team: "T1".to_owned(), user: format!("U{i:010}") }.into()).collect();
        let mut tale = Self::of(request).started();
        for stage in &stages {
            for n in 1..=4 {
                tale =
                    tale.begins(stage, n).ends(stage, n, (AttemptOutcome::Bad, Some(&nasty), Some(Trouble::Agent)), work(u64::from(u32::MAX), 9, 9));
            }
            tale = tale.works(stage, 5, work(u64::from(u32::MAX), 99_999, 90_000));
            tale.now += TimeDelta::seconds(1);
            tale = tale.asks(stage).decides(ben(), Verdict::Approve, Some(&nasty)).keeps(stage);
        }
        tale
    }
}
