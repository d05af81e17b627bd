//! Pipeline files: how is a pipeline written down?
//! TOML, checked whole on load; every problem names file, line and remedy.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::run::{AgentKind, AgentSpec, Digest, OnReject, Pipeline, Remark, Stage, StageName};

mod duration;
mod fields;
mod gate;
mod problem;
mod prompt;
mod stage;
#[cfg(test)]
mod tests;
mod topological;

pub use duration::seconds;
pub use fields::{Fields, NAME};
pub use gate::{approvers, quorum};
pub use problem::{Problem, Problems, did_you_mean, nearest};
pub use prompt::part_text;
pub use stage::hosts;

/// A pipeline with its text: prompts are taken from here, never from history.
#[derive(Clone, Debug)]
pub struct PipelineText {
    pub pipeline: Pipeline,
    pub text: String,
    pub prompts: BTreeMap<StageName, String>,
}

impl PipelineText {
    /// Reads a pipeline; `file` is only what problems call it.
    ///
    /// # Errors
    /// Everything wrong with it, in the order of its lines.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        Fields::read(file, text, |root| Self::of(text, root))
    }

    /// Reads one that is stored: it was good when its run began, and what is a problem by now is none of that run.
    ///
    /// # Errors
    /// What is wrong with it, where nothing can be read from it.
    pub fn stored(text: &str) -> Result<Self, Problems> {
        Fields::read_once_more("the stored pipeline", text, |root| Self::of(text, root))
    }

    fn of(text: &str, root: &Fields<'_, '_>) -> Option<Self> {
        let name = root.name("name");
        let agent = agent(root);
        let (stages, prompts) = stages(root).into_iter().unzip();
        let digest = Digest(hex::encode(Sha256::digest(text)));
        let pipeline = Pipeline { name: name?, digest, agent, stages };
        Some(Self { pipeline, text: text.to_owned(), prompts })
    }

    /// What the agent of `stage` is told: the prompt with the brief and, after a failed attempt, why that failed; then what people
    /// said, marked as such. Values are put in once and never read for placeholders themselves.
    #[must_use]
    pub fn prompt_for(
        &self,
        stage: &StageName,
        brief: &str,
        feedback: Option<&str>,
        remarks: &[Remark],
    ) -> Option<String> {
        let prompt = self.prompts.get(stage)?;
        Some(prompt::fill(prompt, brief, feedback) + &prompt::remarks_text(remarks))
    }
}

/// The stages in running order, each with its name and prompt.
fn stages(root: &Fields<'_, '_>) -> Vec<(Stage, (StageName, String))> {
    let written = root.each("stage", stage::read);
    if written.is_empty() {
        root.problem("there is no stage", "Add one that starts with [[stage]]");
    }
    let sorted = topological::sorted(root, written);
    report_needed_skips(root, &sorted);
    let with_prompt = |one: stage::StageText| {
        let name = one.stage.name.clone();
        (one.stage, (name, one.prompt))
    };
    sorted.into_iter().map(with_prompt).collect()
}

/// A stage that a person may skip must not be one that others build on.
fn report_needed_skips(root: &Fields<'_, '_>, stages: &[stage::StageText]) {
    let skipped = |w: &&stage::StageText| {
        w.stage.gate.as_ref().is_some_and(|gate| gate.on_reject == OnReject::Skip)
    };
    for one in stages.iter().filter(skipped) {
        if let Some(other) = stages.iter().find(|w| w.stage.needs.contains(&one.stage.name)) {
            let what = format!(
                "{} may be skipped (on_reject = \"skip\"), but {} needs it",
                one.stage.name, other.stage.name
            );
            root.problem_at(&one.name, what, "Leave on_reject out, or remove the need");
        }
    }
}

fn agent(root: &Fields<'_, '_>) -> AgentSpec {
    let kind = agent_kind(root);
    let command = root.full_text("command");
    if let Some(long) = command.as_ref().filter(|c| c.get_ref().len() > stage::LONGEST_COMMAND) {
        root.problem_at(long, "command is too long for any shell", stage::SHORTER);
    }
    match (kind, &command) {
        (AgentKind::Script, None) if !root.has("command") => {
            root.problem(
                "agent = \"script\" has no command",
                "Say command = \"…\", a shell command",
            );
        }
        (AgentKind::Claude, Some(command)) => root.problem_at(
            command,
            "a command belongs to agent = \"script\"",
            "Remove it, or change the agent",
        ),
        _ => {}
    }
    AgentSpec {
        kind,
        command: command.map(toml::Spanned::into_inner),
        model: root.full_text("model").map(toml::Spanned::into_inner),
        models: root.texts("models").into_iter().flatten().map(toml::Spanned::into_inner).collect(),
    }
}

fn agent_kind(root: &Fields<'_, '_>) -> AgentKind {
    let Some(word) = root.text("agent") else {
        root.required("agent", "Say agent = \"claude\", or agent = \"script\" with a command");
        return AgentKind::Claude;
    };
    match word.get_ref().as_str() {
        "claude" => AgentKind::Claude,
        "script" => AgentKind::Script,
        other => {
            let remedy = did_you_mean(other, ["claude", "script"], "Use \"claude\" or \"script\"");
            root.problem_at(&word, format!("{other:?} is no agent"), remedy);
            AgentKind::Claude
        }
    }
}
