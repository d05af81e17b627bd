//! Stages that are done beside each other, each by a run of its own.

use super::{STAGES, Tale, cents, name, request, snapshot, tokens, work};
use crate::run::{FeatureEnd, Happened, Outcome, Request, RunId, StageRun};

/// The stages that begin at once.
const BESIDE: [&str; 2] = ["streaming", "structured-logging"];

impl Tale {
    /// Two stages are good, for 27 cents; the next two are done beside each other.
    pub fn beside() -> Self {
        let mut request = request();
        for stage in &mut request.pipeline.stages {
            (stage.gate, stage.parallel) = (None, BESIDE.contains(&stage.name.as_str()));
        }
        let mut tale = Self::of(request).started();
        for stage in &STAGES[..2] {
            tale = tale.works(stage, 1, work(2_340, 4, 135)).keeps(stage);
        }
        tale.begin_beside()
    }

    /// Both begin, or begin once more.
    pub fn begin_beside(mut self) -> Self {
        let of = |stage: &&str| StageRun { stage: name(stage), run: self.beside_id(stage) };
        let runs = BESIDE.iter().map(of).collect();
        self.tell(Happened::SideRunsStarted { runs });
        self
    }

    fn beside_id(&self, stage: &str) -> RunId {
        let time = self.run.stage(&name(stage)).map_or(0, |it| it.side_runs.len()) + 1;
        RunId::beside(self.run.id(), &self.run.request.project, (&name(stage), time))
    }

    /// The run that does this stage, as it begins.
    pub fn side_run(whole: &crate::run::Run, stage: &str) -> Self {
        let n = whole.stages.iter().position(|it| it.name() == &name(stage)).map_or(0, |n| n + 1);
        let request: Request = whole.child(n).expect("a run that does it");
        Self::of(request).started()
    }

    /// The run is over that does this stage, and spent 9 cents.
    pub fn ends_beside(mut self, stage: &str, outcome: Outcome) -> Self {
        self.now += chrono::TimeDelta::seconds(60);
        let known = self.run.stage(&name(stage)).and_then(|it| it.side_runs.last());
        let run = known.expect("it is done beside others").run.clone();
        let is_good = outcome == Outcome::Done;
        let end = FeatureEnd {
            why: (!is_good).then(|| "3 of 50 tests failed".to_owned()),
            work: is_good.then(|| snapshot(stage)),
            tokens: tokens(9_000),
            cost_usd: cents(9),
            seconds: 60,
            ..FeatureEnd::nothing(outcome, String::new())
        };
        self.tell(Happened::SideRunEnded { stage: name(stage), run, end });
        self
    }
}
