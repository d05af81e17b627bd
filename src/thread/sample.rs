//! Runs to draw in tests: told event by event, as a workflow would.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use url::Url;

use crate::run::{
    AgentInfo, AgentKind, AgentSpec, AttemptOutcome, Channel, Delivered, Diff, Digest, Event,
    FileDiff, GateId, GateKind, GateSpec, Happened, Outcome, PersonId, Pipeline, Progress, Reports,
    Request, RequestId, Rework, Run, Sandboxing, Size, Snapshot, Stage, StageName, StageOutcome,
    Tests, Tokens, Trouble, Usd, Verdict, Via,
};

use super::{Links, RenderContext};

mod asking;
mod tales;

pub(crate) use asking::{More, group};
pub(crate) use tales::nasty;

pub(crate) const STAGES: [&str; 6] = [
    "scaffold",
    "core-implementation",
    "streaming",
    "structured-logging",
    "parallel-processing",
    "cost-tracking",
];

/// A run and the clock of its workflow.
pub(crate) struct Tale {
    pub run: Run,
    pub now: DateTime<Utc>,
    /// What the next work has besides its figures.
    pub more: More,
}

pub(crate) fn ana() -> PersonId {
    PersonId::Slack { team: "T1".to_owned(), user: "UANA".to_owned() }
}

pub(crate) fn ben() -> PersonId {
    PersonId::Slack { team: "T1".to_owned(), user: "UBEN".to_owned() }
}

pub(crate) fn name(text: &str) -> StageName {
    text.parse().unwrap()
}

/// A place with pages, in UTC.
pub(crate) fn place() -> RenderContext {
    let links = Links::new("a key for tests", Url::parse("https://signoff.example").unwrap());
    RenderContext {
        links: Some(links),
        clock_zone: FixedOffset::east_opt(0).unwrap(),
        slack_dates: false,
        thread: None,
    }
}

/// A place that no browser can reach.
pub(crate) fn no_pages() -> RenderContext {
    RenderContext { links: None, ..place() }
}

/// Six stages; the second asks; three attempts each; started by ana, ben approves.
pub(crate) fn request() -> Request {
    Request {
        run: "llm-wrapper-k3f9qdz".parse().unwrap(),
        project: "llm-wrapper".parse().unwrap(),
        pipeline: Pipeline {
            name: "library".to_owned(),
            digest: Digest("d1".to_owned()),
            agent: AgentSpec { kind: AgentKind::Claude, command: None, model: None },
            stages: STAGES.iter().map(|stage| self::stage(stage)).collect(),
        },
        brief: "One client for three model providers,\nwith streaming & retries.".to_owned(),
        budget_usd: Some(Usd::from_nanos(5_000_000_000)),
        starter: ana(),
        approvers: vec![ben().into()],
        channel: Some(Channel { team: "T1".to_owned(), channel: "C1".to_owned() }),
        repository: Some("https://git.example/llm-wrapper.git".to_owned()),
        rehearsal: false,
    }
}

fn stage(text: &str) -> Stage {
    Stage {
        name: name(text),
        needs: Vec::new(),
        size: Size::M,
        attempts: 3,
        timeout_seconds: 1_800,
        gate: (text == "core-implementation")
            .then_some(GateSpec { approvers: vec![ben().into()], ..GateSpec::usual(3_600) }),
        setup: Vec::new(),
        checks: vec!["npm test".to_owned()],
        reports: Reports::default(),
        least_coverage_percent: Some(90.0),
    }
}

pub(crate) fn snapshot(of: &str) -> Snapshot {
    Snapshot { commit: format!("commit-{of}"), tree: format!("tree-{of}") }
}

/// Figures of one attempt.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub tokens: u64,
    pub cents: i64,
    pub seconds: i64,
    pub tests: Option<Tests>,
    pub coverage: Option<f64>,
    pub lines: (u64, u64),
}

pub(crate) const fn work(tokens: u64, cents: i64, seconds: i64) -> Work {
    Work {
        tokens,
        cents,
        seconds,
        tests: Some(Tests { passed: 50, failed: 0, skipped: 0 }),
        coverage: Some(92.0),
        lines: (156, 12),
    }
}

impl Tale {
    pub fn new() -> Self {
        Self::of(request())
    }

    pub fn of(request: Request) -> Self {
        Self {
            run: Run::starting(request),
            now: DateTime::from_timestamp(1_772_442_000, 0).unwrap(),
            more: More::default(),
        }
    }

    pub fn started(mut self) -> Self {
        let request = Box::new(self.run.request.clone());
        self.tell(Happened::Started { rules: 1, request });
        self
    }

    pub fn tell(&mut self, what: Happened) {
        self.run.apply(&Event { seq: self.run.seq + 1, at: self.now, what });
    }

    pub fn after(mut self, seconds: i64) -> Self {
        self.now += TimeDelta::seconds(seconds);
        self
    }

    pub fn begins(mut self, stage: &str, attempt: u32) -> Self {
        if attempt == 1 {
            self.tell(Happened::StageStarted { stage: name(stage) });
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
        let tests_changed = std::mem::take(&mut self.more).tests_changed;
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
            tokens: tokens(work.tokens),
            cost_usd: cents(work.cents),
            seconds: u64::try_from(work.seconds).unwrap(),
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
        self.tell(Happened::DeadlinePassed { gate: self.gate(stage) });
        self
    }

    /// An answer; a stop names no gate.
    pub fn decides(mut self, by: PersonId, verdict: Verdict, words: Option<&str>) -> Self {
        let gate =
            self.run.gate.as_ref().filter(|_| verdict != Verdict::Stop).map(|g| g.id.clone());
        let words = words.map(str::to_owned);
        self.tell(Happened::Decided {
            request: RequestId("r1".to_owned()),
            gate,
            verdict,
            by,
            via: Via::Button,
            words,
            rework: Rework::Top,
        });
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

    /// Progress of an attempt, now.
    pub fn progress(&self, stage: &str, attempt: u32, step: &str) -> Progress {
        Progress {
            stage: name(stage),
            attempt,
            tokens: tokens(12_340),
            cost_usd: cents(3),
            step: step.to_owned(),
            at: self.now,
        }
    }
}

pub(crate) fn cents(cents: i64) -> Usd {
    Usd::from_nanos(cents * 10_000_000)
}

fn tokens(total: u64) -> Tokens {
    Tokens {
        input: total / 4,
        output: total / 4,
        cache_read: total / 4,
        cache_write: total - total / 4 * 3,
    }
}
