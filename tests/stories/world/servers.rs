//! Postgres and Temporal, started once for all stories by the program itself.
//! Its standard input is ours: however this process ends, it ends too.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

use super::line::Line;
use super::wait;

/// The first time ever, Temporal is built from source.
const READY_WITHIN: Duration = Duration::from_mins(25);

pub struct Servers {
    pub temporal: String,
    database: String,
    count: AtomicU32,
    hurried: OnceCell<()>,
    _up: Child,
}

/// No power cut is among the stories, and waiting for the disk is most of what a fresh database takes.
const HURRIED: &str = "
    alter system set fsync = off;
    alter system set full_page_writes = off;
    alter system set synchronous_commit = off;
    select pg_reload_conf()";

static SERVERS: OnceLock<Servers> = OnceLock::new();

impl Servers {
    pub fn get() -> &'static Self {
        SERVERS.get_or_init(|| Self::start().expect("Postgres and Temporal"))
    }

    fn start() -> Result<Self> {
        let home = Self::fresh_home()?;
        let log = File::create(home.join("up.log"))?;
        let mut up = Command::new(env!("CARGO_BIN_EXE_signoff"));
        up.args(["up", "--servers-only", "--until-eof"]).env("SIGNOFF_HOME", &home);
        up.env_remove("DATABASE_URL")
            .env_remove("TEMPORAL_ADDRESS")
            .env_remove("SLACK_BOT_TOKEN")
            .env_remove("SIGNOFF_CONFIG");
        let mut up = up
            .current_dir(&home)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let deadline = Instant::now() + READY_WITHIN;
        let ready = loop {
            let written = fs::read_to_string(home.join("up.json"))
                .ok()
                .and_then(|text| serde_json::from_str::<Value>(&text).ok());
            if let Some(ready) = written.filter(|ready| ready["pid"] == up.id()) {
                break ready;
            }
            if let Some(status) = up.try_wait()? {
                bail!(
                    "`signoff up --servers-only` ended with {status}:\n{}",
                    fs::read_to_string(home.join("up.log"))?
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "`signoff up --servers-only` is not ready:\n{}",
                    fs::read_to_string(home.join("up.log"))?
                );
            }
            thread::sleep(Duration::from_millis(100));
        };
        let text = |name: &str| {
            ready[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in up.json"))
        };
        Ok(Self {
            temporal: text("temporal")?,
            database: text("database_url")?,
            count: AtomicU32::new(0),
            hurried: OnceCell::new(),
            _up: up,
        })
    }

    /// A folder of this process; those of processes that are gone are removed.
    fn fresh_home() -> Result<PathBuf> {
        let all = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        for entry in fs::read_dir(&all)?.flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|n| n.strip_prefix("servers-"));
            if pid.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let home = all.join(format!("servers-{}", std::process::id()));
        fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// A name of a database and of a task queue that no other story has.
    pub fn fresh_name(&self) -> String {
        format!("story_{}_{}", std::process::id(), self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A line to a database, and the database's address over it.
    pub async fn database_line(&self, database: &str) -> Result<(Line, String)> {
        let mut url = url::Url::parse(database)?;
        let (host, port) = (url.host_str().context("a host")?, url.port().unwrap_or(5432));
        let line = Line::to(&format!("{host}:{port}")).await?;
        let end: SocketAddr = line.address.parse()?;
        url.set_ip_host(end.ip()).map_err(|()| anyhow::anyhow!("no host in {url}"))?;
        url.set_port(Some(end.port())).map_err(|()| anyhow::anyhow!("no port in {url}"))?;
        Ok((line, url.into()))
    }

    /// From now on Postgres does not wait for the disk.
    pub async fn forget_at_a_power_cut(&self) -> Result<()> {
        let hurry = async || {
            let mut admin = PgConnection::connect(&self.database).await?;
            // Not in one transaction, as statements sent together would be.
            for setting in HURRIED.split(';') {
                sqlx::raw_sql(setting).execute(&mut admin).await?;
            }
            Ok(())
        };
        self.hurried.get_or_try_init(hurry).await.copied()
    }

    pub async fn fresh_database(&self, name: &str) -> Result<String> {
        let mut admin =
            PgConnection::connect(&self.database).await.context("the stories' Postgres")?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}")))
            .execute(&mut admin)
            .await?;
        let mut url = url::Url::parse(&self.database)?;
        url.set_path(name);
        Ok(url.into())
    }
}

/// A loopback address that is free now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Waits until a page answers well.
pub async fn answers(url: &str) -> Result<()> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    let well =
        async || Ok(client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()));
    wait::until(&format!("{url} to answer"), well).await
}
