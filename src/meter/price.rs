//! Prices: what do these tokens cost?
//! By the table that came with this program, unless the operator says otherwise; of a model that nobody knows, by the worst price that is
//! configured, and said. Never nothing, and never another model's.

use std::sync::LazyLock;

use genai_prices::{Calculator, PriceRequest};
use regex::Regex;

use super::usage::CallUsage;
use crate::config::{ModelPrice, Prices};
use crate::run::Usd;

/// The version of the table, which is this crate's.
const TABLE: &str = "genai-prices 0.2.1";
/// Anthropic's premium for inference in one region only, in tenths, and what its fast mode costs more; the usage names both.
/// <https://platform.claude.com/docs/en/about-claude/pricing>
const ONE_REGION_TENTHS: i64 = 11;
const FAST: i64 = 6;

/// What a call costs, and by which price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub cost: Usd,
    /// Which table, for the ledger.
    pub by: String,
    /// Nobody knows this model's price: the worst one is counted.
    pub unknown: bool,
}

/// Prices for models, and the operator's own.
#[derive(Clone, Debug)]
pub struct PriceList {
    table: &'static Calculator,
    own: Prices,
}

impl PriceList {
    /// Reading the table takes some tens of milliseconds, once.
    #[must_use]
    pub fn new(own: Prices) -> Self {
        Self { table: Calculator::bundled(), own }
    }

    /// What this usage of this model costs.
    #[must_use]
    pub fn price(&self, model: &str, usage: &CallUsage) -> Priced {
        if let Some(own) = self.own(model) {
            return Self::by(own, usage, "signoff.toml", false);
        }
        let standard = self.standard(model, usage);
        standard.unwrap_or_else(|| Self::by(self.own.unknown(), usage, "unknown model", true))
    }

    /// What an answer costs that names its model otherwise than who asked did: what the operator says of either counts before any table.
    pub(super) fn price_of_answer(
        &self,
        (asked, answered): (&str, &str),
        usage: &CallUsage,
    ) -> Priced {
        let is_own = self.own(answered).is_none() && self.own(asked).is_some();
        self.price(if is_own { asked } else { answered }, usage)
    }

    /// Providers answer with the name of the day a model was made; who writes down a price need not know it.
    fn own(&self, model: &str) -> Option<&ModelPrice> {
        self.own.of(model).or_else(|| self.own.of(&plain_name(model)))
    }

    fn standard(&self, model: &str, usage: &CallUsage) -> Option<Priced> {
        let tokens = usage.tokens();
        let plain = plain_name(model);
        let mut request =
            PriceRequest::new(&plain, tokens).with_provider_id(usage.dialect().provider());
        if let Some(tier) = usage.service_tier() {
            request = request.with_price_context("service_tier", tier);
        }
        let priced = self.table.calculate(&request).ok()?;
        // The table's own rules take any name that begins like one it knows.
        let is_it = priced.model_id == plain || priced.model_id == format!("{plain}-0");
        let cost = || surcharged(Usd::from_float(priced.total_price), usage);
        is_it.then(|| Priced { cost: cost(), by: TABLE.to_owned(), unknown: false })
    }

    fn by(price: &ModelPrice, usage: &CallUsage, by: &str, unknown: bool) -> Priced {
        Priced { cost: surcharged(own_price(price, usage), usage), by: by.to_owned(), unknown }
    }
}

/// To the nearest nano-dollar.
fn own_price(price: &ModelPrice, usage: &CallUsage) -> Usd {
    const MILLION: i128 = 1_000_000;
    let counts = usage.counts();
    let tokens = [
        (counts.input, price.input),
        (counts.output, price.output),
        (counts.cache_read, price.cache_read),
        (counts.cache_write, price.cache_write),
        (counts.cache_write_1h, price.cache_write_1h),
    ];
    let cost = |(n, dollars): (u64, Usd)| i128::from(n) * i128::from(dollars.nanos());
    let millionths: i128 = tokens.into_iter().map(cost).sum();
    Usd::from_nanos(i64::try_from((millionths + MILLION / 2) / MILLION).unwrap_or(i64::MAX))
}

fn surcharged(cost: Usd, usage: &CallUsage) -> Usd {
    let times = if usage.is_fast() { FAST } else { 1 };
    let tenths = if usage.in_one_region() { ONE_REGION_TENTHS } else { 10 };
    let in_tenths = i128::from(cost.nanos()) * i128::from(times * tenths);
    Usd::from_nanos(i64::try_from((in_tenths + 5) / 10).unwrap_or(i64::MAX))
}

/// A model's name without the day it was made and without its alias for the newest.
fn plain_name(model: &str) -> String {
    static DATED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"([-@]\d{8}|-\d{4}-\d{2}-\d{2}|-latest)?(\[1m\])?$").expect("it is a pattern")
    });
    DATED.replace(&model.to_lowercase(), "").into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::meter::dialect::Dialect;
    use crate::store::TokenCounts;

    fn price(model: &str, usage: &serde_json::Value) -> Priced {
        let answer = json!({"model": model, "usage": usage});
        PriceList::new(Prices::default())
            .price(model, &CallUsage::of(Dialect::Messages, &answer).unwrap())
    }

    fn nanos(model: &str, usage: &serde_json::Value) -> i64 {
        price(model, usage).cost.nanos()
    }

    #[test]
    fn every_kind_of_token_has_its_price() {
        let usage = |more: serde_json::Value| {
            let mut usage = json!({"input_tokens": 1200, "output_tokens": 250});
            usage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            usage
        };
        let plain = 1200 * 3_000 + 250 * 15_000;
        let sonnet = |more| nanos("claude-sonnet-4-5-20250929", &usage(more));
        assert_eq!(sonnet(json!({})), plain);
        assert_eq!(sonnet(json!({"cache_read_input_tokens": 300})), plain + 300 * 300);
        assert_eq!(sonnet(json!({"cache_creation_input_tokens": 40})), plain + 40 * 3_750);
        let hour = json!({"cache_creation_input_tokens": 40, "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 30}});
        assert_eq!(sonnet(hour), plain + 10 * 3_750 + 30 * 6_000);
        assert_eq!(
            sonnet(json!({"server_tool_use": {"web_search_requests": 2}})),
            plain + 20_000_000
        );
    }

    #[test]
    fn a_region_and_a_speed_cost_more() {
        let usage = json!({"input_tokens": 1000, "output_tokens": 0, "inference_geo": "us"});
        assert_eq!(nanos("claude-opus-4-5", &usage), 5_500_000);
        let usage = json!({"input_tokens": 1000, "output_tokens": 0, "speed": "fast", "inference_geo": "global"});
        assert_eq!(nanos("claude-opus-4-5", &usage), 30_000_000);
    }

    #[test]
    fn an_unknown_model_costs_the_worst_and_no_other_models_price() {
        let usage = json!({"input_tokens": 1_000_000, "output_tokens": 1_000_000});
        for model in ["claude-sonnet-4-5-turbo", "gpt-99", "sonnet", ""] {
            let priced = price(model, &usage);
            assert!(
                priced.unknown && priced.cost == Usd::from_nanos(180_000_000_000),
                "{model}: {priced:?}"
            );
        }
        for model in [
            "claude-haiku-4-5",
            "claude-haiku-4-5-20251001",
            "Claude-Haiku-4-5",
            "claude-haiku-4-5@20251001",
        ] {
            assert_eq!(price(model, &usage).cost, Usd::from_nanos(6_000_000_000), "{model}");
        }
    }

    #[test]
    fn the_operators_own_price_holds_whatever_the_answer_calls_the_model() {
        let dollars = |n: i64| Usd::from_nanos(n * 1_000_000_000);
        let own = Prices::default().with("claude-sonnet-4-5", dollars(2)).with("ours", dollars(3));
        let prices = PriceList::new(own);
        let million = TokenCounts { input: 1_000_000, ..TokenCounts::default() };
        let usage = CallUsage::estimated(Dialect::Messages, million);
        let cost = |asked: &str, answered: &str| {
            prices.price_of_answer((asked, answered), &usage).cost.to_string()
        };
        assert_eq!(cost("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"), "$2.00");
        assert_eq!(cost("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929"), "$2.00");
        assert_eq!(cost("ours", "claude-of-tomorrow-20270101"), "$3.00");
        assert_eq!(cost("claude-haiku-4-5", "claude-haiku-4-5-20251001"), "$1.00", "the table's");
    }

    #[test]
    fn long_contexts_have_tiers() {
        let usage = |n: u64| json!({"input_tokens": n, "output_tokens": 0});
        assert_eq!(nanos("claude-sonnet-5", &usage(500_000)), 500_000 * 2_000);
        assert_eq!(nanos("claude-haiku-5-5", &usage(1_000)), 1_000 * 100);
        assert_eq!(nanos("claude-haiku-5-5", &usage(200_000)), 200_000 * 500);
    }
}
