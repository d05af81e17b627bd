//! Again: which run does a run do once more, and what of that need not be done?
//! Settled when it is asked for: what was good stays good and is not paid again, where it would be done and approved in the same way now.

use serde::{Deserialize, Serialize};

use crate::run::{
    PersonId, Request, Run, RunId, Snapshot, Stage, StageName, StagePhase, StageState,
};

/// The run that is done once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub run: RunId,
    /// The stages whose work is taken over, in their order; none = all are done anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptStage>,
    /// The repository as that run found it; none where nothing is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Snapshot>,
}

/// The work of a stage that was good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStage {
    pub stage: StageName,
    /// Whose attempt it was: by that, and the stage's name, it is found in the run that made it.
    pub attempt: u32,
    pub snapshot: Snapshot,
    /// Who approved it there, where somebody had to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<PersonId>,
}

/// Why a run cannot be taken up at a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFrom {
    /// The pipeline has no such stage.
    NoSuchStage,
    /// This stage comes before it, and has no good work there.
    Unfinished(StageName),
    /// This stage comes before it, and is done otherwise now.
    Changed(StageName),
    /// This stage comes before it, and its approvals do not count for who starts now.
    Unapproved(StageName),
    /// The repository is another now, or one of the two is a rehearsal.
    Elsewhere,
}

impl Again {
    /// Nothing of it is taken over.
    #[must_use]
    pub const fn anew(run: RunId) -> Self {
        Self { run, kept: Vec::new(), origin: None }
    }

    /// What `request`, which begins at the stage `from`, takes over of this run: nothing that would be done or approved otherwise now. Its
    /// gates are those that hold for it.
    ///
    /// # Errors
    /// Why it cannot begin there.
    pub fn from(run: &Run, request: &Request, from: &StageName) -> Result<Self, NotFrom> {
        let stages = &request.pipeline.stages;
        let at = stages.iter().position(|stage| &stage.name == from).ok_or(NotFrom::NoSuchStage)?;
        if at == 0 {
            return Ok(Self::anew(run.id().clone()));
        }
        let before = &run.request;
        let same = (before.rehearsal, &before.repository, &before.start_branch)
            == (request.rehearsal, &request.repository, &request.start_branch);
        if !same {
            return Err(NotFrom::Elsewhere);
        }
        let kept = stages[..at].iter().map(|stage| kept_for(run, stage, &request.starter));
        let kept = kept.collect::<Result<_, _>>()?;
        Ok(Self { run: run.id().clone(), kept, origin: run.origin().cloned() })
    }
}

fn kept_for(run: &Run, stage: &Stage, starter: &PersonId) -> Result<KeptStage, NotFrom> {
    let name = || stage.name.clone();
    let before = run.stage(&stage.name).ok_or_else(|| NotFrom::Unfinished(name()))?;
    let kept = run.kept(before).ok_or_else(|| NotFrom::Unfinished(name()))?;
    if !before.stage.works_like(stage) {
        return Err(NotFrom::Changed(name()));
    }
    let counts = stage.gate.as_ref().is_none_or(|gate| {
        kept.approvals.len() >= gate.quorum as usize
            && (gate.self_approval || !kept.approvals.contains(starter))
    });
    if counts { Ok(kept) } else { Err(NotFrom::Unapproved(name())) }
}

impl Run {
    /// The good work of a stage, that it did itself or took over.
    pub(in crate::run) fn kept(&self, stage: &StageState) -> Option<KeptStage> {
        let snapshot = stage.snapshot.clone().filter(|_| stage.phase == StagePhase::Good)?;
        // What it took over itself is found under the same name.
        let mut taken = self.request.again.iter().flat_map(|again| &again.kept);
        if let Some(taken) = taken.find(|kept| &kept.stage == stage.name()) {
            return Some(taken.clone());
        }
        let attempt = stage.good_attempt()?.n;
        let asked = stage.asked.last().map(|asked| asked.gate.approvals.clone());
        let approvals = asked.unwrap_or_default();
        Some(KeptStage { stage: stage.name().clone(), attempt, snapshot, approvals })
    }

    /// The first stage that another run would have to do, where some need not be done again.
    #[must_use]
    pub fn resumes_at(&self) -> Option<&StageName> {
        let kept = self.stages_kept();
        (kept > 0).then(|| self.stages.get(kept)).flatten().map(StageState::name)
    }

    /// Where another run could begin, but for the first stage: (the stage before, whose work is taken over like all before it; that stage).
    pub fn beginnings(&self) -> impl Iterator<Item = (&StageName, &StageName)> {
        let kept = self.stages_kept();
        self.stages.windows(2).take(kept).map(|pair| (pair[0].name(), pair[1].name()))
    }

    /// So many stages at the beginning have good work. A batch begins anew: its stages are merges.
    fn stages_kept(&self) -> usize {
        if self.request.batch.is_some() {
            return 0;
        }
        self.stages.iter().take_while(|stage| self.kept(stage).is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Verdict;
    use crate::run::rules::tests::{Facts, RunDriver, ana};

    /// Three stages of which the first is approved by Ana, the second is good, and the third failed.
    fn failed() -> RunDriver {
        let mut driver = RunDriver::with(&["draft?", "polish", "print"]);
        driver.brings(Facts::Green).gate();
        driver.ana(Verdict::Approve);
        driver.brings(Facts::Green).brings(Facts::Red).brings(Facts::Red);
        driver.end();
        driver
    }

    fn from(run: &Run, request: &Request, stage: &str) -> Result<Again, NotFrom> {
        Again::from(run, request, &stage.parse().expect("a name"))
    }

    fn name(stage: &str) -> StageName {
        stage.parse().expect("a name")
    }

    #[test]
    fn what_was_good_is_taken_over_with_its_approvals() {
        let run = failed().run;
        assert_eq!(run.resumes_at(), Some(&name("print")));
        let [draft, polish, print] = ["draft", "polish", "print"].map(name);
        let beginnings: Vec<_> = run.beginnings().collect();
        assert_eq!(beginnings, [(&draft, &polish), (&polish, &print)]);
        let again = from(&run, &run.request, "print").expect("it can begin there");
        let kept: Vec<_> =
            again.kept.iter().map(|kept| (kept.stage.as_str(), kept.attempt)).collect();
        assert_eq!(kept, [("draft", 1), ("polish", 1)]);
        assert_eq!(again.kept[0].approvals, [ana()]);
        let next = Run::starting(Request { again: Some(again), ..run.request.clone() });
        assert_eq!(next.current().map(|(n, stage)| (n, stage.name().as_str())), Some((3, "print")));
        assert_eq!(next.last_good(), run.last_good());
        assert_eq!(next.origin(), run.origin());
        assert_eq!(from(&next, &run.request, "print").map(|it| it.kept.len()), Ok(2), "once more");
    }

    #[test]
    fn the_first_stage_begins_anew() {
        let run = failed().run;
        assert_eq!(from(&run, &run.request, "draft"), Ok(Again::anew(run.id().clone())));
        assert_eq!(from(&run, &run.request, "none"), Err(NotFrom::NoSuchStage));
    }

    #[test]
    fn what_would_be_done_or_approved_otherwise_now_is_not_taken_over() {
        let run = failed().run;
        let with = |change: fn(&mut Request)| {
            let mut request = run.request.clone();
            change(&mut request);
            from(&run, &request, "print")
        };
        assert_eq!(with(|it| it.rehearsal = !it.rehearsal), Err(NotFrom::Elsewhere));
        let elsewhere = with(|it| it.repository = Some("/other".to_owned()));
        assert_eq!(elsewhere, Err(NotFrom::Elsewhere));
        let changed = with(|it| it.pipeline.stages[1].checks = vec!["true".to_owned()]);
        assert_eq!(changed, Err(NotFrom::Changed(name("polish"))));
        let shown = with(|it| it.pipeline.stages[1].red_green = true);
        assert!(shown.is_ok(), "it is done as before, and only shown with more beside it");
        let mut strict = run.clone();
        for stage in [&mut strict.request.pipeline.stages[0], &mut strict.stages[0].stage] {
            stage.gate.as_mut().expect("a gate").self_approval = false;
        }
        let own = from(&strict, &strict.request, "print");
        assert_eq!(own, Err(NotFrom::Unapproved(name("draft"))), "Ana approved, and starts it");
    }
}
