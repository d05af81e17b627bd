//! A difference between a history and a replay: which event is it about, and how does it read?
//! The replayer's message is read tolerantly; what it says of no event is looked for elsewhere.

use std::ops::Range;

use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

/// Longest message that is told, in characters.
const LONGEST: usize = 400;

/// What was recorded between one of the workflow's tasks and the next: first the commands that it gave, at the end the next task's start.
pub(super) fn tasks(events: &[HistoryEvent]) -> Vec<Range<usize>> {
    let at = |kind| {
        let these = events.iter().enumerate().filter(move |(_, it)| it.event_type() == kind);
        these.map(|(at, _)| at)
    };
    let started: Vec<usize> = at(EventType::WorkflowTaskStarted).collect();
    at(EventType::WorkflowTaskCompleted)
        .map(|completed| {
            let next = started.iter().find(|started| **started > completed);
            completed + 1..next.map_or(events.len(), |next| next + 1)
        })
        .collect()
}

/// `HistoryEvent(id: 11, ActivityTaskScheduled)`: the number that the replayer names.
pub(super) fn event_named(why: &str) -> Option<i64> {
    let (_, behind) = why.split_once("HistoryEvent(id: ")?;
    behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whether the message speaks of what this event scheduled.
pub(super) fn names(why: &str, event: &HistoryEvent) -> bool {
    scheduled(event).is_some_and(|name| why.contains(&format!("'{name}'")))
}

/// `ActivityTaskScheduled check`.
pub(super) fn recorded(event: &HistoryEvent) -> String {
    let kind = format!("{:?}", event.event_type());
    scheduled(event).map_or(kind.clone(), |name| format!("{kind} {name}"))
}

fn scheduled(event: &HistoryEvent) -> Option<&str> {
    match event.attributes.as_ref()? {
        Attributes::ActivityTaskScheduledEventAttributes(it) => {
            it.activity_type.as_ref().map(|kind| kind.name.as_str())
        }
        Attributes::TimerStartedEventAttributes(it) => Some(&it.timer_id),
        _ => None,
    }
}

/// What the replayer says, without what it wraps around it.
pub(super) fn told(why: &str) -> String {
    let inner = why.split_once("Nondeterminism error: ").map_or(why, |(_, inner)| inner);
    let end = inner.find(['"', '\\']).unwrap_or(inner.len());
    inner[..end].chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_far_as_it_says_something() {
        let why = r#"Workflow activation completion failed: Failure { message: "[TMPRL1100] Nondeterminism error: Timer machine does not handle this event: HistoryEvent(id: 11, ActivityTaskScheduled)", source: "" }"#;
        assert_eq!(event_named(why), Some(11));
        assert_eq!(
            told(why),
            "Timer machine does not handle this event: HistoryEvent(id: 11, ActivityTaskScheduled)"
        );
        assert_eq!(event_named("nothing"), None);
        assert_eq!(told("nothing"), "nothing");
    }
}
