//! `serve` and `worker` as processes of their own, which can die.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};

use super::wait;

const PROGRAM: &str = env!("CARGO_BIN_EXE_signoff");

pub struct Process {
    verb: &'static str,
    /// What its log is called.
    name: &'static str,
    env: Mutex<Vec<(String, String)>>,
    folder: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Process {
    pub fn new(verb: &'static str, env: &[(String, String)], folder: &Path) -> Self {
        Self {
            verb,
            name: verb,
            env: Mutex::new(env.to_vec()),
            folder: folder.to_owned(),
            child: Mutex::new(None),
        }
    }

    /// Another one with the same settings, not started yet.
    pub fn beside(&self, name: &'static str) -> Self {
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        Self { name, ..Self::new(self.verb, &env, &self.folder) }
    }

    /// Its machine stands still, until it wakes up.
    pub async fn stands_still(&self) -> Result<()> {
        self.gets("-STOP").await
    }

    pub async fn wakes_up(&self) -> Result<()> {
        self.gets("-CONT").await
    }

    /// It is asked to end, as service managers ask: with all that it started, which have these words on their command line, and after them.
    pub async fn is_asked_to_end_with(&self, words: &str) -> Result<()> {
        for started in super::living(words) {
            // It may have ended with another.
            Command::new("kill").args(["-TERM", &started]).status().await?;
        }
        self.gets("-TERM").await?;
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        child.context("it does not run")?.wait().await?;
        Ok(())
    }

    fn id(&self) -> Option<u32> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.id()
    }

    async fn gets(&self, signal: &str) -> Result<()> {
        let id = self.id().context("it does not run")?.to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await?;
        ensure!(sent.success(), "kill {signal} failed");
        Ok(())
    }

    /// Starts it, again if it was there before. It dies with the thread that tells the story.
    pub fn comes_back(&self) -> Result<()> {
        self.comes_back_with(&[])
    }

    /// Starts it with more words on its command line.
    pub fn comes_back_with(&self, more: &[&str]) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new(PROGRAM);
        command.args(["__child", &std::process::id().to_string(), PROGRAM, self.verb]).args(more);
        self.dress(&mut command);
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// kill -9.
    pub async fn crashes(&self) -> Result<()> {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        child.with_context(|| format!("{} does not run", self.verb))?.kill().await?;
        Ok(())
    }

    /// From its next start on, a setting has this value.
    pub fn will_have(&self, name: &str, value: &str) {
        let mut env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        env.retain(|(known, _)| known != name);
        env.push((name.to_owned(), value.to_owned()));
    }

    pub fn setting(&self, name: &str) -> String {
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        env.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    /// Waits until its log has these words so often.
    pub async fn says(&self, words: &str, times: usize) -> Result<()> {
        let said = async || Ok(self.log().matches(words).count() >= times);
        wait::until(&format!("{} to say {words:?}", self.name), said).await
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// `signoff <words>` with the same settings.
    pub fn command(&self, words: &[&str]) -> Typed {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        self.dress(&mut command);
        Typed(command)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn dress(&self, command: &mut Command) {
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        for name in ["ANTHROPIC_API_KEY", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"] {
            command.env_remove(name);
        }
        command.envs(env.iter().cloned()).env("RUST_BACKTRACE", "0").current_dir(&self.folder);
    }
}

/// A command that somebody types.
pub struct Typed(Command);

impl Typed {
    pub fn with(mut self, env: &[(&str, &str)]) -> Self {
        self.0.envs(env.iter().copied());
        self
    }

    /// In another folder than that of its settings.
    pub fn within(mut self, folder: &Path, config: &Path) -> Self {
        self.0.current_dir(folder).env("SIGNOFF_CONFIG", config);
        self
    }

    pub async fn run(mut self) -> Result<(i32, String)> {
        let output = self.0.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code().context("killed")?, said))
    }
}
