//! What opens over the thread?
//! The diff where no browser can reach us, and the form behind a bare `/develop`.

use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockPlainText, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackBlockStaticSelectElement,
    SlackInputBlock, SlackInputBlockElement, SlackModalView, SlackView,
};

use crate::run::{ProjectName, Run, StageName};
use crate::workspace::FilePatch;

use super::blocks::{context, section};
use super::figures;
use super::text::{SECTION, bare, code, cut, fenced, inline};

/// `callback_id` of the form; its inputs have the ids `project`, `brief` and `budget`, as block and as action.
pub const DEVELOP: &str = "develop";

/// Most characters of a modal's title and buttons, of an option, and most options.
const TITLE: usize = 24;
const OPTION: usize = 75;
const OPTIONS: usize = 100;
/// Files whose lines are shown, files that are listed, and how much of each.
const SHOWN: usize = 12;
const LISTED: usize = 24;
const LINES: usize = 40;
const CHARACTERS: usize = 1_800;
/// Longest brief that the form lets people type: as long as a command's.
const BRIEF: u64 = 2_000;

/// What a diff modal shows.
#[derive(Clone, Copy, Debug)]
pub struct ModalDiff<'a> {
    pub run: &'a Run,
    pub stage: &'a StageName,
    pub files: &'a [FilePatch],
    /// There are more files, or lines, than were given.
    pub truncated: bool,
}

/// The form behind a bare `/develop`.
#[derive(Clone, Copy, Debug)]
pub struct DevelopForm<'a> {
    pub projects: &'a [ProjectName],
    /// What is chosen already; else the first.
    pub project: Option<&'a ProjectName>,
    /// Where the run's thread will be: comes back with the form.
    pub private_metadata: &'a str,
}

/// The files, and the first lines of the first ones.
#[must_use]
pub fn diff_modal(diff: ModalDiff<'_>) -> SlackView {
    let (added, removed) = diff.files.iter().fold((0, 0), |(a, r), f| (a + f.added, r + f.removed));
    let files = figures::plural(diff.files.len() as u64, "file");
    let head = format!("*{} of {}* · {files} {}", diff.stage, diff.run.request.project, figures::lines(added, removed));
    let mut blocks = vec![section(&head)];
    if diff.files.is_empty() {
        blocks.push(section("Nothing was changed."));
    }
    for file in diff.files.iter().take(SHOWN) {
        blocks.push(section(&name(file)));
        blocks.push(section(&hunks(file)));
    }
    let (listed, more) = list(diff.files.get(SHOWN..).unwrap_or_default());
    if !listed.is_empty() {
        blocks.push(section(&listed));
    }
    if more > 0 {
        blocks.push(context(&format!("… {} more", figures::plural(more as u64, "file"))));
    }
    if diff.truncated {
        blocks.push(context("The diff is longer than can be shown here."));
    }
    SlackView::Modal(SlackModalView::new(label("What changed", TITLE), blocks).with_close(label("Close", TITLE)))
}

/// As many names as fit into one section, and how many do not.
fn list(files: &[FilePatch]) -> (String, usize) {
    let mut text = String::new();
    for (i, file) in files.iter().enumerate() {
        let line = name(file);
        if i == LISTED || text.chars().count() + 1 + line.chars().count() > SECTION {
            return (text, files.len() - i);
        }
        text.push_str(&line);
        text.push('\n');
    }
    (text, 0)
}

fn name(file: &FilePatch) -> String {
    format!("{} {}", code(&file.path, 120), figures::lines(file.added, file.removed))
}

fn hunks(file: &FilePatch) -> String {
    if file.binary {
        return "_Not text._".to_owned();
    }
    let lines: Vec<&str> = file.text.lines().take(LINES).collect();
    let text = cut(&lines.join("\n"), CHARACTERS);
    let more = file.text.lines().count().saturating_sub(text.lines().count());
    let note = if more > 0 { format!("\n_… {}_", figures::plural(more as u64, "more line")) } else { String::new() };
    if text.trim().is_empty() { "_No lines._".to_owned() } else { bounded(&text, &note) }
}

/// Escapes make text longer: less of it is shown where it would not fit.
fn bounded(text: &str, note: &str) -> String {
    let mut most = CHARACTERS;
    loop {
        let shown = format!("{}{note}", fenced(&cut(text, most)));
        if shown.chars().count() <= SECTION || most < 16 {
            return shown;
        }
        most /= 2;
    }
}

/// Asks what to develop.
#[must_use]
pub fn develop_modal(form: DevelopForm<'_>) -> SlackView {
    let choices: Vec<_> = form.projects.iter().take(OPTIONS).map(choice).collect();
    if choices.is_empty() {
        let blocks = vec![section("No project is configured yet. Add one to `signoff.toml`, then try again.")];
        return SlackView::Modal(SlackModalView::new(label("Develop", TITLE), blocks).with_close(label("Close", TITLE)));
    }
    let chosen = form.project.filter(|p| form.projects.contains(p)).map(choice).or_else(|| choices.first().cloned());
    let mut project = SlackBlockStaticSelectElement::new().with_action_id("project".to_owned().into()).with_options(choices);
    project.initial_option = chosen;
    let brief = SlackBlockPlainTextInputElement::new()
        .with_action_id("brief".to_owned().into())
        .with_multiline(true)
        .with_max_length(BRIEF)
        .with_placeholder(label("What should it do? Every stage reads this.", 150));
    let budget = SlackBlockPlainTextInputElement::new()
        .with_action_id("budget".to_owned().into())
        .with_max_length(12)
        .with_placeholder(label("5 or $2.50; empty = the project's own", 150));
    let blocks = vec![
        input("project", "Project", project.into()).into(),
        optional(input("brief", "Brief", brief.into())),
        optional(input("budget", "Budget in dollars", budget.into())),
    ];
    let view = SlackModalView::new(label("Develop", TITLE), blocks)
        .with_callback_id(DEVELOP.to_owned().into())
        .with_submit(label("Start the run", TITLE))
        .with_close(label("Close", TITLE))
        .with_private_metadata(cut(form.private_metadata, 3_000));
    SlackView::Modal(view)
}

fn choice(project: &ProjectName) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(label(&inline(project.as_str(), OPTION), OPTION), project.to_string())
}

fn input(id: &str, name: &str, element: SlackInputBlockElement) -> SlackInputBlock {
    SlackInputBlock::new(label(name, 2_000), element).with_block_id(id.to_owned().into())
}

fn optional(input: SlackInputBlock) -> SlackBlock {
    input.with_optional(true).into()
}

fn label(text: &str, most: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(bare(text, most)).into()
}

#[cfg(test)]
mod tests;
