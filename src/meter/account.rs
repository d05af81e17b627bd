//! An attempt's account: what was spent, and may this call still be made?
//! Calls that are under way hold what they may come to, so that several at once do not spend the same dollar.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::run::Usd;
use crate::store::Spend;

/// What a call may come to, before it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forecast {
    /// What is put in costs about that.
    pub input: Usd,
    /// Tokens that may be put out.
    pub most_output: u64,
    /// With fewer the answer is of no use, or refused.
    pub least_output: u64,
    /// A token of output costs that.
    pub output_price: Usd,
}

/// Nothing is left that this call could be paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the allowance of {allowance} is spent: {spent} so far, and another call may cost {needed}"
)]
pub struct Spent {
    pub allowance: Usd,
    pub spent: Usd,
    pub needed: Usd,
}

/// One call under way.
#[derive(Debug)]
pub(super) struct Held(u64);

#[derive(Debug, Default)]
struct Books {
    /// None = no limit.
    allowance: Option<Usd>,
    /// Of earlier workers, and of calls that are over.
    settled: Spend,
    open: BTreeMap<u64, OpenCall>,
    opened: u64,
    refused: Option<Spent>,
}

#[derive(Debug)]
struct OpenCall {
    held: Usd,
    known: Spend,
}

/// The books of one attempt.
#[derive(Debug)]
pub(super) struct Account(Mutex<Books>);

impl Account {
    /// `before` is what earlier workers spent on the attempt.
    pub fn new(before: Spend, allowance: Option<Usd>) -> Self {
        Self(Mutex::new(Books { allowance, settled: before, ..Books::default() }))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic elsewhere does not make what was spent untrue.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call be made, with as much output as can be afforded.
    pub fn admit(&self, forecast: Forecast) -> Result<(Held, u64), Spent> {
        let mut books = self.books();
        let affordable = books.affordable(forecast);
        match (&affordable, books.refused) {
            (Err(spent), _) => books.refused = Some(*spent),
            // A cheaper call says nothing of the one that could not be paid; more money does.
            (Ok(_), Some(spent)) if books.allowance.is_none_or(|all| all > spent.allowance) => {
                books.refused = None;
            }
            (Ok(_), _) => {}
        }
        let affordable = affordable?;
        let held = forecast.input + times(forecast.output_price, affordable);
        books.opened += 1;
        let call = books.opened;
        books.open.insert(call, OpenCall { held, known: Spend::default() });
        Ok((Held(call), affordable))
    }

    /// What is known of a call by now.
    pub fn tell(&self, call: &Held, known: Spend) {
        if let Some(open) = self.books().open.get_mut(&call.0) {
            open.known = known;
        }
    }

    /// What a call came to.
    pub fn settle(&self, call: &Held, spend: Spend) {
        let mut books = self.books();
        if books.open.remove(&call.0).is_some() {
            books.settled += spend;
        }
    }

    /// The sum of what is over and what is known of the rest.
    pub fn spend(&self) -> Spend {
        self.books().spend()
    }

    /// From now on so much may be spent.
    pub fn allow(&self, allowance: Option<Usd>) {
        self.books().allowance = allowance;
    }

    /// What may be spent in all.
    pub fn allowance(&self) -> Option<Usd> {
        self.books().allowance
    }

    /// The call that could not be paid, until one was admitted that more was allowed for.
    pub fn refused(&self) -> Option<Spent> {
        self.books().refused
    }
}

impl Books {
    fn spend(&self) -> Spend {
        let mut spend = self.settled;
        for call in self.open.values() {
            spend += call.known;
        }
        spend
    }

    fn affordable(&self, forecast: Forecast) -> Result<u64, Spent> {
        let Some(allowance) = self.allowance else { return Ok(forecast.most_output) };
        let held: Usd = self.open.values().map(|call| call.held.max(call.known.cost)).sum();
        let left = allowance.minus(self.settled.cost + held).minus(forecast.input);
        let affordable = match forecast.output_price.nanos() {
            0 => forecast.most_output,
            price => (left.nanos() / price).unsigned_abs().min(forecast.most_output),
        };
        let least = forecast.least_output.min(forecast.most_output);
        if affordable >= least && allowance > self.settled.cost + held {
            return Ok(affordable);
        }
        let needed = forecast.input + times(forecast.output_price, least);
        Err(Spent { allowance, spent: self.spend().cost, needed })
    }
}

fn times(price: Usd, n: u64) -> Usd {
    Usd::from_nanos(price.nanos().saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: Usd = Usd::from_nanos(10_000_000);

    /// A cent for what is put in, a cent for a thousand tokens.
    fn call(most_output: u64) -> Forecast {
        let output_price = Usd::from_nanos(10_000);
        Forecast { input: CENT, most_output, least_output: 256, output_price }
    }

    fn cost(cost: Usd) -> Spend {
        Spend { cost, ..Spend::default() }
    }

    #[test]
    fn a_call_is_never_larger_than_what_is_left() {
        let account = Account::new(Spend::default(), Some(CENT + CENT + CENT));
        let (first, output) = account.admit(call(1_500)).unwrap();
        assert_eq!(output, 1_500);
        assert!(account.admit(call(1_500)).is_err(), "half a cent is held by nobody");
        account.settle(&first, cost(CENT));
        let (_, output) = account.admit(call(32_000)).unwrap();
        assert_eq!(output, 1_000);
    }

    #[test]
    fn what_is_spent_refuses_with_figures_until_more_is_allowed() {
        let account = Account::new(cost(CENT), Some(CENT));
        let refused = account.admit(call(1_000)).unwrap_err();
        assert_eq!((refused.spent, refused.allowance), (CENT, CENT));
        assert_eq!(account.refused(), Some(refused));
        account.allow(None);
        assert_eq!(account.admit(call(1_000)).unwrap().1, 1_000);
        assert_eq!(account.refused(), None);
    }

    #[test]
    fn a_cheaper_call_does_not_hide_that_one_was_refused() {
        let account = Account::new(Spend::default(), Some(CENT + CENT + CENT));
        let (_first, _) = account.admit(call(1_500)).unwrap();
        account.admit(call(1_500)).unwrap_err();
        let cheap = Forecast { input: Usd::ZERO, ..call(300) };
        account.admit(cheap).unwrap();
        assert!(account.refused().is_some());
    }

    #[test]
    fn what_is_known_of_a_call_counts_before_it_is_over() {
        let account = Account::new(cost(CENT), None);
        let (held, _) = account.admit(call(1_000)).unwrap();
        account.tell(&held, cost(CENT));
        assert_eq!(account.spend().cost, CENT + CENT);
        account.settle(&held, cost(CENT + CENT));
        account.settle(&held, cost(CENT));
        assert_eq!(account.spend().cost, CENT + CENT + CENT);
    }
}
