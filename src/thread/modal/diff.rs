//! The diff modal: what changed, where no browser can reach us?
//! Files and their first hunks, a page at a time: never fails on size, and what is left out is counted.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::chunks::{FileChunk, chunks};
use crate::run::{Attempt, Run, RunId, StageName, StageState};
use crate::slack::{
    Button, Modal, Mrkdwn, SlackBlock, SlackView, context, section, section_with_button,
};
use crate::thread::{ActionId, figures, standing};
use crate::workspace::{FilePatch, Patch};

/// `callback_id` of the modal; its `private_metadata` is a `DiffPlace`.
pub const DIFF_FORM: &str = "diff";

/// Chunks on one page.
const PARTS: usize = 6;
/// Longest path, and files named on the first page.
const PATH: usize = 120;
const LISTED: usize = 24;
/// Most characters of them: what is left out is counted in the same section.
const LIST: usize = 2_960;

/// What a diff modal shows.
#[derive(Clone, Copy, Debug)]
pub struct ModalDiff<'a> {
    pub run: &'a Run,
    pub stage: &'a StageState,
    /// Whose work it is.
    pub attempt: &'a Attempt,
    pub patch: &'a Patch,
    /// Only what changed since the stage asked before, where there is such a thing.
    pub since_round: bool,
    /// From 0; one that is not there shows the last.
    pub page: usize,
}

/// Which diff a modal shows, and where in it: comes back with a press of a page button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffPlace {
    pub run: RunId,
    pub stage: StageName,
    /// None in modals that an older version opened: they show the newest work.
    #[serde(default)]
    pub attempt: Option<u32>,
    #[serde(default)]
    pub since_round: bool,
    pub page: usize,
}

/// What a button of the modal turns to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffTurn {
    Page(usize),
    SinceRound,
    All,
}

impl DiffTurn {
    /// As a button carries it.
    #[must_use]
    pub fn value(self) -> String {
        match self {
            Self::Page(page) => page.to_string(),
            Self::SinceRound => "since".to_owned(),
            Self::All => "all".to_owned(),
        }
    }

    /// Reads what [`value`](Self::value) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "since" => Some(Self::SinceRound),
            "all" => Some(Self::All),
            page => page.parse().ok().map(Self::Page),
        }
    }

    fn button(self, label: &str) -> Button {
        Button::new(label, ActionId::DiffPage.as_str(), &self.value())
    }
}

impl<'a> ModalDiff<'a> {
    fn since(&self) -> Option<&'a Patch> {
        self.patch.since_round.as_deref()
    }

    /// What is shown of it.
    fn shown(&self) -> &'a Patch {
        self.since().filter(|_| self.since_round).unwrap_or(self.patch)
    }
}

/// One page of the files and their first lines.
#[must_use]
pub fn diff_modal(diff: ModalDiff<'_>) -> SlackView {
    let Patch { files, truncated, .. } = diff.shown();
    let parts = chunks(files);
    let pages = parts.len().div_ceil(PARTS).max(1);
    let page = diff.page.min(pages - 1);
    let mut blocks = vec![top(&diff, page)];
    if page == 0 {
        blocks.extend(introduction(&diff));
    }
    blocks.extend(body(parts.chunks(PARTS).nth(page).unwrap_or_default()));
    if page + 1 < pages {
        let next = DiffTurn::Page(page + 1).button("Next page");
        blocks.push(section_with_button(format!("Page {} of {pages}", page + 1), next));
    } else if *truncated {
        blocks.push(context(
            "The diff is longer than can be shown here. The rest is in the run's repository.",
        ));
    }
    Modal {
        title: "What changed",
        callback_id: DIFF_FORM,
        private_metadata: &json!(place(&diff, page)).to_string(),
        submit: None,
        blocks,
    }
    .view()
}

fn place(diff: &ModalDiff<'_>, page: usize) -> DiffPlace {
    DiffPlace {
        run: diff.run.id().clone(),
        stage: diff.stage.name().clone(),
        attempt: Some(diff.attempt.n),
        since_round: diff.since_round,
        page,
    }
}

/// How the work stands, the other way to look at it, and its files.
fn introduction(diff: &ModalDiff<'_>) -> Vec<SlackBlock> {
    let files = &diff.shown().files;
    let stands = standing(diff.run, (diff.stage, diff.attempt)).into_iter().map(Mrkdwn::from);
    let mut blocks: Vec<SlackBlock> =
        Mrkdwn::join(stands, "\n").non_empty().map(context).into_iter().collect();
    if diff.since().is_some() && diff.since_round {
        let all = DiffTurn::All.button("All of it");
        blocks.push(section_with_button("Only what changed since the round before.", all));
    } else if diff.since().is_some() {
        let since = DiffTurn::SinceRound.button("Since the round before");
        blocks.push(section_with_button("All that the stage changed.", since));
    }
    if files.is_empty() {
        blocks.push(section("Nothing was changed."));
    } else if files.len() > 1 {
        blocks.push(section(list(files)));
    }
    blocks
}

/// What the diff is of, and the way back.
fn top(diff: &ModalDiff<'_>, page: usize) -> SlackBlock {
    let Some(before) = page.checked_sub(1) else { return section(head(diff)) };
    section_with_button(head(diff), DiffTurn::Page(before).button("Previous page"))
}

/// The parts of one page, each file's name before its first.
fn body(parts: &[FileChunk<'_>]) -> Vec<SlackBlock> {
    let mut blocks = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if part.first || i == 0 {
            blocks.push(section(name(part)));
        }
        blocks.push(section(part.text()));
    }
    blocks
}

fn head(diff: &ModalDiff<'_>) -> String {
    let files = &diff.shown().files;
    let (added, removed) = files
        .iter()
        .fold((0_u64, 0_u64), |(a, r), f| (a.saturating_add(f.added), r.saturating_add(f.removed)));
    let files = figures::plural(files.len() as u64, "file");
    format!(
        "*{} of {}* · {files} {}",
        diff.stage.name(),
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
        + file.became.map(|now| format!(" · {}", figures::became(now))).unwrap_or_default()
}

fn name(part: &FileChunk<'_>) -> Mrkdwn {
    if part.first {
        counted(part.file)
    } else {
        Mrkdwn::code(&part.file.path, PATH) + ", continued"
    }
}
