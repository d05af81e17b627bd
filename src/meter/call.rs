//! A call: how is one kept in the ledger, from before it is made until its answer is over?
//! Whatever becomes of it, it counts once: as its provider counted, or as far as it was told and estimated beyond.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::account::{Account, Forecast, Held, Spent};
use super::limit::ProviderLimit;
use super::price::PriceList;
use super::request::ModelRequest;
use super::tap::Tap;
use super::usage::CallUsage;
use crate::run::Usd;
use crate::store::{AttemptKey, CallFigures, CallId, CallState, Spend, Store, TokenCounts};

/// Bytes of a request for one token of input, where nothing better is known.
const BYTES_A_TOKEN: usize = 4;
/// Between two updates of a row whose answer goes on.
const TELL_INTERVAL: Duration = Duration::from_secs(1);
/// Stands for the status of an answer that never came.
const UNANSWERED: u16 = 0;
/// No such key, nobody pays for it, or it may not do that.
const NOT_LET_IN: RangeInclusive<u16> = 401..=403;
/// How often a row is written again where the database is away.
const CLOSE_TRIES: u32 = 20;

/// Who counts: the ledger, the prices, and one attempt's account.
#[derive(Debug)]
pub(super) struct Teller {
    pub of: AttemptKey,
    pub account: Account,
    pub prices: PriceList,
    pub ledger: Store,
    /// What the provider said last.
    pub limit: ProviderLimit,
    /// Whether it refused our key when it was asked last.
    pub not_let_in: AtomicBool,
    /// What is still being written.
    pub writing: TaskTracker,
}

/// Why a call is not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpened {
    #[error(transparent)]
    Spent(#[from] Spent),
    #[error("the model's provider takes nothing more for {} s", .0.as_secs())]
    Limited(Duration),
    #[error("the ledger cannot be written, and nothing is asked that is not in it: {0}")]
    Ledger(#[from] crate::store::StoreError),
}

/// A call that is in the ledger.
#[derive(Debug)]
pub(super) struct OpenCall {
    teller: Arc<Teller>,
    id: CallId,
    held: Held,
    asked: CallUsage,
    model: String,
    told: Instant,
    over: bool,
}

impl Teller {
    /// Puts a call in the ledger, and bounds what may come of it.
    pub async fn open(self: &Arc<Self>, request: &mut ModelRequest) -> Result<OpenCall, NotOpened> {
        if let Some(left) = self.limit.left() {
            return Err(NotOpened::Limited(left));
        }
        let input =
            TokenCounts { input: (request.size / BYTES_A_TOKEN) as u64, ..TokenCounts::default() };
        let asked = request.estimate(input);
        let forecast = forecast(&self.prices, request, input.input);
        let (held, affordable) = self.account.admit(forecast)?;
        request.lower_output(affordable);
        let (figures, unknown) = self.figures(CallState::Open, (&request.model, None), &asked);
        if unknown {
            self.warn_of_unknown(&request.model);
        }
        let opened = self.ledger.open_call(&self.of, &figures).await;
        let id = opened.inspect_err(|_| self.account.settle(&held, Spend::default()))?;
        let (teller, model) = (Arc::clone(self), request.model.clone());
        Ok(OpenCall { teller, id, held, asked, model, told: Instant::now(), over: false })
    }

    /// What the ledger says of this usage, of the model that was asked for and the one that answered; whether nobody knows its price.
    fn figures(
        &self,
        state: CallState,
        (asked, answered): (&str, Option<&str>),
        usage: &CallUsage,
    ) -> (CallFigures, bool) {
        // The model that answered is the one that is paid.
        let model = answered.unwrap_or(asked);
        let priced = self.prices.price_of_answer((asked, model), usage);
        let (model, counts) = (model.to_owned(), usage.counts());
        let (price, cost) = (priced.by, priced.cost);
        (CallFigures { state, model, price, status: UNANSWERED, counts, cost }, priced.unknown)
    }

    fn warn_of_unknown(&self, model: &str) {
        tracing::warn!(run.id = %self.of.run, "nobody knows the price of the model {model}: the worst one is counted; [prices.\"{model}\"] in signoff.toml says it");
    }
}

impl OpenCall {
    /// More of the answer passed.
    pub fn tell(&mut self, tap: &Tap, news: bool) {
        if !news && self.told.elapsed() < TELL_INTERVAL {
            return;
        }
        self.told = Instant::now();
        let (figures, _) = self.figures(tap, CallState::Open);
        self.teller.account.tell(&self.held, spend(&figures));
        let (ledger, id) = (self.teller.ledger.clone(), self.id);
        self.teller.writing.spawn(async move {
            // The next one tells it, or the end.
            let _ = ledger.tell_call(id, &figures).await;
        });
    }

    /// The provider refused it, which costs nothing.
    pub fn refused(mut self, status: u16) {
        let nothing = CallUsage::estimated(self.asked.dialect(), TokenCounts::default());
        let (figures, _) = self.teller.figures(CallState::Closed, (&self.model, None), &nothing);
        self.close(CallFigures { status, ..figures });
    }

    /// It never reached its provider, so nothing can have come of it.
    pub fn unsent(self) {
        self.refused(UNANSWERED);
    }

    /// The answer is over, whole or not.
    pub fn end(&mut self, tap: &Tap) {
        if self.over {
            return;
        }
        let state = if tap.is_complete() { CallState::Closed } else { CallState::Cut };
        let (figures, unknown) = self.figures(tap, state);
        if unknown && figures.model != self.model {
            self.teller.warn_of_unknown(&figures.model);
        }
        self.close(CallFigures { status: 200, ..figures });
    }

    fn figures(&self, tap: &Tap, state: CallState) -> (CallFigures, bool) {
        let usage = tap.usage();
        let usage = usage
            .unwrap_or_else(|| self.asked.clone().with_output_of_at_least(tap.output_so_far()));
        self.teller.figures(state, (&self.model, tap.model.as_deref()), &usage)
    }

    fn close(&mut self, figures: CallFigures) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.teller.account.settle(&self.held, spend(&figures));
        if figures.status != UNANSWERED {
            let refused = NOT_LET_IN.contains(&figures.status);
            self.teller.not_let_in.store(refused, Ordering::Relaxed);
        }
        let (ledger, id) = (self.teller.ledger.clone(), self.id);
        self.teller.writing.spawn(async move { close_row(&ledger, id, &figures).await });
    }
}

/// No answer came, and nobody knows what became of it at the provider: it counts as what was put in.
impl Drop for OpenCall {
    fn drop(&mut self) {
        if !self.over {
            let (figures, _) =
                self.teller.figures(CallState::Cut, (&self.model, None), &self.asked);
            self.close(figures);
        }
    }
}

/// What is put in is mostly what was put in before, and read from the provider's cache for a tenth: that is what is forecast, and the
/// whole price is what a call can cost beyond.
fn forecast(prices: &PriceList, request: &ModelRequest, put_in: u64) -> Forecast {
    let cost = |counts| prices.price(&request.model, &request.estimate(counts)).cost;
    let asked = TokenCounts { cache_read: put_in, ..TokenCounts::default() };
    let input = cost(asked);
    // With the input: what is put out after a long one costs more.
    let thousand = cost(TokenCounts { output: 1_000, ..asked }).minus(input);
    let output_price = Usd::from_nanos(thousand.nanos() / 1_000);
    let (most_output, least_output) = (request.most_output, request.least_output());
    Forecast { input, most_output, least_output, output_price }
}

async fn close_row(ledger: &Store, id: CallId, figures: &CallFigures) {
    for _ in 0..CLOSE_TRIES {
        match ledger.tell_call(id, figures).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "a model call is not closed in the ledger yet"),
        }
        sleep(TELL_INTERVAL).await;
    }
}

fn spend(figures: &CallFigures) -> Spend {
    Spend { tokens: figures.counts.into(), cost: figures.cost }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Prices;
    use crate::meter::Dialect;

    #[test]
    fn what_is_put_out_is_forecast_at_what_it_will_cost() {
        let output_price = |more: Value, put_in| {
            let mut body = json!({"model": "claude-haiku-5-5", "max_tokens": 9});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let request = ModelRequest::read(Dialect::Messages, body.to_string().into()).unwrap();
            forecast(&PriceList::new(Prices::default()), &request, put_in).output_price.nanos()
        };
        let usual = output_price(json!({}), 1_000);
        assert!(usual > 0);
        assert_eq!(output_price(json!({}), 200_000), 5 * usual, "a long context has another price");
        assert_eq!(output_price(json!({"speed": "fast"}), 1_000), 6 * usual);
    }
}
