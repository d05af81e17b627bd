//! A bridge into a network namespace: how is a server reached that must be reached by nobody else?
//! `signoff __bridge` runs inside, beside the server: what comes to a Unix socket goes to the server's port, and what the server
//! sends to a port goes out by another Unix socket. The server ends with it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::child::Spawner;
use super::ports::LOOPBACK;

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "__bridge";

/// What is joined with what.
#[derive(Clone, Debug, Args)]
pub struct Bridge {
    /// Unix socket that leads to the server
    #[arg(long = "in")]
    inward: PathBuf,
    /// Port the server listens on
    #[arg(long = "to")]
    port: u16,
    /// Unix socket that leads out of here
    #[arg(long = "out")]
    outward: PathBuf,
    /// Port from which it leads there
    #[arg(long = "from")]
    out_port: u16,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl Bridge {
    /// Runs the server until it ends; its exit code.
    pub async fn run(self) -> Result<u8> {
        let mut words = self.command.iter();
        let program = words.next().context("a server to run")?;
        // What a killed bridge left behind.
        let _gone = std::fs::remove_file(&self.inward);
        let inward = UnixListener::bind(&self.inward).context("listening inward")?;
        let outward = TcpListener::bind((LOOPBACK, self.out_port)).await;
        let outward = outward.context("listening outward")?;
        let exe = std::env::current_exe().context("finding this program")?;
        let mut server = Spawner::new(&exe).command(program.as_ref());
        server.args(words).stdin(Stdio::null());
        let mut server = server.spawn().context("starting the server")?;
        let status = tokio::select! {
            status = server.wait() => status.context("waiting for the server")?,
            () = lead_to(inward, format!("127.0.0.1:{}", self.port)) => unreachable!("it never ends"),
            () = lead_out(&outward, &self.outward) => unreachable!("it never ends"),
        };
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

/// From a Unix socket to a `host:port`, for ever.
pub(super) async fn lead_to(listener: UnixListener, address: String) {
    loop {
        if let Ok((caller, _)) = listener.accept().await {
            let address = address.clone();
            tokio::spawn(async move { join(caller, TcpStream::connect(address).await).await });
        }
    }
}

/// From a port to a Unix socket, for ever.
async fn lead_out(listener: &TcpListener, socket: &Path) {
    loop {
        if let Ok((inside, _)) = listener.accept().await {
            let socket = socket.to_owned();
            tokio::spawn(async move { join(inside, UnixStream::connect(socket).await).await });
        }
    }
}

/// Until both sides have said all; who is not there closes the other.
async fn join<A, B>(mut one: A, other: io::Result<B>)
where
    A: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    if let Ok(mut other) = other {
        // Who went away is no news.
        let _ = copy_bidirectional(&mut one, &mut other).await;
    }
}
