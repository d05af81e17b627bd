//! The form that does a run once more: with which brief, from where, by which model, for how much?
//! What is filled in already is what the run before had: sent as it opens, it does the same again.

use crate::run::{AgentSpec, Decision, Run, RunEstimate};
use crate::slack::{
    Field, Modal, SlackBlock, SlackView, Words, context, filled_input, radio_with, section, select,
    text_input,
};

/// `callback_id` of the form: `brief`/`brief`, `from`/`from` with [`FROM_START`] or a stage's name, `model`/`model` with `same` or a model's id,
/// `budget`/`budget` and `note`/`note`, which may be empty.
pub const AGAIN_FORM: &str = "again";
/// In place of a stage's name, which has no space in it.
pub const FROM_START: &str = "the start";

/// Longest brief that Slack's field holds. A run's own may be longer where its letters count twice there.
const BRIEF: usize = 3_000;
/// Longest amount of money.
const BUDGET: usize = 12;
/// Slack's radio buttons are ten at most.
const MODELS: usize = 10;

/// The form behind the button of a bad end.
#[derive(Clone, Copy, Debug)]
pub struct AgainForm<'a> {
    pub run: &'a Run,
    /// As the project's pipeline says it now, which is what the new run goes by.
    pub agent: &'a AgentSpec,
    /// Whether its work is still there.
    pub kept: bool,
    /// Which run, and where the new one's thread will be: comes back with the form.
    pub private_metadata: &'a str,
}

/// Asks how it is to be done again.
#[must_use]
pub fn again_modal(form: AgainForm<'_>) -> SlackView {
    let AgainForm { run, agent, kept, private_metadata } = form;
    let lead = format!(
        "A new run of *{}*, with a thread of its own. `{}` stays as it is, and the two name each other.",
        run.request.project,
        run.id()
    );
    let blocks =
        [Some(section(lead)), Some(brief(run)), from(run, kept), model(run, agent), budget(run)];
    let blocks = blocks.into_iter().flatten().chain([note()]).collect();
    let submit = Some("Start the run");
    Modal { title: "Do it again", callback_id: AGAIN_FORM, private_metadata, submit, blocks }.view()
}

fn brief(run: &Run) -> SlackBlock {
    let words = Words {
        placeholder: "What should it do? Every stage reads this.",
        many_lines: true,
        most: BRIEF,
    };
    filled_input(Field::optional("brief", "Brief"), words, &run.request.brief).unwrap_or_else(
        || context("The brief stays as it is: it is longer than a form of Slack's can show."),
    )
}

/// What is good there already need not be done again, and the first that is not comes chosen.
fn from(run: &Run, kept: bool) -> Option<SlackBlock> {
    let after = run.beginnings().filter(|_| kept).map(|(before, stage)| {
        (format!("{stage}: what is good up to {before} is taken over"), stage.as_str())
    });
    let all: Vec<(String, &str)> = [("The beginning: every stage is done".to_owned(), FROM_START)]
        .into_iter()
        .chain(after)
        .collect();
    let choices: Vec<(&str, &str)> =
        all.iter().map(|(text, value)| (text.as_str(), *value)).collect();
    let newest = choices.last().map(|(_, value)| *value);
    select(Field::new("from", "Begin with"), &choices, newest)
}

fn model(run: &Run, agent: &AgentSpec) -> Option<SlackBlock> {
    if agent.models.is_empty() {
        return None;
    }
    let usual = agent.model.as_deref().unwrap_or("the agent's own choice");
    let usual = format!("As the pipeline says: {usual}");
    let others = agent.models.iter().map(|id| (id.as_str(), id.as_str()));
    let models: Vec<_> =
        [(usual.as_str(), "same")].into_iter().chain(others).take(MODELS).collect();
    let before = run.request.pipeline.agent.model.as_deref();
    let chosen = before.filter(|id| Some(*id) != agent.model.as_deref());
    radio_with(Field::new("model", "Model"), &models, chosen)
}

fn budget(run: &Run) -> Option<SlackBlock> {
    let words = Words {
        placeholder: "5 or $2.50; empty = the project's own",
        many_lines: false,
        most: BUDGET,
    };
    let field = Field::optional("budget", "Budget in dollars");
    // What was only estimated of that run, nobody said.
    let estimated = run.request.estimate.as_ref().and_then(RunEstimate::budget);
    let said = run.request.budget_usd.filter(|budget| Some(*budget) != estimated);
    let before = said.map(|budget| budget.to_string()).unwrap_or_default();
    // What is longer than any amount people type was no limit at all.
    filled_input(field, words, &before).or_else(|| Some(text_input(field, words)))
}

fn note() -> SlackBlock {
    let words = Words {
        placeholder: "What should be different this time? It stands behind the brief.",
        many_lines: true,
        most: Decision::WORDS,
    };
    text_input(Field::optional("note", "A note"), words)
}
