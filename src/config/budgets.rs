//! Budgets of a month, and breakers: what may people spend in all, and what is asked about however much is left?
//! `[budgets]` and `[breakers]` in signoff.toml.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::run::{Fields, MonthOf, ProjectName, Request, Usd, seconds};

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
    /// It gives no sign of life for so long, and is ended; none = however long.
    pub stall: Option<Duration>,
    /// It makes the same call so many times in a row, and is ended; 0 = however many.
    pub same_call: u32,
}

impl Default for Breakers {
    fn default() -> Self {
        Self {
            steps: 80,
            in_a_minute: Some(Usd::from_nanos(5_000_000_000)),
            stall: Some(Duration::from_mins(10)),
            same_call: 8,
        }
    }
}

impl Breakers {
    /// Reads `[breakers]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        let usual = Self::default();
        Self {
            steps: times(fields, "steps").unwrap_or(usual.steps),
            in_a_minute: if fields.has("in_a_minute") {
                in_a_minute(fields)
            } else {
                usual.in_a_minute
            },
            stall: stall(fields, usual.stall),
            same_call: times(fields, "same_call").unwrap_or(usual.same_call),
        }
    }
}

fn times(fields: &Fields<'_, '_>, key: &'static str) -> Option<u32> {
    let text = fields.number(key)?;
    fields.parse(&text, "number of times", "Write a whole number; 0 is for however many")
}

/// `"0s"` switches it off.
fn stall(fields: &Fields<'_, '_>, usual: Option<Duration>) -> Option<Duration> {
    let Some(length) = seconds(fields, "stall", 0..=24 * 3_600) else { return usual };
    Some(Duration::from_secs(length)).filter(|length| !length.is_zero())
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
        let off = Breakers { steps: 0, in_a_minute: None, stall: None, same_call: 0 };
        let none = "[breakers]\nsteps = 0\nin_a_minute = 0\nstall = \"0s\"\nsame_call = 0\n";
        assert_eq!(breakers(none), off);
        let stall = breakers("[breakers]\nstall = \"90s\"\n").stall;
        assert_eq!(stall, Some(Duration::from_secs(90)));
    }
}
