//! The choice of an agent: which one does a stage get here, and how is it confined?

use super::WriteInput;
use super::bench::Bench;
use crate::agent::{Agent, ClaudeCode, ModelAccess, Script};
use crate::run::{AgentKind, Sandboxing};
use crate::sandbox::{Network, Sandbox};

impl Bench {
    /// The agent that the pipeline names; or why this worker cannot let it work, for people.
    pub(super) fn agent_for(&self, input: &WriteInput) -> Result<Box<dyn Agent>, String> {
        match input.agent.kind {
            AgentKind::Script => Ok(Box::new(self.script(input)?)),
            AgentKind::Claude => Ok(Box::new(self.claude_code(input.rehearsal)?)),
        }
    }

    fn script(&self, input: &WriteInput) -> Result<Script, String> {
        let command = input.agent.command.clone();
        let command = command.ok_or("the pipeline names no command for its script agent")?;
        Ok(Script { command, sandbox: self.sandbox.clone() })
    }

    fn claude_code(&self, rehearsal: bool) -> Result<ClaudeCode, String> {
        match (self.has_real_model(), rehearsal) {
            (true, true) => {
                return Err("this worker speaks to a real model and does not rehearse".to_owned());
            }
            (false, false) => {
                return Err("this worker has no ANTHROPIC_API_KEY and only rehearses".to_owned());
            }
            (true, false) if matches!(self.sandbox, Sandbox::None) && !self.no_sandbox => {
                return Err("no box can be built here to confine a real agent: `signoff doctor` says why; or start the worker with --no-sandbox".to_owned());
            }
            _ => {}
        }
        let program = self.claude.clone();
        let program =
            program.ok_or("the claude program is not here: `signoff doctor` says how to get it")?;
        Ok(ClaudeCode { program, access: self.model.clone(), sandbox: self.sandbox.clone() })
    }

    const fn has_real_model(&self) -> bool {
        matches!(self.model, ModelAccess::Key(_))
    }

    /// A real agent reaches its model over the network, and a setup fetches what it needs.
    pub(super) fn sandboxing(&self, input: &WriteInput) -> Sandboxing {
        let real_agent = input.agent.kind == AgentKind::Claude && self.has_real_model();
        let open = real_agent || !input.stage.setup.is_empty();
        self.sandbox.sandboxing(if open { Network::Open } else { Network::Closed })
    }
}
