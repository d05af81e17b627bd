//! The log line of an event: what do operators read of it?

use chrono::{DateTime, Utc};

use crate::run::{GateId, Happened, Pause, Reminder};

/// None where the event is a detail. Never what people or agents wrote.
pub(super) fn story_line(what: &Happened) -> Option<String> {
    gate_line(what).or_else(|| run_line(what))
}

fn run_line(what: &Happened) -> Option<String> {
    Some(match what {
        Happened::Started { request, .. } => {
            format!("was taken on: {} for {}", request.project, request.starter)
        }
        Happened::UntilTried { stage, tried, .. } => {
            let fails = if tried.passed { "passes" } else { "fails" };
            format!("tried what has to pass in {stage}: it {fails} as long as nothing was done")
        }
        Happened::AttemptEnded { stage, attempt, outcome, cost_usd, .. } => {
            format!("ended attempt {attempt} of {stage}: {outcome:?}, {cost_usd}")
        }
        Happened::Paused { stage, attempt, pause, cost_usd, .. } => {
            let why = match pause {
                Pause::Money { .. } => "its money is spent".to_owned(),
                Pause::Month { .. } => "a month's money is spent".to_owned(),
                Pause::Worker { why, .. } => format!("no worker can go on: {why}"),
                Pause::Breaker { .. } => "it seems to get nowhere".to_owned(),
                Pause::ModelLimit { until } => {
                    format!("the model's provider takes nothing more until {}", minute(*until))
                }
            };
            format!("stands still in attempt {attempt} of {stage}, {cost_usd}: {why}")
        }
        Happened::Reviewed { stage, attempt, review } => {
            let (n, cost) = (review.findings.len(), review.cost_usd);
            format!("had attempt {attempt} of {stage} read once more: {n} findings, {cost}")
        }
        Happened::Resumed { stage, attempt } => {
            format!("goes on with attempt {attempt} of {stage}")
        }
        Happened::Decided { verdict, by, .. } => format!("was answered by {by}: {verdict:?}"),
        Happened::DecisionRefused { by, .. } => format!("refused an answer by {by}"),
        Happened::Noted { by, .. } => format!("was told something by {by}, for the next attempt"),
        Happened::Ended { outcome, .. } => format!("has ended: {outcome:?}"),
        _ => return None,
    })
}

fn gate_line(what: &Happened) -> Option<String> {
    Some(match what {
        Happened::GateOpened { gate: GateId { stage, round, .. }, .. } => {
            format!("waits for an answer to {stage}, round {round}")
        }
        Happened::Extended { gate, by, deadline, .. } => {
            let (stage, until) = (&gate.stage, minute(*deadline));
            format!("was given time by {by}: {stage} may be answered until {until}")
        }
        Happened::Snoozed { gate, by, .. } => {
            format!("does not remind {by} of {} any more", gate.stage)
        }
        Happened::Reminded { gate, reminder } => {
            let left = match reminder {
                Reminder::Half => "half of the time is over",
                Reminder::Soon => "little time is left",
            };
            format!("reminded of {}: {left}", gate.stage)
        }
        Happened::Escalated { gate } => format!("asked others as well about {}", gate.stage),
        Happened::DeadlinePassed { gate } => {
            format!("waited in vain for an answer to {}", gate.stage)
        }
        _ => return None,
    })
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
