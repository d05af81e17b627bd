//! US dollars: what is an amount of money?
//! Whole nano-dollars, so that sums are exact; never a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;
const NANOS_PER_CENT: i64 = 10_000_000;

/// An amount in nano-dollars; sums end at the largest there is. In JSON a decimal string with nine places, `"0.880000000"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The nearest nano-dollar to what a program printed as a float, such as the CLI's `total_cost_usd`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounded first; dollars of a run are far from 2^53 nanos"
    )]
    pub fn from_float(dollars: f64) -> Self {
        Self((dollars * 1e9).round() as i64)
    }

    /// In nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// What is left of this amount after spending `spent`; never below zero.
    #[must_use]
    pub fn minus(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0).max(0))
    }

    /// Whether it is nothing at all.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks by reference whether to write it"
    )]
    pub(in crate::run) const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// One of so many equal shares of it.
    #[must_use]
    pub fn share(self, of: usize) -> Self {
        Self(self.0 / i64::try_from(of.max(1)).unwrap_or(i64::MAX))
    }

    /// Whole cents, rounded half up.
    const fn rounded_cents(self) -> i64 {
        self.0.saturating_add(NANOS_PER_CENT / 2).div_euclid(NANOS_PER_CENT)
    }

    /// The decimal string with nine places that JSON carries.
    #[must_use]
    pub fn nine_places(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        format!("{sign}{}.{:09}", nanos / NANOS_PER_DOLLAR as u64, nanos % NANOS_PER_DOLLAR as u64)
    }
}

/// `$0.27`: cents, rounded half up.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.rounded_cents();
        write!(f, "${}.{:02}", cents / 100, cents % 100)
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Why a text is not an amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount; write it like 5, $5 or 2.50")]
pub struct UsdError(String);

/// `5`, `$5` and `2.50`, with up to nine places and below a million dollars.
impl FromStr for Usd {
    type Err = UsdError;

    fn from_str(text: &str) -> Result<Self, UsdError> {
        parse(text.trim().trim_start_matches('$')).ok_or_else(|| UsdError(text.to_owned()))
    }
}

fn parse(plain: &str) -> Option<Usd> {
    let whole = plain.split('.').next().unwrap_or_default();
    (whole.len() <= 6).then(|| parse_any(plain))?
}

/// Any sum of ours, however large.
fn parse_any(plain: &str) -> Option<Usd> {
    let (whole, places) = plain.split_once('.').unwrap_or((plain, ""));
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let fits = !whole.is_empty() && places.len() <= 9 && !plain.ends_with('.');
    if !fits || !is_number(whole) || !is_number(places) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{places:0<9}").parse().ok()?;
    Some(Usd(whole.checked_mul(NANOS_PER_DOLLAR)?.checked_add(nanos)?))
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.nine_places())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        parse_any(&text).ok_or_else(|| de::Error::custom(UsdError(text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_may_write_the_dollar_sign() {
        assert_eq!("$5".parse(), Ok(Usd::from_nanos(5_000_000_000)));
        assert_eq!("2.50".parse(), Ok(Usd::from_nanos(2_500_000_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "$", "five", "-1", "1.", "1e3", "1.0000000001", "10000000"] {
            assert!(text.parse::<Usd>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn sums_end_at_the_largest_amount_which_json_keeps() {
        let most = Usd(i64::MAX);
        assert_eq!([most, most].into_iter().sum::<Usd>() + most, most);
        assert_eq!(
            serde_json::from_str::<Usd>(&serde_json::json!(most).to_string()).ok(),
            Some(most)
        );
        assert!(most.to_string().starts_with("$92"));
    }

    proptest! {
        #[test]
        fn json_keeps_every_nano(nanos in 0..999_999_999_999_i64) {
            let usd = Usd(nanos);
            prop_assert_eq!(usd.nine_places().parse(), Ok(usd));
        }
    }
}
