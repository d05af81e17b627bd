//! The modal behind a bare `/develop`: what should be developed?

use crate::run::ProjectName;
use crate::slack::{Field, Modal, SlackBlock, SlackView, Words, section, select, text_input};

/// `callback_id` of the form; its inputs have the ids `project`, `brief` and `budget`, as block and as action.
pub const DEVELOP: &str = "develop";
/// `callback_id` of the same form for several features; they stand in `brief`.
pub const FEATURES_FORM: &str = "features";

/// Longest brief that the form lets people type: as long as a command's.
const BRIEF: usize = 2_000;
/// The longest that Slack lets anybody type into one field.
const FEATURES: usize = 3_000;
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
    /// Whether several features are asked for.
    pub features: bool,
}

/// Asks what to develop.
#[must_use]
pub fn develop_modal(form: DevelopForm<'_>) -> SlackView {
    let names: Vec<_> =
        form.projects.iter().map(|project| (project.as_str(), project.as_str())).collect();
    let project =
        select(Field::new("project", "Project"), &names, form.project.map(ProjectName::as_str));
    let (submit, blocks) = match project {
        Some(project) if form.features => (Some("Start them"), vec![project, features(), budget()]),
        Some(project) => (Some("Start the run"), vec![project, brief(), budget()]),
        None => (None, vec![section(NO_PROJECT)]),
    };
    let private_metadata = form.private_metadata;
    let (title, callback_id) =
        if form.features { ("Features", FEATURES_FORM) } else { ("Develop", DEVELOP) };
    Modal { title, callback_id, private_metadata, submit, blocks }.view()
}

fn features() -> SlackBlock {
    let words = Words {
        placeholder: "Gemini provider\nToken counting\nCLI",
        many_lines: true,
        most: FEATURES,
    };
    text_input(Field::new("brief", "Features, one a line"), words)
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
