//! `signoff replay`: would this program do what a run's history says?
//! A file needs neither the database nor Temporal.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::json;

use super::{Failure, exit};
use crate::engine::{Difference, ReplayError, Replayed, replay};
use crate::run::RunId;

/// Whether it names a file: no run is called like one, also where there is none of that name.
pub fn is_file(of: &str) -> bool {
    of.contains(['/', '.']) || Path::new(of).is_file()
}

/// Replays a history that was saved.
pub async fn replay_file(path: &Path, json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let shown = path.display();
    let none = |why| Failure::usage(anyhow!("{why}. `signoff history <run>` saves one"));
    let history = fs::read(path).map_err(|error| none(format!("reading {shown}: {error}")))?;
    let replayed = replay(&history).await.map_err(|error| match error {
        ReplayError::NoHistory(_) => none(format!("{shown}: {error}")),
        ReplayError::Failed(_) => Failure::from(anyhow!("{shown}: {error}")),
    })?;
    tell(None, &replayed, json, out)
}

/// Replays the history of this run.
pub async fn replay_run(
    run: &RunId,
    history: &[u8],
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let replayed = replay(history).await.with_context(|| format!("replaying {run}"))?;
    tell(Some(run), &replayed, json, out)
}

fn tell(
    run: Option<&RunId>,
    replayed: &Replayed,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let text = in_words(replayed);
    let (line, code) = match replayed {
        Replayed::Same { events } => {
            (json!({ "outcome": "same", "run": run, "events": events, "text": text }), exit::OK)
        }
        Replayed::Differs(Difference { event, recorded, why }) => (
            json!({ "outcome": "differs", "run": run, "event": event, "recorded": recorded, "why": why, "text": text }),
            exit::NOT_WELL,
        ),
    };
    let line = if json { line.to_string() } else { text };
    writeln!(out, "{line}").context("printing")?;
    Ok(code)
}

fn in_words(replayed: &Replayed) -> String {
    match replayed {
        Replayed::Same { events } => {
            format!("The same: this program does what all {events} events say.")
        }
        Replayed::Differs(Difference { event, recorded, why }) => format!(
            "It differs at event {event}, {recorded}: {why}.\nRuns that are open and have come that far would not go on by this program. Let the one that they began with finish them."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_not_there_is_no_run() {
        assert!(is_file("missing.json") && !is_file("llm-wrapper-k3f9qdz"));
        let failure = replay_file(Path::new("missing.json"), false, &mut Vec::new()).await;
        let failure = failure.expect_err("there is none");
        assert_eq!(failure.code, exit::USAGE);
        assert!(format!("{:#}", failure.error).contains("No such file"), "{:#}", failure.error);
    }
}
