//! The price estimate: what may these tokens cost, while we wait for the true figure?
//! For progress, and as the least that a result can say of it: an agent that prints into its own CLI's output makes nothing cheaper.

use crate::run::{Tokens, Usd};

/// Nano-dollars per token: input, output, cache read, cache write.
type Price = [u64; 4];

const OPUS: Price = [5_000, 25_000, 500, 6_250];
const SONNET: Price = [3_000, 15_000, 300, 3_750];
const HAIKU: Price = [1_000, 5_000, 100, 1_250];

/// A guess by the model's family, never beyond what money can count; an unknown one is taken for the middle.
pub(super) fn estimate(model: Option<&str>, tokens: Tokens) -> Usd {
    let model = model.unwrap_or_default();
    let [input, output, read, write] = if model.contains("opus") {
        OPUS
    } else if model.contains("haiku") {
        HAIKU
    } else {
        SONNET
    };
    let cost = |tokens: u64, price| {
        Usd::from_nanos(i64::try_from(tokens.saturating_mul(price)).unwrap_or(i64::MAX))
    };
    cost(tokens.input, input)
        + cost(tokens.output, output)
        + cost(tokens.cache_read, read)
        + cost(tokens.cache_write, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_cli_on_a_known_model() {
        let tokens = Tokens { input: 1_200, output: 250, cache_read: 300, cache_write: 0 };
        assert_eq!(estimate(Some("claude-sonnet-4-5"), tokens), Usd::from_float(0.007_44));
    }
}
