//! The modal behind a bare `/develop`: what should be developed?

use crate::run::ProjectName;
use crate::slack::{Field, Modal, SlackBlock, SlackView, Words, section, select, text_input};

/// `callback_id` of the form; its inputs have the ids `project`, `brief` and `budget`, as block and as action.
pub const DEVELOP: &str = "develop";

/// Longest brief that the form lets people type: as long as a command's.
const BRIEF: usize = 2_000;
/// Longest amount of money.
const BUDGET: usize = 12;
const NO_PROJECT: &str = "No project is configured yet. Add one to `signoff.toml`, then try again.";

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
    let names: Vec<_> =
        form.projects.iter().map(|project| (project.as_str(), project.as_str())).collect();
    let project =
        select(Field::new("project", "Project"), &names, form.project.map(ProjectName::as_str));
    let (submit, blocks) = match project {
        Some(project) => (Some("Start the run"), vec![project, brief(), budget()]),
        None => (None, vec![section(NO_PROJECT)]),
    };
    let private_metadata = form.private_metadata;
    Modal { title: "Develop", callback_id: DEVELOP, private_metadata, submit, blocks }.view()
}

fn brief() -> SlackBlock {
    let words = Words {
        placeholder: "What should it do? Every stage reads this.",
        many_lines: true,
        most: BRIEF,
    };
    text_input(Field::optional("brief", "Brief"), words)
}

fn budget() -> SlackBlock {
    let words = Words {
        placeholder: "5 or $2.50; empty = the project's own",
        many_lines: false,
        most: BUDGET,
    };
    text_input(Field::optional("budget", "Budget in dollars"), words)
}
