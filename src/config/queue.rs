//! The queue: how many attempts may be at work at once?
//! `[queue]` in signoff.toml, and `at_once` of a project. Looked at anew all the time, so a limit can be changed while runs wait.

use std::ops::RangeInclusive;

use crate::run::{Fields, SlotLimits};

/// Attempts that one worker process takes at once, unless somebody says otherwise: each is an agent and its checks.
const USUAL_PER_HOST: u32 = 2;
const AT_LEAST_ONE: RangeInclusive<u32> = 1..=10_000;

/// Limits of attempts at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Of one worker process.
    pub per_host: u32,
    pub slots: SlotLimits,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { per_host: USUAL_PER_HOST, slots: SlotLimits::default() }
    }
}

impl QueueLimits {
    /// Reads `[queue]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        let slots = SlotLimits {
            at_once: attempts(fields, "at_once"),
            per_project: attempts(fields, "per_project"),
            per_person: attempts(fields, "per_person"),
            per_workspace: attempts(fields, "per_workspace"),
            ..SlotLimits::default()
        };
        Self { per_host: attempts(fields, "per_host").unwrap_or(USUAL_PER_HOST), slots }
    }
}

/// At least one: what may never begin would wait for ever.
pub(super) fn attempts(fields: &Fields<'_, '_>, key: &'static str) -> Option<u32> {
    let text = fields.number(key)?;
    let read = text.get_ref().parse().ok().filter(|n| AT_LEAST_ONE.contains(n));
    if read.is_none() {
        let what = format!("{key} = {:?} is no number of attempts", text.get_ref());
        fields.problem_at(&text, what, "Write it like 4; leave it out for no such limit");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Result<QueueLimits, String> {
        Fields::read("signoff.toml", text, |root| root.within("queue", QueueLimits::read))
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn limits_are_read_and_none_is_nothing() {
        assert_eq!(limits("[queue]\n"), Ok(QueueLimits::default()));
        let read = limits("[queue]\nper_host = 4\nat_once = 8\nper_person = 2\n").expect("good");
        let slots = SlotLimits { at_once: Some(8), per_person: Some(2), ..SlotLimits::default() };
        assert_eq!(read, QueueLimits { per_host: 4, slots });
        let told =
            limits("[queue]\nat_once = 0\nper_project = \"many\"\n").expect_err("two problems");
        assert!(
            told.contains("signoff.toml:2: at_once") && told.contains("signoff.toml:3: "),
            "{told}"
        );
    }
}
