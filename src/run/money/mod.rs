//! Money: what does a run cost?
//! Exact sums, in integer nano-dollars.

mod terms;
mod usd;

pub use terms::{MoneyTerms, Raise};
pub use usd::{Usd, UsdError};
