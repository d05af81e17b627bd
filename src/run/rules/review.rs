//! The review: when is good work read by a second reader, and what follows from what it found?
//! Before a person is asked. It judges nothing: whatever it finds, and whether or not it could read at all, the work is as good as it was. Where
//! the stage says so, its findings send the work back once; if that makes it worse, the work from before is what is asked about.

use chrono::{DateTime, Utc};

use crate::run::{
    Attempt, Finding, Happened, Next, Remark, Review, Rework, Run, Snapshot, Stage, StageState,
    Tokens, Usd, findings_text,
};

/// What a second reader is to read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewPlan {
    pub stage: Stage,
    pub attempt: u32,
    /// Instead of the pipeline's.
    pub model: Option<String>,
    /// What the stage began with.
    pub began: Snapshot,
    pub snapshot: Snapshot,
    /// What people asked for, in order: the work has to be that, too.
    pub remarks: Vec<Remark>,
    /// What the attempt may spend in all, what it has spent with it; none = no limit.
    pub allowance: Option<Usd>,
    /// What it has spent before it is read.
    pub paid: (Tokens, Usd),
}

impl ReviewPlan {
    /// Whether nobody waits for it any more.
    #[must_use]
    pub fn is_called_off(&self, run: &Run) -> bool {
        run.is_called_off(&self.stage.name, self.attempt)
    }
}

impl Run {
    /// Lets good work be read; none where nobody has to, or somebody has.
    pub(super) fn review(&self, stage: &StageState, work: &Attempt) -> Option<Next> {
        stage.stage.review.filter(|_| work.review.is_none())?;
        let (snapshot, base) = (work.snapshot.clone()?, work.base.clone()?);
        let (name, n) = (stage.name().clone(), work.n);
        let allowance = self.allowance(&name, n);
        if allowance.is_some_and(|all| all <= work.cost_usd) {
            let review = Review::none("no money is left for it");
            return Some(Next::Emit(Happened::Reviewed { stage: name, attempt: n, review }));
        }
        Some(Next::Review(Box::new(ReviewPlan {
            stage: stage.stage.clone(),
            attempt: n,
            model: stage.model().map(str::to_owned),
            began: self.base(stage, n).1.stage_base.unwrap_or(base),
            snapshot,
            remarks: stage.asked_for_until(n),
            allowance,
            paid: (work.tokens, work.cost_usd),
        })))
    }

    /// What becomes of work that a second reader sends back, and of the attempt after that; none where nothing was sent back.
    pub(super) fn after_review(
        &self,
        stage: &StageState,
        last: &Attempt,
        now: DateTime<Utc>,
    ) -> Option<Next> {
        let sent = stage.sent_back().filter(|sent| !stage.has_asked_about(sent))?;
        if last.n == sent.n {
            return self
                .can_pay_another(stage, sent)
                .then(|| self.begin_attempt(stage, last.n + 1, now));
        }
        let worse = last.n == sent.n + 1 && !stage.is_good_as_a_whole(last);
        worse.then(|| self.after_good(stage, sent, now))
    }
}

impl Run {
    /// Whether what is left will probably do for another attempt like this one and for its review: else green work would wait for money
    /// instead of being shown.
    fn can_pay_another(&self, stage: &StageState, sent: &Attempt) -> bool {
        let Some(left) = self.allowance(stage.name(), sent.n + 1) else { return true };
        let looks = stage.stage.review.is_some_and(|review| review.if_affordable);
        let likely = self.likely_cost(stage).unwrap_or(Usd::ZERO).max(sent.spent());
        left > Usd::ZERO && (!looks || left >= likely)
    }
}

impl StageState {
    /// The work that its second reader sent back: the first in which it found anything, where the stage lets it.
    #[must_use]
    pub fn sent_back(&self) -> Option<&Attempt> {
        self.stage.review.filter(|review| review.send_back)?;
        // Nobody is paid for what points at nothing of the work; people read that, too.
        let found = |review: &Review| review.findings.iter().any(Finding::is_of_the_work);
        self.attempts_now().iter().find(|it| it.review.as_ref().is_some_and(found))
    }

    /// Whether a second reader follows this attempt, if that is good.
    pub(in crate::run) fn is_read_after(&self, attempt: u32) -> bool {
        self.stage.review.is_some() && self.part(attempt).is_none_or(|part| part.is_last())
    }

    /// What its attempts were told by people up to this one, each once; nothing from before the stage was to be done anew.
    fn asked_for_until(&self, attempt: u32) -> Vec<Remark> {
        let anew = self.changes_now().iter().filter(|it| it.rework == Rework::Base);
        let anew = anew.map(|it| it.after).max().unwrap_or_default();
        let counts = |it: &&Attempt| it.n > anew && it.n <= attempt && !self.is_left_behind(it.n);
        let mut asked_for: Vec<Remark> = Vec::new();
        for remark in self.attempts.iter().filter(counts).flat_map(|it| &it.remarks) {
            if !asked_for.contains(remark) {
                asked_for.push(remark.clone());
            }
        }
        asked_for
    }

    /// Whether another attempt followed this one because of what its second reader found.
    #[must_use]
    pub fn was_sent_back(&self, attempt: &Attempt) -> bool {
        // Somebody who looked at it may have wanted it changed instead.
        let wanted = self.changes.iter().any(|changes| changes.after == attempt.n);
        !wanted
            && self.sent_back().is_some_and(|sent| sent.n == attempt.n)
            && self.attempts_now().iter().any(|next| next.n == attempt.n + 1)
    }

    fn has_asked_about(&self, work: &Attempt) -> bool {
        self.asked.iter().any(|asked| asked.gate.attempt == work.n)
    }

    /// The work that this attempt puts right, and what it reads of it.
    pub(super) fn sent_back_to(&self, attempt: u32) -> Option<(&Snapshot, String)> {
        let sent = self.sent_back().filter(|sent| sent.n + 1 == attempt)?;
        // Whoever looked at it since wants something else.
        if self.round_began_after() + 1 >= attempt {
            return None;
        }
        let review = sent.review.as_ref()?;
        Some((sent.snapshot.as_ref()?, findings_text(&review.findings)))
    }
}

impl Attempt {
    /// What it cost, with its review.
    #[must_use]
    pub fn spent(&self) -> Usd {
        self.cost_usd + self.review.as_ref().map_or(Usd::ZERO, |review| review.cost_usd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::{CENT, Facts, RunDriver, request, snapshot};
    use crate::run::{
        Estimate, Interval, NotFound, Outcome, Request, ReviewSpec, RunEstimate, Verdict,
    };

    fn reviewed(send_back: bool, budget: Option<Usd>) -> RunDriver {
        let mut request = request(&["draft?"]);
        request.pipeline.stages[0].review = Some(ReviewSpec { send_back, if_affordable: true });
        request.budget_usd = budget;
        RunDriver::of(request)
    }

    /// The second reader says this, for a cent.
    fn finds(driver: &mut RunDriver, says: &[&str]) {
        let Next::Review(plan) = driver.on() else { panic!("it is not read") };
        let finding = |says: &&str| Finding::at("a.js", 3, says);
        let findings = says.iter().map(finding).collect();
        let review = Review { findings, cost_usd: CENT, ..Review::default() };
        driver.emit(Happened::Reviewed { stage: plan.stage.name, attempt: plan.attempt, review });
    }

    #[test]
    fn good_work_is_read_once_before_it_is_asked_about_and_that_is_paid() {
        let mut driver = reviewed(false, None);
        driver.brings(Facts::Red).brings(Facts::Green);
        let follows = driver.events.iter().filter_map(|event| match &event.what {
            Happened::AttemptEnded { review_follows, .. } => Some(*review_follows),
            _ => None,
        });
        assert_eq!(follows.collect::<Vec<_>>(), [false, true], "it keeps its slot until then");
        let Next::Review(plan) = driver.on() else { panic!("it is not read") };
        assert_eq!((plan.attempt, plan.snapshot, plan.began), (2, snapshot(2), snapshot(0)));
        finds(&mut driver, &["it lies"]);
        assert_eq!(driver.gate().round, 1);
        assert_eq!(driver.run.spent().nanos(), 3 * CENT.nanos());
        driver.ana(Verdict::Approve);
        assert_eq!(driver.end(), (Outcome::Done, None));
    }

    #[test]
    fn where_no_money_is_left_it_is_asked_without() {
        let mut driver = reviewed(false, Some(CENT));
        driver.brings(Facts::Green).gate();
        let review = driver.run.stages[0].attempts[0].review.as_ref().expect("it is told");
        assert_eq!(review.why.as_deref(), Some("no money is left for it"));
        let mut driver = reviewed(false, Some(CENT + CENT));
        driver.brings(Facts::Green);
        let Next::Review(plan) = driver.on() else { panic!("it is not read") };
        assert_eq!((plan.allowance, plan.paid.1), (Some(CENT + CENT), CENT));
    }

    #[test]
    fn an_attempt_spends_until_it_was_read() {
        let mut driver = reviewed(false, None);
        let draft = driver.plan().stage.name;
        assert!(driver.run.spends_on(&draft, 1));
        driver.brings(Facts::Red).brings(Facts::Green);
        assert!(!driver.run.spends_on(&draft, 1) && driver.run.spends_on(&draft, 2));
        finds(&mut driver, &["it lies"]);
        assert!(!driver.run.spends_on(&draft, 2));
    }

    #[test]
    fn what_it_found_sends_the_work_back_once() {
        let mut driver = reviewed(true, None);
        driver.brings(Facts::Green);
        finds(&mut driver, &["it lies"]);
        let plan = driver.plan();
        assert_eq!((plan.attempt, plan.base), (2, Some(snapshot(1))));
        assert!(plan.feedback.is_some_and(|it| it.ends_with("- a.js:3: it lies")));
        driver.brings(Facts::Green);
        finds(&mut driver, &["it still lies"]);
        let gate = driver.gate();
        assert_eq!((gate.round, driver.run.gate.as_ref().map(|it| it.attempt)), (1, Some(2)));
        driver.ana_wants("use retries", Rework::Top);
        assert_eq!(driver.plan().base, Some(snapshot(2)));
        driver.brings(Facts::Green);
        finds(&mut driver, &["and lies"]);
        assert_eq!(driver.gate().round, 2);
    }

    #[test]
    fn it_is_read_against_all_that_people_asked_for() {
        let mut driver = reviewed(true, None);
        driver.brings(Facts::Green);
        finds(&mut driver, &[]);
        driver.ana_wants("use retries", Rework::Top).brings(Facts::Green);
        let asked_for = |driver: &mut RunDriver| {
            let Next::Review(plan) = driver.on() else { panic!("it is not read") };
            plan.remarks.into_iter().map(|it| it.words).collect::<Vec<_>>()
        };
        assert_eq!(asked_for(&mut driver), ["use retries"]);
        finds(&mut driver, &["it lies"]);
        driver.brings(Facts::Green);
        assert_eq!(asked_for(&mut driver), ["use retries"], "each once");
        finds(&mut driver, &[]);
        driver.ana_wants("and a timeout", Rework::Top).brings(Facts::Green);
        assert_eq!(asked_for(&mut driver), ["use retries", "and a timeout"]);
        finds(&mut driver, &[]);
        driver.ana_wants("in one file", Rework::Base).brings(Facts::Red).brings(Facts::Green);
        assert_eq!(asked_for(&mut driver), ["in one file"]);
    }

    #[test]
    fn where_that_makes_it_worse_the_work_from_before_is_asked_about() {
        for worse in [Facts::Red, Facts::Unfinished] {
            let mut driver = reviewed(true, None);
            driver.brings(Facts::Green);
            finds(&mut driver, &["it lies"]);
            driver.brings(worse).gate();
            assert_eq!(driver.run.gate.as_ref().map(|it| it.attempt), Some(1));
            driver.ana(Verdict::Approve);
            assert_eq!(driver.end(), (Outcome::Done, None));
            assert_eq!(driver.run.last_good(), Some(&snapshot(1)));
        }
    }

    /// What it found is sent back, where so many cents and so many of the stage's own are there.
    fn sends_back(cents: i64, of_stage: Option<i64>, change: impl FnOnce(&mut Request)) -> bool {
        let mut request = reviewed(true, Some(Usd::from_nanos(cents * CENT.nanos()))).run.request;
        let of_stage = of_stage.map(|cents| Usd::from_nanos(cents * CENT.nanos()));
        request.pipeline.stages[0].budget_usd = of_stage;
        change(&mut request);
        let mut driver = RunDriver::of(request);
        driver.brings(Facts::Green);
        finds(&mut driver, &["it lies"]);
        match driver.on() {
            Next::Attempt(plan) => plan.attempt == 2,
            Next::Ask { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_points_at_no_file_of_the_work_sends_nothing_back() {
        for (not_found, attempt) in [(NotFound::File, 1), (NotFound::Line, 2)] {
            let mut driver = reviewed(true, None);
            driver.brings(Facts::Green);
            let Next::Review(plan) = driver.on() else { panic!("it is not read") };
            let finding = Finding { not_found: Some(not_found), ..Finding::at("b.js", 0, "so") };
            let review = Review { findings: vec![finding], ..Review::default() };
            let (stage, n) = (plan.stage.name, plan.attempt);
            driver.emit(Happened::Reviewed { stage, attempt: n, review });
            driver.on();
            assert_eq!(driver.run.stages[0].attempts.len(), attempt, "{not_found:?}");
        }
    }

    #[test]
    fn where_another_attempt_cannot_be_paid_it_is_asked_with_what_was_found() {
        // The attempt and its review cost a cent each.
        assert!(sends_back(4, None, |_| {}));
        assert!(!sends_back(3, None, |_| {}));
        assert!(!sends_back(9, Some(3), |_| {}));
        assert!(sends_back(9, Some(4), |_| {}));
        let older = |request: &mut Request| {
            request.pipeline.stages[0].review =
                Some(ReviewSpec { send_back: true, if_affordable: false });
        };
        assert!(sends_back(3, None, older), "as it was when that run began");
    }

    #[test]
    fn what_similar_runs_cost_counts_where_there_are_enough() {
        let estimated = |runs| {
            move |request: &mut Request| {
                let likely = CENT + CENT + CENT;
                let cost = Interval { low: CENT, middle: likely, high: likely };
                let seconds = Interval { low: 1, middle: 1, high: 1 };
                let whole = Estimate { cost, seconds, runs, widen: 1.0 };
                let forecasts = Vec::new();
                request.estimate = Some(RunEstimate { whole, stages: vec![likely], forecasts });
            }
        };
        assert!(!sends_back(4, None, estimated(3)));
        assert!(sends_back(5, None, estimated(3)));
        assert!(sends_back(4, None, estimated(2)));
    }

    #[test]
    fn changes_that_somebody_asks_for_go_before_it() {
        let mut driver = reviewed(true, None);
        driver.brings(Facts::Green);
        finds(&mut driver, &[]);
        driver.gate();
        driver.ana_wants("use retries", Rework::Base);
        driver.brings(Facts::Green);
        finds(&mut driver, &["it lies"]);
        assert_eq!(driver.plan().base, Some(snapshot(2)), "it is sent back in a later round, too");
    }
}
