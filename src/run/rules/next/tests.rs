//! Tests of the next step: what a run does next, after whatever happened to it.

use super::{AttemptOutcome, Happened, Next, Outcome, StagePhase, Trouble, Usd, Verdict};
use crate::run::rules::tests::{CENT, Facts, RunDriver, ana, decision, request, snapshot};
use crate::run::{
    AttemptFacts, Breaker, Decision, Estimate, GateKind, GateSpec, Interval, Lost, MonthOf,
    MonthSpent, Pause, Raise, Refusal, Request, Retry, RunEstimate, Shortage, WorkStep,
};

fn kinds(driver: &RunDriver) -> Vec<String> {
    let kind = |e| {
        serde_json::to_value(e).expect("events are JSON")["kind"]
            .as_str()
            .expect("a kind")
            .to_owned()
    };
    driver.events.iter().map(kind).collect()
}

fn phases(driver: &RunDriver) -> Vec<StagePhase> {
    driver.run.stages.iter().map(|s| s.phase).collect()
}

#[test]
fn stages_run_in_order_and_then_the_run_is_done() {
    let mut driver = RunDriver::with(&["draft", "polish"]);
    assert_eq!(driver.plan().stage.name.as_str(), "draft");
    assert_eq!(driver.brings(Facts::Green).plan().stage.name.as_str(), "polish");
    assert_eq!(driver.brings(Facts::Green).end(), (Outcome::Done, None));
    let stage = ["stage_started", "attempt_started", "written", "attempt_ended", "stage_ended"];
    assert_eq!(
        kinds(&driver),
        [&["started"], &stage[..], &stage, &["delivered", "ended"]].concat()
    );
}

#[test]
fn a_question_comes_after_good_work_and_never_before() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.brings(Facts::Red);
    assert_eq!(driver.plan().attempt, 2);
    assert_eq!(driver.run.gate, None);
    assert_eq!(driver.brings(Facts::Green).gate().round, 1);
}

#[test]
fn the_next_stage_begins_after_the_approval() {
    let mut driver = RunDriver::with(&["draft?", "polish"]);
    driver.brings(Facts::Green).gate();
    assert_eq!(phases(&driver), [StagePhase::Waiting, StagePhase::Todo]);
    driver.ana(Verdict::Approve);
    assert_eq!(driver.plan().stage.name.as_str(), "polish");
    assert_eq!(phases(&driver), [StagePhase::Good, StagePhase::Running]);
}

#[test]
fn the_deadline_counts_from_the_question() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.brings(Facts::Green).gate();
    let open = driver.run.gate.expect("a gate");
    assert_eq!((open.deadline - open.opened_at).num_seconds(), 3_599);
}

#[test]
fn a_rejection_undoes_the_stage_and_ends_the_run() {
    let mut driver = RunDriver::with(&["draft?", "polish"]);
    driver.brings(Facts::Green).gate();
    assert_eq!(driver.ana(Verdict::Reject).end().0, Outcome::Rejected);
    assert_eq!(phases(&driver), [StagePhase::Undone, StagePhase::Todo]);
    assert_eq!(driver.run.delivered, None);
}

#[test]
fn a_missed_deadline_fails_the_stage() {
    let mut driver = RunDriver::with(&["draft?"]);
    let ended = driver.brings(Facts::Green).deadline_passes().end();
    assert_eq!(ended, (Outcome::Failed, Some("draft: nobody answered in time".to_owned())));
    assert_eq!(phases(&driver), [StagePhase::Failed]);
}

#[test]
fn a_stop_before_any_worker_came_ends_the_run_at_once() {
    let mut driver = RunDriver::with(&["draft"]);
    assert_eq!(driver.ana(Verdict::Stop).end().0, Outcome::Stopped);
    assert_eq!(kinds(&driver), ["started", "decided", "ended"]);
}

#[test]
fn a_stop_interrupts_the_attempt_and_what_it_cost_stays_counted() {
    let mut driver = RunDriver::with(&["draft", "polish"]);
    let begun = driver.brings(Facts::Green).plan();
    driver.ana(Verdict::Stop).ends(&begun, Facts::Interrupted);
    assert_eq!(driver.end().0, Outcome::Stopped);
    assert_eq!(phases(&driver), [StagePhase::Good, StagePhase::Undone]);
    assert_eq!(driver.run.stages[1].attempts[0].outcome, AttemptOutcome::Stopped);
    assert_eq!(driver.run.spent(), CENT + CENT);
}

#[test]
fn an_attempt_that_a_stop_cancelled_was_stopped_and_not_lost() {
    let mut driver = RunDriver::with(&["draft"]);
    let begun = driver.plan();
    driver.ana(Verdict::Stop).ends(&begun, Facts::Unfinished);
    let attempt = &driver.run.stages[0].attempts[0];
    assert_eq!((attempt.outcome, attempt.why.as_deref()), (AttemptOutcome::Stopped, None));
}

#[test]
fn a_stop_while_a_question_is_open_closes_it() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.brings(Facts::Green).gate();
    driver.ana(Verdict::Stop);
    assert_eq!(driver.run.gate, None);
    assert_eq!(driver.end().0, Outcome::Stopped);
    assert_eq!(phases(&driver), [StagePhase::Undone]);
}

#[test]
fn a_run_that_does_not_end_well_delivers_what_was_good_and_pushes_nothing() {
    let mut driver = RunDriver::with(&["draft", "polish"]);
    driver.brings(Facts::Green).plan();
    driver.ana(Verdict::Stop);
    assert_eq!(driver.on(), Next::Deliver { snapshot: snapshot(1), push: false, guard: None });
}

#[test]
fn a_run_that_ends_well_is_pushed() {
    let mut driver = RunDriver::with(&["draft"]);
    assert_eq!(
        driver.brings(Facts::Green).on(),
        Next::Deliver { snapshot: snapshot(1), push: true, guard: None }
    );
}

#[test]
fn after_its_last_attempt_a_stage_fails_and_says_why() {
    let mut driver = RunDriver::with(&["draft"]);
    let ended = driver.brings(Facts::Red).brings(Facts::Red).end();
    assert_eq!(
        ended,
        (Outcome::Failed, Some("draft: 2 attempts, the last: 3 of 50 tests failed".to_owned()))
    );
}

#[test]
fn an_attempt_that_nobody_could_finish_counts_as_one() {
    let mut driver = RunDriver::with(&["draft"]);
    let ended = driver.brings(Facts::Unfinished).brings(Facts::Interrupted).end();
    assert_eq!(
        ended,
        (
            Outcome::Failed,
            Some("draft: 2 attempts, the last: the attempt was interrupted".to_owned())
        )
    );
}

#[test]
fn where_somebody_must_mend_something_first_no_other_attempt_is_made() {
    let mut driver = RunDriver::with(&["draft"]);
    let ended = driver.brings(Facts::Trouble(Trouble::Setup)).end();
    assert_eq!(ended, (Outcome::Failed, Some("draft: Setup trouble".to_owned())));
    assert_eq!(driver.run.stages[0].attempts.len(), 1);
}

#[test]
fn the_pause_grows_while_the_model_is_busy() {
    let mut driver = RunDriver::of(with_attempts(4));
    assert_eq!(driver.plan().backoff_seconds, 0);
    assert_eq!(driver.brings(Facts::Trouble(Trouble::ModelBusy)).plan().backoff_seconds, 15);
    assert_eq!(driver.brings(Facts::Trouble(Trouble::ModelBusy)).plan().backoff_seconds, 30);
    assert_eq!(driver.brings(Facts::Red).plan().backoff_seconds, 1);
}

#[test]
fn a_spent_budget_begins_no_other_attempt() {
    let mut driver = RunDriver::of(Request { budget_usd: Some(CENT + CENT), ..with_attempts(4) });
    assert_eq!(driver.plan().budget_left_usd, Some(CENT + CENT));
    assert_eq!(driver.brings(Facts::Red).plan().budget_left_usd, Some(CENT));
    let ended = driver.brings(Facts::Red).end();
    assert_eq!(ended, (Outcome::Failed, Some("draft: the budget of $0.02 is spent".to_owned())));
}

#[test]
fn work_that_spent_the_budget_is_kept() {
    let mut driver =
        RunDriver::of(Request { budget_usd: Some(CENT), ..request(&["draft", "polish"]) });
    assert_eq!(driver.brings(Facts::Green).end().0, Outcome::Failed);
    assert_eq!(phases(&driver), [StagePhase::Good, StagePhase::Failed]);
}

#[test]
fn an_allowance_that_ran_out_fails_the_stage_even_with_a_rest_too_small_to_use() {
    let mut driver = RunDriver::of(Request {
        budget_usd: Some(Usd::from_nanos(10_000_001)),
        ..with_attempts(4)
    });
    let ended = driver.brings(Facts::Trouble(Trouble::Budget)).end();
    assert_eq!(ended, (Outcome::Failed, Some("draft: the budget of $0.01 is spent".to_owned())));
}

#[test]
fn the_next_attempt_reads_what_the_checks_said() {
    let mut driver = RunDriver::with(&["draft"]);
    assert_eq!(driver.plan().feedback, None);
    assert_eq!(driver.brings(Facts::Red).plan().feedback.as_deref(), Some("line 3 is crooked"));
}

#[test]
fn what_the_checks_said_outlives_attempts_that_taught_nothing() {
    let mut driver = RunDriver::of(with_attempts(4));
    driver.brings(Facts::Red).brings(Facts::Trouble(Trouble::ModelBusy)).brings(Facts::Unfinished);
    assert_eq!(driver.plan().feedback.as_deref(), Some("line 3 is crooked"));
}

#[test]
fn an_attempt_starts_from_the_last_good_work_and_never_from_bad_work() {
    let mut driver = RunDriver::with(&["draft", "polish"]);
    assert_eq!(driver.plan().base, None);
    assert_eq!(driver.brings(Facts::Red).plan().base, Some(snapshot(0)));
    assert_eq!(driver.brings(Facts::Green).plan().base, Some(snapshot(2)));
    assert_eq!(driver.brings(Facts::Red).plan().base, Some(snapshot(2)));
}

#[test]
fn an_attempt_that_is_lost_while_it_is_checked_was_paid_for() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.brings(Facts::Unchecked);
    assert_eq!(driver.run.stages[0].attempts[0].outcome, AttemptOutcome::Lost);
    assert_eq!((driver.run.spent(), driver.run.stages[0].tokens().total()), (CENT, 11));
}

#[test]
fn what_a_lost_agent_told_before_it_fell_silent_stays_counted() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.brings(Facts::Unfinished);
    assert_eq!((driver.run.spent(), driver.run.stages[0].tokens().total()), (CENT, 11));
}

#[test]
fn a_run_that_an_operator_cancelled_leaves_nothing_running() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.plan();
    driver.emit(Happened::Ended { outcome: Outcome::Stopped, why: None });
    assert_eq!(phases(&driver), [StagePhase::Undone]);
    assert_eq!(driver.run.stages[0].attempts[0].outcome, AttemptOutcome::Stopped);
}

/// One stage with so many attempts.
fn with_attempts(count: u32) -> Request {
    let mut request = request(&["draft"]);
    request.pipeline.stages[0].attempts = count;
    request
}

/// A run of one stage that may spend a cent, and asks for more.
fn short_of_money() -> RunDriver {
    let money = Some(crate::run::Policy::default().money_terms(&[]));
    RunDriver::of(Request { budget_usd: Some(CENT), money, ..request(&["draft?"]) })
}

fn raises(driver: &mut RunDriver, raise: Raise) -> Result<(), Refusal> {
    let gate = driver.run.gate.as_ref().map(|open| open.id.clone());
    driver.hears(&Decision { raise: Some(raise), ..decision(Verdict::Raise, gate, ana()) })
}

#[test]
fn a_spent_budget_is_asked_about_and_the_same_attempt_goes_on() {
    let mut driver = short_of_money();
    driver.brings(Facts::Paused);
    assert_eq!(driver.gate().kind, GateKind::Budget);
    assert_eq!(raises(&mut driver, Raise::By(CENT)), Ok(()));
    let plan = driver.plan();
    assert_eq!(
        (plan.attempt, plan.budget_left_usd, plan.backoff_seconds),
        (1, Some(CENT + CENT), 0)
    );
    assert_eq!(driver.brings(Facts::Green).gate().kind, GateKind::Approve);
    assert_eq!((driver.run.spent(), driver.gate().round), (CENT, 1));
    driver.ana(Verdict::Approve);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn a_new_attempt_without_money_asks_before_it_works() {
    let mut driver = short_of_money();
    driver.brings(Facts::Red);
    assert_eq!(driver.gate().kind, GateKind::Budget);
    assert_eq!(
        driver.run.attempt(&"draft".parse().expect("a slug"), 2).map(|a| a.cost_usd),
        Some(Usd::ZERO)
    );
    assert_eq!(raises(&mut driver, Raise::NoLimit), Ok(()));
    assert_eq!(driver.plan().budget_left_usd, None);
}

#[test]
fn what_will_probably_not_fit_is_asked_once_before_it_begins() {
    let mut driver = short_of_money();
    let likely = CENT + CENT;
    let cost = Interval { low: CENT, middle: likely, high: likely };
    let seconds = Interval { low: 1, middle: 1, high: 1 };
    let whole = Estimate { cost, seconds, runs: 5, widen: 1.0 };
    driver.run.request.estimate =
        Some(RunEstimate { whole, stages: vec![likely], forecasts: vec![] });
    assert_eq!(driver.gate().kind, GateKind::Budget);
    assert_eq!(raises(&mut driver, Raise::By(Usd::ZERO)), Ok(()));
    assert_eq!(driver.plan().budget_left_usd, Some(CENT));
    driver.brings(Facts::Paused);
    driver.gate();
    let nothing = raises(&mut driver, Raise::By(Usd::ZERO));
    assert_eq!(nothing, Err(Refusal::AsksForMoney), "nothing is left");
}

#[test]
fn a_question_about_money_is_not_answered_by_an_approval() {
    let mut driver = short_of_money();
    driver.brings(Facts::Paused);
    let gate = driver.gate();
    for verdict in [Verdict::Approve, Verdict::Changes, Verdict::Reject] {
        let judged = driver.hears(&decision(verdict, Some(gate.clone()), ana()));
        assert_eq!(judged, Err(Refusal::AsksForMoney));
    }
    driver.run.request.money.as_mut().expect("terms").no_limit = false;
    assert_eq!(raises(&mut driver, Raise::NoLimit), Err(Refusal::WantsLimit));
    driver.ana(Verdict::Stop);
    assert_eq!(driver.end().0, Outcome::Stopped);
}

#[test]
fn money_that_was_given_just_before_it_was_asked_for_is_the_answer() {
    let more = |raise| Decision { raise: Some(raise), ..decision(Verdict::Raise, None, ana()) };
    let mut driver = short_of_money();
    driver.brings(Facts::Paused);
    assert_eq!(driver.run.paid_by(&more(Raise::By(CENT))), None, "nothing is asked yet");
    let asked = driver.gate();
    assert_eq!(driver.run.paid_by(&more(Raise::By(CENT))), Some(asked.clone()));
    let named = Decision { gate: Some(asked), ..more(Raise::By(CENT)) };
    assert_eq!(driver.run.paid_by(&named), None, "it says so itself");
    assert_eq!(driver.run.paid_by(&decision(Verdict::Stop, None, ana())), None);
    let open = driver.run.gate.as_mut().and_then(|open| open.money.as_mut()).expect("about money");
    open.why = Shortage::Ahead(CENT + CENT);
    assert!(driver.run.paid_by(&more(Raise::NoLimit)).is_some());
    assert!(driver.run.paid_by(&more(Raise::By(CENT))).is_none(), "that is not enough for it");
    assert!(driver.run.paid_by(&more(Raise::By(CENT + CENT))).is_some());
    let mut driver =
        standing_still(Pause::Breaker { breaker: Breaker::NothingChanged { steps: 8 } });
    driver.gate();
    assert_eq!(driver.run.paid_by(&more(Raise::NoLimit)), None, "it is not asked for money");
}

#[test]
fn nobody_raises_it_in_time() {
    let mut driver = short_of_money();
    driver.brings(Facts::Paused).deadline_passes();
    let why = "draft: the budget of $0.01 is spent, and nobody raised it in time";
    assert_eq!(driver.end(), (Outcome::Failed, Some(why.to_owned())));
}

#[test]
fn an_attempt_that_the_provider_makes_wait_goes_on_by_itself() {
    let mut driver = RunDriver::with(&["draft"]);
    let plan = driver.plan();
    let until = driver.now + chrono::TimeDelta::hours(2);
    driver.emit(Happened::Paused {
        stage: plan.stage.name,
        attempt: 1,
        pause: Pause::ModelLimit { until },
        tokens: crate::run::Tokens::default(),
        cost_usd: CENT,
    });
    assert_eq!(driver.on(), Next::Park { until });
    driver.now = until;
    assert_eq!(driver.plan().attempt, 1);
    assert_eq!(kinds(&driver).last().map(String::as_str), Some("resumed"));
    driver.brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

/// No worker that tried could do this step.
fn hands_back(driver: &mut RunDriver, (stage, attempt): (&str, u32), step: WorkStep) {
    let lost = Lost { why: "no box".to_owned(), ..Lost::default() };
    let stage = stage.parse().expect("a name");
    driver.emit(driver.run.handed_back((&stage, attempt), step, &lost));
    assert_eq!(driver.on(), Next::FindWorker { stage: stage.clone(), attempt, step });
    assert_eq!(driver.run.waits_for_worker().map(|wait| wait.why), Some("no box"));
}

fn finds_a_worker(driver: &mut RunDriver, stage: &str) {
    driver.emit(Happened::Resumed { stage: stage.parse().expect("a name"), attempt: 1 });
    assert_eq!(driver.run.waits_for_worker(), None);
}

#[test]
fn an_attempt_that_no_worker_could_do_goes_on_as_the_same_when_one_can() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.plan();
    hands_back(&mut driver, ("draft", 1), WorkStep::Write);
    finds_a_worker(&mut driver, "draft");
    let plan = driver.plan();
    assert_eq!((plan.attempt, plan.backoff_seconds), (1, 0));
    driver.writes(&plan);
    let paid = driver.run.spent();
    hands_back(&mut driver, ("draft", 1), WorkStep::Check);
    assert_eq!(driver.run.spent(), paid, "what was written is paid");
    finds_a_worker(&mut driver, "draft");
    assert_eq!(driver.plan().attempt, 1);
    driver.brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn a_result_that_no_worker_can_deliver_waits_and_is_then_delivered() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.brings(Facts::Green);
    assert!(matches!(driver.on(), Next::Deliver { .. }));
    hands_back(&mut driver, ("draft", 1), WorkStep::Deliver);
    finds_a_worker(&mut driver, "draft");
    assert!(driver.run.stages[0].attempts[0].snapshot.is_some(), "its work is what it was");
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn a_run_that_is_stopped_while_its_result_waits_ends_unless_an_older_program_began_to_wait() {
    for (is_new, outcome) in [(true, Outcome::Stopped), (false, Outcome::Done)] {
        let mut driver = RunDriver::with(&["draft"]);
        driver.brings(Facts::Green).on();
        let (stage, lost) = ("draft".parse().expect("a name"), Lost::default());
        let waits = if is_new {
            driver.run.delivery_handed_back((&stage, 1), &lost)
        } else {
            driver.run.handed_back((&stage, 1), WorkStep::Deliver, &lost)
        };
        driver.emit(waits);
        assert!(matches!(driver.on(), Next::FindWorker { .. }));
        let stop = decision(Verdict::Stop, None, ana());
        assert_eq!(driver.hears(&stop).is_ok(), is_new);
        assert!(driver.run.authorize(&stop).is_err(), "once is enough");
        if !is_new {
            finds_a_worker(&mut driver, "draft");
        }
        assert!(matches!(driver.on(), Next::Deliver { push, .. } if push != is_new));
        assert_eq!(driver.end().0, outcome);
    }
}

#[test]
fn a_run_that_is_stopped_while_it_waits_for_a_worker_ends() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.plan();
    hands_back(&mut driver, ("draft", 1), WorkStep::Write);
    driver.ana(Verdict::Stop);
    assert_eq!(driver.end().0, Outcome::Stopped);
    assert_eq!(driver.run.waits_for_worker(), None);
}

#[test]
fn what_an_attempt_costs_after_a_pause_counts_also_where_it_is_lost() {
    let mut driver = short_of_money();
    let plan = driver.plan();
    driver.ends(&plan, Facts::Unchecked);
    assert_eq!(driver.run.spent(), CENT, "written, and lost while it was checked");
    let mut driver = short_of_money();
    let plan = driver.plan();
    driver.writes(&plan).ends(&plan, Facts::Paused).gate();
    assert_eq!(raises(&mut driver, Raise::NoLimit), Ok(()));
    let plan = driver.plan();
    assert_eq!(driver.run.attempt(&plan.stage.name, 1).and_then(|a| a.snapshot.clone()), None);
    let lost = Lost { why: "gone".to_owned(), cost_usd: CENT + CENT, ..Lost::default() };
    let ended = driver.run.attempt_ended(&plan, AttemptFacts::Lost(&lost), driver.now);
    driver.emit(ended);
    assert_eq!(driver.run.spent(), CENT + CENT);
}

#[test]
fn what_a_stage_may_spend_is_asked_about_and_raised_by_itself() {
    let mut driver = short_of_money();
    driver.run.request.budget_usd = Some(Usd::from_nanos(1_000_000_000));
    driver.run.stages[0].stage.budget_usd = Some(CENT);
    assert_eq!(driver.plan().budget_left_usd, Some(CENT));
    driver.brings(Facts::Red);
    driver.gate();
    let asked = driver.run.gate.as_ref().and_then(|open| open.money).expect("about money");
    assert_eq!((asked.why, asked.spent, asked.budget), (Shortage::Stage, CENT, Some(CENT)));
    assert_eq!(raises(&mut driver, Raise::By(Usd::ZERO)), Err(Refusal::AsksForMoney));
    let before = driver.run.budget();
    assert_eq!(raises(&mut driver, Raise::By(CENT)), Ok(()));
    assert_eq!(driver.run.budget(), before, "the run has no more than it had");
    assert_eq!(driver.plan().budget_left_usd, Some(CENT));
}

/// An attempt that stands still until somebody says whether it goes on.
fn standing_still(pause: Pause) -> RunDriver {
    let mut driver = short_of_money();
    let plan = driver.plan();
    let (stage, attempt) = (plan.stage.name, plan.attempt);
    let (tokens, cost_usd) = (crate::run::Tokens::default(), Usd::ZERO);
    driver.emit(Happened::Paused { stage, attempt, pause, tokens, cost_usd });
    driver
}

#[test]
fn a_months_budget_is_asked_about_once_in_a_run() {
    let month = MonthSpent { of: MonthOf::Person, spent: CENT, budget: CENT };
    let mut driver = standing_still(Pause::Month { month });
    assert_eq!(driver.gate().kind, GateKind::Budget);
    assert_eq!(raises(&mut driver, Raise::By(Usd::ZERO)), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.attempt, plan.watched.months, plan.watched.breakers), (1, false, true));
    driver.brings(Facts::Green);
}

#[test]
fn an_attempt_that_seems_to_get_nowhere_goes_on_when_somebody_says_so() {
    let breaker = Breaker::NothingChanged { steps: 80 };
    let mut driver = standing_still(Pause::Breaker { breaker });
    driver.run.request.budget_usd = None;
    driver.gate();
    assert_eq!(raises(&mut driver, Raise::By(Usd::ZERO)), Ok(()), "also without a budget");
    let plan = driver.plan();
    assert_eq!((plan.attempt, plan.watched.months, plan.watched.breakers), (1, true, false));
    let mut driver = standing_still(Pause::Breaker { breaker });
    driver.deadline_passes();
    let why = "draft: it seemed to get nowhere, and nobody let it go on in time";
    assert_eq!(driver.end(), (Outcome::Failed, Some(why.to_owned())));
}

#[test]
fn money_that_came_while_an_attempt_stopped_is_enough_for_another_try() {
    let mut driver = standing_still(Pause::Money { allowance: Some(Usd::ZERO) });
    assert_eq!(driver.plan().budget_left_usd, Some(CENT));
}

/// A run whose stages ask when they have failed, each after two attempts; `polish` builds on `draft`, `print` on nothing.
fn asking_to_recover() -> RunDriver {
    let mut request = request(&["draft", "polish", "print"]);
    for stage in &mut request.pipeline.stages {
        stage.recovery = Some(GateSpec::recovery());
    }
    request.pipeline.stages[1].needs = vec!["draft".parse().expect("a slug")];
    request.pipeline.agent.models = vec!["another".to_owned()];
    RunDriver::of(request)
}

fn recovers(driver: &mut RunDriver, verdict: Verdict, retry: Retry) -> Result<(), Refusal> {
    let gate = driver.run.gate.as_ref().map(|open| open.id.clone());
    let retry = Some(retry).filter(|_| verdict == Verdict::Retry);
    let words = Some("mock the clock".to_owned());
    driver.hears(&Decision { words, retry, ..decision(verdict, gate, ana()) })
}

#[test]
fn a_stage_that_has_failed_asks_and_each_retry_is_one_attempt_more() {
    let mut driver = asking_to_recover();
    driver.brings(Facts::Red).brings(Facts::Red);
    assert_eq!(driver.gate().kind, GateKind::Recovery);
    assert_eq!(recovers(&mut driver, Verdict::Retry, Retry::default()), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.attempt, plan.stage.timeout_seconds), (3, 60));
    assert_eq!(plan.remarks.last().map(|it| it.words.as_str()), Some("mock the clock"));
    assert!(plan.feedback.is_some(), "what failed before is still told");
    driver.brings(Facts::Red);
    assert_eq!(driver.gate().round, 2);
    let longer = Retry { longer: true, model: Some("another".to_owned()), ..Retry::default() };
    assert_eq!(recovers(&mut driver, Verdict::Retry, longer), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.stage.timeout_seconds, plan.model.as_deref()), (90, Some("another")));
    assert_eq!(plan.remarks.len(), 2);
    driver.brings(Facts::Green);
    let polish = driver.plan();
    assert_eq!((polish.stage.name.as_str(), polish.model.as_deref()), ("polish", None));
    driver.brings(Facts::Green).brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn what_nothing_builds_on_may_be_left_out() {
    let mut driver = asking_to_recover();
    driver.brings(Facts::Red).brings(Facts::Red).gate();
    let needed = Refusal::Needed { by: "polish".parse().expect("a slug") };
    assert_eq!(recovers(&mut driver, Verdict::Skip, Retry::default()), Err(needed));
    let unknown = Retry { model: Some("gpt-0".to_owned()), ..Retry::default() };
    let refused = Refusal::NoSuchModel { model: "gpt-0".to_owned() };
    assert_eq!(recovers(&mut driver, Verdict::Retry, unknown), Err(refused));
    for verdict in [Verdict::Approve, Verdict::Changes, Verdict::Reject] {
        let judged = recovers(&mut driver, verdict, Retry::default());
        assert_eq!(judged, Err(Refusal::AsksHowToGoOn));
    }
    assert_eq!(recovers(&mut driver, Verdict::Retry, Retry::default()), Ok(()));
    driver.brings(Facts::Green).brings(Facts::Red).brings(Facts::Red).gate();
    assert_eq!(recovers(&mut driver, Verdict::Skip, Retry::default()), Ok(()));
    driver.brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
    assert_eq!(phases(&driver), [StagePhase::Good, StagePhase::Undone, StagePhase::Good]);
}

#[test]
fn a_failure_that_nobody_answers_ends_the_run_as_it_would_have() {
    let mut driver = asking_to_recover();
    driver.brings(Facts::Red).brings(Facts::Red).deadline_passes();
    let why = "draft: 2 attempts, the last: 3 of 50 tests failed; nobody said in time how to go on";
    assert_eq!(driver.end(), (Outcome::Failed, Some(why.to_owned())));
}

#[test]
fn another_try_is_an_answer_only_where_something_has_failed() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.brings(Facts::Green).gate();
    for verdict in [Verdict::Retry, Verdict::Skip] {
        let judged = recovers(&mut driver, verdict, Retry::default());
        assert_eq!(judged, Err(Refusal::NothingFailed));
    }
}

#[test]
fn what_failed_in_the_same_way_three_times_is_asked_about_before_the_fourth() {
    let mut request = with_attempts(6);
    let endless = RunDriver::of(request.clone())
        .brings(Facts::Red)
        .brings(Facts::Red)
        .brings(Facts::Red)
        .plan();
    assert_eq!(endless.attempt, 4, "where it does not ask");
    request.pipeline.stages[0].recovery = Some(GateSpec::recovery());
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Red).brings(Facts::Red).brings(Facts::Red).gate();
    let why = driver.run.why_failed(&driver.run.stages[0]);
    assert_eq!(why.as_deref(), Some("3 attempts failed in the same way: 3 of 50 tests failed"));
    assert_eq!(recovers(&mut driver, Verdict::Retry, Retry::default()), Ok(()));
    driver.brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn a_run_of_which_nothing_would_be_left_goes_on_with_no_stage_less() {
    let mut request = request(&["draft"]);
    request.pipeline.stages[0].recovery = Some(GateSpec::recovery());
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Red).brings(Facts::Red).gate();
    let skipped = recovers(&mut driver, Verdict::Skip, Retry::default());
    assert_eq!(skipped, Err(Refusal::NothingLeft));
}

#[test]
fn whoever_started_a_run_leaves_nothing_out_alone_where_somebody_else_has_to_approve() {
    let mut request = request(&["draft", "polish"]);
    request.pipeline.stages[0].recovery =
        Some(GateSpec { self_approval: false, ..GateSpec::recovery() });
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Red).brings(Facts::Red).gate();
    let skipped = recovers(&mut driver, Verdict::Skip, Retry::default());
    assert_eq!(skipped, Err(Refusal::OwnRun));
    assert_eq!(recovers(&mut driver, Verdict::Retry, Retry::default()), Ok(()));
}
