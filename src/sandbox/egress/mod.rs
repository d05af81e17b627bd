//! What of the network does a box reach?
//! Hosts that are listed, through a proxy of ours: on a Unix socket, one for each box, and nothing else leads out of it.

mod address;
mod proxy;
mod registries;
mod request;
mod upstream;

use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::net::UnixListener;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::inside::PROXY;
use super::toolchain;
use crate::files::{FileLock, remove_blocking};
use crate::run::{HostPattern, SetupPolicy};
use proxy::{HostRule, Rules, Seen};
use registries::Registries;
use upstream::Upstreams;

/// At one time. Package managers open some dozens.
const MOST_CONNECTIONS: usize = 256;

/// Variables of this process that say whom to trust: authorities of the machine's owner.
const TRUST: [&str; 10] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "NIX_SSL_CERT_FILE",
];

/// Names by which programs look for their proxy.
const PROXY_NAMES: [&str; 11] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "npm_config_proxy",
    "npm_config_https_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "CARGO_HTTP_PROXY",
];

/// What the setups of one worker may reach.
pub struct Egress {
    /// As it is now.
    policy: Box<dyn Fn() -> SetupPolicy + Send + Sync>,
    /// What the package managers of this machine said; asked when it is first needed.
    registries: Mutex<Option<Registries>>,
}

/// A way out for one box, while it lives.
#[derive(Debug)]
pub struct Gateway {
    folder: PathBuf,
    _held: FileLock,
    files: Vec<(PathBuf, PathBuf)>,
    trust: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

/// The way out, as a box is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// On the host.
    pub(super) socket: PathBuf,
    /// To read: on the host, inside.
    pub(super) read_only: Vec<(PathBuf, PathBuf)>,
    /// Whom to trust.
    pub(super) trust: Vec<(String, String)>,
    /// Where the proxy is, and what the registries are.
    pub(super) env: Vec<(String, String)>,
}

/// What came of asking for a way out.
#[derive(Debug)]
pub enum Opened {
    Gateway(Gateway),
    /// It is not allowed, or cannot be; why, for people.
    Refused(String),
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("policy", &(self.policy)()).finish_non_exhaustive()
    }
}

impl Default for Egress {
    fn default() -> Self {
        Self::new(SetupPolicy::default)
    }
}

impl Egress {
    /// `policy` is asked whenever a setup begins.
    pub fn new(policy: impl Fn() -> SetupPolicy + Send + Sync + 'static) -> Self {
        Self { policy: Box::new(policy), registries: Mutex::default() }
    }

    /// A way to the hosts that a stage names; where it names none, to those that this machine's package managers use.
    /// An error is our fault.
    pub async fn open(&self, hosts: Option<&[HostPattern]>) -> anyhow::Result<Opened> {
        let upstreams = match Upstreams::read(toolchain::text_from_this_process) {
            Ok(upstreams) => upstreams,
            Err(why) => return Ok(Opened::Refused(why)),
        };
        let policy = (self.policy)();
        if let Some(beyond) = hosts.and_then(|all| all.iter().find(|one| !policy.allows(one))) {
            return Ok(Opened::Refused(format!(
                "this worker's [setup] hosts does not allow {beyond}: add it there, or take it out of the stage's hosts"
            )));
        }
        // A stage that names its hosts says itself which registries it uses.
        let word = HostPattern::registries();
        let mut registries = match hosts {
            Some(hosts) if !hosts.contains(&word) => Registries::default(),
            _ => self.registries(&policy).await,
        };
        let named = hosts.into_iter().flatten().filter(|host| **host != word);
        registries.hosts.extend(named.cloned());
        let hosts = registries.hosts.clone();
        let hosts = hosts.into_iter().filter(|host| policy.allows(host)).collect();
        let private = policy.private;
        let rules = Rules { hosts: HostRule::Listed(hosts), private, upstreams };
        Ok(Opened::Gateway(Gateway::open(rules, &registries)?))
    }

    /// Kept once every tool that is here has answered.
    async fn registries(&self, policy: &SetupPolicy) -> Registries {
        let mut known = self.registries.lock().await;
        if let Some(known) = known.as_ref() {
            return known.clone();
        }
        let asked = registries::ask(&policy.private).await;
        if asked.complete {
            *known = Some(asked.clone());
        }
        asked
    }
}

impl Gateway {
    fn open(rules: Rules, registries: &Registries) -> anyhow::Result<Self> {
        // The name begins as that of the folder of a worker's other sockets, so that what a killed one left is swept with it.
        let name = format!("signoff-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("making {}", folder.display()))?;
        let held = FileLock::try_take(&folder.join("lock")).context("locking a setup's sockets")?;
        let socket = folder.join("network.sock");
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("listening at {}", socket.display()))?;
        let seen = Arc::new(Seen::default());
        let accepting = tokio::spawn(accept(listener, Arc::new(rules), Arc::clone(&seen)));
        let mut gateway = Self {
            files: Vec::new(),
            trust: Vec::new(),
            variables: proxy_variables(),
            folder,
            _held: held,
            seen,
            accepting,
        };
        gateway.trust();
        gateway.configure(registries)?;
        Ok(gateway)
    }

    /// The authorities that this machine trusts, where the box does not see them anyway.
    fn trust(&mut self) {
        for name in TRUST {
            let Some(value) = toolchain::text_from_this_process(name) else { continue };
            let path = Path::new(&value);
            if !path.is_absolute() || !path.exists() {
                continue;
            }
            let is_seen = ["/usr", "/etc/ssl/certs"].iter().any(|root| path.starts_with(root));
            if !is_seen && !self.files.iter().any(|(host, _)| host == path) {
                self.files.push((path.to_path_buf(), path.to_path_buf()));
            }
            self.trust.push((name.to_owned(), value));
        }
    }

    /// Which registries the machine's package managers use, as their own user would have configured it.
    fn configure(&mut self, registries: &Registries) -> anyhow::Result<()> {
        for file in &registries.files {
            let host = self.folder.join(file.name);
            fs::write(&host, &file.text)
                .and_then(|()| fs::set_permissions(&host, Permissions::from_mode(0o644)))
                .with_context(|| format!("writing {}", file.name))?;
            let inside = Path::new("/run").join(file.name);
            self.variables.push((file.variable.to_owned(), inside.display().to_string()));
            self.files.push((host, inside));
        }
        self.variables.extend(registries.variables.iter().cloned());
        Ok(())
    }

    /// For a box.
    #[must_use]
    pub fn way_out(&self) -> WayOut {
        WayOut {
            socket: self.folder.join("network.sock"),
            read_only: self.files.clone(),
            trust: self.trust.clone(),
            env: self.variables.clone(),
        }
    }

    /// What its box tried and did not get, each in a line.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.seen.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A place that did not answer, in words.
    #[must_use]
    pub fn unreachable(&self) -> Option<String> {
        self.seen.unreachable.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accepting.abort();
        // What cannot be removed is only litter.
        let _ = remove_blocking(&self.folder);
    }
}

fn proxy_variables() -> Vec<(String, String)> {
    let proxy = format!("http://{PROXY}");
    let names = PROXY_NAMES.map(|name| (name.to_owned(), proxy.clone()));
    // Node's own `fetch` looks at the variables only when told to.
    names.into_iter().chain([("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned())]).collect()
}

/// Connections end with this.
async fn accept(listener: UnixListener, rules: Arc<Rules>, seen: Arc<Seen>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok((mut client, _)) = listener.accept().await else {
            // Too many open files: others close theirs.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (rules, seen) = (Arc::clone(&rules), Arc::clone(&seen));
        let place = Arc::clone(&places).try_acquire_owned();
        connections.spawn(async move {
            let served = if let Ok(_place) = place {
                proxy::serve(client, &rules, &seen).await
            } else {
                let why = format!("at most {MOST_CONNECTIONS} connections at a time");
                proxy::answer(&mut client, "503 Service Unavailable", &why).await
            };
            if let Err(e) = served {
                tracing::debug!(error = %e, "a box's connection ended early");
            }
        });
    }
}
