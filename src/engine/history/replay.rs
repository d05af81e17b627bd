//! A replay: would this program do what stands in a run's history?
//! The workflow is made to go through it once more; the commands that it gives must be the recorded ones. Nothing is done, and nobody is asked.

mod difference;

use std::time::Duration;

use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use tokio::time::timeout;

use crate::engine::Develop;
use difference::{event_named, names, recorded, tasks};

/// Some histories that are not whole make the replayer wait for ever.
const PATIENCE: Duration = Duration::from_mins(1);
/// The workflow that this program knows.
const WORKFLOW: &str = "Develop";

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It does the same; so many events were gone through.
    Same {
        events: usize,
    },
    Differs(Difference),
}

/// From where on this program would do something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the recorded event that it would not have come to.
    pub event: i64,
    /// What was recorded there: `ActivityTaskScheduled check`.
    pub recorded: String,
    /// What the replayer says of it.
    pub why: String,
}

/// Why nothing can be said of it.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// What was given is no history of a run.
    #[error("this is no history of a run: {0}")]
    NoHistory(String),
    /// The replayer itself failed.
    #[error("the replay failed: {0}")]
    Failed(String),
}

/// Goes through a history, as [`crate::engine::Engine::history`] gives it; also that of a run that is open.
///
/// # Errors
/// It is no history of a run, or events of it are missing.
pub async fn replay(json: &[u8]) -> Result<Replayed, ReplayError> {
    let history: History =
        serde_json::from_slice(json).map_err(|e| ReplayError::NoHistory(e.to_string()))?;
    let events = history.events;
    is_ours(&events)?;
    let Some(why) = differs(&events).await? else {
        return Ok(Replayed::Same { events: events.len() });
    };
    let named = event_named(&why).and_then(|id| events.iter().find(|it| it.event_id == id));
    let event = match named {
        Some(named) => named,
        None => first_that_differs(&events, &why).await?,
    };
    let why = difference::told(&why);
    Ok(Replayed::Differs(Difference { event: event.event_id, recorded: recorded(event), why }))
}

/// The replayer takes whatever it is given for a history, and panics where it is none.
fn is_ours(events: &[HistoryEvent]) -> Result<(), ReplayError> {
    let none = |why: String| Err(ReplayError::NoHistory(why));
    let first = events.first().and_then(|first| first.attributes.as_ref());
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else {
        return none("it does not begin with the start of one".to_owned());
    };
    let workflow = started.workflow_type.as_ref().map(|kind| kind.name.as_str());
    if workflow != Some(WORKFLOW) {
        return none(format!("its workflow is {workflow:?}, not {WORKFLOW}"));
    }
    let missing = (1..).zip(events).any(|(n, event)| event.event_id != n);
    if missing || started.original_execution_run_id.is_empty() {
        return none("events of it are missing".to_owned());
    }
    Ok(())
}

/// How the workflow would do otherwise; none where it does the same.
async fn differs(events: &[HistoryEvent]) -> Result<Option<String>, ReplayError> {
    let failed = |e: &dyn std::fmt::Display| ReplayError::Failed(e.to_string());
    if tasks(events).is_empty() {
        // No worker took it on: there is nothing that could differ.
        return Ok(None);
    }
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<Develop>()
        .map_err(|e| failed(&e))?
        .build();
    let replayer = WorkflowReplayer::new(options).map_err(|e| failed(&e))?;
    let history = WorkflowHistory::from(History { events: events.to_vec() });
    let Ok(ended) = timeout(PATIENCE, replayer.replay_workflow(history)).await else {
        let why = format!("its end is missing, the replay stood still for {PATIENCE:?}");
        return Err(ReplayError::NoHistory(why));
    };
    match ended {
        Ok(()) => Ok(None),
        Err(WorkflowReplayError::Replay(
            WorkflowReplayFailure::Nondeterminism { message }
            | WorkflowReplayFailure::WorkflowTaskFailure { message },
        )) => Ok(Some(message)),
        Err(other) => Err(failed(&other)),
    }
}

/// Where the replayer names no event: the shortest beginning that differs ends behind it.
async fn first_that_differs<'e>(
    events: &'e [HistoryEvent],
    why: &str,
) -> Result<&'e HistoryEvent, ReplayError> {
    let tasks = tasks(events);
    let (mut same, mut differing) = (0, tasks.len() - 1);
    while same < differing {
        let middle = usize::midpoint(same, differing);
        if differs(&events[..tasks[middle].end]).await?.is_some() {
            differing = middle;
        } else {
            same = middle + 1;
        }
    }
    let commands = &events[tasks[differing].clone()];
    let named = commands.iter().find(|event| names(why, event));
    Ok(named.or_else(|| commands.first()).unwrap_or(&events[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REJECTED: &str =
        include_str!("../../../tests/data/histories/rejecting_ends_the_run_rejected.json");

    fn with_another_check() -> String {
        REJECTED.replacen(
            r#""activity_type":{"name":"check"}"#,
            r#""activity_type":{"name":"taste"}"#,
            1,
        )
    }

    #[tokio::test]
    async fn what_differs_is_named_by_its_event() {
        assert!(matches!(replay(REJECTED.as_bytes()).await, Ok(Replayed::Same { events: 51 })));
        let Ok(Replayed::Differs(difference)) = replay(with_another_check().as_bytes()).await
        else {
            panic!("it should differ")
        };
        assert_eq!(difference.recorded, "ActivityTaskScheduled taste");
        assert!(difference.why.contains("'taste' does not match"), "{difference:?}");
        let history: serde_json::Value =
            serde_json::from_str(&with_another_check()).expect("a history");
        let at = usize::try_from(difference.event).expect("a number") - 1;
        assert!(history["events"][at].to_string().contains("taste"), "{difference:?}");
    }

    #[tokio::test]
    async fn the_beginning_of_a_history_is_one_too() {
        let mut history: History = serde_json::from_str(REJECTED).expect("a history");
        for length in [37, 20, 1] {
            history.events.truncate(length);
            let json = serde_json::to_vec(&history).expect("JSON");
            let replayed = replay(&json).await.expect("a history");
            assert_eq!(replayed, Replayed::Same { events: length });
        }
    }

    #[tokio::test]
    async fn what_is_no_history_is_said_to_be_none() {
        let without_first = REJECTED.replacen(r#"{"event_id":1,"#, r#"{"event_id":7,"#, 1);
        let of_another = REJECTED.replacen("\"Develop\"", "\"Deliver\"", 1);
        for none in ["", "[]", r#"{"events":[]}"#, without_first.as_str(), of_another.as_str()] {
            let replayed = replay(none.as_bytes()).await;
            assert!(matches!(replayed, Err(ReplayError::NoHistory(_))), "{replayed:?}");
        }
    }
}
