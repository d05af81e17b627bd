//! The modal behind a bare `/develop`: what should be developed?
//! The form behind a bare `/develop`.

use crate::run::ProjectName;
use crate::slack::{Field, Modal, SlackView, Words, section, select, text_input};

/// `callback_id` of the form; its inputs have the ids `project`, `brief` and `budget`, as block and as action.
pub const DEVELOP: &str = "develop";

/// Longest brief that the form lets people type: as long as a command's.
const BRIEF: usize = 2_000;
/// Longest amount of money.
const BUDGET: usize = 12;

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
    let modal = Modal {
        title: "Develop",
        callback_id: DEVELOP,
        private_metadata: form.private_metadata,
        submit: None,
        blocks: Vec::new(),
    };
    let names: Vec<_> =
        form.projects.iter().map(|project| (project.as_str(), project.as_str())).collect();
    let Some(project) =
        select(Field::new("project", "Project"), &names, form.project.map(ProjectName::as_str))
    else {
        return Modal {
            blocks: vec![section(
                "No project is configured yet. Add one to `signoff.toml`, then try again.",
            )],
            ..modal
        }
        .view();
    };
    let brief = Words {
        placeholder: "What should it do? Every stage reads this.",
        many_lines: true,
        most: BRIEF,
    };
    let budget = Words {
        placeholder: "5 or $2.50; empty = the project's own",
        many_lines: false,
        most: BUDGET,
    };
    let blocks = vec![
        project,
        text_input(Field::optional("brief", "Brief"), brief),
        text_input(Field::optional("budget", "Budget in dollars"), budget),
    ];
    Modal { submit: Some("Start the run"), blocks, ..modal }.view()
}
