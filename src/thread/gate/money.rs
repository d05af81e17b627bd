//! The question about money: what is asked before a run may spend on?
//! The same card as every other question, with other buttons and other figures: those of the moment when it was asked.

use super::{GateValue, GateView, SnoozeButton};
use crate::run::{AskedAmount, MonthOf, MonthSpent, OpenGate, Raise, Shortage, Usd};
use crate::slack::{Button, Mrkdwn};
use crate::thread::{ActionId, figures};

impl GateView<'_> {
    /// `$3.02 of $3.00 is spent`.
    pub(super) fn money_spent(&self) -> String {
        let question = MoneyQuestion::of(self.gate);
        question.map_or_else(|| "its budget is spent".to_owned(), |question| question.because)
    }

    /// What the card says besides.
    pub(super) fn money_facts(&self) -> Mrkdwn {
        let (stage, attempt) = (self.stage.name(), self.work.n);
        let goes_on = self.shortage().is_some_and(Shortage::may_be_ignored);
        let what = match self.gate.money.is_some_and(|money| money.begun) {
            true if goes_on => {
                "stands still where it is, and what it wrote is kept; the same session can go on"
            }
            true => {
                "stands still where it is, and what it wrote is kept; with more money the same session goes on"
            }
            false => "has not begun",
        };
        format!("{}. {stage} attempt {attempt} {what}.", self.money_spent()).into()
    }

    /// Every way to answer it.
    pub(in crate::thread) fn money_buttons(&self, silence: SnoozeButton) -> Vec<Button> {
        let value = GateValue::of(self.run, &self.gate.id).json();
        let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
        let more = || {
            vec![button("+$1", ActionId::RaiseOne).primary(), button("+$5", ActionId::RaiseFive)]
        };
        let no_limit =
            self.run.request.money.as_ref().is_some_and(|terms| terms.lets(Raise::NoLimit));
        let no_limit = no_limit.then(|| button("No limit", ActionId::RaiseNoLimit));
        let mut buttons = match self.shortage() {
            Some(Shortage::Month(_) | Shortage::Breaker(_)) => {
                vec![button("Go on", ActionId::RaiseNothing).primary()]
            }
            Some(Shortage::Ahead(_)) => {
                let anyway = button("Start anyway", ActionId::RaiseNothing);
                more().into_iter().chain([anyway]).chain(no_limit).collect()
            }
            _ => more().into_iter().chain(no_limit).collect(),
        };
        buttons.extend(self.last_buttons(silence));
        buttons
    }

    fn shortage(&self) -> Option<Shortage> {
        self.gate.money.map(|money| money.why)
    }
}

/// A question about money, in words for any door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyQuestion {
    /// `more money`, or a go-ahead where money alone does not help.
    pub wants: &'static str,
    /// `$3.02 of $3.00 is spent`, as it was when it was asked.
    pub because: String,
    /// What `raise` is given: `$5`, or `nothing`.
    pub raise: &'static str,
}

impl MoneyQuestion {
    /// None where something else is asked.
    #[must_use]
    pub fn of(gate: &OpenGate) -> Option<Self> {
        let money = gate.money?;
        let (wants, raise) = match money.why {
            Shortage::Month(_) | Shortage::Breaker(_) => ("a go-ahead", "nothing"),
            _ => ("more money", "$5"),
        };
        Some(Self { wants, because: because(gate, &money), raise })
    }
}

fn because(gate: &OpenGate, money: &AskedAmount) -> String {
    let AskedAmount { spent, budget, .. } = *money;
    let of = budget.map_or_else(|| "no limit".to_owned(), |budget| budget.to_string());
    match money.why {
        Shortage::Run => format!("{spent} of {of} is spent"),
        Shortage::Stage => format!("{spent} of the {of} for {} is spent", gate.id.stage),
        Shortage::Ahead(likely) => {
            let left = budget.map_or(Usd::ZERO, |budget| budget.minus(spent));
            format!("{left} of {of} is left, and it will probably cost about {likely}")
        }
        Shortage::Month(MonthSpent { of: whose, spent, budget }) => {
            format!(
                "{spent} of the {budget} is spent that {} may spend in a month",
                of_month(whose)
            )
        }
        Shortage::Breaker(breaker) => figures::breaks(breaker),
    }
}

const fn of_month(whose: MonthOf) -> &'static str {
    match whose {
        MonthOf::Project => "the project",
        MonthOf::Person => "who started it",
        MonthOf::Channel => "the channel",
    }
}

/// `raised by $5.00 by `, or how else it was answered.
pub(super) fn raised(gate: &OpenGate, raise: Option<Raise>) -> String {
    let ahead = gate.money.is_some_and(|money| matches!(money.why, Shortage::Ahead(_)));
    match raise {
        Some(Raise::NOTHING) if ahead => "begun with what is left by ".to_owned(),
        Some(Raise::NOTHING) => "let go on by ".to_owned(),
        Some(Raise::By(more)) => format!("raised by {more} by "),
        _ => "freed of its limit by ".to_owned(),
    }
}
