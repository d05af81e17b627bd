//! The command `doctor`: what does this machine have, and what is missing?
//! Each line says what was found, or what to do about it.

mod slack;

use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use tokio::process::Command;

use super::{Failure, exit, parts};
use crate::config::{Config, Project};
use crate::engine::Engine;
use crate::local;
use crate::run::{GateSpec, Policy};
use crate::sandbox::Sandbox;
use crate::store::Store;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: FindingState,
    says: String,
}

impl Finding {
    fn ok(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, state: FindingState::Ok, says: says.into() }
    }

    fn less(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, state: FindingState::Less, says: says.into() }
    }

    fn missing(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, state: FindingState::Missing, says: says.into() }
    }

    fn print(&self, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
        let line = if json { serde_json::to_string(self)? } else { self.line() };
        writeln!(out, "{line}")?;
        Ok(())
    }

    fn line(&self) -> String {
        let glyph = match self.state {
            FindingState::Ok => "✓",
            FindingState::Less => "~",
            FindingState::Missing => "✗",
        };
        format!("{glyph} {:<9} {}", self.what, self.says)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum FindingState {
    Ok,
    /// Works, with less.
    Less,
    Missing,
}

/// Looks at everything that is needed, and prints what was found.
pub async fn doctor(config: Config, json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut findings = vec![
        program("git", "Install git.").await,
        database(&config).await,
        temporal(&config).await,
        sandbox(&config).await,
        claude(&config).await,
        model(&config),
        projects(&config),
    ];
    findings.extend(slack::look(&config).await);
    for finding in &findings {
        finding.print(json, out).context("printing")?;
    }
    let missing = findings.iter().any(|f| f.state == FindingState::Missing);
    Ok(if missing { exit::MISSING } else { exit::OK })
}

async fn program(what: &'static str, remedy: &str) -> Finding {
    match version(Command::new(what).arg("--version")).await {
        Some(version) => Finding::ok(what, version),
        None => Finding::missing(what, remedy),
    }
}

async fn version(command: &mut Command) -> Option<String> {
    let output = command.kill_on_drop(true).output().await.ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

async fn database(config: &Config) -> Finding {
    let what = "database";
    let Some(url) = &config.database_url else {
        return Finding::missing(
            what,
            "DATABASE_URL is not set and no `signoff up` runs here. Start `signoff up`, or set it.",
        );
    };
    let store = match Store::connect(url).await {
        Ok(store) => store,
        Err(e) => {
            let why = anyhow::Error::from(e);
            let says = format!("{why:#}. Is it running, and is DATABASE_URL right?");
            return Finding::missing(what, says);
        }
    };
    if store.newest_runs(1).await.is_ok() {
        Finding::ok(what, "the database answers")
    } else {
        let says = "the database answers, without our tables yet: `serve` and `worker` make them";
        Finding::less(what, says)
    }
}

async fn temporal(config: &Config) -> Finding {
    let engine = Engine::new(parts::temporal_address(config), config.task_queue.clone());
    match engine.ping().await {
        Ok(version) => {
            let says = format!("server {version}, task queue {}", config.task_queue);
            Finding::ok("temporal", says)
        }
        Err(e) => {
            let says = format!("{e}. Start `signoff up`, or set TEMPORAL_ADDRESS.");
            Finding::missing("temporal", says)
        }
    }
}

async fn sandbox(config: &Config) -> Finding {
    match Sandbox::find(&config.cache).await {
        Ok(sandbox) => Finding::ok("sandbox", format!("{sandbox} confines agents and checks")),
        Err(why) => Finding::less(
            "sandbox",
            format!(
                "no sandbox: {why}. Rehearsals and scripts run; a real model needs a box or --no-sandbox."
            ),
        ),
    }
}

async fn claude(config: &Config) -> Finding {
    let what = "claude";
    let Some(program) = local::claude_cli::find(Some(config.path.as_ref()), &config.cache) else {
        return Finding::less(
            what,
            "Claude Code is not here. Install it, or let `signoff up` fetch it; script agents work without.",
        );
    };
    let program_shown = program.display();
    match version(Command::new(&program).arg("--version").env("DISABLE_AUTOUPDATER", "1")).await {
        Some(version) => Finding::ok(what, format!("{version} at {program_shown}")),
        None => Finding::missing(
            what,
            format!("{program_shown} does not run. Install Claude Code again."),
        ),
    }
}

fn model(config: &Config) -> Finding {
    let says = if parts::rehearses(config) {
        "rehearsal: a scripted model, no cost (set ANTHROPIC_API_KEY for a real one)"
    } else {
        "a real model, with your key"
    };
    Finding::ok("model", says)
}

fn projects(config: &Config) -> Finding {
    let projects = &config.projects;
    let names: Vec<String> = projects.names().map(ToString::to_string).collect();
    let warnings: Vec<String> =
        projects.all().filter_map(|project| nobody_called(project, &projects.policy)).collect();
    let state = if warnings.is_empty() { FindingState::Ok } else { FindingState::Less };
    let says = [names.join(", ")].into_iter().chain(warnings).collect::<Vec<_>>().join(". ");
    Finding { what: "projects", state, says }
}

/// The warning about a project with a gate that calls nobody who could answer.
fn nobody_called(project: &Project, policy: &Policy) -> Option<String> {
    let gates = project.pipeline.pipeline.stages.iter().filter_map(|stage| stage.gate.as_ref());
    let specs: Vec<GateSpec> =
        gates.map(|gate| policy.tightened(gate, &project.approvers)).collect();
    let why = match specs.iter().find(|spec| spec.listed().is_empty())? {
        spec if spec.approvers_required => {
            "the policy requires approvers and none are listed, so nobody can answer"
        }
        spec if !spec.self_approval => {
            "no approvers are listed and whoever starts a run may not approve it, so nobody is called"
        }
        _ => return None,
    };
    Some(format!("When {} asks, {why}: give it `approvers` in signoff.toml", project.name))
}
