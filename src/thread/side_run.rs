//! Stages beside others: how far are the runs that do them?
//! Such a run has no thread of its own: its attempts stand in the ledger of the run that it is part of, and what it asks is asked there.

use crate::run::{
    Outcome, Phase, Progress, QueuedAttempt, Run, RunId, SideRun, StagePhase, StageState,
    WorkerWait,
};
use crate::slack::one_line;

use super::{figures, queue_place};

/// Longest reason.
const WHY: usize = 160;

/// The runs that are part of the one that is drawn, which of them wait for a slot, and how far their attempts are.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    pub runs: &'a [Run],
    pub queued: &'a [(RunId, QueuedAttempt)],
    pub progress: &'a [(RunId, Progress)],
}

impl<'a> Beside<'a> {
    fn run(self, side: &SideRun) -> Option<&'a Run> {
        self.runs.iter().find(|run| *run.id() == side.run)
    }

    pub(super) fn queued(self, run: &RunId) -> Option<&'a QueuedAttempt> {
        self.queued.iter().find(|(of, _)| of == run).map(|(_, it)| it)
    }

    pub(super) fn progress(self, run: &RunId) -> Option<&'a Progress> {
        self.progress.iter().find(|(of, _)| of == run).map(|(_, it)| it)
    }

    /// What those of them wait for that no worker can go on with.
    pub(super) fn waits_for_worker(self) -> impl Iterator<Item = WorkerWait<'a>> {
        let without_thread = self.runs.iter().filter(|run| run.request.is_side_run());
        without_thread.filter_map(Run::waits_for_worker)
    }

    /// The runs that did a stage beside others, in order, and whether their work is left behind.
    pub(super) fn of(self, stage: &'a StageState) -> impl Iterator<Item = (&'a Run, bool)> {
        let sides = stage.side_runs.iter();
        sides.filter_map(move |side| Some((self.run(side)?, side.is_left_behind)))
    }
}

/// `◐ *map* · beside the others, attempt 2`: a stage that is done, or was, before its turn; none where its turn has come.
pub(super) fn on_card((run, stage): (&Run, &StageState), beside: Beside<'_>) -> Option<String> {
    let side = stage.side_run().filter(|_| stage.phase == StagePhase::Todo)?;
    let (glyph, said) = match over(side, beside) {
        Some((Outcome::Done, _)) => {
            let then = if run.outcome.is_some() { "not merged" } else { "to be merged" };
            (StagePhase::Todo, format!("good, {then}"))
        }
        Some((Outcome::Stopped, _)) => (StagePhase::Undone, "stopped".to_owned()),
        Some((_, why)) => {
            let why = why.map(|why| format!(": {}", one_line(why, WHY)));
            (StagePhase::Failed, format!("not good{}", why.unwrap_or_default()))
        }
        None => under_way(side, beside),
    };
    Some(format!("{} *{}* · {said}", figures::glyph(glyph), stage.name()))
}

/// How the run ended, and why; none while it is under way. An operator may have ended the run that it is part of before that heard of it.
fn over<'a>(side: &'a SideRun, beside: Beside<'a>) -> Option<(Outcome, Option<&'a str>)> {
    match &side.end {
        Some(end) if end.outcome == Outcome::Done && end.work.is_none() => {
            Some((Outcome::Failed, end.why.as_deref()))
        }
        Some(end) => Some((end.outcome, end.why.as_deref())),
        None => beside.run(side).and_then(|run| Some((run.outcome?, run.why.as_deref()))),
    }
}

fn under_way(side: &SideRun, beside: Beside<'_>) -> (StagePhase, String) {
    let Some(run) = beside.run(side) else {
        return (StagePhase::Running, "beside the others, waiting for a worker".to_owned());
    };
    if run.phase() == Phase::Waiting {
        return (StagePhase::Waiting, "asks in the thread".to_owned());
    }
    let place = beside.queued(run.id());
    let place = place.map(|it| format!(", waits for a slot: {}", queue_place(&it.at)));
    let attempt = run.current().and_then(|(_, stage)| stage.attempts_now().last());
    let attempt = attempt.filter(|it| it.n > 1).map(|it| format!(", attempt {}", it.n));
    let said = place.or(attempt).unwrap_or_default();
    (StagePhase::Running, format!("beside the others{said}"))
}
