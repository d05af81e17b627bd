//! The runs that most tests draw.

use chrono::TimeDelta;

use super::{More, Tale, Work, ben, group, request, stage, work};
use crate::run::{
    Approver, AttemptOutcome, GateSpec, Outcome, PersonId, Rework, Stage, Tests, Trouble, Verdict,
};

impl Tale {
    /// The second stage waits for an answer.
    pub fn waiting() -> Self {
        let scaffold = Work {
            tests: Some(Tests { passed: 15, failed: 0, skipped: 0 }),
            coverage: None,
            ..work(2_340, 4, 135)
        };
        Self::new()
            .started()
            .works("scaffold", 1, scaffold)
            .keeps("scaffold")
            .works("core-implementation", 1, work(12_850, 23, 270))
            .asks("core-implementation")
    }

    /// The third stage goes wrong once.
    pub fn rolled_back() -> Self {
        let tale = Self::waiting()
            .after(250)
            .decides(ben(), Verdict::Approve, Some("nice & tidy"))
            .keeps("core-implementation");
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

    /// The second stage asks again, for changes that Ben wanted.
    pub fn second_round() -> Self {
        let more = More { since_round: Some(More::diff(2, 10, 1)), ..More::default() };
        let asked = Self::waiting().after(250).wants(
            ben(),
            "Please retry on 429.\n\n```\nawait sleep(1000)\n```\nand tell <@UCLEO>",
            Rework::Top,
        );
        asked
            .with(more)
            .works("core-implementation", 2, work(4_000, 8, 100))
            .asks("core-implementation")
    }

    /// The fourth stage asks as well, after the second was approved.
    pub fn second_gate() -> Self {
        let spec = GateSpec {
            approvers: vec![ben().into(), Approver::Group(group())],
            quorum: 2,
            ..GateSpec::usual(3_600)
        };
        let more =
            More { since_approved: Some(More::diff(3, 40, 2)), ..More::risky("package.json") };
        let tests = Some(Tests { passed: 47, failed: 0, skipped: 1 });
        Self::rolled_back()
            .gated("structured-logging", spec)
            .works("streaming", 2, work(8_500, 15, 210))
            .keeps("streaming")
            .with(more)
            .works(
                "structured-logging",
                1,
                Work { coverage: Some(90.46), tests, ..work(6_000, 11, 120) },
            )
            .asks("structured-logging")
    }

    /// The largest run there is: twelve stages, five attempts each, every text as long and as hostile as can be.
    pub fn largest() -> Self {
        let nasty = nasty();
        let stages: Vec<String> = (0..12).map(|i| format!("{}-{i}", "s".repeat(61))).collect();
        let approvers: Vec<Approver> = (0..40)
            .map(|i| PersonId::Slack { team: "T1".to_owned(), user: format!("U{i:010}") }.into())
            .collect();
        let mut request = request();
        request.brief.clone_from(&nasty);
        let gate = Some(GateSpec { approvers: approvers.clone(), ..GateSpec::usual(3_600) });
        request.pipeline.stages =
            stages.iter().map(|s| Stage { attempts: 5, gate: gate.clone(), ..stage(s) }).collect();
        request.approvers = approvers;
        let mut tale = Self::of(request).started();
        for stage in &stages {
            for n in 1..=4 {
                let end = (AttemptOutcome::Bad, Some(nasty.as_str()), Some(Trouble::Agent));
                tale = tale.notes(ben(), &nasty).begins(stage, n).ends(
                    stage,
                    n,
                    end,
                    work(u64::from(u32::MAX), 9, 9),
                );
            }
            let since = Some(More::diff(u32::MAX, u64::MAX, u64::MAX));
            let more = More {
                words: Some(nasty.clone()),
                since_approved: since.clone(),
                since_round: since,
                ..More::risky(&nasty)
            };
            tale = tale.with(more).works(stage, 5, work(u64::from(u32::MAX), 99_999, 90_000));
            tale.now += TimeDelta::seconds(1);
            tale = tale.asks(stage).decides(ben(), Verdict::Approve, Some(&nasty)).keeps(stage);
        }
        tale
    }

    /// It waits for the last of its answers.
    pub fn largest_question() -> Self {
        let mut tale = Self::largest();
        let stage = tale.run.stages[11].name().to_string();
        tale.run.stages[11].asked.clear();
        tale.run.stages[11].rounds = 0;
        tale.run.decisions.pop();
        tale.asks(&stage)
    }
}

/// Words that want to be everything but words.
pub(crate) fn nasty() -> String {
    format!("{} ```<!channel> \u{202e}&<@U1>``` ", "x<&>".repeat(2_500))
}
