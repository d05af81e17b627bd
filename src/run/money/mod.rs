//! Money: what does a run cost?
//! Exact sums, in integer nano-dollars.

mod usd;

pub use usd::{Usd, UsdError, cents_that_add_up};
