//! The wait for a worker: when are people told of it?
//! In a reply of its own, once it has lasted a minute: mostly another worker takes the work before, and nobody need know.

use chrono::{DateTime, Utc};

use super::people::to_starter;
use super::{Message, MessageKey, RenderContext, To, clock, figures};
use crate::run::{Attempt, Run, StageState};
use crate::slack::{Mrkdwn, section};

/// In seconds.
const LONG: u64 = 60;
/// Longest account of what is missing.
const WHY: usize = 300;

/// One for each attempt that had to wait for long; edited when it goes on.
pub(super) fn worker_waits(run: &Run, now: DateTime<Utc>, render: &RenderContext) -> Vec<Message> {
    let attempts = run.stages.iter().flat_map(|stage| {
        stage.attempts.iter().filter_map(move |attempt| told(run, (stage, attempt), now, render))
    });
    attempts.collect()
}

/// Whether a wait has become long enough to be told of.
pub(super) fn is_told(run: &Run, now: DateTime<Utc>) -> bool {
    run.waits_for_worker().is_some_and(|wait| is_long(wait.since, clock::minute(now)))
}

fn is_long(since: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    figures::seconds(since, until) >= LONG
}

fn told(
    run: &Run,
    (stage, attempt): (&StageState, &Attempt),
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Option<Message> {
    let said = match attempt.waits_for_worker() {
        Some((_, why, since)) if is_long(since, run.ended_at.unwrap_or(clock::minute(now))) => {
            let since = clock::moment(since, render);
            let head = format!("no worker can go on with {}, since ", stage.name());
            let then = if run.outcome.is_some() {
                ". The run has ended meanwhile."
            } else {
                ". Whoever operates this mends that: `signoff doctor` says how. The run goes on by itself then, and nothing is lost."
            };
            Mrkdwn::from(head) + since + ": " + Mrkdwn::line(why, WHY) + then
        }
        _ => {
            let over = attempt.waited.as_ref().filter(|it| is_long(it.since, it.until))?;
            let waited = figures::wait(figures::seconds(over.since, over.until));
            let head = format!("a worker goes on with {}. For {waited} none could: ", stage.name());
            Mrkdwn::from(head) + Mrkdwn::line(&over.why, WHY)
        }
    };
    let said = to_starter(run, said);
    let (stage, attempt) = (stage.name().clone(), attempt.n);
    let key = if run.request.is_side_run() {
        MessageKey::WorkerWaitBeside { run: run.id().clone(), attempt }
    } else {
        MessageKey::WorkerWait { stage, attempt }
    };
    Some(Message::new(key, To::Thread, &said.clone(), vec![section(said)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::blocks_as_text;
    use crate::thread::samples::{Tale, no_pages};

    fn said(tale: &Tale) -> Vec<String> {
        let told = worker_waits(&tale.run, tale.now, &no_pages());
        told.into_iter().map(|message| blocks_as_text(&message.blocks)).collect()
    }

    #[test]
    fn a_short_wait_is_told_to_nobody() {
        assert_eq!(said(&Tale::without_worker().after(20)), Vec::<String>::new());
        assert_eq!(
            said(&Tale::without_worker().after(20).finds_worker().after(90)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_long_wait_is_told_and_so_is_its_end() {
        let long = Tale::without_worker().after(180);
        let told = said(&long).concat();
        assert!(told.contains("no worker can go on with scaffold, since "), "{told}");
        assert!(told.contains("The run goes on by itself"), "{told}");
        let told = said(&long.finds_worker()).concat();
        let over = "a worker goes on with scaffold. For 3 min none could: no box can be built";
        assert!(told.contains(over), "{told}");
    }
}
