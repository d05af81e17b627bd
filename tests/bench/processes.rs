//! The processes that are measured, and what they lean on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::extract::{Path as Named, Query};
use axum::{Json, Router, routing};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::servers::{Servers, answers, free_address};

pub struct Processes {
    pub database: String,
    pub temporal: String,
    pub queue: String,
    pub folder: TempDir,
    /// Where Slack's requests go, one address per `serve`.
    pub doors: Vec<String>,
    /// Where private answers go, followed by what they answer.
    pub respond: String,
    pub told: Told,
    serves: Vec<Running>,
    worker: Running,
}

/// What people were told privately, by what it answers.
pub type Told = Arc<Mutex<BTreeMap<String, String>>>;

/// What Slack signs with.
pub const SIGNING_SECRET: &str = "of nobody";

/// Resident memory, in MB, of all processes of that kind.
pub struct Memory {
    pub serve: f64,
    pub worker: f64,
}

/// Ends with the bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Processes {
    /// So many replicas of `serve`, and a worker.
    pub async fn start(replicas: usize) -> Result<Self> {
        Self::start_with(replicas, ("SIGNOFF_SLACK_PACE", "60000")).await
    }

    /// The same, with one more setting.
    pub async fn start_with(replicas: usize, setting: (&str, &str)) -> Result<Self> {
        // Another may have been installed; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let servers = Servers::get();
        let queue = servers.fresh_name().replace("story", "bench");
        let database = servers.fresh_database(&queue).await?;
        let folder = TempDir::new()?;
        let told = Told::default();
        let slack = a_slack_that_takes_everything(Arc::clone(&told)).await?;
        let respond = format!("{slack}/respond");
        let slack = format!("{slack}/api/");
        let temporal = servers.temporal.clone();
        let home = folder.path().join("home").display().to_string();
        let env = [
            ("DATABASE_URL", database.as_str()),
            ("TEMPORAL_ADDRESS", &temporal),
            ("SIGNOFF_TASK_QUEUE", &queue),
            ("SIGNOFF_HOME", &home),
            ("SIGNOFF_SLACK_PACE", "60000"),
            ("SLACK_API_URL", &slack),
            ("SLACK_BOT_TOKEN", "xoxb-of-nobody"),
            ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
            setting,
        ];
        let worker = start("worker", &env, (folder.path(), "worker"))?;
        let (mut running, mut doors) = (Vec::new(), Vec::new());
        for replica in 1..=replicas {
            let listen = free_address()?.to_string();
            let here = [&env[..], &[("SIGNOFF_LISTEN", &listen)]].concat();
            running.push(start("serve", &here, (folder.path(), &format!("serve-{replica}")))?);
            answers(&format!("http://{listen}/readyz")).await?;
            doors.push(format!("http://{listen}/slack"));
        }
        Ok(Self {
            database,
            temporal,
            queue,
            folder,
            doors,
            respond,
            told,
            serves: running,
            worker,
        })
    }

    pub fn memory(&self) -> Result<Memory> {
        Ok(Memory {
            serve: self.serves.iter().map(megabytes).sum::<Result<_>>()?,
            worker: megabytes(&self.worker)?,
        })
    }
}

fn start(verb: &str, env: &[(&str, &str)], (folder, name): (&Path, &str)) -> Result<Running> {
    let log = File::create(folder.join(format!("{name}.log")))?;
    let program = env!("CARGO_BIN_EXE_signoff");
    let mut command = Command::new(program);
    command
        .args(["__child", &std::process::id().to_string(), program, verb])
        .envs(env.iter().copied());
    command.env_remove("ANTHROPIC_API_KEY").env_remove("SIGNOFF_CONFIG").current_dir(folder);
    Ok(Running(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?))
}

fn megabytes(process: &Running) -> Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{}/status", process.0.id())).context("it has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

async fn a_slack_that_takes_everything(told: Told) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let respond = routing::post(async move |Named(to): Named<String>, Json(words): Json<Value>| {
        told.lock().unwrap_or_else(PoisonError::into_inner).insert(to, words.to_string());
        "ok"
    });
    let router = Router::new()
        .route("/api/{method}", routing::post(answer).get(answer))
        .route("/respond/{to}", respond);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

async fn answer(
    Named(method): Named<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let ts = format!("1700000000.{:06}", COUNT.fetch_add(1, Ordering::Relaxed));
    Json(match method.as_str() {
        "auth.test" => {
            json!({ "ok": true, "url": "https://acme.example/", "team": "Acme", "user": "signoff", "team_id": "T01ACME", "user_id": "U0BOT", "bot_id": "B0BOT" })
        }
        "chat.postMessage" => {
            json!({ "ok": true, "channel": "C0", "ts": ts, "message": { "ts": ts, "text": "" } })
        }
        // Whoever it is: a full member of the workspace.
        "users.info" => {
            let id = asked.get("user");
            json!({ "ok": true, "user": { "id": id, "name": id, "team_id": "T01ACME", "real_name": id, "tz": "Etc/UTC", "tz_offset": 0 } })
        }
        "conversations.open" => json!({ "ok": true, "channel": { "id": "D0" } }),
        // Charts cannot be shown here, and that is no reason to try again.
        _ if method.starts_with("files.") => json!({ "ok": false, "error": "missing_scope" }),
        _ => json!({ "ok": true, "channel": "C0", "ts": ts, "text": "" }),
    })
}
