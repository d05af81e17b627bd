//! The question about money: what is asked when a run's budget is spent?
//! The same card as every other question, with other buttons and other figures: those of the moment when it was asked.

use super::{GateValue, GateView, SnoozeButton};
use crate::run::{AskedAmount, GateKind, OpenGate, Raise, Usd};
use crate::slack::{Button, Mrkdwn};
use crate::thread::{ActionId, RunValue};

impl GateView<'_> {
    pub(in crate::thread) fn is_about_money(&self) -> bool {
        self.gate.id.kind == GateKind::Budget
    }

    /// `$3.02 of $3.00 is spent`.
    pub(super) fn money_spent(&self) -> String {
        money_spent(self.gate).unwrap_or_else(|| "its budget is spent".to_owned())
    }

    /// What the card says besides.
    pub(super) fn money_facts(&self) -> Mrkdwn {
        let (stage, attempt) = (self.stage.name(), self.work.n);
        let what = if self.gate.money.is_some_and(|money| money.begun) {
            "stands still where it is, and what it wrote is kept; with more money the same session goes on"
        } else {
            "has not begun"
        };
        format!("{}. {stage} attempt {attempt} {what}.", self.money_spent()).into()
    }

    /// Every way to answer it.
    pub(in crate::thread) fn money_buttons(&self, silence: SnoozeButton) -> Vec<Button> {
        let value = GateValue::of(self.run, &self.gate.id).json();
        let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
        let mut buttons =
            vec![button("+$1", ActionId::RaiseOne).primary(), button("+$5", ActionId::RaiseFive)];
        if self.gate.money.is_some_and(|money| money.likely.is_some()) {
            buttons.push(button("Start anyway", ActionId::RaiseNothing));
        }
        if self.run.request.money.as_ref().is_some_and(|terms| terms.lets(Raise::NoLimit)) {
            buttons.push(button("No limit", ActionId::RaiseNoLimit));
        }
        let stop = RunValue { run: self.run.id().clone() }.json();
        buttons.push(Button::new("Stop here", ActionId::Stop.as_str(), &stop).danger());
        buttons.push(button("Extend", ActionId::Extend));
        if silence == SnoozeButton::Offered {
            buttons.push(button("Snooze", ActionId::Snooze));
        }
        buttons
    }
}

/// `$3.02 of $3.00 is spent`, or what is left and would probably not do, as it was when that was asked.
#[must_use]
pub fn money_spent(gate: &OpenGate) -> Option<String> {
    let money = gate.money?;
    let AskedAmount { spent, budget, likely, .. } = money;
    Some(match likely {
        Some(likely) => format!(
            "{} of {budget} is left, and it will probably cost about {likely}",
            budget.minus(spent)
        ),
        None => format!("{spent} of {budget} is spent"),
    })
}

/// ` by $5.00`, or that there is no limit any more.
pub(super) fn raised(raise: Option<Raise>) -> String {
    match raise {
        Some(Raise::By(Usd::ZERO)) => "begun with what is left by ".to_owned(),
        Some(Raise::By(more)) => format!("raised by {more} by "),
        _ => "freed of its limit by ".to_owned(),
    }
}
