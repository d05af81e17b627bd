//! Which registries do this machine's package managers use?
//! They are asked: by their own commands where these say it, else by letting them fetch something small and looking where they go.
//! What they say of a password or token is left out: a setup runs a repository's code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;
use url::Url;

use super::proxy::{self, HostRule, Rules, Seen};
use super::upstream::Upstreams;
use crate::files::Staging;
use crate::run::HostPattern;
use crate::sandbox::find::{on_path, said};
use crate::sandbox::toolchain;

/// For one tool to answer; seconds as a rule.
const PATIENCE: Duration = Duration::from_secs(40);

/// A small crate and a small package, for tools that do not say where they fetch from until they do.
const MANIFEST: &str = "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\ncfg-if = \"1\"\n";
const PACKAGE: &str = "six";

/// What package managers are configured for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Registries {
    pub hosts: Vec<HostPattern>,
    /// Settings of the user, for a HOME that has none.
    pub files: Vec<SettingsFile>,
    pub variables: Vec<(String, String)>,
    /// Whether each that is here has answered.
    pub complete: bool,
}

/// A file of settings, and the variable that leads its tool to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingsFile {
    pub name: &'static str,
    pub variable: &'static str,
    pub text: String,
}

/// What one tool said.
#[derive(Default)]
struct Said {
    hosts: BTreeSet<HostPattern>,
    file: Option<SettingsFile>,
    variables: Vec<(String, String)>,
}

/// Asks all of them at once. `private` are places of this machine or its network that may be looked at.
pub(super) async fn ask(private: &[HostPattern]) -> Registries {
    let (npm, pip, cargo, go) =
        tokio::join!(ask_npm(), ask_pip(private), ask_cargo(private), ask_go());
    let mut all = Registries { complete: true, ..Registries::default() };
    let mut hosts = BTreeSet::new();
    for (tool, said) in [("npm", npm), ("pip", pip), ("cargo", cargo), ("go", go)] {
        match said {
            Ok(said) => {
                let Said { hosts: named, file, variables } = said.unwrap_or_default();
                hosts.extend(named);
                all.files.extend(file);
                all.variables.extend(variables);
            }
            Err(why) => {
                tracing::warn!(error = %format!("{why:#}"), "{tool} does not say which registry it uses; a setup that needs it names its hosts");
                all.complete = false;
            }
        }
    }
    all.hosts = hosts.into_iter().collect();
    all
}

async fn ask_npm() -> Result<Option<Said>> {
    let Some(mut npm) = Tool::find(&["npm"])? else { return Ok(None) };
    let settings = npm.says(&["config", "ls", "--json"]).await?;
    let settings: BTreeMap<String, Value> =
        serde_json::from_str(&settings).context("reading what npm says")?;
    let registries = settings.into_iter().filter_map(|(key, value)| {
        let is_one = key == "registry" || (key.starts_with('@') && key.ends_with(":registry"));
        Some((key, plain_url(value.as_str().filter(|_| is_one)?)?))
    });
    let registries: Vec<(String, Url)> = registries.collect();
    let lines: Vec<String> = registries.iter().map(|(key, url)| format!("{key}={url}")).collect();
    let text = lines.join("\n") + "\n";
    Ok(Some(Said {
        hosts: registries.iter().filter_map(|(_, url)| host_of(url)).collect(),
        file: Some(SettingsFile { name: "npmrc", variable: "npm_config_userconfig", text }),
        variables: Vec::new(),
    }))
}

async fn ask_pip(private: &[HostPattern]) -> Result<Option<Said>> {
    let Some(mut pip) = Tool::find(&["pip3", "pip"])? else { return Ok(None) };
    let settings = pip.says(&["config", "list"]).await?;
    let words = [
        "download",
        "--no-deps",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--quiet",
        PACKAGE,
    ];
    let hosts = pip.goes_to(&words, private).await?;
    Ok(Some(Said { hosts, file: pip_settings(&settings), variables: Vec::new() }))
}

/// `global.index-url='https://…'`, and the like.
fn pip_settings(listed: &str) -> Option<SettingsFile> {
    let indexes = listed.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        let name = key.rsplit('.').next().filter(|name| name.ends_with("index-url"))?;
        let urls = value.trim_matches('\'').split_whitespace().flat_map(|one| one.split("\\n"));
        let urls: Vec<String> = urls.filter_map(plain_url).map(String::from).collect();
        (!urls.is_empty()).then(|| format!("{name} = {}\n", urls.join("\n    ")))
    });
    let indexes: String = indexes.collect();
    let text = format!("[global]\n{indexes}");
    (!indexes.is_empty()).then_some(SettingsFile {
        name: "pip.conf",
        variable: "PIP_CONFIG_FILE",
        text,
    })
}

async fn ask_cargo(private: &[HostPattern]) -> Result<Option<Said>> {
    let Some(mut cargo) = Tool::find(&["cargo"])? else { return Ok(None) };
    fs::create_dir(cargo.folder.path().join("src")).context("making a crate")?;
    fs::write(cargo.folder.path().join("src/lib.rs"), "").context("making a crate")?;
    fs::write(cargo.folder.path().join("Cargo.toml"), MANIFEST).context("making a crate")?;
    // With the user's settings and without what the user has fetched already: that would be fetched from nowhere.
    let home = cargo.folder.path().join("cargo-home");
    fs::create_dir(&home).context("making a home for cargo")?;
    for name in ["config.toml", "config", "credentials.toml"] {
        let own = toolchain::cargo_home().join(name);
        if own.is_file() {
            std::os::unix::fs::symlink(own, home.join(name)).context("taking cargo's settings")?;
        }
    }
    cargo.command.env("CARGO_HOME", home);
    let hosts = cargo.goes_to(&["fetch", "--quiet"], private).await?;
    Ok(Some(Said { hosts, ..Said::default() }))
}

async fn ask_go() -> Result<Option<Said>> {
    let Some(mut go) = Tool::find(&["go"])? else { return Ok(None) };
    let said = go.says(&["env", "-json", "GOPROXY", "GOSUMDB"]).await?;
    let said: BTreeMap<String, String> =
        serde_json::from_str(&said).context("reading what go says")?;
    let value = |name: &str| said.get(name).map(String::as_str).unwrap_or_default();
    let proxies = value("GOPROXY").split([',', '|']).filter_map(plain_url).collect::<Vec<_>>();
    // A name, with its key or not, or a name and an address.
    let sums = value("GOSUMDB").split_whitespace().last().unwrap_or("off");
    let sums = match plain_url(sums) {
        Some(url) => Some(url),
        None if sums == "off" => None,
        None => plain_url(&format!("https://{}", sums.split('+').next().unwrap_or_default())),
    };
    let has_password = value("GOPROXY").contains('@');
    let own = said.iter().filter(|(_, value)| !value.is_empty() && !has_password);
    Ok(Some(Said {
        hosts: proxies.iter().chain(sums.as_ref()).filter_map(host_of).collect(),
        variables: own.map(|(name, value)| (name.clone(), value.clone())).collect(),
        file: None,
    }))
}

/// Without who may enter, for a box.
fn plain_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())?;
    // Both fail only without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url)
}

fn host_of(url: &Url) -> Option<HostPattern> {
    HostPattern::at(url.host_str()?, url.port_or_known_default()?).ok()
}

/// A package manager, in an empty folder: no repository's settings are meant.
struct Tool {
    command: Command,
    program: std::path::PathBuf,
    folder: Staging,
}

impl Tool {
    /// The first of these that is here.
    fn find(names: &[&str]) -> Result<Option<Self>> {
        let path = toolchain::search_path();
        let Some(program) = names.iter().find_map(|name| on_path(&path, name)) else {
            return Ok(None);
        };
        let place =
            std::env::temp_dir().join(format!("signoff-probe-{:08x}", rand::random::<u32>()));
        let folder =
            Staging::folder(&place, Duration::ZERO).context("making a folder to ask in")?;
        let command = Self::command(&program, folder.path());
        Ok(Some(Self { command, program, folder }))
    }

    fn command(program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .envs(toolchain::package_manager_environment())
            .stdin(std::process::Stdio::null())
            .process_group(0);
        command
    }

    async fn says(&mut self, args: &[&str]) -> Result<String> {
        let mut command = Self::command(&self.program, self.folder.path());
        said(command.args(args), PATIENCE).await
    }

    /// Where it goes when it is asked to fetch something, whatever comes of that.
    async fn goes_to(
        &mut self,
        args: &[&str],
        private: &[HostPattern],
    ) -> Result<BTreeSet<HostPattern>> {
        let upstreams = Upstreams::read(toolchain::text_from_this_process).unwrap_or_default();
        let rules = Rules { hosts: HostRule::World, private: private.to_vec(), upstreams };
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening for it")?;
        let proxy = format!("http://{}", listener.local_addr().context("listening for it")?);
        let seen = Arc::new(Seen::default());
        let watching = tokio::spawn(watch(listener, Arc::new(rules), Arc::clone(&seen)));
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "http_proxy",
            "https_proxy",
            "CARGO_HTTP_PROXY",
            "PIP_PROXY",
        ] {
            self.command.env(name, &proxy);
        }
        self.command.env_remove("NO_PROXY").env_remove("no_proxy").args(args);
        let fetched = said(&mut self.command, PATIENCE).await;
        watching.abort();
        let asked = seen.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let hosts: BTreeSet<HostPattern> =
            asked.iter().filter_map(|(host, port)| HostPattern::at(host, *port).ok()).collect();
        // A registry that lacks the package, or is away, was at least looked for.
        fetched.map(|_| ()).or_else(|e| if hosts.is_empty() { Err(e) } else { Ok(()) })?;
        Ok(hosts)
    }
}

async fn watch(listener: TcpListener, rules: Arc<Rules>, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (rules, seen) = (Arc::clone(&rules), Arc::clone(&seen));
        connections.spawn(async move { proxy::serve(client, &rules, &seen).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_indexes_are_passed_on_without_their_passwords() {
        let listed = "global.index-url='https://ana:hunter2@mirror.example/simple'\nglobal.timeout='60'\ninstall.extra-index-url='https://a.example/x https://b.example/y'\n";
        let file = pip_settings(listed).unwrap();
        assert_eq!(
            file.text,
            "[global]\nindex-url = https://mirror.example/simple\nextra-index-url = https://a.example/x\n    https://b.example/y\n"
        );
        assert_eq!(pip_settings("global.timeout='60'\n"), None);
    }
}
