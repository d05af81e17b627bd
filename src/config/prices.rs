//! Prices: what do models cost that nobody else knows the price of, or that cost less here?
//! `[prices."<model>"]` in signoff.toml, in dollars a million tokens; `[prices.unknown]` is counted for a model that no table knows.

use std::collections::BTreeMap;

use crate::run::{Fields, Usd};

/// Dollars a million tokens, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    pub input: Usd,
    pub output: Usd,
    pub cache_read: Usd,
    pub cache_write: Usd,
    pub cache_write_1h: Usd,
}

/// The operator's own prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    by_model: BTreeMap<String, ModelPrice>,
    unknown: ModelPrice,
}

/// What no model cost so far.
const WORST: ModelPrice = ModelPrice {
    input: dollars(30),
    output: dollars(150),
    cache_read: dollars(30),
    cache_write: dollars(60),
    cache_write_1h: dollars(60),
};
const UNKNOWN: &str = "unknown";

const fn dollars(n: i64) -> Usd {
    Usd::from_nanos(n * 1_000_000_000)
}

impl Default for Prices {
    fn default() -> Self {
        Self { by_model: BTreeMap::new(), unknown: WORST }
    }
}

impl Prices {
    /// What the operator says that this model costs.
    #[must_use]
    pub fn of(&self, model: &str) -> Option<&ModelPrice> {
        self.by_model.get(model)
    }

    /// What is counted for a model whose price nobody knows.
    #[must_use]
    pub const fn unknown(&self) -> &ModelPrice {
        &self.unknown
    }

    /// The same, where a million tokens of this model cost that, whatever they are.
    #[cfg(test)]
    pub(crate) fn with(mut self, model: &str, price: Usd) -> Self {
        let (input, output, cache_read) = (price, price, price);
        let (cache_write, cache_write_1h) = (price, price);
        let price = ModelPrice { input, output, cache_read, cache_write, cache_write_1h };
        self.by_model.insert(model.to_owned(), price);
        self
    }

    /// Reads `[prices]`.
    pub(super) fn read(root: &Fields<'_, '_>) -> Self {
        let named =
            root.named("prices", |name, fields| Some((name.get_ref().clone(), price(fields)?)));
        let mut by_model: BTreeMap<String, ModelPrice> = named.into_iter().collect();
        let unknown = by_model.remove(UNKNOWN).unwrap_or(WORST);
        Self { by_model, unknown }
    }
}

fn price(fields: &Fields<'_, '_>) -> Option<ModelPrice> {
    const REMEDY: &str = "Write dollars a million tokens, like input = 3, output = 15";
    fields.required("input", REMEDY);
    fields.required("output", REMEDY);
    let amount = |key| fields.parse(&fields.number(key)?, "amount", REMEDY);
    let (input, output): (Option<Usd>, Option<Usd>) = (amount("input"), amount("output"));
    let (read, write, for_an_hour) =
        (amount("cache_read"), amount("cache_write"), amount("cache_write_1h"));
    let input = input?;
    // What is not said is not taken for cheap.
    let write = write.unwrap_or(input + input);
    Some(ModelPrice {
        input,
        output: output?,
        cache_read: read.unwrap_or(input),
        cache_write: write,
        cache_write_1h: for_an_hour.unwrap_or_else(|| write.max(input + input)),
    })
}
