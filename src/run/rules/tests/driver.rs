//! A driver for tests: runs a run by its rules alone.
//! Facts and answers go in, as the workflow would bring them, and events come out.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{
    AgentEnd, AgentInfo, AgentKind, AgentSpec, AttemptFacts, Channel, Checked, Decision, Delivered,
    Digest, Event, GateId, GateSpec, Happened, Lost, Next, Outcome, Pause, PersonId, Pipeline,
    Plan, RULES, Refusal, Reports, Request, RequestId, Rework, Run, Sandboxing, Size, Snapshot,
    Stage, Tests, Tokens, Trouble, Usd, Verdict, Via, Written,
};

pub(in crate::run) const CENT: Usd = Usd::from_nanos(10_000_000);

/// What an attempt brings back. Each costs a cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::run) enum Facts {
    Green,
    Red,
    /// Red as well, in another way.
    RedElsewhere,
    Trouble(Trouble),
    /// The agent was interrupted.
    Interrupted,
    /// Nobody could finish the writing.
    Unfinished,
    /// The work is there, and nobody could finish the checks.
    Unchecked,
    /// It stands still for want of money.
    Paused,
}

/// A run, its clock and what happened so far.
pub(in crate::run) struct RunDriver {
    pub run: Run,
    pub events: Vec<Event>,
    pub now: DateTime<Utc>,
    made: u32,
    parts: Vec<String>,
}

impl RunDriver {
    pub fn of(request: Request) -> Self {
        let mut driver = Self {
            run: Run::starting(request),
            events: Vec::new(),
            now: DateTime::UNIX_EPOCH,
            made: 0,
            parts: Vec::new(),
        };
        driver.emit(Happened::Started {
            rules: RULES,
            request: Box::new(driver.run.request.clone()),
        });
        driver
    }

    /// `names` in order; a name that ends in `?` asks for approval.
    pub fn with(names: &[&str]) -> Self {
        Self::of(request(names))
    }

    pub fn emit(&mut self, what: Happened) {
        self.now += TimeDelta::seconds(1);
        let event = Event { seq: self.run.seq + 1, at: self.now, what };
        self.run.apply(&event);
        self.events.push(event);
    }

    /// Says all that follows by itself, and what is needed then.
    pub fn on(&mut self) -> Next {
        loop {
            match self.run.next(self.now) {
                Next::Emit(happened) => self.emit(happened),
                needed => return needed,
            }
        }
    }

    /// The attempt that is to be made.
    pub fn plan(&mut self) -> Plan {
        match self.on() {
            Next::Attempt(plan) => *plan,
            other => panic!("no attempt is next, but {other:?}"),
        }
    }

    /// The question that is asked.
    pub fn gate(&mut self) -> GateId {
        match self.on() {
            Next::Ask { gate, .. } | Next::AwaitPush { gate, .. } => gate,
            other => panic!("nothing is asked, but {other:?}"),
        }
    }

    /// The attempt that is next brings this back.
    pub fn brings(&mut self, facts: Facts) -> &mut Self {
        let plan = self.plan();
        self.ends(&plan, facts)
    }

    /// An attempt that was begun brings this back, whatever happened meanwhile.
    pub fn ends(&mut self, plan: &Plan, facts: Facts) -> &mut Self {
        let written = written(facts);
        if facts == Facts::Paused {
            self.emit(Happened::Paused {
                stage: plan.stage.name.clone(),
                attempt: plan.attempt,
                pause: Pause::Money { allowance: None },
                tokens: written.tokens,
                cost_usd: written.cost_usd,
            });
            return self;
        }
        if matches!(facts, Facts::Green | Facts::Red | Facts::RedElsewhere | Facts::Unchecked) {
            let happened = self.was_written(plan, &written);
            self.emit(happened);
        }
        let (checked, lost) = (checked(facts), lost(facts, &written));
        let brought = match (&lost, &checked) {
            (Some(lost), _) => AttemptFacts::Lost(lost),
            (None, Some(checked)) => AttemptFacts::Checked(&written, checked),
            (None, None) => AttemptFacts::Unchecked(&written),
        };
        self.emit(self.run.attempt_ended(plan, brought, self.now));
        self
    }

    /// The next attempt splits its task so.
    pub fn splits(&mut self, parts: &[&str]) -> &mut Self {
        self.parts = parts.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// What was merged does not fit together in these files.
    pub fn conflicts(&mut self, plan: &Plan, files: &[&str]) -> &mut Self {
        let conflicts = files.iter().map(|file| (*file).to_owned()).collect();
        let written = Written { conflicts, ..written(Facts::Green) };
        let happened = self.was_written(plan, &written);
        self.emit(happened);
        self.emit(self.run.attempt_ended(plan, AttemptFacts::Unchecked(&written), self.now));
        self
    }

    /// The attempt's work so far is kept.
    pub fn writes(&mut self, plan: &Plan) -> &mut Self {
        let happened = self.was_written(plan, &written(Facts::Green));
        self.emit(happened);
        self
    }

    fn was_written(&mut self, plan: &Plan, written: &Written) -> Happened {
        self.made += 1;
        Happened::Written {
            stage: plan.stage.name.clone(),
            attempt: plan.attempt,
            agent: written.agent.clone(),
            sandboxing: written.sandboxing,
            base: plan.base.clone().unwrap_or_else(|| snapshot(0)),
            snapshot: snapshot(self.made),
            diff: Box::default(),
            since_round: None,
            since_approved: None,
            tokens: written.tokens,
            cost_usd: written.cost_usd,
            words: None,
            branch: None,
            parts: std::mem::take(&mut self.parts),
            conflicts: written.conflicts.clone(),
        }
    }

    /// Somebody answers, as the workflow hears it: it counts, or the refusal is told.
    pub fn hears(&mut self, decision: &Decision) -> Result<(), Refusal> {
        let authorized = self.run.authorize(decision);
        self.emit(self.run.event_for(decision.clone()));
        authorized
    }

    /// Ana answers what is asked, or stops the run.
    pub fn ana(&mut self, verdict: Verdict) -> &mut Self {
        let gate =
            self.run.gate.as_ref().map(|g| g.id.clone()).filter(|_| verdict != Verdict::Stop);
        assert_eq!(self.hears(&decision(verdict, gate, ana())), Ok(()));
        self
    }

    /// Nobody answers until the deadline.
    pub fn deadline_passes(&mut self) -> &mut Self {
        self.gate();
        self.now = self.run.gate.as_ref().expect("a question").deadline;
        self.on();
        self
    }

    /// Nobody answers until something is due; what the run says then.
    pub fn waits(&mut self) -> Vec<Happened> {
        let Next::Ask { wake: Some(wake), .. } = self.on() else { panic!("nothing is due") };
        let told = self.events.len();
        self.now = wake;
        self.on();
        self.events[told..].iter().map(|e| e.what.clone()).collect()
    }

    /// Ana wants the work changed.
    pub fn ana_wants(&mut self, words: &str, rework: Rework) -> &mut Self {
        let gate = self.gate();
        let wanted = Decision {
            words: Some(words.to_owned()),
            rework,
            ..decision(Verdict::Changes, Some(gate), ana())
        };
        assert_eq!(self.hears(&wanted), Ok(()));
        self
    }

    /// The result is put away wherever one is due; how the run ended, and why.
    pub fn end(&mut self) -> (Outcome, Option<String>) {
        if let Next::Deliver { snapshot, .. } = self.on() {
            self.emit(self.run.delivered_to("/the/repository", &snapshot));
        }
        match self.on() {
            Next::End(outcome) => (outcome, self.run.why.clone()),
            other => panic!("it does not end, but needs {other:?}"),
        }
    }
}

impl Run {
    /// The result lies in this repository.
    pub fn delivered_to(&self, repository: &str, snapshot: &Snapshot) -> Happened {
        match self.not_delivered(snapshot, "") {
            Happened::Delivered(delivered) => Happened::Delivered(Delivered {
                repository: repository.to_owned(),
                note: None,
                ..delivered
            }),
            other => other,
        }
    }
}

fn written(facts: Facts) -> Written {
    let end = match facts {
        Facts::Trouble(trouble) => {
            AgentEnd::Failed { trouble, why: format!("{trouble:?} trouble") }
        }
        Facts::Interrupted | Facts::Paused => AgentEnd::Stopped,
        Facts::Green | Facts::Red | Facts::RedElsewhere | Facts::Unfinished | Facts::Unchecked => {
            AgentEnd::Finished
        }
    };
    Written {
        end,
        pause: None,
        agent: Some(AgentInfo { name: "claude".to_owned(), version: None, model: None }),
        sandboxing: Sandboxing::Closed,
        work: None,
        tokens: Tokens { input: 10, output: 1, cache_read: 0, cache_write: 0 },
        cost_usd: CENT,
        seconds: 1,
        words: None,
        start: None,
        feedback: None,
        parts: Vec::new(),
        conflicts: Vec::new(),
        workplace: None,
    }
}

fn lost(facts: Facts, written: &Written) -> Option<Lost> {
    let why = "its workers died".to_owned();
    match facts {
        Facts::Unfinished => {
            Some(Lost { why, tokens: written.tokens, cost_usd: written.cost_usd, workplace: None })
        }
        Facts::Unchecked => Some(Lost { why, ..Lost::default() }),
        _ => None,
    }
}

fn checked(facts: Facts) -> Option<Checked> {
    let red = matches!(facts, Facts::Red | Facts::RedElsewhere);
    let said = if facts == Facts::Red { "line 3 is crooked" } else { "line 7 is missing" };
    (red || facts == Facts::Green).then(|| Checked {
        passed: !red,
        why: red.then(|| "3 of 50 tests failed".to_owned()),
        feedback: red.then(|| said.to_owned()),
        trouble: None,
        tests: Some(Tests { passed: 47, failed: 3, skipped: 0 }),
        coverage_percent: None,
        tests_changed: None,
        red_green: None,
        reports: None,
        seconds: 1,
    })
}

/// Started by Ana in workspace T1; two attempts per stage, no budget, no approvers listed.
pub(in crate::run) fn request(names: &[&str]) -> Request {
    Request {
        run: "tale-k3f9qdz".parse().expect("a slug"),
        project: "tale".parse().expect("a slug"),
        pipeline: Pipeline {
            name: "tale".to_owned(),
            digest: Digest("d1".to_owned()),
            agent: AgentSpec {
                kind: AgentKind::Claude,
                command: None,
                model: None,
                models: Vec::new(),
            },
            stages: names.iter().map(|name| stage(name)).collect(),
        },
        brief: String::new(),
        budget_usd: None,
        starter: ana(),
        approvers: Vec::new(),
        channel: Some(Channel { team: "T1".to_owned(), channel: "C1".to_owned() }),
        repository: None,
        start_branch: None,
        rehearsal: false,
        money: None,
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

fn stage(name: &str) -> Stage {
    Stage {
        name: name.trim_end_matches('?').parse().expect("a slug"),
        needs: Vec::new(),
        size: Size::M,
        attempts: 2,
        recovery: None,
        budget_usd: None,
        timeout_seconds: 60,
        gate: name.ends_with('?').then_some(GateSpec::usual(3_600)),
        setup: Vec::new(),
        checks: Vec::new(),
        reports: Reports::default(),
        hosts: None,
        env: std::collections::BTreeMap::new(),
        least_coverage_percent: None,
        red_green: false,
        iterates: false,
        until: None,
        review: None,
        parallel: false,
    }
}

pub(in crate::run) fn snapshot(n: u32) -> Snapshot {
    Snapshot { commit: format!("commit-{n}"), tree: format!("tree-{n}") }
}

pub(in crate::run) fn ana() -> PersonId {
    slack("T1", "UANA")
}

pub(in crate::run) fn slack(team: &str, user: &str) -> PersonId {
    PersonId::Slack { team: team.to_owned(), user: user.to_owned() }
}

pub(in crate::run) fn decision(verdict: Verdict, gate: Option<GateId>, by: PersonId) -> Decision {
    Decision { gate, ..Decision::new(RequestId("r1".to_owned()), verdict, by, Via::Button) }
}
