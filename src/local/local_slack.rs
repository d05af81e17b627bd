//! What stands in for Slack where none is configured?
//! `local-slack`: a page with a channel and three people, which speaks to us as Slack does.

use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::json;

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
    pub bot_token: String,
    pub hears: Hears,
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
            bot_token: format!("xoxb-local-{}", random()),
            hears: Hears::Http(random()),
        }
    }

    /// The same, speaking by Socket Mode.
    pub fn by_sockets(self) -> Self {
        Self { hears: Hears::Socket(format!("xapp-local-{}", random())), ..self }
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
        files::write_private(&config, self.workspace(web).to_string())
            .with_context(|| format!("writing {}", config.display()))?;
        let args = ["--base-host", "127.0.0.1", "--port", &self.port.to_string(), "--config"]
            .map(Into::into)
            .into_iter();
        let files = ["--files-dir".into(), folder.join("files").into_os_string()];
        Ok(Service {
            name: "slack",
            program: self.program.clone(),
            args: args.chain([config.into_os_string()]).chain(files).collect(),
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
            "workspace": { "name": "Signoff, local", "domain": "signoff", "teamId": "T0LOCAL" },
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

fn random() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}
