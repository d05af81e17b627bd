//! Budgets of a month, and breakers: what may people spend in all, and what is asked about however much is left?
//! `[budgets]` and `[breakers]` in signoff.toml.

use std::collections::BTreeMap;

use crate::run::{Fields, MonthOf, ProjectName, Request, Usd};

/// What may be spent in a calendar month, in UTC; none = any amount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// By each project that has none of its own.
    pub project: Option<Usd>,
    /// By all runs that one person starts.
    pub person: Option<Usd>,
    /// By all runs of one channel.
    pub channel: Option<Usd>,
    /// `[project.<name>] month`
    pub by_project: BTreeMap<ProjectName, Usd>,
}

impl Budgets {
    /// Reads `[budgets]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        Self {
            project: fields.budget("project"),
            person: fields.budget("person"),
            channel: fields.budget("channel"),
            by_project: BTreeMap::new(),
        }
    }

    /// Those that a run is under.
    pub fn of(&self, request: &Request) -> impl Iterator<Item = (MonthOf, Usd)> {
        let project = self.by_project.get(&request.project).copied().or(self.project);
        let channel = self.channel.filter(|_| request.channel.is_some());
        let all = [
            (MonthOf::Project, project),
            (MonthOf::Person, self.person),
            (MonthOf::Channel, channel),
        ];
        all.into_iter().filter_map(|(of, budget)| Some((of, budget?)))
    }
}

/// When an agent seems to get nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakers {
    /// So many steps change no file; 0 = however many.
    pub steps: u32,
    /// More than this is spent within a minute; none = any amount.
    pub in_a_minute: Option<Usd>,
}

impl Default for Breakers {
    fn default() -> Self {
        Self { steps: 80, in_a_minute: Some(Usd::from_nanos(5_000_000_000)) }
    }
}

impl Breakers {
    /// Reads `[breakers]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        let usual = Self::default();
        Self {
            steps: steps(fields).unwrap_or(usual.steps),
            in_a_minute: if fields.has("in_a_minute") {
                in_a_minute(fields)
            } else {
                usual.in_a_minute
            },
        }
    }
}

fn steps(fields: &Fields<'_, '_>) -> Option<u32> {
    let text = fields.number("steps")?;
    fields.parse(&text, "number of steps", "Write a whole number; 0 is for however many")
}

/// 0 switches it off.
fn in_a_minute(fields: &Fields<'_, '_>) -> Option<Usd> {
    let text = fields.number("in_a_minute")?;
    let amount: Usd =
        fields.parse(&text, "amount", "Write it like 5, \"$5\" or 2.50; 0 is for any amount")?;
    Some(amount).filter(|amount| *amount > Usd::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakers(text: &str) -> Breakers {
        Fields::read("signoff.toml", text, |root| root.within("breakers", Breakers::read))
            .expect("they can be read")
    }

    #[test]
    fn nothing_switches_a_breaker_off() {
        assert_eq!(breakers("[breakers]\n"), Breakers::default());
        let off = Breakers { steps: 0, in_a_minute: None };
        assert_eq!(breakers("[breakers]\nsteps = 0\nin_a_minute = 0\n"), off);
    }
}
