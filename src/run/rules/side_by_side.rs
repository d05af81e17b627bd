//! Stages side by side: which of them begin at once, each in a run of its own, and what becomes of their work?
//! In its turn each merges what its run made, with its first attempt; where that does not work, its own agent goes on from there.

use chrono::{DateTime, Utc};

use crate::run::batch::BESIDE;
use crate::run::{
    Attempt, AttemptOutcome, Batch, FeatureEnd, Happened, Request, Run, RunId, SideRun, Snapshot,
    Stage, StageName, StagePhase, StageRun, StageState,
};

/// What an agent is told whose stage was done beside others.
const MERGED: &str = "\
This stage was done beside others, in a copy of its own; its work and theirs are merged here, and do not fit together yet. Make them fit:
keep what both sides meant. Where files have conflict markers, leave none.";

impl Run {
    /// The stages that begin beside this one, with it; none where it is done in its turn.
    pub(super) fn side_by_side(&self, stage: &StageState) -> Option<Vec<StageRun>> {
        let is_alone = self.request.batch.is_some() || self.request.part_of.is_some();
        // What has nowhere to begin would begin in as many repositories, which cannot be merged.
        let has_base = self.last_good().is_some() || self.request.repository.is_some();
        if is_alone || !has_base || self.is_out_of_money() || !self.may_begin(stage) {
            return None;
        }
        let runs = self
            .stages
            .iter()
            .filter(|it| self.may_begin(it))
            .map(|it| StageRun { stage: it.name().clone(), run: self.side_run_of(it) });
        Some(runs.collect::<Vec<_>>()).filter(|runs| runs.len() > 1)
    }

    /// Whether it is to be done beside others, has not begun, and needs nothing more.
    fn may_begin(&self, stage: &StageState) -> bool {
        let is_over = |name: &StageName| {
            let needed = self.stage(name).map(|needed| needed.phase);
            needed.is_none_or(|it| matches!(it, StagePhase::Good | StagePhase::Undone))
        };
        let is_new = stage.phase == StagePhase::Todo
            && stage.side_run().is_none()
            && stage.work_gone_back_to().is_none();
        stage.stage.parallel && is_new && stage.stage.needs.iter().all(is_over)
    }

    fn side_run_of(&self, stage: &StageState) -> RunId {
        let time = stage.side_runs.len() + 1;
        RunId::beside(self.id(), &self.request.project, (stage.name(), time))
    }

    /// Whether other runs are part of this one.
    #[must_use]
    pub fn has_children(&self) -> bool {
        self.request.batch.is_some() || self.stages.iter().any(|it| !it.side_runs.is_empty())
    }

    /// The runs that are part of this one and not over, by their numbers from 1: of features, or of stages.
    #[must_use]
    pub fn children_under_way(&self) -> Vec<usize> {
        if self.request.batch.is_some() {
            return self.features_under_way();
        }
        let under_way =
            |stage: &StageState| stage.side_runs.last().is_some_and(|it| it.end.is_none());
        (1..).zip(&self.stages).filter(|(_, stage)| under_way(stage)).map(|(n, _)| n).collect()
    }

    /// Those of them that nobody wants any more.
    #[must_use]
    pub fn children_called_off(&self) -> Vec<usize> {
        let is_off = |n: &usize| self.was_stopped() || self.is_left_beside(*n);
        self.children_under_way().into_iter().filter(is_off).collect()
    }

    fn is_left_beside(&self, n: usize) -> bool {
        let newest = self.stages.get(n.saturating_sub(1)).and_then(|stage| stage.side_runs.last());
        self.request.batch.is_none() && newest.is_some_and(|it| it.is_left_behind)
    }

    /// What is asked of the run of this number, from 1, that is part of this one.
    #[must_use]
    pub fn child(&self, n: usize) -> Option<Request> {
        match &self.request.batch {
            Some(_) => self.request.feature(n),
            None => self.side_request(n),
        }
    }

    /// That the run of this number is over.
    #[must_use]
    pub fn child_ended(&self, n: usize, end: FeatureEnd) -> Happened {
        let stage = self.stages.get(n.saturating_sub(1)).filter(|_| self.request.batch.is_none());
        match stage.and_then(|stage| Some((stage, stage.side_runs.last()?))) {
            Some((stage, SideRun { run, .. })) => {
                let own = format!("{}: ", stage.name());
                let why = end.why.map(|why| why.strip_prefix(&own).unwrap_or(&why).to_owned());
                let (stage, run) = (stage.name().clone(), run.clone());
                Happened::SideRunEnded { stage, run, end: FeatureEnd { why, ..end } }
            }
            None => Happened::FeatureEnded { n, end },
        }
    }

    /// Whether the next attempt of this stage merges what a run made, or tells that it made nothing.
    pub(super) fn joins(&self, name: &StageName) -> bool {
        let Some(stage) = self.stage(name) else { return false };
        let is_told = stage.side_run().is_some() && stage.attempts_now().is_empty();
        stage.is_merge(stage.last_number() + 1) || (is_told && stage.work_gone_back_to().is_none())
    }

    /// What is merged is judged by the checks of all that became good since it was begun, too: they may only break together.
    pub(super) fn judge_with_others(&self, stage: &StageState, planned: &mut Stage) {
        let Some(side) = stage.side_run() else { return };
        let is_new = |it: &&StageState| {
            it.phase == StagePhase::Good && it.started_at.is_some_and(|at| at >= side.began_at)
        };
        for other in self.stages.iter().filter(is_new) {
            // What that adds has its own time.
            let time = planned.timeout_seconds + other.stage.timeout_seconds;
            if planned.judge_also_like(&other.stage) {
                planned.timeout_seconds = time;
            }
        }
    }

    /// The ports of each stage, where some are done side by side: wherever it is judged, they are the same.
    pub(super) fn own_ports(&self, stage: &StageState, planned: &mut Stage) {
        let n = match &self.request.part_of {
            Some(member) if member.is_stage => Some(member.n),
            Some(_) => None,
            None => self.stages.iter().position(|it| it.name() == stage.name()).map(|n| n + 1),
        };
        let has_parallel = self.stages.iter().any(|it| it.stage.parallel);
        if let Some(n) = n.filter(|_| has_parallel && self.request.batch.is_none()) {
            let ports = planned.env.entry(Batch::PORTS_VARIABLE.to_owned());
            ports.or_insert_with(|| Batch::ports(self.request.whole(), n));
        }
    }

    pub(super) fn apply_to_side_runs(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::SideRunsStarted { runs } => {
                let base = self.last_good().cloned();
                for StageRun { stage, run } in runs {
                    let begun = SideRun::begun(run.clone(), runs.len(), (at, base.clone()));
                    self.change_stage(stage, |s| s.side_runs.push(begun));
                }
                if let Some(first) = runs.first() {
                    for note in self.notes.iter_mut().filter(|note| note.read_by.is_none()) {
                        note.read_by = Some((first.stage.clone(), BESIDE));
                    }
                }
            }
            Happened::SideRunEnded { stage, run, end } => self.change_stage(stage, |s| {
                let ended = s.side_runs.iter_mut().find(|it| it.run == *run);
                if let Some(ended) = ended {
                    (ended.end, ended.ended_at) = (Some(end.clone()), Some(at));
                }
            }),
            _ => {}
        }
    }

    /// The run went back, to `decisions` of it: what was done beside others counts on only where its turn has not come and what it began with
    /// is still there, or where the run went back to its own merge.
    pub(super) fn leave_side_runs(&mut self) {
        let decisions = self.decisions.len();
        let good = self.stages.iter().filter(|it| it.phase == StagePhase::Good);
        let good: Vec<Option<Snapshot>> = good.map(|it| it.snapshot.clone()).collect();
        for stage in self.stages.iter_mut().filter(|stage| stage.phase != StagePhase::Good) {
            let redone = stage.redone.as_ref().filter(|redone| redone.decisions == decisions);
            let is_resumed = redone.is_some_and(|redone| redone.work.is_some());
            let is_untouched = redone.is_none();
            let counts_on = |side: &SideRun| {
                let stands = side.base.is_none() || good.contains(&side.base);
                is_resumed || (is_untouched && side.end.is_some() && stands)
            };
            for side in &mut stage.side_runs {
                side.is_left_behind |= !counts_on(side);
            }
        }
    }
}

impl StageState {
    /// What an attempt learns of those before it, where the first of them was a merge that did not work.
    pub(super) fn told_of_merge(&self, learnt: Option<String>) -> Option<String> {
        let now = self.attempts_now().iter().chain(self.work_gone_back_to());
        let bad = |it: &&Attempt| it.outcome == AttemptOutcome::Bad && it.snapshot.is_some();
        let is_merge = |it: &Attempt| self.is_merge(it.n) || !it.conflicts.is_empty();
        let did_not_fit = self.side_run().is_some() && now.filter(bad).any(is_merge);
        let told = did_not_fit.then(|| MERGED.to_owned());
        let parts: Vec<String> = told.into_iter().chain(learnt).collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    /// Whether this attempt merges what the run made that did it beside others.
    #[must_use]
    pub fn is_merge(&self, attempt: u32) -> bool {
        let has_work = self.side_run().and_then(|it| it.end.as_ref()?.work.as_ref()).is_some();
        let is_nobodys = |n: u32| self.done_by_hand(n).is_none();
        // One that brought nothing is done again; whoever wants what came of it otherwise wants somebody to write.
        let mut earlier = self.attempts_now().iter().filter(|earlier| earlier.n < attempt);
        has_work
            && is_nobodys(attempt)
            && self.work_gone_back_to().is_none()
            && earlier.all(|earlier| earlier.snapshot.is_none() && is_nobodys(earlier.n))
    }
}

#[cfg(test)]
mod tests;
