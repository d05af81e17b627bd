//! The diff modal: what changed, where no browser can reach us?
//! Files and their first hunks, a page at a time: never fails on size, and what is left out is counted.

use std::iter::Peekable;
use std::str::Lines;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::run::{Run, RunId, StageName};
use crate::slack::{
    Button, Modal, Mrkdwn, SlackBlock, SlackView, context, section, section_with_button,
    truncate_plain,
};
use crate::thread::{ActionId, figures};
use crate::workspace::FilePatch;

/// `callback_id` of the modal; its `private_metadata` is a `DiffPlace`.
pub const DIFF_FORM: &str = "diff";

/// Parts on one page, lines and characters of a part, parts of one file.
const PARTS: usize = 6;
const LINES: usize = 40;
const CHARACTERS: usize = 2_600;
const PARTS_OF_A_FILE: usize = 4;
/// Longest line that is shown whole.
const LINE: usize = 240;
/// Longest path, and files named on the first page.
const PATH: usize = 120;
const LISTED: usize = 24;
/// Most characters of them: what is left out is counted in the same section.
const LIST: usize = 2_960;

/// What a diff modal shows.
#[derive(Clone, Copy, Debug)]
pub struct ModalDiff<'a> {
    pub run: &'a Run,
    pub stage: &'a StageName,
    pub files: &'a [FilePatch],
    /// There are more files, or lines, than were given.
    pub truncated: bool,
    /// From 0; one that is not there shows the last.
    pub page: usize,
}

/// Which diff a modal shows, and where in it: comes back with a press of a page button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffPlace {
    pub run: RunId,
    pub stage: StageName,
    pub page: usize,
}

/// Some lines of a file.
struct DiffPart<'a> {
    file: &'a FilePatch,
    /// The file's first part.
    first: bool,
    /// Ready to show.
    text: Mrkdwn,
}

/// One page of the files and their first lines.
#[must_use]
pub fn diff_modal(diff: ModalDiff<'_>) -> SlackView {
    let parts: Vec<DiffPart<'_>> = diff.files.iter().flat_map(parts).collect();
    let pages = parts.len().div_ceil(PARTS).max(1);
    let page = diff.page.min(pages - 1);
    let mut blocks = vec![top(&diff, page)];
    if diff.files.is_empty() {
        blocks.push(section("Nothing was changed."));
    }
    if page == 0 && diff.files.len() > 1 {
        blocks.push(section(list(diff.files)));
    }
    blocks.extend(body(parts.chunks(PARTS).nth(page).unwrap_or_default()));
    if page + 1 < pages {
        let next = Button::new("Next page", ActionId::DiffPage.as_str(), &(page + 1).to_string());
        blocks.push(section_with_button(format!("Page {} of {pages}", page + 1), next));
    } else if diff.truncated {
        blocks.push(context(
            "The diff is longer than can be shown here. The rest is in the run's repository.",
        ));
    }
    let place = DiffPlace { run: diff.run.id().clone(), stage: diff.stage.clone(), page };
    Modal {
        title: "What changed",
        callback_id: DIFF_FORM,
        private_metadata: &json!(place).to_string(),
        submit: None,
        blocks,
    }
    .view()
}

/// What the diff is of, and the way back.
fn top(diff: &ModalDiff<'_>, page: usize) -> SlackBlock {
    let Some(before) = page.checked_sub(1) else { return section(head(diff)) };
    let previous = Button::new("Previous page", ActionId::DiffPage.as_str(), &before.to_string());
    section_with_button(head(diff), previous)
}

/// The parts of one page, each file's name before its first.
fn body(parts: &[DiffPart<'_>]) -> Vec<SlackBlock> {
    let mut blocks = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if part.first || i == 0 {
            blocks.push(section(name(part)));
        }
        blocks.push(section(part.text.clone()));
    }
    blocks
}

fn head(diff: &ModalDiff<'_>) -> String {
    let (added, removed) = diff
        .files
        .iter()
        .fold((0_u64, 0_u64), |(a, r), f| (a.saturating_add(f.added), r.saturating_add(f.removed)));
    let files = figures::plural(diff.files.len() as u64, "file");
    format!(
        "*{} of {}* · {files} {}",
        diff.stage,
        diff.run.request.project,
        figures::lines(added, removed)
    )
}

/// As many files as fit into one section; the others are counted.
fn list(files: &[FilePatch]) -> Mrkdwn {
    let mut text = Mrkdwn::default();
    for (i, file) in files.iter().enumerate() {
        let line = "• " + counted(file) + "\n";
        if i == LISTED || text.length() + line.length() > LIST {
            return text + format!("… {}", figures::plural((files.len() - i) as u64, "more file"));
        }
        text = text + line;
    }
    text
}

fn counted(file: &FilePatch) -> Mrkdwn {
    let old = file
        .old_path
        .as_deref()
        .filter(|old| *old != file.path)
        .map(|old| Mrkdwn::code(old, PATH) + " → ");
    old.unwrap_or_default()
        + Mrkdwn::code(&file.path, PATH)
        + " "
        + figures::lines(file.added, file.removed)
}

fn name(part: &DiffPart<'_>) -> Mrkdwn {
    if part.first {
        counted(part.file)
    } else {
        Mrkdwn::code(&part.file.path, PATH) + ", continued"
    }
}

/// A file in parts, at least one.
fn parts(file: &FilePatch) -> Vec<DiffPart<'_>> {
    let only = |text: &'static str| vec![DiffPart { file, first: true, text: text.into() }];
    if file.binary {
        return only("_Not text._");
    }
    if file.text.trim().is_empty() {
        return only("_No lines._");
    }
    let mut lines = file.text.lines().peekable();
    let mut parts = Vec::new();
    while lines.peek().is_some() && parts.len() < PARTS_OF_A_FILE {
        let text = Mrkdwn::code_block(&next_lines(&mut lines));
        parts.push(DiffPart { file, first: parts.is_empty(), text });
    }
    let more = lines.count();
    if let Some(last) = parts.last_mut().filter(|_| more > 0) {
        let note = format!("\n_… {}_", figures::plural(more as u64, "more line"));
        last.text = last.text.clone() + note;
    }
    parts
}

/// As many lines as fit into one part, at least one.
fn next_lines(lines: &mut Peekable<Lines<'_>>) -> String {
    let mut text = String::new();
    for taken in 0..LINES {
        let Some(line) = lines.peek().map(|line| truncate_plain(line, LINE)) else { break };
        if taken > 0 && Mrkdwn::code_block(&format!("{text}{line}")).length() > CHARACTERS {
            break;
        }
        text.push_str(&line);
        text.push('\n');
        lines.next();
    }
    text
}
