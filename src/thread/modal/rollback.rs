//! The form for a rollback: to which snapshot does a run go back, and what should be different then?

use crate::run::{Decision, Run};
use crate::slack::{Field, MOST_CHOICES, Modal, SlackView, Words, section, select, text_input};
use crate::thread::RunValue;
use crate::thread::snapshots::snapshot_lines;

/// `callback_id` of the form for a rollback: `snapshot`/`snapshot` with the name of one, and `words`/`words`, which may be empty.
pub const ROLLBACK_FORM: &str = "rollback";

/// Asks where the run goes back to. Comes back as `ROLLBACK_FORM`, with the run as metadata.
#[must_use]
pub fn rollback_modal(run: &Run) -> SlackView {
    let lead = format!(
        "{} goes back to a snapshot: the stages behind it are done again, and what was approved of their work counts no more. What there is now \
         stays a snapshot, so this can be undone.",
        run.request.project
    );
    let mut lines = snapshot_lines(run);
    // The start stays, and the newest.
    lines.drain(1..lines.len().saturating_sub(MOST_CHOICES - 1).max(1));
    let choices: Vec<(String, &str)> =
        lines.iter().map(|it| (format!("{} · {}", it.name, it.about), it.name.as_str())).collect();
    let choices: Vec<(&str, &str)> =
        choices.iter().map(|(text, name)| (text.as_str(), *name)).collect();
    let what = Words {
        placeholder: "What should be different this time? The agent reads exactly this.",
        many_lines: true,
        most: Decision::WORDS,
    };
    let newest = run.position().to_string();
    let mut blocks = vec![section(lead)];
    blocks.extend(select(Field::new("snapshot", "Back to"), &choices, Some(&newest)));
    blocks.push(text_input(Field::optional("words", "A note"), what));
    let private_metadata = &RunValue { run: run.id().clone() }.json();
    Modal {
        title: "Roll back",
        callback_id: ROLLBACK_FORM,
        private_metadata,
        submit: Some("Roll back"),
        blocks,
    }
    .view()
}
