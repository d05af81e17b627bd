//! The command `doctor`: what does this machine have, and what is missing?
//! Each line says what was found, or what to do about it.

mod artifacts;
mod kept;
mod model;
mod projects;
mod queue;
mod slack;
mod temporal;
mod waits;

use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use tokio::process::Command;

use super::{Failure, exit};
use crate::config::Config;
use crate::local;
use crate::sandbox::{BoxParts, Limiter, Sandbox};
use crate::store::{SchemaAge, Store, StoreError};
use crate::workspace::GitVersion;

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
        git().await,
        database(&config).await,
        temporal::look(&config).await,
        sandbox(&config).await,
        limits(&config),
        claude(&config).await,
        model::look(&config).await,
        artifacts::look(&config).await,
        kept::look(&config).await,
        projects::look(&config).await,
    ];
    findings.extend(queue::look(&config).await);
    findings.extend(waits::look(&config).await);
    findings.extend(slack::look(&config).await);
    for finding in &findings {
        finding.print(json, out).context("printing")?;
    }
    let missing = findings.iter().any(|f| f.state == FindingState::Missing);
    Ok(if missing { exit::MISSING } else { exit::OK })
}

async fn git() -> Finding {
    let what = "git";
    match GitVersion::find().await {
        None => Finding::missing(what, "Install git."),
        Some(version) => match version.lack() {
            None => Finding::ok(what, version.to_string()),
            Some(lack) => Finding::less(what, format!("{version}: {lack}")),
        },
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
            return Finding::missing(
                what,
                format!("{e}. Is it running, and is DATABASE_URL right?"),
            );
        }
    };
    let says = "the database answers";
    match store.schema_age().await {
        Ok(SchemaAge::Ours) => Finding::ok(what, says),
        Ok(SchemaAge::Older) => Finding::less(
            what,
            format!("{says}, with older tables: `serve` and `worker` bring them up to date"),
        ),
        Ok(SchemaAge::Newer(migration)) => {
            Finding::missing(what, format!("{}.", StoreError::Newer(migration)))
        }
        Err(_) => Finding::less(
            what,
            format!("{says}, without our tables yet: `serve` and `worker` make them"),
        ),
    }
}

async fn sandbox(config: &Config) -> Finding {
    let exe = std::env::current_exe().unwrap_or_else(|_| "signoff".into());
    match Sandbox::find(BoxParts { cache: &config.cache, exe: &exe }).await {
        Ok(sandbox) => Finding::ok("sandbox", format!("{sandbox} confines agents and checks")),
        Err(why) => Finding::less(
            "sandbox",
            format!(
                "no sandbox: {why}. Nothing of a repository runs without --no-sandbox; the built-in pipeline can be rehearsed."
            ),
        ),
    }
}

/// What this machine gives; a worker in a group of its own may get more, and its log says so.
fn limits(config: &Config) -> Finding {
    let limiter = Limiter::find(&config.projects.limits);
    let finding = if limiter.is_exact() { Finding::ok } else { Finding::less };
    finding("limits", limiter.to_string())
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
