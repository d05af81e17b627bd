//! What should be developed?
//! The form behind a bare `/develop`.

use slack_morphism::prelude::{SlackBlockChoiceItem, SlackBlockPlainTextOnly, SlackBlockStaticSelectElement, SlackView};

use super::super::blocks::section;
use super::super::text::bare;
use super::{Modal, input, label, optional, words};
use crate::run::ProjectName;

/// `callback_id` of the form; its inputs have the ids `project`, `brief` and `budget`, as block and as action.
pub const DEVELOP: &str = "develop";

/// Most characters of an option, and most options.
const OPTION: usize = 75;
const OPTIONS: usize = 100;
/// Longest brief that the form lets people type: as long as a command's.
const BRIEF: u64 = 2_000;
/// Longest amount of money.
const BUDGET: u64 = 12;

/// The form behind a bare `/develop`.
#[derive(Clone, Copy, Debug)]
pub struct DevelopForm<'a> {
    pub projects: &'a [ProjectName],
    /// What is chosen already; else the first.
    pub project: Option<&'a ProjectName>,
    /// Where the run's thread will be: comes back with the form.
    pub private_metadata: &'a str,
}

/// Asks what to develop.
#[must_use]
pub fn develop_modal(form: DevelopForm<'_>) -> SlackView {
    let choices: Vec<_> = form.projects.iter().take(OPTIONS).map(choice).collect();
    let modal = Modal { title: "Develop", callback_id: DEVELOP, private_metadata: form.private_metadata, submit: None, blocks: Vec::new() };
    let Some(first) = choices.first().cloned() else {
        return Modal { blocks: vec![section("No project is configured yet. Add one to `signoff.toml`, then try again.")], ..modal }.view();
    };
    let chosen = form.project.filter(|p| form.projects.contains(p)).map_or(first, choice);
    let project = SlackBlockStaticSelectElement::new().with_action_id("project".to_owned().into()).with_options(choices).with_initial_option(chosen);
    let brief = words("brief", "What should it do? Every stage reads this.", BRIEF).with_multiline(true);
    let budget = words("budget", "5 or $2.50; empty = the project's own", BUDGET);
    let blocks = vec![
        input("project", "Project", project.into()).into(),
        optional(input("brief", "Brief", brief.into())),
        optional(input("budget", "Budget in dollars", budget.into())),
    ];
    Modal { submit: Some("Start the run"), blocks, ..modal }.view()
}

fn choice(project: &ProjectName) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(label(&bare(project.as_str(), OPTION), OPTION), project.to_string())
}
