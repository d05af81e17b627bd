//! Which attempt of a run is meant?
//! The one that is named; else the newest of the stage; else the one that began last.

use super::misunderstood::code_safe;
use super::{Reply, ReplyKind};
use crate::run::{Attempt, Run, StageState, nearest};

/// What was said of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhichAttempt<'a> {
    pub stage: Option<&'a str>,
    pub attempt: Option<u32>,
}

/// The attempt; or what there is instead.
///
/// # Errors
/// The run has no such stage, or the stage no such attempt.
pub fn which_attempt<'r>(
    run: &'r Run,
    which: WhichAttempt<'_>,
) -> Result<(&'r StageState, &'r Attempt), Reply> {
    let began = run.stages.iter().filter(|stage| !stage.attempts.is_empty());
    let last = || began.max_by_key(|stage| stage.attempts.last().map(|it| it.started_at));
    let stage = match which.stage {
        Some(name) => {
            let named = run.stages.iter().find(|stage| stage.name().as_str() == name);
            named.ok_or_else(|| no_such_stage(run, name))?
        }
        None => last().ok_or_else(|| no_attempt(run))?,
    };
    let attempt = match which.attempt {
        Some(n) => stage.attempt(n),
        None => stage.attempts.last(),
    };
    attempt.map(|attempt| (stage, attempt)).ok_or_else(|| no_such_attempt(run, stage))
}

fn unknown(text: String) -> Reply {
    Reply::new(ReplyKind::Unknown, text)
}

fn no_such_stage(run: &Run, name: &str) -> Reply {
    let names: Vec<&str> = run.stages.iter().map(|stage| stage.name().as_str()).collect();
    let meant = nearest(name, names.iter().copied());
    let guess = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
    unknown(format!(
        "`{}` has no stage `{}`.{guess} Its stages: {}.",
        run.id(),
        code_safe(name),
        names.join(", ")
    ))
}

fn no_attempt(run: &Run) -> Reply {
    unknown(format!(
        "`{}` has begun no attempt yet. `signoff status {0}` tells what it waits for.",
        run.id()
    ))
}

fn no_such_attempt(run: &Run, stage: &StageState) -> Reply {
    let name = stage.name();
    let taken =
        run.request.again.iter().find(|again| again.kept.iter().any(|it| &it.stage == name));
    unknown(match (taken, stage.attempts.last()) {
        (Some(again), None) => {
            format!("{name} was taken over from `{0}`, which did it: name that run.", again.run)
        }
        (None, None) => format!("{name} of `{}` has begun no attempt yet.", run.id()),
        (_, Some(last)) => format!("{name} of `{}` has attempts 1 to {}.", run.id(), last.n),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::Tale;

    fn which(stage: Option<&str>, attempt: Option<u32>) -> Result<(String, u32), String> {
        let run = Tale::done().run;
        let found = which_attempt(&run, WhichAttempt { stage, attempt });
        found.map(|(stage, it)| (stage.name().to_string(), it.n)).map_err(|reply| reply.text)
    }

    #[test]
    fn the_newest_is_meant_unless_somebody_says_otherwise() {
        assert_eq!(which(Some("streaming"), None), Ok(("streaming".to_owned(), 2)));
        assert_eq!(which(Some("streaming"), Some(1)), Ok(("streaming".to_owned(), 1)));
        assert!(which(None, None).is_ok());
        assert!(
            which(Some("streeming"), None)
                .is_err_and(|text| text.contains("Did you mean `streaming`?"))
        );
        assert!(
            which(Some("streaming"), Some(9)).is_err_and(|text| text.contains("attempts 1 to 2"))
        );
    }
}
