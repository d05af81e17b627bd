//! Usage: which tokens did one call use?
//! As its provider counted them in the answer; where an answer was cut, as far as it was told, and estimated beyond.

use genai_prices::{Calculator, ExtractRequest, Usage, UsageKey};
use serde_json::Value;

use super::dialect::Dialect;
use crate::store::TokenCounts;

/// What one call used.
#[derive(Clone, Debug, PartialEq)]
pub struct CallUsage {
    dialect: Dialect,
    usage: Usage,
    in_one_region: bool,
    is_fast: bool,
    service_tier: Option<String>,
}

impl CallUsage {
    /// What a whole answer says; none where it says nothing that can be counted.
    #[must_use]
    pub fn of(dialect: Dialect, answer: &Value) -> Option<Self> {
        let request = ExtractRequest::from_value(answer)
            .with_provider_id(dialect.provider())
            .with_api_flavor(dialect.flavor());
        let usage = Calculator::bundled().extract_provider_usage(&request).ok()?.usage;
        let told = &answer["usage"];
        let tier = answer["service_tier"].as_str().or_else(|| told["service_tier"].as_str());
        Some(Self {
            dialect,
            usage,
            in_one_region: is_one_region(&told["inference_geo"]),
            is_fast: is_fast(&told["speed"]),
            service_tier: tier.map(str::to_owned),
        })
    }

    /// So many tokens, as an estimate.
    #[must_use]
    pub fn estimated(dialect: Dialect, counts: TokenCounts) -> Self {
        let mut usage = Usage::new();
        let all = counts.input + counts.cache_read + counts.cache_write + counts.cache_write_1h;
        for (key, n) in [
            (UsageKey::INPUT_TOKENS, all),
            (UsageKey::OUTPUT_TOKENS, counts.output),
            (UsageKey::CACHE_READ_TOKENS, counts.cache_read),
            (UsageKey::CACHE_WRITE_TOKENS, counts.cache_write + counts.cache_write_1h),
            (UsageKey::CACHE_WRITE_1H_TOKENS, counts.cache_write_1h),
        ] {
            usage.insert(key, float(n));
        }
        Self { dialect, usage, in_one_region: false, is_fast: false, service_tier: None }
    }

    /// The same, where a request says where and how fast it is to be answered.
    #[must_use]
    pub(super) fn asked_in(self, geo: &Value, speed: &Value) -> Self {
        Self { in_one_region: is_one_region(geo), is_fast: is_fast(speed), ..self }
    }

    /// The same, with at least so many tokens of output: those that were seen when it was cut.
    #[must_use]
    pub fn with_output_of_at_least(mut self, output: u64) -> Self {
        let told = self.usage.get(UsageKey::OUTPUT_TOKENS).unwrap_or_default();
        self.usage.insert(UsageKey::OUTPUT_TOKENS, told.max(float(output)));
        self
    }

    #[must_use]
    pub fn counts(&self) -> TokenCounts {
        let n = |key: UsageKey| count(self.usage.get(key));
        let (written, for_an_hour) =
            (n(UsageKey::CACHE_WRITE_TOKENS), n(UsageKey::CACHE_WRITE_1H_TOKENS));
        let cached = n(UsageKey::CACHE_READ_TOKENS).saturating_add(written);
        TokenCounts {
            input: n(UsageKey::INPUT_TOKENS).saturating_sub(cached),
            output: n(UsageKey::OUTPUT_TOKENS),
            cache_read: n(UsageKey::CACHE_READ_TOKENS),
            cache_write: written.saturating_sub(for_an_hour),
            cache_write_1h: for_an_hour,
            web_searches: n(UsageKey::WEB_SEARCHES),
        }
    }

    /// In the provider's own units, for the price table.
    pub(super) const fn tokens(&self) -> &Usage {
        &self.usage
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn service_tier(&self) -> Option<&str> {
        self.service_tier.as_deref()
    }

    pub(super) const fn in_one_region(&self) -> bool {
        self.in_one_region
    }

    pub(super) const fn is_fast(&self) -> bool {
        self.is_fast
    }
}

fn is_one_region(geo: &Value) -> bool {
    geo.as_str().is_some_and(|geo| !matches!(geo, "global" | "not_available" | ""))
}

fn is_fast(speed: &Value) -> bool {
    speed == "fast"
}

#[expect(clippy::cast_precision_loss, reason = "tokens of one call are far from 2^53")]
const fn float(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number that there is: what is negative, none"
)]
fn count(n: Option<f64>) -> u64 {
    n.unwrap_or_default() as u64
}
