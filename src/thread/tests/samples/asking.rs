//! What people do in a sample run, told as events.

use chrono::TimeDelta;

use super::{Tale, name};
use crate::run::{
    AttemptBranch, Diff, Flag, GateSpec, GroupId, HandBranch, Happened, Next, Pause, PersonId,
    Raise, RedGreen, Reminder, RequestId, Rework, Risk, TestsChanged, Tokens, Usd, Verdict, Via,
    WorkStep, Workplace,
};

/// What a piece of work has besides its figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct More {
    pub flags: Vec<Flag>,
    pub since_round: Option<Diff>,
    pub since_approved: Option<Diff>,
    pub tests_changed: Option<TestsChanged>,
    pub red_green: Option<RedGreen>,
    pub reports: Option<String>,
    pub workplace: Option<Workplace>,
    pub words: Option<String>,
    pub branch: Option<AttemptBranch>,
}

/// The user group `leads`.
pub(crate) fn group() -> GroupId {
    GroupId { team: "T1".to_owned(), group: "S0LEADS".to_owned() }
}

impl More {
    /// So many files, lines added and removed, since somebody looked.
    pub fn diff(files: u32, added: u64, removed: u64) -> Diff {
        Diff { files, added, removed, biggest: Vec::new(), flags: Vec::new() }
    }

    /// Everything that can look risky.
    pub fn risky(example: &str) -> Self {
        let risks = [
            Risk::Tests,
            Risk::LockFile,
            Risk::Secret,
            Risk::Automation,
            Risk::Dependency,
            Risk::Binary,
            Risk::Large,
            Risk::NotShown,
            Risk::LfsFile,
            Risk::Repository,
            Risk::NotKept,
            Risk::Unknown,
            Risk::TestsWeakened,
        ];
        let flag = |(i, risk): (usize, Risk)| Flag {
            risk,
            count: u32::try_from(i).unwrap() / 2 + 1,
            example: example.to_owned(),
            others: Vec::new(),
        };
        let tests_changed = Some(TestsChanged {
            removed: 2,
            skipped: 3,
            names: vec![format!("{example} one"), format!("{example} two")],
        });
        Self {
            flags: risks.into_iter().enumerate().map(flag).collect(),
            tests_changed,
            red_green: Some(RedGreen {
                new: 4,
                fail: 2,
                pass: 2,
                names: vec![format!("{example} three"), format!("{example} four")],
                ..RedGreen::default()
            }),
            ..Self::default()
        }
    }
}

impl Tale {
    /// This stage asks like that.
    pub fn gated(mut self, stage: &str, spec: GateSpec) -> Self {
        let named = name(stage);
        self.run
            .request
            .pipeline
            .stages
            .iter_mut()
            .filter(|s| s.name == named)
            .for_each(|s| s.gate = Some(spec.clone()));
        if let Some(of) = self.run.stages.iter_mut().find(|s| s.name() == &named) {
            of.stage.gate = Some(spec);
        }
        self
    }

    /// This stage asks when it has failed; the pipeline offers another model.
    pub fn recovers(mut self, stage: &str) -> Self {
        self.run.request.pipeline.agent.models = vec!["claude-opus-4-5".to_owned()];
        if let Some(of) = self.run.stages.iter_mut().find(|s| s.name() == &name(stage)) {
            of.stage.recovery = Some(GateSpec::recovery());
        }
        self
    }

    /// The next work has this besides its figures.
    pub fn with(mut self, more: More) -> Self {
        self.more = more;
        self
    }

    /// The attempt that is at work stands still for want of money, and that is asked about.
    pub fn runs_out_of_money(self, stage: &str, attempt: u32) -> Self {
        let budget = self.run.budget().expect("a budget");
        self.stands_still(stage, attempt, (Pause::Money { allowance: None }, budget))
    }

    /// The attempt that is at work waits for somebody's leave, having cost so much.
    pub fn stands_still(
        mut self,
        stage: &str,
        attempt: u32,
        (pause, cost_usd): (Pause, Usd),
    ) -> Self {
        let stage = name(stage);
        let tokens = Tokens { input: 900, output: 60, ..Tokens::default() };
        self.tell(Happened::Paused { stage, attempt, pause, tokens, cost_usd });
        self.follows()
    }

    /// A run that no worker can go on with.
    pub fn without_worker() -> Self {
        let why = "no box can be built here, and without one nothing of a repository runs";
        let pause = Pause::Worker { step: WorkStep::Write, why: why.to_owned(), may_stop: false };
        Self::new().started().begins("scaffold", 1).stands_still("scaffold", 1, (pause, Usd::ZERO))
    }

    /// One comes.
    pub fn finds_worker(mut self) -> Self {
        self.tell(Happened::Resumed { stage: name("scaffold"), attempt: 1 });
        self
    }

    /// Somebody gives it five dollars more.
    pub fn raises(mut self, by: PersonId) -> Self {
        let gate = self.run.gate.as_ref().map(|open| open.id.clone());
        self.tell(Happened::Decided {
            request: RequestId("m1".to_owned()),
            gate,
            verdict: Verdict::Raise,
            by,
            via: Via::Button,
            words: None,
            rework: Rework::Top,
            raise: Some(Raise::By(Usd::from_nanos(5_000_000_000))),
            retry: None,
            rollback: None,
        });
        self
    }

    /// Somebody does the stage by hand that has failed, and has its branch.
    pub fn takes_over(self, by: PersonId) -> Self {
        let gate = self.run.gate.as_ref().expect("a question").id.clone();
        let branch = HandBranch {
            name: HandBranch::name(self.run.id(), &gate),
            repository: "https://git.example/llm-wrapper.git".to_owned(),
            commit: "c".repeat(40),
            host: None,
            not_pushed: None,
        };
        let mut taken = self.decides(by, Verdict::TakeOver, None);
        taken.tell(Happened::HandedOut { gate, branch });
        taken
    }

    /// What the rules say by themselves.
    pub fn follows(mut self) -> Self {
        while let Next::Emit(what) = self.run.next(self.now) {
            self.tell(what);
        }
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
            raise: None,
            retry: None,
            rollback: None,
        });
        self
    }

    pub fn wants(mut self, by: PersonId, words: &str, rework: Rework) -> Self {
        let gate = self.run.gate.as_ref().map(|g| g.id.clone());
        let (request, words) = (RequestId("c1".to_owned()), Some(words.to_owned()));
        self.tell(Happened::Decided {
            request,
            gate,
            verdict: Verdict::Changes,
            by,
            via: Via::Button,
            words,
            rework,
            raise: None,
            retry: None,
            rollback: None,
        });
        self
    }

    pub fn notes(mut self, by: PersonId, words: &str) -> Self {
        let request = RequestId(format!("n{}", self.run.seq));
        self.tell(Happened::Noted {
            request,
            by,
            via: Via::Thread,
            words: words.to_owned(),
            message: Some(format!("17.{}", self.run.seq)),
        });
        self
    }

    pub fn reminds(mut self, reminder: Reminder) -> Self {
        let gate = self.run.gate.as_ref().unwrap().id.clone();
        self.tell(Happened::Reminded { gate, reminder });
        self
    }

    pub fn escalates(mut self) -> Self {
        let gate = self.run.gate.as_ref().unwrap().id.clone();
        self.tell(Happened::Escalated { gate });
        self
    }

    pub fn extends(mut self, by: PersonId, hours: i64) -> Self {
        let open = self.run.gate.as_ref().unwrap();
        let (gate, deadline) = (open.id.clone(), open.deadline + TimeDelta::hours(hours));
        self.tell(Happened::Extended {
            request: RequestId("e1".to_owned()),
            gate,
            by,
            via: Via::Button,
            deadline,
        });
        self
    }

    pub fn snoozes(mut self, by: PersonId) -> Self {
        let gate = self.run.gate.as_ref().unwrap().id.clone();
        self.tell(Happened::Snoozed { request: RequestId("s1".to_owned()), gate, by });
        self
    }
}
