//! The first try of what has to pass: when is it due, and what follows from it?
//! Once in a stage, before its first agent is paid. Where it fails, the agent reads how; where it passes, no agent is paid before somebody says
//! so: by that check, work could not be told from none.

use chrono::{DateTime, Utc};

use crate::run::{
    AgentEnd, Attempt, AttemptFacts, FirstTry, Next, Run, Sandboxing, StageState, Trouble, Written,
};

impl Run {
    /// Lets an attempt work, as soon as it is known that what has to pass fails.
    pub(super) fn work_on(
        &self,
        stage: &StageState,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Next {
        let plan = Box::new(self.plan(stage, attempt.n));
        match (&stage.stage.until, &stage.tried) {
            // What merges begins with what others made; it was tried where the work was done.
            (Some(_), None) if plan.by_hand.is_none() && plan.merge.is_none() => {
                Next::TryFirst(plan)
            }
            (Some(until), Some((by, FirstTry { passed: true, .. }))) if *by == attempt.n => {
                let why = format!("`{until}` passes on the code as it is, so no agent was paid");
                let end = AgentEnd::Failed { trouble: Trouble::NothingToFix, why };
                let written = Written::unkept(end, self.sandboxing.unwrap_or(Sandboxing::Closed));
                Next::Emit(self.attempt_ended(&plan, AttemptFacts::Unchecked(&written), now))
            }
            _ => Next::Attempt(plan),
        }
    }
}

impl StageState {
    /// What the first attempt learns: how it fails.
    pub(super) fn shown_to_fail(&self) -> Option<String> {
        let (until, (_, tried)) = (self.stage.until.as_ref()?, self.tried.as_ref()?);
        let said = tried.feedback.as_ref().filter(|_| !tried.passed)?;
        Some(format!("`{until}` has to pass. On the code as it is it fails:\n\n{said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::{CENT, Facts, RunDriver, ana, decision, request};
    use crate::run::{Decision, GateSpec, Happened, Outcome, Retry, Usd, Verdict};

    fn fixing() -> RunDriver {
        let mut request = request(&["fix"]);
        let stage = &mut request.pipeline.stages[0];
        (stage.iterates, stage.attempts) = (true, 5);
        stage.until = Some("npm run e2e".to_owned());
        stage.recovery = Some(GateSpec::recovery());
        RunDriver::of(request)
    }

    /// It is tried, and does so.
    fn tried(driver: &mut RunDriver, passed: bool) {
        let Next::TryFirst(plan) = driver.on() else { panic!("it is not tried first") };
        let feedback = (!passed).then(|| "no answer".to_owned());
        let tried = FirstTry { passed, why: None, feedback, seconds: 1 };
        driver.emit(Happened::UntilTried { stage: plan.stage.name, attempt: plan.attempt, tried });
    }

    #[test]
    fn it_is_shown_to_fail_once_and_the_first_agent_reads_how() {
        let mut driver = fixing();
        tried(&mut driver, false);
        let plan = driver.plan();
        let read = plan.feedback.as_deref().expect("something");
        assert!(read.starts_with("`npm run e2e` has to pass") && read.ends_with("no answer"));
        driver.brings(Facts::Red);
        assert_eq!(driver.plan().feedback.as_deref(), Some("line 3 is crooked"));
        driver.brings(Facts::Green);
        assert_eq!(driver.end(), (Outcome::Done, None));
    }

    #[test]
    fn where_it_passes_already_it_is_asked_and_nothing_is_paid() {
        let mut driver = fixing();
        tried(&mut driver, true);
        let gate = Some(driver.gate());
        assert_eq!(driver.run.spent(), Usd::ZERO);
        let last = &driver.run.stages[0].attempts[0];
        assert_eq!(last.trouble, Some(Trouble::NothingToFix));
        let retry = Some(Retry::default());
        let asked = driver.hears(&Decision { retry, ..decision(Verdict::Retry, gate, ana()) });
        assert_eq!(asked, Ok(()));
        driver.brings(Facts::Green);
        assert_eq!((driver.end(), driver.run.spent()), ((Outcome::Done, None), CENT));
    }
}
