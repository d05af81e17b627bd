//! The metering of an attempt: how does what it spends come into the ledger?
//! Calls of a model pass our meter, which counts them; what an agent says of itself is written down as that.

use std::io;

use anyhow::Context;
use chrono::{DateTime, Datelike, NaiveTime, Utc};
use temporalio_sdk::activities::ActivityError;
use tokio::time::timeout;

use super::WriteInput;
use super::bench::Bench;
use super::failure::AttemptId;
use super::handover::Handover;
use super::heartbeat::clock;
use super::write_attempt::WriteAttempt;
use crate::engine::retry_policy::PROGRESS_TIMEOUT;
use crate::meter::{MeterDoor, MeterTerms};
use crate::run::{MonthSpent, RunId, Usd};
use crate::store::{self, AttemptKey, Spend};

impl Bench {
    /// What is known of an attempt, with what the ledger says that it spent: nobody who dies forgets to write there.
    pub(super) async fn with_ledger(
        &self,
        of: AttemptId<'_>,
        known: Handover,
    ) -> Result<Handover, ActivityError> {
        let spend = self.store.spend_of(&of.into()).await.context("reading the ledger")?;
        if spend.cost < known.cost_usd {
            return Ok(known);
        }
        Ok(Handover { tokens: spend.tokens, cost_usd: spend.cost, ..known })
    }

    /// A way to the model. `allowance` is what the attempt may spend in all.
    pub(super) fn open_meter(
        &self,
        of: AttemptId<'_>,
        before: &Handover,
        allowance: Option<Usd>,
    ) -> io::Result<MeterDoor> {
        let server = self.projects.current();
        let (prices, waits) = (server.prices.clone(), server.model_waits);
        self.meter.open(of.into(), spend(before), MeterTerms { allowance, prices, waits })
    }

    /// A budget of this month that is spent by now, if the run is under any.
    pub(super) async fn spent_month(
        &self,
        run: &RunId,
    ) -> Result<Option<MonthSpent>, ActivityError> {
        let run = self.store.run(run).await.context("reading the run")?;
        let Some(request) = run.map(|run| run.request) else { return Ok(None) };
        let server = self.projects.current();
        let budgets: Vec<_> = server.budgets.of(&request).collect();
        if budgets.is_empty() {
            return Ok(None);
        }
        let spent = self.store.spent_since(&request, month_of(clock())).await;
        let spent = spent.context("reading what was spent this month")?;
        let all =
            budgets.into_iter().map(|(of, budget)| MonthSpent { of, spent: spent.of(of), budget });
        Ok(all.into_iter().find(|month| month.spent >= month.budget))
    }

    /// Writes down what an agent says that its attempt used, as far as it did not pass our meter.
    pub(super) async fn tell_ledger(
        &self,
        input: &WriteInput,
        known: &Handover,
    ) -> Result<(), ActivityError> {
        let of = AttemptId::from(input).into();
        Ok(self.store.tell_spend(&of, spend(known)).await.context("writing the ledger")?)
    }
}

/// What people add to a budget while an attempt spends it.
pub(super) struct Raises<'a> {
    attempt: &'a WriteAttempt<'a>,
    /// The newest event that was looked at.
    seen: Option<i64>,
}

impl<'a> Raises<'a> {
    pub const fn of(attempt: &'a WriteAttempt<'a>) -> Self {
        Self { attempt, seen: None }
    }

    /// Lets the attempt spend what was added. A database that is away must not end an agent: it is asked again with the next heartbeat.
    pub async fn take(&mut self, door: &MeterDoor) {
        let looked = timeout(PROGRESS_TIMEOUT, self.look(door)).await;
        if !matches!(looked, Ok(Ok(()))) {
            tracing::debug!(run.id = %self.attempt.input.run, "raises were not looked for");
        }
    }

    async fn look(&mut self, door: &MeterDoor) -> store::Result<()> {
        let WriteAttempt { bench: Bench { store, .. }, input, .. } = self.attempt;
        let newest = store.newest_event(&input.run).await?;
        if newest == self.seen {
            return Ok(());
        }
        let (stage, attempt) = (&input.stage.name, input.attempt);
        let run = store.run(&input.run).await?;
        // Once it is told there that the attempt works, or is read, all that was spent before is there, too.
        if let Some(run) = run.filter(|run| run.spends_on(stage, attempt)) {
            door.allow(run.allowance(stage, attempt));
        }
        self.seen = newest;
        Ok(())
    }
}

/// Its first moment.
fn month_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let first = at.date_naive().with_day(1).unwrap_or(at.date_naive());
    first.and_time(NaiveTime::MIN).and_utc()
}

const fn spend(known: &Handover) -> Spend {
    Spend { tokens: known.tokens, cost: known.cost_usd }
}

impl From<AttemptId<'_>> for AttemptKey {
    fn from(of: AttemptId<'_>) -> Self {
        Self { run: of.run.clone(), stage: of.stage.clone(), attempt: of.attempt }
    }
}
