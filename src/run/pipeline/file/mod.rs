//! How is a pipeline written down?
//! TOML, checked whole on load; every problem names file, line and remedy.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::run::{AgentKind, AgentSpec, Digest, OnReject, Pipeline, Remark, StageName};

mod fields;
mod gate;
mod problem;
mod prompt;
mod stage;
#[cfg(test)]
mod tests;
mod topological;

pub use fields::{Fields, NAME};
pub use gate::{approvers, quorum};
pub use problem::{Problem, Problems, did_you_mean, nearest};

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
        Fields::read(file, text, |root| {
            let name = root.name("name");
            let agent = agent(root);
            let written = root.each("stage", stage::read);
            if written.is_empty() {
                root.problem("there is no stage", "Add one that starts with [[stage]]");
            }
            let mut prompts = BTreeMap::new();
            let mut stages = Vec::new();
            let written = topological::sorted(root, written);
            report_needed_skips(root, &written);
            for one in written {
                prompts.insert(one.stage.name.clone(), one.prompt);
                stages.push(one.stage);
            }
            let digest = Digest(hex::encode(Sha256::digest(text)));
            Some(Self {
                pipeline: Pipeline { name: name?, digest, agent, stages },
                text: text.to_owned(),
                prompts,
            })
        })
    }

    /// What the agent of `stage` is told: the prompt with the brief and, after a failed attempt, why that failed; then what people
    /// said, marked as such. Values are put in once and never read for placeholders themselves.
    #[must_use]
    pub fn prompt_for(
        &self,
        stage: &StageName,
        brief: &str,
        (feedback, remarks): (Option<&str>, &[Remark]),
    ) -> Option<String> {
        self.prompts.get(stage).map(|p| prompt::filled(p, brief, feedback) + &prompt::said(remarks))
    }
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
    let kind = match root.text("agent") {
        None => {
            root.required("agent", "Say agent = \"claude\", or agent = \"script\" with a command");
            AgentKind::Claude
        }
        Some(word) => match word.get_ref().as_str() {
            "claude" => AgentKind::Claude,
            "script" => AgentKind::Script,
            other => {
                root.problem_at(
                    &word,
                    format!("{other:?} is no agent"),
                    did_you_mean(other, ["claude", "script"], "Use \"claude\" or \"script\""),
                );
                AgentKind::Claude
            }
        },
    };
    let command = root.full_text("command");
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
    }
}
