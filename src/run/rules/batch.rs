//! The rules of a batch: what does a run need whose features are runs of their own?
//! First that all of them end; then a look at what merging them will be like; then each is merged by its stage, and all is asked about.
//! Only of runs whose request is a batch, so these rules need no version of their own.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::run::{
    AgentEnd, Attempt, AttemptFacts, Batch, Checked, FeatureEnd, Happened, MergePreview, MergeStep,
    Next, Outcome, Plan, Rework, Run, RunId, Sandboxing, Snapshot, StageName, StagePhase,
    StageState, Usd, Written,
};

impl Run {
    /// Whether this is the stage in which everything that was merged is asked about.
    #[must_use]
    pub fn is_together(&self, stage: &StageName) -> bool {
        self.request.batch.is_some() && stage.as_str() == Batch::TOGETHER
    }

    /// What comes before its stages; none where these have their turn, or it is no batch.
    pub(super) fn next_of_batch(&self) -> Option<Next> {
        self.request.batch.as_ref()?;
        let made = self.features_to_merge();
        (self.preview.is_none() && self.sealed_by().is_none() && !made.is_empty())
            .then_some(Next::PreviewMerge(made))
    }

    /// The features whose runs are not over, by their numbers from 1.
    pub(super) fn features_under_way(&self) -> Vec<usize> {
        let of = self.request.batch.as_ref().map_or(0, |batch| batch.features.len());
        (1..=of).filter(|n| !self.features.contains_key(n)).collect()
    }

    /// The features whose runs ended well, by their numbers from 1: whose they are, and what they made.
    fn features_to_merge(&self) -> Vec<(usize, RunId, Snapshot)> {
        let features = self.request.batch.iter().flat_map(|batch| &batch.features).zip(1..);
        let made = features.filter_map(|(feature, n)| {
            Some((n, feature.run.clone(), self.features.get(&n)?.work.clone()?))
        });
        made.collect()
    }

    /// What an attempt merges; none where somebody writes: an agent, or a person by hand.
    pub(super) fn merge_step(&self, stage: &StageState, attempt: u32) -> Option<MergeStep> {
        let is_merged = match &self.request.batch {
            Some(_) => self.merged(stage, attempt).is_some(),
            None => !stage.is_merge(attempt),
        };
        // Where the run went back to a merge that did not work, somebody makes that work.
        let is_resumed = stage.unfinished_base().is_some();
        if is_merged || is_resumed || stage.done_by_hand(attempt).is_some() {
            return None;
        }
        if self.is_together(stage.name()) {
            return Some(MergeStep::All);
        }
        let (n, run, end) = self.child_of(stage)?;
        Some(MergeStep::Feature { n, run: run.clone(), work: end.work.clone()? })
    }

    /// Whether the work of other runs is merged by this stage: of a batch, or where it was done beside others.
    pub(in crate::run) fn merges(&self, stage: &StageState) -> bool {
        self.request.batch.is_some() || stage.side_run().is_some()
    }

    /// The run whose work this stage merges, and how it ended: of a feature, or of the stage itself; by its number from 1.
    fn child_of<'a>(&'a self, stage: &'a StageState) -> Option<(usize, &'a RunId, &'a FeatureEnd)> {
        let Some(batch) = &self.request.batch else {
            let side_run = stage.side_run()?;
            let n = self.stages.iter().position(|it| it.name() == stage.name())? + 1;
            return Some((n, &side_run.run, side_run.end.as_ref()?));
        };
        let (n, feature) = batch.merged_by(stage.name())?;
        Some((n, &feature.run, self.features.get(&n)?))
    }

    /// How the run of the feature ended that this stage merges; none where it merges none, or that is under way.
    pub(in crate::run) fn feature_end(&self, stage: &StageState) -> Option<&FeatureEnd> {
        let (n, _) = self.request.batch.as_ref()?.merged_by(stage.name())?;
        self.features.get(&n)
    }

    /// How the run of a feature ended that has nothing to merge: the first attempt of its stage ends so, and asks what becomes of it.
    pub(super) fn nothing_to_merge(
        &self,
        stage: &StageState,
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Option<Happened> {
        let (.., end) = self.child_of(stage).filter(|(.., end)| end.work.is_none())?;
        let is_first = stage.attempts_now().first().is_some_and(|first| first.n == attempt);
        let why = end.why.clone().unwrap_or_else(|| "its run did not end well".to_owned());
        let feedback = end.feedback.clone();
        let judged = Checked { why: Some(why), feedback, ..Checked::default() };
        let nothing =
            Written::unkept(AgentEnd::Finished, self.sandboxing.unwrap_or(Sandboxing::Closed));
        let facts = AttemptFacts::Checked(&nothing, &judged);
        is_first.then(|| self.attempt_ended(&self.plan(stage, attempt), facts, now))
    }

    /// Whether nobody writes in this attempt of a batch: it merges, or only tells that there is nothing to merge.
    pub(super) fn needs_no_writer(&self, stage: &StageName, attempt: u32) -> bool {
        let Some(stage) = self.stage(stage).filter(|_| self.request.batch.is_some()) else {
            return false;
        };
        let made_nothing = self.child_of(stage).is_some_and(|(.., end)| end.work.is_none());
        let only_tells = made_nothing && stage.attempts_now().is_empty();
        only_tells || self.merge_step(stage, attempt).is_some()
    }

    /// What came of the merge itself, on which whoever makes it work begins.
    pub(super) fn merged<'a>(&self, stage: &'a StageState, attempt: u32) -> Option<&'a Snapshot> {
        // Who wants it done anew wants nothing of what its own run made.
        let is_anew = stage.rework().is_some_and(|changes| changes.rework == Rework::Base);
        let is_batch = self.request.batch.is_some();
        let is_merge = |it: &&Attempt| is_batch || (!is_anew && stage.is_merge(it.n));
        let earlier = stage.attempts_now().iter().filter(|earlier| earlier.n < attempt);
        earlier.filter(is_merge).find_map(|merge| merge.snapshot.as_ref())
    }

    /// What the checks said of exactly this work before, where the same ones judged it: all of what was merged is what the last merge left.
    #[must_use]
    pub fn judged_before(&self, plan: &Plan, work: &Snapshot) -> Option<Checked> {
        let step = plan.merge.as_ref().filter(|step| **step == MergeStep::All);
        step.and_then(|_| {
            let same = |(stage, attempt): &(&StageState, &Attempt)| {
                let made = attempt.snapshot.as_ref().is_some_and(|it| it.tree == work.tree);
                made && stage.stage.checks == plan.stage.checks
            };
            let (_, attempt) = self.good_attempts().filter(same).last()?;
            Some(Checked {
                passed: true,
                tests: attempt.tests,
                coverage_percent: attempt.coverage_percent,
                ..Checked::default()
            })
        })
    }

    /// Why a stage of a batch is left out, before it begins or because nobody said in time how it goes on: one stops none of the others.
    pub(super) fn left_out_of_batch(&self, stage: &StageState) -> Option<String> {
        self.request.batch.as_ref()?;
        let is_merge = !self.is_together(stage.name());
        let begins = stage.phase == StagePhase::Todo;
        if is_merge && stage.missed_deadline {
            return Some("left out: nobody said in time what becomes of it".to_owned());
        }
        if is_merge && begins && self.features_to_merge().is_empty() {
            return Some("no feature is good".to_owned());
        }
        let nothing = !is_merge && begins && self.last_good().is_none();
        nothing.then(|| "there is nothing to put together".to_owned())
    }

    /// Why a batch that has no question left has failed; none where something was merged, or it is none.
    pub(super) fn nothing_was_merged(&self) -> Option<String> {
        let batch = self.request.batch.as_ref().filter(|_| self.last_good().is_none())?;
        let good = self.features_to_merge().len();
        Some(match good {
            0 => format!("none of the {} features is good", batch.features.len()),
            _ => format!("none of the {good} good features could be merged"),
        })
    }

    /// Whether somebody looked at everything together, where it is a batch.
    pub(super) fn is_approved_together(&self) -> bool {
        let is_good =
            |stage: &StageState| self.is_together(stage.name()) && stage.phase == StagePhase::Good;
        self.request.batch.is_none() || self.stages.iter().any(is_good)
    }

    /// The files in which no marks of a conflict may be left: those in which merging its feature found some.
    pub(super) fn to_resolve(&self, stage: &StageState) -> Vec<String> {
        if !self.merges(stage) {
            return Vec::new();
        }
        let found = stage.attempts.iter().flat_map(|attempt| attempt.conflicts.iter().cloned());
        found.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether no attempt of this stage has cost anything before: those that merge are free.
    pub(super) fn pays_first(&self, stage: &StageState, attempt: u32) -> bool {
        let mut earlier = stage.attempts.iter().filter(|earlier| earlier.n < attempt);
        self.merges(stage) && earlier.all(|earlier| earlier.spent() == Usd::ZERO)
    }

    /// The trees that go into the result, for whoever approves it.
    pub(super) fn trees_merged(&self) -> String {
        let Some(batch) = &self.request.batch else { return String::new() };
        let kept = self.stages.iter().filter(|stage| stage.phase == StagePhase::Good);
        let merged = kept.filter_map(|stage| {
            let (n, _) = batch.merged_by(stage.name())?;
            Some(format!("|{n}={}", self.features.get(&n)?.work.as_ref()?.tree))
        });
        merged.collect()
    }

    pub(super) fn apply_to_batch(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::FeatureEnded { n, end } => self.apply_feature_ended(*n, end, at),
            Happened::Previewed(preview) => self.apply_preview(preview),
            _ => {}
        }
    }

    fn apply_feature_ended(&mut self, n: usize, end: &FeatureEnd, at: DateTime<Utc>) {
        self.features.insert(n, end.clone());
        let batch = self.request.batch.as_ref();
        if batch.is_some_and(|batch| self.features.len() >= batch.features.len()) {
            self.developed_at = Some(at);
        }
        let feature = batch.and_then(|batch| batch.features.get(n.checked_sub(1)?));
        let Some(slug) = feature.map(|feature| feature.slug.clone()) else { return };
        // Whoever stopped it wants it no more; what failed is asked about when all others are merged.
        if end.outcome == Outcome::Stopped
            && let Some(stage) = self.stages.iter_mut().find(|stage| stage.name() == &slug)
        {
            let why = end.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            stage.phase = StagePhase::Undone;
            stage.why = Some(format!("its run was stopped{why}"));
            stage.ended_at = Some(at);
        }
    }

    /// Its stages go in the order in which they merge best. Those that were left out keep their places behind them.
    fn apply_preview(&mut self, preview: &MergePreview) {
        self.preview = Some(preview.clone());
        let Some(batch) = &self.request.batch else { return };
        let place = |stage: &StageState| {
            let is_last = stage.name().as_str() == Batch::TOGETHER;
            let n = batch.merged_by(stage.name()).map(|(n, _)| n);
            let turn = n.and_then(|n| preview.order.iter().position(|it| *it == n));
            (is_last, turn.unwrap_or(usize::MAX))
        };
        self.stages.sort_by_key(place);
    }
}
