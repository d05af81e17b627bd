//! How do we run a Temporal of our own?
//! Its development server, with its page, on loopback, keeping runs in a file under `$SIGNOFF_HOME`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::ports::{LOOPBACK, Ports};
use super::ready::Ready;
use super::service::{Service, StopOrder};

const PORT: u16 = 7233;
const UI_PORT: u16 = 8233;

/// A server that can be started.
pub struct Temporal {
    program: PathBuf,
    port: u16,
    ui_port: u16,
    /// Its HTTP interface says when it is ready.
    http_port: u16,
}

impl Temporal {
    /// With ports of its own.
    pub fn new(program: PathBuf, ports: &mut Ports) -> Result<Self> {
        Ok(Self {
            program,
            port: ports.take(LOOPBACK, PORT)?,
            ui_port: ports.take(LOOPBACK, UI_PORT)?,
            http_port: ports.any()?,
        })
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its page.
    pub fn ui(&self) -> String {
        format!("http://127.0.0.1:{}", self.ui_port)
    }

    /// The server.
    pub fn service(&self, home: &Path, namespace: &str) -> Result<Service> {
        let folder = home.join("temporal");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("creating {}", folder.display()))?;
        let ports =
            [("--port", self.port), ("--ui-port", self.ui_port), ("--http-port", self.http_port)];
        let mut args = [
            "server",
            "start-dev",
            "--ip",
            "127.0.0.1",
            "--ui-ip",
            "127.0.0.1",
            "--log-level",
            "warn",
        ]
        .map(OsString::from)
        .to_vec();
        args.extend(
            ports.iter().flat_map(|(flag, port)| [(*flag).into(), port.to_string().into()]),
        );
        args.extend(["--db-filename".into(), folder.join("temporal.db").into_os_string()]);
        args.extend(["--namespace".into(), namespace.into()]);
        Ok(Service {
            name: "temporal",
            program: self.program.clone(),
            args,
            env: vec![("HOME", folder.into_os_string())],
            unset: Vec::new(),
            bare: true,
            log: home.join("logs/temporal.log"),
            ready: Ready::Http(format!(
                "http://127.0.0.1:{}/api/v1/namespaces/{}",
                self.http_port, namespace
            )),
            pid_file: None,
            stop: Signal::TERM,
            turn: StopOrder::Second,
        })
    }
}
