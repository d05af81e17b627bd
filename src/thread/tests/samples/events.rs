//! What the workflow does in a sample run, told as events.

use chrono::TimeDelta;

use super::{More, Tale, Work, cents, name, snapshot, tokens, work};
use crate::run::{
    AgentInfo, AttemptOutcome, Delivered, Diff, Digest, FileDiff, GateId, GateKind, Happened,
    Outcome, Sandboxing, StageOutcome, Tests, Trouble,
};

impl Tale {
    pub fn begins(mut self, stage: &str, attempt: u32) -> Self {
        if attempt == 1 {
            self.tell(Happened::StageStarted { stage: name(stage), estimate: None });
        }
        self.tell(Happened::AttemptStarted { stage: name(stage), attempt });
        self
    }

    pub fn writes(mut self, stage: &str, attempt: u32, work: Work) -> Self {
        let (added, removed) = work.lines;
        let file =
            |path: &str, added| FileDiff { path: path.to_owned(), added, removed: removed / 3 };
        self.tell(Happened::Written {
            stage: name(stage),
            attempt,
            agent: Some(AgentInfo {
                name: "Claude Code".to_owned(),
                version: Some("2.1.3".to_owned()),
                model: Some("claude-sonnet-4-5".to_owned()),
            }),
            sandboxing: Sandboxing::Closed,
            base: snapshot("origin"),
            snapshot: snapshot(stage),
            diff: Box::new(Diff {
                files: 3,
                added,
                removed,
                biggest: vec![
                    file("src/client.js", added / 2),
                    file("test/client.test.js", added / 3),
                    file("README.md", added / 6),
                ],
                flags: self.more.flags.clone(),
            }),
            since_round: self.more.since_round.clone().map(Box::new),
            since_approved: self.more.since_approved.clone().map(Box::new),
            tokens: tokens(work.tokens),
            cost_usd: cents(work.cents),
            words: Some(self.more.words.clone().unwrap_or_else(|| {
                "I wrote the client and its tests. <!channel> please approve!".to_owned()
            })),
            parts: Vec::new(),
            conflicts: Vec::new(),
            branch: self.more.branch.clone(),
        });
        self
    }

    pub fn ends(
        mut self,
        stage: &str,
        attempt: u32,
        end: (AttemptOutcome, Option<&str>, Option<Trouble>),
        work: Work,
    ) -> Self {
        self.now += TimeDelta::seconds(work.seconds);
        let More { tests_changed, red_green, reports, workplace, .. } =
            std::mem::take(&mut self.more);
        self.tell(Happened::AttemptEnded {
            stage: name(stage),
            attempt,
            outcome: end.0,
            why: end.1.map(str::to_owned),
            feedback: None,
            trouble: end.2,
            tests: work.tests,
            coverage_percent: work.coverage,
            tests_changed,
            red_green,
            reports,
            workplace,
            tokens: tokens(work.tokens),
            cost_usd: cents(work.cents),
            seconds: u64::try_from(work.seconds).unwrap(),
            review_follows: false,
        });
        self
    }

    /// A good attempt, without the stage's end.
    pub fn works(self, stage: &str, attempt: u32, work: Work) -> Self {
        self.begins(stage, attempt).writes(stage, attempt, work).ends(
            stage,
            attempt,
            (AttemptOutcome::Good, None, None),
            work,
        )
    }

    /// An attempt whose tests fail.
    pub fn errs(self, stage: &str, attempt: u32) -> Self {
        let work = Work {
            tests: Some(Tests { passed: 47, failed: 3, skipped: 0 }),
            ..work(9_000, 12, 95)
        };
        let end = (AttemptOutcome::Bad, Some("3 of 50 tests failed"), None);
        self.begins(stage, attempt).writes(stage, attempt, work).ends(stage, attempt, end, work)
    }

    pub fn keeps(mut self, stage: &str) -> Self {
        self.tell(Happened::StageEnded {
            stage: name(stage),
            outcome: StageOutcome::Good,
            why: None,
            snapshot: Some(snapshot(stage)),
        });
        self
    }

    pub fn fails(mut self, stage: &str, why: &str) -> Self {
        self.tell(Happened::StageEnded {
            stage: name(stage),
            outcome: StageOutcome::Failed,
            why: Some(why.to_owned()),
            snapshot: None,
        });
        self
    }

    pub fn undoes(mut self, stage: &str) -> Self {
        self.tell(Happened::StageEnded {
            stage: name(stage),
            outcome: StageOutcome::Undone,
            why: None,
            snapshot: None,
        });
        self
    }

    pub fn gate(&self, stage: &str) -> GateId {
        let round = self
            .run
            .stage(&name(stage))
            .map_or(1, |s| if self.run.gate.is_some() { s.rounds } else { s.rounds + 1 });
        GateId {
            kind: GateKind::Approve,
            stage: name(stage),
            round,
            digest: Digest(format!("digest of {stage} {round}")),
        }
    }

    pub fn asks(mut self, stage: &str) -> Self {
        let deadline = self.now + TimeDelta::hours(1);
        let attempt =
            self.run.stage(&name(stage)).and_then(|s| s.good_attempt()).map_or(1, |a| a.n);
        self.tell(Happened::GateOpened { gate: self.gate(stage), attempt, deadline });
        self
    }

    pub fn misses(mut self, stage: &str) -> Self {
        self.now += TimeDelta::hours(1);
        let open = self.run.gate.as_ref().map(|open| open.id.clone());
        let gate = open.unwrap_or_else(|| self.gate(stage));
        self.tell(Happened::DeadlinePassed { gate });
        self
    }

    pub fn delivers(mut self, pushed: bool) -> Self {
        self.tell(Happened::Delivered(Delivered {
            branch: self.run.request.branch(),
            commit: "commit-last".to_owned(),
            repository: if pushed {
                "https://git.example/llm-wrapper.git".to_owned()
            } else {
                "/srv/signoff/runs/llm-wrapper-k3f9qdz/shadow.git".to_owned()
            },
            pushed,
            note: (!pushed)
                .then(|| "It was not pushed, because the run did not go well.".to_owned()),
            diff: Diff {
                files: 14,
                added: 1_204,
                removed: 36,
                biggest: Vec::new(),
                flags: Vec::new(),
            },
        }));
        self
    }

    pub fn closes(mut self, outcome: Outcome, why: Option<&str>) -> Self {
        self.tell(Happened::Ended { outcome, why: why.map(str::to_owned) });
        self
    }
}
