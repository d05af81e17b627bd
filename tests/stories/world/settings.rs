//! What is set up otherwise than in most stories?

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::World;
use super::line::Line;
use super::process::Process;
use super::projects;
use super::servers::{self, Servers};

impl World {
    /// `serve` starts anew, with these lines in `[policy]`.
    pub async fn has_policy(&self, lines: &str) -> Result<()> {
        self.rewrites("signoff.toml", |settings| format!("[policy]\n{lines}\n{settings}"))?;
        self.serve_dies_and_comes_back().await
    }

    /// These lines stand in front of all others in `signoff.toml`, which is read again by itself.
    pub fn has_settings(&self, lines: &str) -> Result<()> {
        self.rewrites("signoff.toml", |settings| format!("{lines}\n{settings}"))
    }

    /// `signoff.toml` says something otherwise, which is read again by itself.
    pub fn has_settings_with(&self, (from, to): (&str, &str)) -> Result<()> {
        self.rewrites("signoff.toml", |settings| settings.replace(from, to))
    }

    /// A project's stages are otherwise.
    pub fn has_stages_with(&self, project: &str, (from, to): (&str, &str)) -> Result<()> {
        self.rewrites(&format!("{project}.toml"), |stages| stages.replace(from, to))
    }

    /// `serve` starts anew, with this line among the settings of a project's gate.
    pub async fn has_gate_with(&self, project: &str, line: &str) -> Result<()> {
        let gate = format!("[stage.gate]\n{line}\n");
        self.rewrites(&format!("{project}.toml"), |it| it.replace("[stage.gate]\n", &gate))?;
        self.serve_dies_and_comes_back().await
    }

    /// `serve` starts anew where no browser can reach it.
    pub async fn has_no_address(&self) -> Result<()> {
        self.serve.will_have("SIGNOFF_LISTEN", &self.listen.replace("127.0.0.1", "0.0.0.0"));
        self.serve_dies_and_comes_back().await
    }

    /// `serve` starts anew where no Temporal is.
    pub async fn has_no_temporal(&self) -> Result<()> {
        self.serve.will_have("TEMPORAL_ADDRESS", &servers::free_address()?.to_string());
        self.serve.crashes().await?;
        self.serve.comes_back()?;
        servers::answers(&format!("{}/livez", self.web)).await
    }

    /// Until it has all it depends on.
    pub async fn serve_dies_and_comes_back(&self) -> Result<()> {
        self.serve.crashes().await?;
        self.serve.comes_back()?;
        self.is_up().await
    }

    /// Both start anew with a key of a real model. Only scripts are safe then: they ask nobody by themselves.
    pub async fn has_key(&self, key: &str) -> Result<()> {
        self.worker.crashes().await?;
        self.worker.will_have("ANTHROPIC_API_KEY", key);
        self.worker.comes_back()?;
        self.serve.will_have("ANTHROPIC_API_KEY", key);
        self.serve_dies_and_comes_back().await
    }

    /// The worker is dead, and comes back on a machine whose disk has nothing of what it did; the artifact store is the same.
    pub async fn worker_moves_to(&self, machine: &str) -> Result<()> {
        self.worker.crashes().await?;
        self.other_machine(&self.worker, machine);
        self.worker.comes_back()
    }

    /// A second worker, at a machine of its own.
    pub fn worker_at(&self, machine: &'static str) -> Result<Process> {
        let worker = self.worker.beside(machine);
        self.other_machine(&worker, machine);
        worker.comes_back()?;
        Ok(worker)
    }

    fn other_machine(&self, worker: &Process, machine: &str) {
        let within = |name: &str| self.folder.path().join(name).display().to_string();
        worker.will_have("SIGNOFF_ARTIFACTS", &within("home/artifacts"));
        worker.will_have("SIGNOFF_HOME", &within(machine));
    }

    /// A worker on a machine that has git and nothing else, started beside the others; alone, if they are dead.
    pub fn bare_worker(&self) -> Result<Process> {
        let machine = self.folder.path().join("bare");
        fs::create_dir_all(&machine)?;
        let git = on_path("git").context("no git on the PATH")?;
        std::os::unix::fs::symlink(git, machine.join("git"))?;
        let worker = self.worker.beside("bare-worker");
        worker.will_have("PATH", &machine.display().to_string());
        worker.will_have("SIGNOFF_CACHE", &machine.join("cache").display().to_string());
        worker.comes_back()?;
        Ok(worker)
    }

    /// The worker is dead, and in its place is one on a bare machine.
    pub async fn has_only_a_bare_worker(&self) -> Result<Process> {
        self.worker.crashes().await?;
        self.bare_worker()
    }

    /// A program comes onto the bare machine.
    pub fn bare_machine_gets(&self, program: &str, text: &str) -> Result<()> {
        let file = self.folder.path().join("bare").join(program);
        fs::write(&file, text)?;
        Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
    }

    /// The worker dies and comes back where the agent's program does this.
    pub async fn worker_has_claude(&self, does: &str) -> Result<()> {
        self.worker.crashes().await?;
        let folder = self.folder.path().join("programs");
        fs::create_dir_all(&folder)?;
        let program = folder.join("claude");
        fs::write(&program, format!("#!/bin/sh\n{does}\n"))?;
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
        self.worker.will_have("PATH", &format!("{}:{}", folder.display(), search_path()?));
        self.worker.comes_back()
    }

    /// There is a repository of that name with one commit of these files.
    pub fn has_repository<'a>(
        &self,
        name: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<()> {
        projects::begin(&self.folder.path().join(name), files)
    }

    /// The worker starts anew, with a line to Temporal that can be cut.
    pub async fn worker_over_a_line(&self) -> Result<Line> {
        let line = Line::to(&Servers::get().temporal).await?;
        self.worker.crashes().await?;
        self.worker.will_have("TEMPORAL_ADDRESS", &line.address);
        self.worker.comes_back()?;
        Ok(line)
    }

    fn rewrites(&self, file: &str, change: impl FnOnce(String) -> String) -> Result<()> {
        let file = self.folder.path().join(file);
        let before = fs::read_to_string(&file)?;
        Ok(fs::write(file, change(before))?)
    }
}

/// A program of the machine that tells the story.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = search_path().ok()?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Where that machine looks for programs.
pub fn search_path() -> Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the machine that tells the story has a git")]
    Ok(std::env::var("PATH")?)
}
