//! The ledger of model calls: what was spent, call by call?
//! A row is there before its call is made. What a run spent is the sum of its rows, whoever died in between.

use super::{Result, Store};
use crate::run::{RunId, StageName, Tokens, Usd};

/// Whose calls they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    pub run: RunId,
    pub stage: StageName,
    /// From 1.
    pub attempt: u32,
}

/// Which row; none can be had but by opening one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId(i64);

/// How a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// It is under way, or whoever made it died: what is known, plus an estimate.
    Open,
    /// As its provider counted it.
    Closed,
    /// Its answer broke off: what is known, plus an estimate.
    Cut,
}

impl CallState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Cut => "cut",
        }
    }
}

/// What a row says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFigures {
    pub state: CallState,
    pub model: String,
    /// Which table priced it.
    pub price: String,
    /// HTTP's; 0 = no answer yet.
    pub status: u16,
    pub counts: TokenCounts,
    pub cost: Usd,
}

/// Tokens by kind, none counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Read from no cache and written to none.
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    /// Kept for five minutes.
    pub cache_write: u64,
    /// Kept for an hour.
    pub cache_write_1h: u64,
    pub web_searches: u64,
}

impl From<TokenCounts> for Tokens {
    fn from(counts: TokenCounts) -> Self {
        Self {
            input: counts.input,
            output: counts.output,
            cache_read: counts.cache_read,
            cache_write: counts.cache_write.saturating_add(counts.cache_write_1h),
        }
    }
}

/// What calls used together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    pub tokens: Tokens,
    pub cost: Usd,
}

impl std::ops::AddAssign for Spend {
    fn add_assign(&mut self, other: Self) {
        self.tokens += other.tokens;
        self.cost += other.cost;
    }
}

impl Store {
    /// A call is about to be made.
    pub async fn open_call(&self, of: &AttemptKey, figures: &CallFigures) -> Result<CallId> {
        let f = Columns::of(figures.counts);
        let row = sqlx::query!(
            "insert into model_calls (run_id, stage, attempt, model, price, input, output, cache_read, cache_write, cache_write_1h, cost_nanos)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
            of.run.as_str(),
            of.stage.as_str(),
            attempt(of),
            figures.model,
            figures.price,
            f.input,
            f.output,
            f.cache_read,
            f.cache_write,
            f.cache_write_1h,
            figures.cost.nanos()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(CallId(row.id))
    }

    /// More is known of a call. What is closed stays as it is.
    pub async fn tell_call(&self, call: CallId, figures: &CallFigures) -> Result<()> {
        let f = Columns::of(figures.counts);
        sqlx::query!(
            "update model_calls set state = $2, model = $3, price = $4, status = $5, input = $6, output = $7, cache_read = $8,
                cache_write = $9, cache_write_1h = $10, web_searches = $11, cost_nanos = $12,
                closed_at = case when $2 = 'open' then null else now() end
             where id = $1 and state = 'open'",
            call.0,
            figures.state.as_str(),
            figures.model,
            figures.price,
            i16::try_from(figures.status).unwrap_or_default(),
            f.input,
            f.output,
            f.cache_read,
            f.cache_write,
            f.cache_write_1h,
            f.web_searches,
            figures.cost.nanos()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What an agent says by itself that an attempt used, all in all: what was not counted call by call is added, never less than before.
    pub async fn tell_spend(&self, of: &AttemptKey, spend: Spend) -> Result<()> {
        let Tokens { input, output, cache_read, cache_write } = spend.tokens;
        sqlx::query!(
            "insert into model_calls (run_id, stage, attempt, state, price, input, output, cache_read, cache_write, cost_nanos, closed_at)
             select $1, $2, $3::integer, 'closed', 'as the agent says', greatest(0, $4::bigint - coalesce(sum(input), 0)),
                greatest(0, $5::bigint - coalesce(sum(output), 0)), greatest(0, $6::bigint - coalesce(sum(cache_read), 0)),
                greatest(0, $7::bigint - coalesce(sum(cache_write + cache_write_1h), 0)), greatest(0, $8::bigint - coalesce(sum(cost_nanos), 0)), now()
             from model_calls where run_id = $1 and stage = $2 and attempt = $3 and model is not null
             having $8::bigint > coalesce(sum(cost_nanos), 0) or $4::bigint > coalesce(sum(input), 0) or $5::bigint > coalesce(sum(output), 0)
             on conflict (run_id, stage, attempt) where model is null do update set
                input = greatest(model_calls.input, excluded.input), output = greatest(model_calls.output, excluded.output),
                cache_read = greatest(model_calls.cache_read, excluded.cache_read),
                cache_write = greatest(model_calls.cache_write, excluded.cache_write),
                cost_nanos = greatest(model_calls.cost_nanos, excluded.cost_nanos), closed_at = now()",
            of.run.as_str(),
            of.stage.as_str(),
            attempt(of),
            big(input),
            big(output),
            big(cache_read),
            big(cache_write),
            spend.cost.nanos()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What an attempt spent by now, over all workers that had it.
    pub async fn spend_of(&self, of: &AttemptKey) -> Result<Spend> {
        let row = sqlx::query!(
            r#"select coalesce(sum(input), 0)::bigint as "input!", coalesce(sum(output), 0)::bigint as "output!",
                coalesce(sum(cache_read), 0)::bigint as "cache_read!",
                coalesce(sum(cache_write + cache_write_1h), 0)::bigint as "cache_write!",
                coalesce(sum(cost_nanos), 0)::bigint as "cost!"
             from model_calls where run_id = $1 and stage = $2 and attempt = $3"#,
            of.run.as_str(),
            of.stage.as_str(),
            attempt(of)
        )
        .fetch_one(&self.pool)
        .await?;
        let tokens = Tokens {
            input: row.input.unsigned_abs(),
            output: row.output.unsigned_abs(),
            cache_read: row.cache_read.unsigned_abs(),
            cache_write: row.cache_write.unsigned_abs(),
        };
        Ok(Spend { tokens, cost: Usd::from_nanos(row.cost) })
    }
}

/// Counts as Postgres has them.
struct Columns {
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    cache_write_1h: i64,
    web_searches: i64,
}

impl Columns {
    fn of(counts: TokenCounts) -> Self {
        Self {
            input: big(counts.input),
            output: big(counts.output),
            cache_read: big(counts.cache_read),
            cache_write: big(counts.cache_write),
            cache_write_1h: big(counts.cache_write_1h),
            web_searches: big(counts.web_searches),
        }
    }
}

/// No count of a call comes near; a sum of such rows has to fit as well.
fn big(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX).min(i64::MAX / 1_000_000)
}

/// The number of an attempt as a column has it.
pub(super) fn attempt(of: &AttemptKey) -> i32 {
    i32::try_from(of.attempt).unwrap_or(i32::MAX)
}
