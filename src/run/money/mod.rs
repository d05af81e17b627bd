//! Money: what does a run cost?
//! Exact sums, in integer nano-dollars.

mod shortage;
mod terms;
mod usd;

pub use shortage::{Breaker, MonthOf, MonthSpent, Shortage};
pub use terms::{MoneyTerms, Raise};
pub use usd::{Usd, UsdError};
