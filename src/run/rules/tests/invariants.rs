//! Property tests: what holds for every run, whatever happens to it.

use proptest::prelude::*;

use super::{CENT, Facts, RunDriver, ana, decision, request, slack};
use crate::run::{
    AttemptOutcome, Decided, Decision, Finding, FirstTry, GateId, GateSpec, HandBranch, Happened,
    Next, Outcome, PersonId, Policy, Raise, Request, Review, ReviewSpec, RollbackTo, Run, Stage,
    StagePhase, StageState, Trouble, Usd, Verdict,
};

/// What the world does when a run needs something.
#[derive(Clone, Debug)]
enum Move {
    /// What the attempt brings, where one is made; else the deadline passes.
    Brings(Facts),
    /// Somebody answers, first of all.
    Answers { verdict: Verdict, by: PersonId, stale: bool },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let answers = (any_verdict(), any_person(), prop::bool::weighted(0.2))
        .prop_map(|(verdict, by, stale)| Move::Answers { verdict, by, stale });
    prop::collection::vec(prop_oneof![any_facts().prop_map(Move::Brings), answers], 0..40)
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let trouble = prop::sample::select(vec![
        Trouble::ModelBusy,
        Trouble::Agent,
        Trouble::Budget,
        Trouble::Setup,
    ])
    .prop_map(Facts::Trouble);
    let bad = prop::sample::select(vec![
        Facts::Red,
        Facts::Interrupted,
        Facts::Unfinished,
        Facts::Unchecked,
    ]);
    let trouble = prop_oneof![trouble, Just(Facts::Paused)];
    prop_oneof![6 => Just(Facts::Green), 3 => bad, 1 => trouble]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![
        Verdict::Approve,
        Verdict::Approve,
        Verdict::Approve,
        Verdict::Approve,
        Verdict::Changes,
        Verdict::Changes,
        Verdict::Reject,
        Verdict::Stop,
        Verdict::Note,
        Verdict::Snooze,
        Verdict::Extend,
        Verdict::Raise,
        Verdict::Raise,
        Verdict::Rollback,
        Verdict::Rollback,
        Verdict::Retry,
        Verdict::Skip,
        Verdict::TakeOver,
        Verdict::HandIn,
    ])
}

fn any_person() -> impl Strategy<Value = PersonId> {
    prop::sample::select(vec![
        ana(),
        slack("T1", "UBEN"),
        slack("T2", "UEVE"),
        PersonId::Cli { user: "ops".to_owned() },
    ])
}

fn requests() -> impl Strategy<Value = Request> {
    let stages = prop::sample::subsequence(vec!["a", "b?", "c", "d?"], 1..=4);
    let loops = (any::<bool>(), any::<bool>(), prop::option::of(any::<bool>()));
    (stages, 1..4_u32, prop::option::of(0..8_i64), 1..3_u32, any::<bool>(), loops).prop_map(
        |(stages, attempts, cents, quorum, asks, (iterates, tries, review))| {
            let mut request = request(&stages);
            for stage in &mut request.pipeline.stages {
                stage.iterates = iterates;
                stage.review =
                    review.map(|send_back| ReviewSpec { send_back, if_affordable: tries });
                stage.until = tries.then(|| "true".to_owned());
            }
            request.pipeline.stages.iter_mut().for_each(|s| s.attempts = attempts);
            request
                .pipeline
                .stages
                .iter_mut()
                .filter_map(|s| s.gate.as_mut())
                .for_each(|gate| gate.quorum = quorum);
            if asks {
                let ask = |s: &mut Stage| s.recovery = Some(GateSpec::recovery());
                request.pipeline.stages.iter_mut().for_each(ask);
            }
            request.money = asks.then(|| Policy::default().money_terms(&[]));
            request.budget_usd = cents.map(|c| Usd::from_nanos(c * 10_000_000));
            request
        },
    )
}

/// The run to its end, and each thing it needed on its way.
fn run_to_end(request: Request, moves: &[Move]) -> (RunDriver, Vec<(Run, Next)>) {
    let (mut driver, mut needed) = (RunDriver::of(request), Vec::new());
    let mut moves = moves.iter();
    for _ in 0..400 {
        let next = driver.on();
        needed.push((driver.run.clone(), next.clone()));
        if matches!(next, Next::End(_)) {
            return (driver, needed);
        }
        match moves.next() {
            Some(Move::Answers { verdict, by, stale }) => {
                answer(&mut driver, *verdict, by, *stale);
                if matches!(next, Next::Attempt(_) | Next::TryFirst(_)) {
                    carry_out(&mut driver, next, Facts::Green);
                }
            }
            Some(Move::Brings(facts)) => carry_out(&mut driver, next, *facts),
            None => carry_out(&mut driver, next, Facts::Green),
        }
    }
    panic!("it does not end: {:#?}", driver.events)
}

fn answer(driver: &mut RunDriver, verdict: Verdict, by: &PersonId, stale: bool) {
    let open = driver.run.gate.as_ref().map(|gate| gate.id.clone());
    let gate = open.map(|gate| if stale { of_older_work(&gate) } else { gate });
    let raise = (verdict == Verdict::Raise).then_some(Raise::By(Usd::from_nanos(10_000_000)));
    let at = driver.events.len();
    let snapshots: Vec<_> = driver.run.snapshots().map(|it| it.to()).collect();
    let some = snapshots.get(at % (snapshots.len() + 1)).cloned().unwrap_or(RollbackTo::Start);
    let rollback = (verdict == Verdict::Rollback).then_some(some);
    let _ = driver.hears(&Decision { raise, rollback, ..decision(verdict, gate, by.clone()) });
}

fn carry_out(driver: &mut RunDriver, next: Next, facts: Facts) {
    match next {
        Next::Attempt(begun) => drop(driver.ends(&begun, facts)),
        Next::Ask { wake, .. } | Next::AwaitPush { wake, .. } => {
            driver.now = wake.expect("a question with a deadline");
        }
        Next::HandOut { gate, work, .. } => {
            let commit = work.commit;
            let (name, repository) = (HandBranch::name(driver.run.id(), &gate), String::new());
            let branch = HandBranch { name, repository, commit, host: None, not_pushed: None };
            driver.emit(Happened::HandedOut { gate, branch });
        }
        Next::TryFirst(plan) => {
            let passed = facts == Facts::Interrupted;
            let tried = FirstTry { passed, why: None, feedback: None, seconds: 1 };
            let (stage, attempt) = (plan.stage.name, plan.attempt);
            driver.emit(Happened::UntilTried { stage, attempt, tried });
        }
        Next::Review(plan) => {
            let finding = Finding::at("", 1, "");
            let findings = if facts == Facts::Green { vec![finding] } else { Vec::new() };
            let review = Review { findings, cost_usd: CENT, ..Review::default() };
            let (stage, attempt) = (plan.stage.name, plan.attempt);
            driver.emit(Happened::Reviewed { stage, attempt, review });
        }
        Next::Park { until } => driver.now = until,
        Next::FindWorker { stage, attempt, .. } => {
            driver.emit(Happened::Resumed { stage, attempt });
        }
        Next::Deliver { snapshot, .. } => {
            driver.emit(driver.run.delivered_to("/the/repository", &snapshot));
        }
        Next::Children | Next::PreviewMerge(_) => unreachable!("it is no batch"),
        Next::Emit(_) | Next::End(_) => unreachable!("handled already"),
    }
}

/// Whether its newest question was answered by all whose approval it wants.
fn is_approved(stage: &StageState) -> bool {
    let quorum = stage.stage.gate.as_ref().map_or(1, |spec| spec.quorum);
    stage.asked.last().is_some_and(|asked| {
        asked.gate.id.round == stage.rounds && asked.gate.approvals.len() >= quorum as usize
    })
}

fn is_left_out(run: &Run, stage: &StageState) -> bool {
    let skipped = |d: &Decided| {
        d.verdict == Verdict::Skip
            && d.gate.as_ref().is_some_and(|gate| &gate.stage == stage.name())
    };
    stage.phase == StagePhase::Undone && run.decisions.iter().any(skipped)
}

fn of_older_work(gate: &GateId) -> GateId {
    GateId { digest: crate::run::Digest("of older work".to_owned()), ..gate.clone() }
}

proptest! {
    #[test]
    fn every_run_ends_and_nothing_is_left_open((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request, &moves);
        let open = |s: &StagePhase| matches!(s, StagePhase::Running | StagePhase::Waiting);
        prop_assert!(!driver.run.stages.iter().any(|s| open(&s.phase)));
        prop_assert!(driver.run.gate.is_none());
        prop_assert!(!driver.run.stages.iter().flat_map(|s| &s.attempts).any(|a| a.outcome == AttemptOutcome::Running));
        prop_assert_eq!(driver.run.next(driver.now), Next::End(driver.run.outcome.expect("an end")));
    }

    #[test]
    fn numbers_have_no_gaps_and_nothing_happens_after_the_end((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request, &moves);
        prop_assert!(driver.events.iter().map(|e| e.seq).eq(1..=driver.run.seq));
        let ends: Vec<u64> = driver.events.iter().filter(|e| matches!(e.what, Happened::Ended { .. })).map(|e| e.seq).collect();
        prop_assert_eq!(ends, vec![driver.run.seq]);
    }

    #[test]
    fn repeats_and_batches_change_nothing((request, moves) in (requests(), moves()), cut in any::<prop::sample::Index>()) {
        let (driver, _) = run_to_end(request.clone(), &moves);
        let cut = cut.index(driver.events.len());
        let again = driver.events.iter().take(cut).chain(&driver.events).chain(&driver.events);
        prop_assert_eq!(&Run::fold(request, again), &driver.run);
    }

    #[test]
    fn what_is_stored_folds_to_the_same_run((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request.clone(), &moves);
        let stored = serde_json::to_string(&driver.events).expect("events are JSON");
        let read: Vec<crate::run::Event> = serde_json::from_str(&stored).expect("and read again");
        prop_assert_eq!(Run::fold(request, &read), driver.run);
    }

    #[test]
    fn the_money_is_the_sum_of_the_attempts((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request, &moves);
        let cost = |what: &Happened| match what {
            Happened::AttemptEnded { stage, attempt, cost_usd, .. } | Happened::Paused { stage, attempt, cost_usd, .. } => {
                Some(((stage.to_string(), *attempt), *cost_usd))
            }
            _ => None,
        };
        let newest: std::collections::BTreeMap<_, _> = driver.events.iter().filter_map(|e| cost(&e.what)).collect();
        let reviews: Usd = driver.events.iter().filter_map(|e| match &e.what {
            Happened::Reviewed { review, .. } => Some(review.cost_usd),
            _ => None,
        }).sum();
        prop_assert_eq!(newest.into_values().sum::<Usd>() + reviews, driver.run.spent());
    }

    #[test]
    fn no_stage_begins_behind_one_that_is_not_kept_and_approved((request, moves) in (requests(), moves())) {
        let (_, needed) = run_to_end(request, &moves);
        for (run, next) in needed {
            let Next::Attempt(plan) = next else { continue };
            let before: Vec<_> = run.stages.iter().take_while(|s| s.name() != &plan.stage.name).collect();
            let kept = |s: &StageState| s.phase == StagePhase::Good && (is_approved(s) || s.stage.gate.is_none());
            prop_assert!(before.iter().all(|s| kept(s) || is_left_out(&run, s)));
            prop_assert!(plan.by_hand.is_some() || plan.budget_left_usd != Some(Usd::ZERO));
            let stage = run.stage(&plan.stage.name).expect("a stage");
            let on_top = stage.stage.iterates || stage.stage.review.is_some() || stage.rework().is_some() || stage.work_gone_back_to().is_some();
            prop_assert!(on_top || plan.base.as_ref() == run.last_good().or_else(|| run.origin()));
            prop_assert!(plan.guard.iter().all(|guard| guard.holds(&guard.snapshot.tree, &run.request.pipeline.digest)));
        }
    }

    #[test]
    fn only_good_work_is_kept_and_only_a_good_run_is_pushed((request, moves) in (requests(), moves())) {
        let (driver, needed) = run_to_end(request, &moves);
        for stage in driver.run.stages.iter().filter(|s| s.phase == StagePhase::Good) {
            let good = |a: &crate::run::Attempt| a.outcome == AttemptOutcome::Good && a.snapshot == stage.snapshot;
            prop_assert!(stage.attempts.iter().any(good));
        }
        let pushed = needed.iter().any(|(_, next)| matches!(next, Next::Deliver { push: true, .. }));
        prop_assert_eq!(pushed, driver.run.outcome == Some(Outcome::Done));
    }

    #[test]
    fn an_answer_is_taken_only_from_who_may_and_each_question_once((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request, &moves);
        prop_assert!(driver.run.decisions.iter().all(|d| driver.run.may_steer(&d.by, &[])));
        let closing = |d: &&Decided| !matches!(d.verdict, Verdict::Approve | Verdict::TakeOver);
        let gates: Vec<_> = driver.run.decisions.iter().filter(closing).filter_map(|d| d.gate.as_ref()).map(|g| &g.digest).collect();
        prop_assert_eq!(gates.iter().collect::<std::collections::BTreeSet<_>>().len(), gates.len());
    }

    #[test]
    fn a_stage_is_kept_only_with_as_many_approvals_as_its_quorum_and_of_nothing_but_its_newest_question((request, moves) in (requests(), moves())) {
        let (driver, _) = run_to_end(request, &moves);
        for stage in driver.run.stages.iter().filter(|s| s.phase == StagePhase::Good) {
            let Some(spec) = &stage.stage.gate else { continue };
            let asked = &stage.asked.last().expect("a question").gate;
            let approved = driver.run.decisions.iter().filter(|d| d.verdict == Verdict::Approve && d.gate.as_ref() == Some(&asked.id));
            prop_assert_eq!(approved.count(), spec.quorum as usize);
            prop_assert_eq!(asked.id.round, stage.rounds);
        }
    }
}
