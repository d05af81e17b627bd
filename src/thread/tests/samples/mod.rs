//! Sample runs to draw in tests: told event by event, as a workflow would.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use url::Url;

use crate::run::{
    AgentKind, AgentSpec, Channel, Digest, Event, GateSpec, Happened, PersonId, Pipeline, Policy,
    Progress, Reports, Request, Run, Size, Snapshot, Stage, StageName, Tests, Tokens, Usd,
};

use crate::thread::{Links, RenderContext};

mod asking;
mod events;
mod side_runs;
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

/// With pages, in UTC.
pub(crate) fn with_pages() -> RenderContext {
    let links = Links::new("a key for tests", Url::parse("https://signoff.example").unwrap());
    RenderContext {
        links: Some(links),
        clock_zone: FixedOffset::east_opt(0).unwrap(),
        real_slack: false,
        thread: None,
    }
}

/// Where no browser can reach us.
pub(crate) fn no_pages() -> RenderContext {
    RenderContext { links: None, ..with_pages() }
}

/// Six stages; the second asks; three attempts each; started by ana, ben approves.
pub(crate) fn request() -> Request {
    Request {
        run: "llm-wrapper-k3f9qdz".parse().unwrap(),
        project: "llm-wrapper".parse().unwrap(),
        pipeline: Pipeline {
            name: "library".to_owned(),
            digest: Digest("d1".to_owned()),
            agent: AgentSpec {
                kind: AgentKind::Claude,
                command: None,
                model: None,
                models: Vec::new(),
            },
            stages: STAGES.iter().map(|stage| self::stage(stage)).collect(),
        },
        brief: "One client for three model providers,\nwith streaming & retries.".to_owned(),
        budget_usd: Some(Usd::from_nanos(5_000_000_000)),
        starter: ana(),
        approvers: vec![ben().into()],
        channel: Some(Channel { team: "T1".to_owned(), channel: "C1".to_owned() }),
        repository: Some("https://git.example/llm-wrapper.git".to_owned()),
        start_branch: None,
        rehearsal: false,
        money: Some(Policy::default().money_terms(&[ben().into()])),
        estimate: None,
        again: None,
        push_attempts: false,
        waits_for_workers: false,
        batch: None,
        part_of: None,
        notes: Vec::new(),
        beyond_months: false,
        fix: None,
        queued: false,
    }
}

fn stage(text: &str) -> Stage {
    Stage {
        name: name(text),
        needs: Vec::new(),
        size: Size::M,
        attempts: 3,
        recovery: None,
        budget_usd: None,
        timeout_seconds: 1_800,
        gate: (text == "core-implementation")
            .then_some(GateSpec { approvers: vec![ben().into()], ..GateSpec::usual(3_600) }),
        setup: Vec::new(),
        checks: vec!["npm test".to_owned()],
        reports: Reports::default(),
        hosts: None,
        env: std::collections::BTreeMap::new(),
        least_coverage_percent: Some(90.0),
        red_green: true,
        iterates: false,
        until: None,
        review: None,
        parallel: false,
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
