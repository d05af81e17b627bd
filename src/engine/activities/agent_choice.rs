//! The choice of an agent: which one does a stage get here?

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::WriteInput;
use super::bench::Bench;
use super::circuit::WorkerPart;
use super::unfit::Unfit;
use crate::agent::{Agent, ClaudeCode, ModelAccess, Script};
use crate::meter::MeterDoor;
use crate::run::{AgentKind, Digest};
use crate::sandbox::Sandbox;

/// An agent, and its way to the model.
pub(super) struct MeteredAgent {
    pub agent: Box<dyn Agent>,
    pub door: MeterDoor,
}

/// Why no agent can work.
pub(super) enum NoAgent {
    /// Not here.
    Unfit(Unfit),
    /// Nowhere: the pipeline is wrong; why, for people.
    Wrong(String),
}

impl From<Unfit> for NoAgent {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl Bench {
    /// The agent that the pipeline names, with its way to the model.
    pub(super) fn agent_for(
        &self,
        input: &WriteInput,
        door: MeterDoor,
    ) -> Result<MeteredAgent, NoAgent> {
        self.has_not_failed(&WorkerPart::Of(input.run.clone()))?;
        self.may_write(input.agent.kind, input.rehearsal, input.origin())?;
        let agent: Box<dyn Agent> = match input.agent.kind {
            AgentKind::Script => Box::new(self.script(input, &door)?),
            AgentKind::Claude => Box::new(self.claude_code(&door)?),
        };
        Ok(MeteredAgent { agent, door })
    }

    /// Whether this worker can let such an agent work.
    pub(super) fn may_write(
        &self,
        agent: AgentKind,
        rehearsal: bool,
        origin: Origin<'_>,
    ) -> Result<(), Unfit> {
        match agent {
            AgentKind::Script => self.refuse_unconfined(RepositoryCode::Any),
            AgentKind::Claude => {
                self.refuse_unconfined(self.code_of(origin))?;
                self.refuse_other_model(rehearsal)?;
                self.claude_program().map(drop)
            }
        }
    }

    fn refuse_other_model(&self, rehearsal: bool) -> Result<(), Unfit> {
        let lacks = match (self.has_real_model(), rehearsal) {
            (true, true) => "this worker speaks to a real model and does not rehearse",
            (false, false) => "this worker has no ANTHROPIC_API_KEY and only rehearses",
            (true, false) => return self.has_not_failed(&WorkerPart::Key),
            (false, true) => return Ok(()),
        };
        Err(Unfit::Lacks(lacks.to_owned()))
    }

    /// Looked for each time: it may have been installed since.
    fn claude_program(&self) -> Result<PathBuf, Unfit> {
        let lacks = "the claude program is not here: `signoff doctor` says how to get it";
        (self.find_claude)().ok_or_else(|| Unfit::Lacks(lacks.to_owned()))
    }

    fn script(&self, input: &WriteInput, door: &MeterDoor) -> Result<Script, NoAgent> {
        let command = input.agent.command.clone();
        let wrong = || NoAgent::Wrong("the pipeline names no command for its script agent".into());
        let command = command.ok_or_else(wrong)?;
        Ok(Script { command, access: access(door), sandbox: self.sandbox.clone() })
    }

    fn claude_code(&self, door: &MeterDoor) -> Result<ClaudeCode, Unfit> {
        let program = self.claude_program()?;
        Ok(ClaudeCode { program, access: access(door), sandbox: self.sandbox.clone() })
    }

    const fn has_real_model(&self) -> bool {
        self.meter.is_real()
    }

    /// What this worker lacks for some of the runs there may be, for its operator.
    #[must_use]
    pub fn lacks(&self) -> Vec<String> {
        let looked = [self.refuse_unconfined(RepositoryCode::Any), self.claude_program().map(drop)];
        looked.into_iter().filter_map(Result::err).map(|unfit| unfit.to_string()).collect()
    }

    /// Whose code an activity of this run would run here.
    pub(super) fn code_of(&self, origin: Origin<'_>) -> RepositoryCode {
        code_of(self.has_real_model(), origin, &self.built_in)
    }

    /// Without a box nothing of a repository runs, unless the operator said so; why, for people.
    pub(super) fn refuse_unconfined(&self, code: RepositoryCode) -> Result<(), Unfit> {
        let is_confined = !matches!(self.sandbox, Sandbox::None);
        refuse_unconfined(is_confined || self.no_sandbox, code)
    }
}

fn access(door: &MeterDoor) -> ModelAccess {
    ModelAccess { socket: door.socket().to_owned(), token: door.token().clone() }
}

fn refuse_unconfined(any_may_run: bool, code: RepositoryCode) -> Result<(), Unfit> {
    if any_may_run || code == RepositoryCode::None {
        return Ok(());
    }
    Err(Unfit::Lacks("no box can be built here, and without one nothing of a repository runs: `signoff doctor` says why; or start the worker with --no-sandbox".to_owned()))
}

/// A scripted model in a fresh repository, by a pipeline of our own, runs only what came with this program.
fn code_of(is_real: bool, origin: Origin<'_>, built_in: &BTreeSet<Digest>) -> RepositoryCode {
    let is_built_in = origin.pipeline.is_some_and(|digest| built_in.contains(digest));
    if !is_real && origin.repository.is_none() && is_built_in {
        RepositoryCode::None
    } else {
        RepositoryCode::Any
    }
}

/// Whose code an activity would run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RepositoryCode {
    /// Only our own.
    None,
    Any,
}

/// Where the code of a run comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub repository: Option<&'a str>,
    /// None where a workflow of an older version did not say it.
    pub pipeline: Option<&'a Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_box_only_what_came_with_this_program_runs() {
        let (own, other) = (Digest("own".to_owned()), Digest("other".to_owned()));
        let built_in = BTreeSet::from([own.clone()]);
        let code = |is_real, pipeline, repository| {
            code_of(is_real, Origin { repository, pipeline }, &built_in)
        };
        assert_eq!(code(false, Some(&own), None), RepositoryCode::None);
        for any in [
            code(true, Some(&own), None),
            code(false, Some(&other), None),
            code(false, Some(&own), Some("/their/repository")),
            code(false, None, None),
        ] {
            assert_eq!(any, RepositoryCode::Any);
        }
        assert!(refuse_unconfined(false, RepositoryCode::None).is_ok());
        assert!(refuse_unconfined(true, RepositoryCode::Any).is_ok());
        let why = refuse_unconfined(false, RepositoryCode::Any).unwrap_err().to_string();
        assert!(why.contains("--no-sandbox"), "{why}");
    }
}
