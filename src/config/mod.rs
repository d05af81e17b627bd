//! The configuration: what was configured? Read at the start, every problem in one message; the projects again when they change.
//! The only place that looks at the environment, but for the flags' own variables (`SIGNOFF_LOG`). Secrets stay wrapped, so
//! that no log and no `{:?}` can show them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use crate::run::{Problem, Problems};

mod box_limits;
mod budgets;
mod built_in;
mod environment;
mod live_projects;
mod model_waits;
mod prices;
mod project;
mod projects;
mod queue;
mod retention;
#[cfg(test)]
mod tests;

pub use box_limits::{BoxLimits, ByteSize};
pub use budgets::{Breakers, Budgets};
pub use built_in::built_in_pipelines;
use environment::Environment;
pub use live_projects::{LiveProjects, ProjectsFile};
pub use model_waits::ModelWaits;
pub use prices::{ModelPrice, Prices};
pub use project::Project;
pub use projects::{BUILT_IN, Projects};
pub use queue::QueueLimits;
pub use retention::{MOST_DAYS, Retention, size};

/// Where the web server listens: on this machine only, where nothing else is configured.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);
/// The projects, in the current folder.
const FILE: &str = "signoff.toml";
/// State of the local servers and of runs, beside the projects.
const HOME: &str = ".signoff";
/// Temporal's own name for the namespace that is always there.
pub const NAMESPACE: &str = "default";
const TASK_QUEUE: &str = "signoff";
/// The search path where `PATH` is not set.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Everything that was configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// `SIGNOFF_HOME`; absolute.
    pub home: PathBuf,
    /// `SIGNOFF_ARTIFACTS`: where all workers keep what any of them needs; none = a folder in `home`.
    pub artifacts: Option<String>,
    /// `SIGNOFF_CACHE`; absolute.
    pub cache: PathBuf,
    /// `DATABASE_URL`; none = what `up` runs.
    pub database_url: Option<SecretString>,
    /// `TEMPORAL_ADDRESS`, `host:port`; none = what `up` runs.
    pub temporal_address: Option<String>,
    /// `TEMPORAL_NAMESPACE`; none = what Temporal's other variables say, in the end [`NAMESPACE`].
    pub temporal_namespace: Option<String>,
    /// `SIGNOFF_TASK_QUEUE`
    pub task_queue: String,
    /// `SIGNOFF_AGENT_SLOTS`: attempts that this machine's worker takes at once; none = as `[queue] per_host` says.
    pub agent_slots: Option<u32>,
    /// None = no Slack.
    pub slack: Option<SlackConfig>,
    /// `ANTHROPIC_API_KEY`
    pub anthropic_key: Option<SecretString>,
    /// `SIGNOFF_REHEARSAL`, a scenario file; wins over a key.
    pub rehearsal: Option<PathBuf>,
    /// `SIGNOFF_LISTEN`, else [`LISTEN`].
    pub listen: SocketAddr,
    /// `SIGNOFF_PUBLIC_URL`; its path ends in `/`, so that `join("runs/…")` works.
    pub public_url: Option<Url>,
    /// Where a browser of this machine finds the `serve` of a running `signoff up`.
    pub up_url: Option<Url>,
    /// Who uses the command line: `cli:<os_user>`.
    pub os_user: String,
    /// `PATH`, for looking up programs.
    pub path: String,
    /// `SIGNOFF_CONFIG`, else `signoff.toml` in the current folder.
    pub projects_file: ProjectsFile,
    /// As that file said at the start; none where it cannot be read.
    pub projects: Projects,
    /// Why it cannot be read: what needs no project goes on without.
    pub unread: Option<Problems>,
}

/// How to speak with Slack.
#[derive(Clone, Debug)]
pub struct SlackConfig {
    /// `SLACK_BOT_TOKEN`
    pub bot_token: SecretString,
    /// `SLACK_SIGNING_SECRET`; none = no requests by HTTP, and there is an app token.
    pub signing_secret: Option<SecretString>,
    /// `SLACK_APP_TOKEN`; there = Socket Mode.
    pub app_token: Option<SecretString>,
    /// `SLACK_API_URL`, ends in `/api`; none = Slack's own.
    pub api_url: Option<Url>,
    /// `SIGNOFF_SLACK_PACE`: how many edits a minute Slack takes; none = what Slack grants.
    pub edits_a_minute: Option<u32>,
}

/// Where the servers of `signoff up` are, as `up.json` says.
#[derive(Clone, Debug)]
pub struct UpAddresses {
    pub database_url: String,
    pub temporal: String,
    pub web: Option<String>,
}

impl Config {
    /// The configuration of this process.
    ///
    /// # Errors
    /// Everything that is wrong with the environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_process() -> Result<Self, Problems> {
        let cwd = std::env::current_dir().map_err(|e| no_current_folder(&e))?;
        Self::read(|name| std::env::var(name).ok(), &cwd)
    }

    /// The configuration that the variables `env` and the folder `cwd` amount to.
    ///
    /// # Errors
    /// Everything that is wrong with the variables, and then with `signoff.toml` and the pipelines too.
    pub fn read(env: impl Fn(&str) -> Option<String>, cwd: &Path) -> Result<Self, Problems> {
        let env = Environment::new(&env, cwd);
        let named = env.path("SIGNOFF_CONFIG");
        let file = named.clone().unwrap_or_else(|| cwd.join(FILE));
        let beside = file.parent().filter(|_| file.is_file()).unwrap_or(cwd);
        let projects_file = ProjectsFile { path: file.clone(), optional: named.is_none() };
        let (projects, unread) = match projects_file.read() {
            Ok(projects) => (projects, None),
            Err(problems) => (Projects::default(), Some(problems)),
        };
        let config = Self {
            home: env.path("SIGNOFF_HOME").unwrap_or_else(|| beside.join(HOME)),
            artifacts: env.text("SIGNOFF_ARTIFACTS"),
            cache: env.cache(),
            database_url: env.database_url(),
            temporal_address: env.text("TEMPORAL_ADDRESS"),
            temporal_namespace: env.text("TEMPORAL_NAMESPACE"),
            task_queue: env.text("SIGNOFF_TASK_QUEUE").unwrap_or_else(|| TASK_QUEUE.to_owned()),
            agent_slots: env.agent_slots(),
            slack: env.slack(),
            anthropic_key: env.secret("ANTHROPIC_API_KEY"),
            rehearsal: env.existing_file("SIGNOFF_REHEARSAL"),
            listen: env.listen().unwrap_or(LISTEN),
            public_url: env.public_url(),
            up_url: None,
            os_user: env.os_user(),
            path: env.text("PATH").unwrap_or_else(|| PATH.to_owned()),
            projects_file,
            projects,
            unread,
        };
        env.finish(config)
    }

    /// The same, for what cannot do without projects.
    ///
    /// # Errors
    /// Everything that is wrong with `signoff.toml` and the pipelines.
    pub fn with_projects(mut self) -> Result<Self, Problems> {
        self.unread.take().map_or(Ok(self), Err)
    }

    /// The same, with the servers of `signoff up` where the environment names none.
    #[must_use]
    pub fn with_up(mut self, up: &UpAddresses) -> Self {
        self.database_url.get_or_insert_with(|| up.database_url.clone().into());
        if self.temporal_address.is_none() {
            self.temporal_address = Some(up.temporal.clone());
            // A profile is about another server.
            self.temporal_namespace.get_or_insert_with(|| NAMESPACE.to_owned());
        }
        self.up_url = up.web.as_deref().and_then(|web| Url::parse(web).ok());
        self
    }
}

fn no_current_folder(why: &io::Error) -> Problems {
    Problems(vec![Problem {
        file: "environment".to_owned(),
        line: None,
        what: format!("the current folder cannot be used: {why}"),
        remedy: "Change to a folder that is there".to_owned(),
    }])
}
