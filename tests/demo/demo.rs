//! A `signoff up` of a test's own: how is it started, asked, and hurt?

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// The first time ever, Temporal is built from source.
pub const READY_WITHIN: Duration = Duration::from_mins(25);
pub const ENDED_WITHIN: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Every attempt leaves a test that fails.
const HOPELESS: &str = r#"
model = "claude-sonnet-4-5"
[[scene]]
name = "hopeless"
prompt = '(?m)^Stage: '
[[scene.turn]]
text = "I will try."
usage = { input = 4, output = 40, cache_read = 9000, cache_write = 200 }
[[scene.turn.write]]
file = "test/hopeless.test.js"
text = "throw new Error('nothing is right');"
[[scene.turn]]
text = "It does not work."
"#;

/// One stage that its provider holds up in the middle, and one that costs more than it may.
const HELD_UP: &str = r#"
model = "claude-sonnet-4-5"
[[scene]]
name = "limited"
prompt = 'limited'
[[scene.turn]]
usage = { input = 4, output = 40, cache_read = 9000, cache_write = 200 }
[[scene.turn.write]]
file = "limited.txt"
text = "x"
[[scene.turn]]
text = "Done."
fault = { status = 429, times = 1, retry_after = 12 }
[[scene]]
name = "dear"
prompt = 'dear'
[[scene.turn]]
usage = { input = 4, output = 2000, cache_read = 0, cache_write = 0 }
[[scene.turn.write]]
file = "dear.txt"
text = "x"
[[scene.turn]]
run = ["true"]
usage = { input = 4, output = 2000, cache_read = 0, cache_write = 0 }
[[scene.turn]]
text = "Done."
"#;

/// A running demo; it ends with the test.
pub struct Demo {
    up: RefCell<Child>,
    folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let up = self.up.get_mut();
        drop(up.stdin.take());
        // It takes all it started along; until then the folder stays.
        let _ended = up.wait();
    }
}

impl Demo {
    pub fn starts(env: &[(&str, &str)]) -> Result<Self> {
        Self::starts_with(&[], env, &["up", "--demo"])
    }

    pub fn starts_with(flags: &[&str], env: &[(&str, &str)], verb: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        fs::write(folder.path().join("hopeless.toml"), HOPELESS)?;
        fs::write(folder.path().join("held-up.toml"), HELD_UP)?;
        let mut projects = vec!["[model]\nshort_wait = \"3s\"\n".to_owned()];
        for name in ["limited", "dear"] {
            projects.push(format!("[project.{name}]\npipeline = \"{name}.toml\"\n"));
            let stage = format!(
                "name = \"{name}\"\nagent = \"claude\"\n[[stage]]\nname = \"only\"\nprompt = \"{name}\"\nchecks = [\"true\"]\n"
            );
            fs::write(folder.path().join(format!("{name}.toml")), stage)?;
        }
        fs::write(folder.path().join("signoff.toml"), projects.concat())?;
        let said = File::create(folder.path().join("said"))?;
        let mut up = Command::new(env!("CARGO_BIN_EXE_signoff"));
        // Its end of the pipe closes when we die, however that happens.
        up.args(verb)
            .arg("--until-eof")
            .args(flags)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(said.try_clone()?)
            .stderr(said);
        let up = without_settings(&mut up).envs(env.iter().copied()).spawn()?;
        Ok(Self { up: up.into(), folder })
    }

    /// Waits for its end; everything it said.
    pub fn ends_with(&self, code: i32) -> Result<String> {
        self.until(READY_WITHIN, || self.up_file().is_some() || self.has_ended())?;
        self.until(ENDED_WITHIN, || self.has_ended())?;
        let status = self.up.borrow_mut().wait()?;
        ensure!(status.code() == Some(code), "it ended with {status}:\n{}", self.said());
        Ok(self.said())
    }

    pub fn until(&self, patience: Duration, there: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !there() {
            ensure!(Instant::now() < deadline, "waited in vain:\n{}", self.said());
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    pub fn has_ended(&self) -> bool {
        self.up.borrow_mut().try_wait().is_ok_and(|status| status.is_some())
    }

    pub fn kills(&self, who: &str) -> Result<()> {
        let pid = self
            .up_file()
            .and_then(|up| up["pids"][who].as_i64())
            .with_context(|| format!("{who} does not run"))?;
        ensure!(Command::new("kill").args(["-9", &pid.to_string()]).status()?.success());
        Ok(())
    }

    /// Starts a run; its name.
    pub fn develops(&self, words: &[&str]) -> Result<String> {
        let said = self.types(&[&["develop", "--json"], words].concat())?;
        let run: Value = serde_json::from_str(&said)?;
        Ok(run["run"].as_str().context("no run")?.to_owned())
    }

    pub fn has_event(&self, run: &str, kind: &str) -> bool {
        let events = self.types(&["events", run, "--json"]).unwrap_or_default();
        events.contains(&format!("\"kind\":\"{kind}\""))
    }

    /// What a command of somebody at a shell prints.
    pub fn types(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signoff"));
        let typed = without_settings(&mut command).args(words).current_dir(self.folder.path());
        let output = typed.output()?;
        ensure!(output.status.success(), "{words:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// How many sessions of an agent a run had.
    pub fn sessions(&self, run: &str) -> Result<usize> {
        let log = self.home().join("runs").join(run).join("only-1/agent.jsonl");
        let log = fs::read_to_string(log)?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ids = lines.filter_map(|line| line["session_id"].as_str().map(str::to_owned));
        Ok(ids.collect::<std::collections::BTreeSet<_>>().len())
    }

    /// Where it keeps its database, with the password.
    pub fn database(&self) -> Result<String> {
        let up = self.up_file().context("it is not ready")?;
        Ok(up["database_url"].as_str().context("no database")?.to_owned())
    }

    pub fn up_file(&self) -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(self.home().join("up.json")).ok()?).ok()
    }

    pub fn log_of(&self, attempt: &str) -> Option<String> {
        let run = fs::read_dir(self.home().join("runs")).ok()?.flatten().next()?.path();
        fs::read_to_string(run.join(attempt).join("agent.jsonl")).ok()
    }

    /// The lines of the thread as it stood in the end.
    pub fn lines_with(&self, words: &str) -> Vec<String> {
        let said = self.said();
        let thread = said.split_once("The thread as it stands:").map_or("", |(_, thread)| thread);
        thread.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
    }

    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    pub fn home(&self) -> PathBuf {
        Path::new(self.folder.path()).join(".signoff")
    }
}

/// What is configured for the tests' own process is not for these.
fn without_settings(command: &mut Command) -> &mut Command {
    for name in [
        "DATABASE_URL",
        "TEMPORAL_ADDRESS",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SIGNOFF_CONFIG",
        "SIGNOFF_HOME",
        "SIGNOFF_REHEARSAL",
        "SIGNOFF_LISTEN",
        "ANTHROPIC_API_KEY",
    ] {
        command.env_remove(name);
    }
    command
}
