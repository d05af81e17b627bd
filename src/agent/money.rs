//! Money and tokens: what does an agent say that it used?
//! Figures come as numbers or as texts; what is negative, no number or beyond everything is none, and what was told once is never taken back.

use serde_json::Value;

use crate::run::{Tokens, Usd};

/// More tokens than any run of anybody uses: a figure beyond it is a mistake or a joke.
const MOST_TOKENS: u64 = 1_000_000_000_000;
/// The same in dollars.
const MOST_DOLLARS: f64 = 1_000_000.0;

/// Dollars: `"0.0421"`, `0.0421`, `"$0.04"`.
pub(super) fn read_cost(value: &Value) -> Option<Usd> {
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Number(number) => return dollars(number.as_f64()?),
        _ => return None,
    };
    let plain = text.trim_start_matches('$').trim_end_matches("USD").trim();
    // Floats that were printed have more places than an amount.
    plain.parse().ok().or_else(|| dollars(plain.parse().ok()?))
}

fn dollars(float: f64) -> Option<Usd> {
    (0.0..MOST_DOLLARS).contains(&float).then(|| Usd::from_float(float))
}

/// A count of tokens: `7`, `7.0`, `"7"`.
pub(super) fn read_count(value: &Value) -> Option<u64> {
    let float = match value {
        Value::Number(number) => {
            if let Some(count) = number.as_u64() {
                return Some(count).filter(|count| *count <= MOST_TOKENS);
            }
            number.as_f64()?
        }
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    whole(float).filter(|count| *count <= MOST_TOKENS)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative, and `as` saturates"
)]
fn whole(float: f64) -> Option<u64> {
    (float >= 0.0).then_some(float as u64)
}

/// The larger of each figure: none was ever too much.
pub(super) fn highest(one: Tokens, other: Tokens) -> Tokens {
    Tokens {
        input: one.input.max(other.input),
        output: one.output.max(other.output),
        cache_read: one.cache_read.max(other.cache_read),
        cache_write: one.cache_write.max(other.cache_write),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dollars_are_read_however_they_are_written() {
        let nanos = |value: Value| read_cost(&value);
        for half in [
            json!("0.5"),
            json!(0.5),
            json!("$0.50"),
            json!(" 0.500000000000001 "),
            json!("5e-1"),
            json!("0.5 USD"),
        ] {
            assert_eq!(nanos(half.clone()), Some(Usd::from_nanos(500_000_000)), "{half}");
        }
        for none in [
            json!(-1),
            json!("-0.5"),
            json!(1e300),
            json!("NaN"),
            json!("inf"),
            json!(null),
            json!("free"),
            json!([1]),
        ] {
            assert_eq!(nanos(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn counts_are_read_however_they_are_written() {
        for seven in [json!(7), json!(7.0), json!("7"), json!("7.0")] {
            assert_eq!(read_count(&seven), Some(7), "{seven}");
        }
        for none in [json!(-7), json!(u64::MAX), json!(1e300), json!("many"), json!(null)] {
            assert_eq!(read_count(&none), None, "{none}");
        }
    }
}
