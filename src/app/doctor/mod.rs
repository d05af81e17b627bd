//! What does this machine have, and what is missing?
//! Each line says what was found, or what to do about it.

mod slack;

use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use tokio::process::Command;

use super::{Failure, exit, parts};
use crate::config::{Config, Project};
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
        let line =
            if json { serde_json::to_string(finding).context("printing")? } else { finding.line() };
        writeln!(out, "{line}").context("printing")?;
    }
    let missing = findings.iter().any(|f| f.state == FindingState::Missing);
    Ok(if missing { exit::MISSING } else { exit::OK })
}

async fn program(what: &'static str, remedy: &str) -> Finding {
    match version(Command::new(what).arg("--version")).await {
        Some(says) => Finding { what, state: FindingState::Ok, says },
        None => Finding { what, state: FindingState::Missing, says: remedy.to_owned() },
    }
}

async fn version(command: &mut Command) -> Option<String> {
    let output = command.kill_on_drop(true).output().await.ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

async fn database(config: &Config) -> Finding {
    let (state, says) = match &config.database_url {
        None => (
            FindingState::Missing,
            "DATABASE_URL is not set and no `signoff up` runs here. Start `signoff up`, or set it."
                .to_owned(),
        ),
        Some(url) => match Store::connect(url).await {
            Ok(store) => match store.newest_runs(1).await {
                Ok(_) => (FindingState::Ok, "the database answers".to_owned()),
                Err(_) => (
                    FindingState::Less,
                    "the database answers, without our tables yet: `serve` and `worker` make them"
                        .to_owned(),
                ),
            },
            Err(e) => (
                FindingState::Missing,
                format!("{:#}. Is it running, and is DATABASE_URL right?", anyhow::Error::from(e)),
            ),
        },
    };
    Finding { what: "database", state, says }
}

async fn temporal(config: &Config) -> Finding {
    let doors = crate::engine::Engine::new(parts::address(config), config.task_queue.clone());
    let (state, says) = match doors.ping().await {
        Ok(version) => {
            (FindingState::Ok, format!("server {version}, task queue {}", config.task_queue))
        }
        Err(e) => {
            (FindingState::Missing, format!("{e}. Start `signoff up`, or set TEMPORAL_ADDRESS."))
        }
    };
    Finding { what: "temporal", state, says }
}

async fn sandbox(config: &Config) -> Finding {
    let (state, says) = match Sandbox::find(&config.cache).await {
        Ok(sandbox) => (FindingState::Ok, format!("{sandbox} confines agents and checks")),
        Err(why) => (
            FindingState::Less,
            format!(
                "no sandbox: {why}. Rehearsals and scripts run; a real model needs bubblewrap or --no-sandbox."
            ),
        ),
    };
    Finding { what: "sandbox", state, says }
}

async fn claude(config: &Config) -> Finding {
    let found = local::claude_cli::find(Some(config.path.as_ref()), &config.cache);
    let (state, says) = match found {
        Some(program) => match version(Command::new(&program).arg("--version").env("DISABLE_AUTOUPDATER", "1")).await {
            Some(version) => (FindingState::Ok, format!("{version} at {}", program.display())),
            None => (FindingState::Missing, format!("{} does not run. Install Claude Code again.", program.display())),
        },
        None => (FindingState::Less, "Claude Code is not here. Install it, or let `signoff up` fetch it; script agents work without.".to_owned()),
    };
    Finding { what: "claude", state, says }
}

fn model(config: &Config) -> Finding {
    let says = if parts::rehearses(config) {
        "rehearsal: a scripted model, no cost (set ANTHROPIC_API_KEY for a real one)"
    } else {
        "a real model, with your key"
    };
    Finding { what: "model", state: FindingState::Ok, says: says.to_owned() }
}

fn projects(config: &Config) -> Finding {
    let names: Vec<String> = config.projects.names().map(ToString::to_string).collect();
    let unheard: Vec<String> = config
        .projects
        .all()
        .filter_map(|project| unheard(project, &config.projects.policy))
        .collect();
    let state = if unheard.is_empty() { FindingState::Ok } else { FindingState::Less };
    Finding {
        what: "projects",
        state,
        says: [names.join(", ")].into_iter().chain(unheard).collect::<Vec<_>>().join(". "),
    }
}

/// What a project's gates have to say that call nobody who could answer.
fn unheard(project: &Project, policy: &Policy) -> Option<String> {
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
