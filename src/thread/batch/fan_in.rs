//! The fan-in: what goes into the result of a batch, and what does not?

use crate::run::{AttemptOutcome, Run, StageName, StagePhase, StageState};
use crate::slack::{Mrkdwn, SlackBlock, one_line};
use crate::thread::figures;
use crate::thread::sections::in_sections;

/// Longest reason.
const WHY: usize = 160;

/// Of the stage in which all that was merged is asked about: a line for each feature.
pub(in crate::thread) fn what_goes_in(run: &Run, stage: &StageName) -> Vec<SlackBlock> {
    let features = run.stages.iter().filter(|it| run.is_together(stage) && it.name() != stage);
    in_sections(features.map(line))
}

fn line(stage: &StageState) -> Mrkdwn {
    let glyph = figures::glyph(stage.phase);
    let how = match stage.phase {
        StagePhase::Good => made_to_fit(stage),
        _ => Some(format!(
            "left out{}",
            why(stage).map(|why| format!(": {}", one_line(&why, WHY))).unwrap_or_default()
        )),
    };
    let how = how.map(|how| format!(" · {how}")).unwrap_or_default();
    Mrkdwn::line(&format!("{glyph} {}{how}", stage.name()), 400)
}

/// How a merge came to work that did not by itself.
fn made_to_fit(stage: &StageState) -> Option<String> {
    let first = stage.attempts_now().first()?;
    let good = stage.good_attempt().filter(|good| good.n != first.n)?;
    let who = match stage.done_by_hand(good.n) {
        Some(_) => "by hand".to_owned(),
        None => "by an agent".to_owned(),
    };
    let was = first.why.as_deref().map(|why| format!(" ({})", one_line(why, WHY)));
    Some(format!("made to fit {who}{}", was.unwrap_or_default()))
}

fn why(stage: &StageState) -> Option<String> {
    let bad = |outcome| !matches!(outcome, AttemptOutcome::Good | AttemptOutcome::Running);
    let last = stage.attempts_now().iter().rev().find(|attempt| bad(attempt.outcome));
    last.and_then(|attempt| attempt.why.clone()).or_else(|| stage.why.clone())
}

/// `3 of 4 features are merged`, of a project where `of` names it; none for other runs.
pub(in crate::thread) fn merged_in_short(run: &Run, of: &str) -> Option<String> {
    let batch = run.request.batch.as_ref()?;
    let good = |stage: &&StageState| {
        stage.phase == StagePhase::Good && batch.merged_by(stage.name()).is_some()
    };
    let (merged, all) = (run.stages.iter().filter(good).count(), batch.features.len());
    Some(match merged {
        merged if merged == all => format!("All {all} features{of} are merged"),
        1 => format!("1 of {all} features{of} is merged"),
        merged => format!("{merged} of {all} features{of} are merged"),
    })
}
