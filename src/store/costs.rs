//! What runs spent: what does the ledger say of a time?

use chrono::{DateTime, Utc};

use super::{Result, Store, read, write};
use crate::run::{AttemptCost, MonthOf, Outcome, Request, RunCosts, Usd};

/// What those whom a run belongs to spent, with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpentBy {
    pub project: Usd,
    pub person: Usd,
    pub channel: Usd,
}

impl SpentBy {
    #[must_use]
    pub const fn of(self, whose: MonthOf) -> Usd {
        match whose {
            MonthOf::Project => self.project,
            MonthOf::Person => self.person,
            MonthOf::Channel => self.channel,
        }
    }
}

impl Store {
    /// What a run's project, starter and channel spent since then. Rehearsals and real runs know nothing of each other's money.
    pub async fn spent_since(&self, request: &Request, since: DateTime<Utc>) -> Result<SpentBy> {
        let row = sqlx::query!(
            r#"select
                coalesce(sum(c.cost_nanos) filter (where r.project = $2), 0)::bigint as "project!",
                coalesce(sum(c.cost_nanos) filter (where r.request->'starter' = $3), 0)::bigint as "person!",
                coalesce(sum(c.cost_nanos) filter (where r.request->'channel' = $4), 0)::bigint as "channel!"
             from model_calls c join runs r on r.run_id = c.run_id
             where c.at >= $1 and (r.request->'rehearsal')::boolean = $5"#,
            since,
            request.project.as_str(),
            write("starter", &request.starter)?,
            write("channel", &request.channel)?,
            request.rehearsal
        )
        .fetch_one(&self.pool)
        .await?;
        let usd = Usd::from_nanos;
        Ok(SpentBy {
            project: usd(row.project),
            person: usd(row.person),
            channel: usd(row.channel),
        })
    }

    /// What was spent since then, run by run. A run that only a later version can read is left out, and said to be.
    pub async fn costs_since(&self, since: DateTime<Utc>) -> Result<Vec<RunCosts>> {
        let rows = sqlx::query!(
            r#"select c.run_id, c.stage, c.attempt, c.model, sum(c.cost_nanos)::bigint as "cost!"
             from model_calls c where c.at >= $1 group by c.run_id, c.stage, c.attempt, c.model order by c.run_id, c.stage, c.attempt"#,
            since
        )
        .fetch_all(&self.pool)
        .await?;
        let ids: Vec<String> = rows.iter().map(|row| row.run_id.clone()).collect();
        let requests = sqlx::query!(
            "select r.run_id, r.request,
                (select e.body->>'outcome' from events e where e.run_id = r.run_id and e.kind = 'ended' limit 1) as outcome
             from runs r where r.run_id = any($1)",
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let mut runs = std::collections::BTreeMap::<String, RunCosts>::new();
        for row in requests {
            match read("request", row.request) {
                Ok(request) => {
                    let outcome = row.outcome.as_deref().and_then(outcome);
                    let costs = RunCosts { request, outcome, spent: Vec::new() };
                    runs.insert(row.run_id, costs);
                }
                Err(error) => tracing::warn!(run.id = %row.run_id, %error, "a run is left out"),
            }
        }
        for row in rows {
            let (Some(run), Ok(stage)) = (runs.get_mut(&row.run_id), row.stage.parse()) else {
                continue;
            };
            let attempt = u32::try_from(row.attempt).unwrap_or_default();
            let cost = Usd::from_nanos(row.cost);
            run.spent.push(AttemptCost { stage, attempt, model: row.model, cost });
        }
        Ok(runs.into_values().collect())
    }
}

fn outcome(text: &str) -> Option<Outcome> {
    serde_json::from_value(text.into()).ok()
}
