//! What was spent: on which projects, stages and models, for whom, and for what in the end?
//! Sums of the ledger's rows, so they agree with it to the nano-dollar. Rehearsals cost nothing and are only counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Outcome, Request, RunId, StageName, Usd};

/// What a run spent in a time, by attempt and model.
#[derive(Clone, Debug)]
pub struct RunCosts {
    pub request: Request,
    /// None while it is not over.
    pub outcome: Option<Outcome>,
    pub spent: Vec<AttemptCost>,
}

/// What one attempt spent on one model.
#[derive(Clone, Debug)]
pub struct AttemptCost {
    pub stage: StageName,
    pub attempt: u32,
    /// None where an agent says by itself what it used.
    pub model: Option<String>,
    pub cost: Usd,
}

/// What was spent in a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostReport {
    pub total: Usd,
    /// Those that do a stage of another are counted with it, their money too.
    pub runs: usize,
    /// Of these, those that are over.
    pub ended: usize,
    /// Of these, those that ended well.
    pub done: usize,
    /// All that was spent, by those that ended well; none where none did.
    pub for_each_done: Option<Usd>,
    /// Attempts that were followed by another one of their stage.
    pub tried_again: Usd,
    /// Runs that cost nothing and are not counted above.
    pub rehearsals: usize,
    pub projects: Vec<Part>,
    pub stages: Vec<Part>,
    pub models: Vec<Part>,
    pub people: Vec<Part>,
}

/// A part of the total. All parts of one kind together are the total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    pub name: String,
    pub cost: Usd,
}

/// How that is named for which no model is known.
pub const NO_MODEL: &str = "as agents say themselves";

impl CostReport {
    #[must_use]
    pub fn of(runs: &[RunCosts]) -> Self {
        let (rehearsals, real): (Vec<&RunCosts>, Vec<&RunCosts>) =
            runs.iter().partition(|run| run.request.rehearsal);
        let total: Usd = real.iter().flat_map(|run| &run.spent).map(|it| it.cost).sum();
        let whole = || real.iter().filter(|run| !run.request.is_side_run());
        let done = whole().filter(|run| run.outcome == Some(Outcome::Done)).count();
        // Where only stages of a run spent something in that time, it is there all the same.
        let runs: BTreeSet<&RunId> = real.iter().map(|run| run.request.whole()).collect();
        let by = |name: fn(&RunCosts, &AttemptCost) -> String| parts(&real, name);
        Self {
            total,
            runs: runs.len(),
            ended: whole().filter(|run| run.outcome.is_some()).count(),
            done,
            for_each_done: i64::try_from(done)
                .ok()
                .and_then(|done| total.nanos().checked_div(done))
                .map(Usd::from_nanos),
            tried_again: real.iter().map(|run| run.tried_again()).sum(),
            rehearsals: rehearsals.iter().filter(|run| !run.request.is_side_run()).count(),
            projects: by(|run, _| run.request.project.to_string()),
            stages: by(|_, it| it.stage.to_string()),
            models: by(|_, it| it.model.clone().unwrap_or_else(|| NO_MODEL.to_owned())),
            people: by(|run, _| run.request.starter.to_string()),
        }
    }
}

impl RunCosts {
    fn tried_again(&self) -> Usd {
        let is_last = |it: &&AttemptCost| {
            let mut others = self.spent.iter().filter(|other| other.stage == it.stage);
            others.all(|other| other.attempt <= it.attempt)
        };
        self.spent.iter().filter(|it| !is_last(it)).map(|it| it.cost).sum()
    }
}

/// The dearest first.
fn parts(runs: &[&RunCosts], name: fn(&RunCosts, &AttemptCost) -> String) -> Vec<Part> {
    let mut by_name = BTreeMap::<String, Usd>::new();
    for run in runs {
        for it in &run.spent {
            *by_name.entry(name(run, it)).or_default() += it.cost;
        }
    }
    let mut parts: Vec<Part> =
        by_name.into_iter().map(|(name, cost)| Part { name, cost }).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.cost));
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::BatchMember;
    use crate::run::rules::tests::request;

    fn spent(stage: &str, attempt: u32, model: Option<&str>, nanos: i64) -> AttemptCost {
        let (stage, model) = (stage.parse().unwrap(), model.map(str::to_owned));
        AttemptCost { stage, attempt, model, cost: Usd::from_nanos(nanos) }
    }

    fn run(outcome: Option<Outcome>, spent: Vec<AttemptCost>) -> RunCosts {
        RunCosts { request: request(&["a", "b", "c"]), outcome, spent }
    }

    #[test]
    fn what_was_tried_again_and_what_a_good_end_cost_are_told() {
        let mut runs = [
            run(
                Some(Outcome::Done),
                vec![
                    spent("a", 1, Some("m"), 5),
                    spent("a", 2, Some("m"), 7),
                    spent("a", 2, Some("n"), 1),
                ],
            ),
            run(Some(Outcome::Failed), vec![spent("a", 1, None, 10)]),
            run(None, vec![spent("b", 1, Some("m"), 1)]),
        ];
        for (run, id) in runs.iter_mut().zip(["tale-m2x8wtr", "tale-k3f9qdz", "tale-2345678"]) {
            run.request.run = id.parse().unwrap();
        }
        let report = CostReport::of(&runs);
        let usd = Usd::from_nanos;
        assert_eq!((report.runs, report.ended, report.done), (3, 2, 1));
        assert_eq!(
            (report.total, report.tried_again, report.for_each_done),
            (usd(24), usd(5), Some(usd(24)))
        );
        let models: Vec<(&str, Usd)> =
            report.models.iter().map(|part| (part.name.as_str(), part.cost)).collect();
        assert_eq!(models, [("m", usd(13)), (NO_MODEL, usd(10)), ("n", usd(1))]);
    }

    #[test]
    fn runs_that_do_stages_of_another_are_counted_with_it() {
        let mut side = run(Some(Outcome::Done), vec![spent("b", 1, None, 4)]);
        side.request.part_of = Some(BatchMember {
            batch: side.request.run.clone(),
            is_stage: true,
            n: 2,
            of: 3,
            slug: "b".parse().unwrap(),
        });
        side.request.run = "tale-m2x8wtr".parse().unwrap();
        let whole = run(Some(Outcome::Done), vec![spent("a", 1, None, 5)]);
        let report = CostReport::of(&[whole, side.clone()]);
        let counted = (report.runs, report.ended, report.done, report.for_each_done);
        assert_eq!(counted, (1, 1, 1, Some(Usd::from_nanos(9))));
        let report = CostReport::of(&[side]);
        assert_eq!((report.runs, report.ended), (1, 0), "who spent nothing then is not judged");
    }

    #[test]
    fn rehearsals_cost_nothing() {
        let mut rehearsal = run(Some(Outcome::Done), vec![spent("a", 1, Some("m"), 5)]);
        rehearsal.request.rehearsal = true;
        let report = CostReport::of(&[rehearsal]);
        assert_eq!((report.total, report.runs, report.rehearsals), (Usd::ZERO, 0, 1));
        assert_eq!(report.for_each_done, None);
    }

    proptest! {
        #[test]
        fn every_kind_of_part_sums_to_the_total(costs in prop::collection::vec((0..3_u32, 1..4_u32, 0..3_u32, 0..i64::from(i32::MAX)), 0..40)) {
            let stage = |n| ["a", "b", "c"][n as usize];
            let spent = costs.iter().map(|(s, attempt, m, nanos)| {
                spent(stage(*s), *attempt, (*m > 0).then(|| stage(*m)), *nanos)
            });
            let report = CostReport::of(&[run(None, spent.collect())]);
            for parts in [&report.projects, &report.stages, &report.models, &report.people] {
                prop_assert_eq!(parts.iter().map(|part| part.cost).sum::<Usd>(), report.total);
            }
            prop_assert!(report.tried_again <= report.total);
        }
    }
}
