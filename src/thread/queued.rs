//! The wait for a slot: how does a place in the queue read?
//! It changes as others come and go, so no event tells of it; who draws a run looks into the queue.

use super::figures::{plural, wait};
use crate::run::{QueuePlace, QueuedAttempt, Run, WaitsBecause};
use crate::slack::Mrkdwn;

/// `3rd of 12, because all 4 slots are busy, about 4 min`.
#[must_use]
pub fn queue_place(place: &QueuePlace) -> String {
    let QueuePlace { place: n, of, because, seconds } = place;
    let about = seconds.map(about).map(|about| format!(", {about}")).unwrap_or_default();
    format!("{} of {of}, because {}{about}", ordinal(*n), queue_reason(because))
}

/// `about 4 min`.
#[must_use]
pub fn about(seconds: u64) -> String {
    let wait = wait(seconds);
    if seconds < 60 { wait } else { format!("about {wait}") }
}

/// `all 4 slots are busy`, `llm-wrapper has its 2`.
#[must_use]
pub fn queue_reason(because: &WaitsBecause) -> String {
    match because {
        WaitsBecause::Busy { slots: 1 } => "the only slot is busy".to_owned(),
        WaitsBecause::Busy { slots } => format!("all {slots} slots are busy"),
        WaitsBecause::NoWorker => "no worker is there".to_owned(),
        WaitsBecause::Project { project, slots } => format!("{project} has its {slots}"),
        // A card names nobody.
        WaitsBecause::Person { slots, .. } => {
            format!("whoever started it has {} at work already", plural((*slots).into(), "attempt"))
        }
        WaitsBecause::Workspace { slots } => format!("the workspace has its {slots}"),
    }
}

/// `1st`, `2nd`, `11th`.
#[must_use]
pub fn ordinal(n: usize) -> String {
    let end = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

/// What a card says of it.
pub(super) fn on_card(run: &Run, queued: Option<&QueuedAttempt>) -> Option<Mrkdwn> {
    let queued = queued.filter(|it| run.wants_slot(it))?;
    Some(Mrkdwn::from(format!("*Waiting for a slot:* {}.", queue_place(&queued.at))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::ana;

    fn place(because: WaitsBecause, seconds: Option<u64>) -> String {
        queue_place(&QueuePlace { place: 3, of: 12, because, seconds })
    }

    #[test]
    fn a_place_says_why_and_about_when() {
        let project = "llm-wrapper".parse().expect("a name");
        let read = [
            place(WaitsBecause::Busy { slots: 4 }, Some(250)),
            place(WaitsBecause::Busy { slots: 1 }, Some(20)),
            place(WaitsBecause::Project { project, slots: 2 }, None),
            place(WaitsBecause::Person { person: ana(), slots: 2 }, Some(7_300)),
            place(WaitsBecause::Workspace { slots: 6 }, None),
            place(WaitsBecause::NoWorker, None),
        ];
        insta::assert_snapshot!(read.join("\n"), @"
        3rd of 12, because all 4 slots are busy, about 4 min
        3rd of 12, because the only slot is busy, under a minute
        3rd of 12, because llm-wrapper has its 2
        3rd of 12, because whoever started it has 2 attempts at work already, about 2 h
        3rd of 12, because the workspace has its 6
        3rd of 12, because no worker is there
        ");
    }

    #[test]
    fn ordinals_read_as_they_are_said() {
        let read: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal).into();
        assert_eq!(read.join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th");
    }
}
