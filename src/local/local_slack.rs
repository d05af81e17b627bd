//! What stands in for Slack where none is configured?
//! `local-slack`: a page with a channel and three people, which speaks to us as Slack does.

use std::env::consts::{ARCH, OS};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::json;
use url::Url;

use super::bridge;
use super::console::Console;
use super::machine::Machine;
use super::npm::Package;
use super::ready::Ready;
use super::service::{Service, StopOrder};
use crate::files;

const PACKAGE: Package = Package {
    folder: "local-slack",
    name: match (OS.as_bytes(), ARCH.as_bytes()) {
        (b"macos", b"aarch64") => "local-slack-darwin-arm64",
        (b"macos", _) => "local-slack-darwin-x64",
        (_, b"aarch64") => "local-slack-linux-arm64",
        _ => "local-slack-linux-x64",
    },
    version: "0.1.8",
    program: "bin/local-slack",
    what: "local-slack",
    why: "a page to type in, as no Slack is configured (95 MB, once)",
};

/// Preferred port.
pub const PORT: u16 = 7811;
/// The workspace.
pub const TEAM: &str = "T0LOCAL";
/// The one channel.
pub const CHANNEL: &str = "C0GENERAL";
/// Who starts the demo's run, and approves.
pub const ANA: &str = "U0ANA";
/// The people: id, name, full name.
pub const PEOPLE: [(&str, &str, &str); 3] =
    [(ANA, "ana", "Ana Alves"), ("U0BEN", "ben", "Ben Becker"), ("U0CLEO", "cleo", "Cleo Costa")];
/// Ourselves.
pub const BOT: &str = "U0SIGNOFF";

/// A stand-in for Slack: where it listens and what it shares with `serve`.
pub struct LocalSlack {
    program: PathBuf,
    port: u16,
    /// What keeps it from everybody but its door.
    pub enclosure: Option<Enclosure>,
    pub bot_token: String,
    pub hears: Hears,
}

/// A network of its own: it listens on all addresses, and here these are its own. Its door is reached by `inward`, and it
/// reaches `serve` by `outward`.
#[derive(Clone, Debug)]
pub struct Enclosure {
    pub bwrap: PathBuf,
    /// This program, which builds the bridge.
    pub exe: PathBuf,
    pub inward: PathBuf,
    pub outward: PathBuf,
}

/// How `serve` hears of what people do there, and what both have to know for it.
pub enum Hears {
    /// It is called: a signing secret.
    Http(String),
    /// It calls: an app-level token.
    Socket(String),
}

/// Where the program is, installed now if it has to be.
pub async fn program(machine: &Machine, console: &Console) -> Result<PathBuf> {
    PACKAGE.find_or_install(machine, console).await
}

impl LocalSlack {
    /// With credentials of its own, good for nothing else.
    pub fn new(program: PathBuf, port: u16) -> Self {
        Self {
            program,
            port,
            enclosure: None,
            bot_token: format!("xoxb-local-{}", random()),
            hears: Hears::Http(random()),
        }
    }

    /// The same, speaking by Socket Mode.
    pub fn by_sockets(self) -> Self {
        Self { hears: Hears::Socket(format!("xapp-local-{}", random())), ..self }
    }

    /// The same, where nobody reaches it but its door.
    pub fn enclosed(self, enclosure: Enclosure) -> Self {
        Self { enclosure: Some(enclosure), ..self }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address; the control interface is at `/_control`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What `SLACK_API_URL` takes.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.url())
    }

    /// The server; `web` is where `serve` listens.
    pub fn service(&self, home: &Path, web: &str) -> Result<Service> {
        let folder = home.join("slack");
        std::fs::create_dir_all(folder.join("files"))
            .with_context(|| format!("creating {}", folder.display()))?;
        let config = folder.join("workspace.json");
        let web = Url::parse(web).context("reading the web door's address")?;
        let web_port = web.port_or_known_default().unwrap_or(80);
        let seen = match self.enclosure {
            // Where the bridge out begins.
            Some(_) => format!("http://127.0.0.1:{web_port}"),
            None => web.as_str().trim_end_matches('/').to_owned(),
        };
        files::write_private(&config, self.workspace(&seen).to_string())
            .with_context(|| format!("writing {}", config.display()))?;
        let port = self.port.to_string();
        let mut command = match &self.enclosure {
            Some(enclosure) => enclosure.command(self.port, web_port),
            None => Vec::new(),
        };
        command.push(self.program.clone().into_os_string());
        command.extend(["--base-host", "127.0.0.1", "--port", &port, "--config"].map(Into::into));
        command.push(config.into_os_string());
        command.extend(["--files-dir".into(), folder.join("files").into_os_string()]);
        Ok(Service {
            name: "slack",
            program: command.remove(0).into(),
            args: command,
            env: vec![("HOME", folder.into_os_string())],
            unset: Vec::new(),
            bare: true,
            log: home.join("logs/slack.log"),
            ready: Ready::Http(format!("{}/_control/state", self.url())),
            pid_file: None,
            stop: Signal::TERM,
            turn: StopOrder::First,
        })
    }

    fn workspace(&self, web: &str) -> serde_json::Value {
        let users: Vec<_> = PEOPLE
            .iter()
            .map(|(id, name, full)| json!({ "id": id, "name": name, "real_name": full }))
            .collect();
        let members: Vec<_> = PEOPLE.iter().map(|(id, ..)| *id).chain([BOT]).collect();
        let mut workspace = json!({
            "workspace": { "name": "Signoff, local", "domain": "signoff", "teamId": TEAM },
            "app": {
                "appId": "A0SIGNOFF", "botUserId": BOT, "botName": "signoff", "botToken": self.bot_token,
                "appToken": "xapp-local", "signingSecret": "", "mode": "socket",
            },
            "users": users,
            "channels": [{ "id": CHANNEL, "name": "general", "members": members }],
        });
        let app = &mut workspace["app"];
        match &self.hears {
            Hears::Socket(app_token) => app["appToken"] = json!(app_token),
            Hears::Http(signing_secret) => {
                app["mode"] = json!("events");
                app["signingSecret"] = json!(signing_secret);
                app["requestUrl"] = json!(format!("{web}/slack"));
            }
        }
        workspace
    }
}

impl Enclosure {
    /// What stands in front of the server's own command.
    fn command(&self, port: u16, web_port: u16) -> Vec<OsString> {
        let words = ["--unshare-net", "--die-with-parent", "--dev-bind", "/", "/", "--"];
        let mut command = vec![self.bwrap.clone().into_os_string()];
        command.extend(words.map(Into::into));
        command.extend([self.exe.clone().into_os_string(), bridge::SUBCOMMAND.into()]);
        command.extend(["--in".into(), self.inward.clone().into_os_string()]);
        command.extend(["--to".into(), port.to_string().into()]);
        command.extend(["--out".into(), self.outward.clone().into_os_string()]);
        command.extend(["--from".into(), web_port.to_string().into(), "--".into()]);
        command
    }
}

fn random() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}
