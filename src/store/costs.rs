//! What runs spent: what does the ledger say of a time?

use chrono::{DateTime, Utc};

use super::{Result, Store, read};
use crate::run::{AttemptCost, Outcome, RunCosts, Usd};

impl Store {
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
