//! How do the servers of `up` start?
//! Ours first, on ports that were free a moment ago; when they are ready, `serve` and `worker`.

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use tokio::net::{TcpListener, UnixListener};

use super::{Prepared, READY_WITHIN, Up, host_and_port, mode, questions};
use crate::files::SocketFolder;
use crate::local::local_slack::LocalSlack;
use crate::local::ports::{LOOPBACK, Ports, ReservedPorts};
use crate::local::postgres::Postgres;
use crate::local::programs::{self, ServerAddresses, web_url};
use crate::local::temporal::Temporal;
use crate::local::up_file::{Pids, UpFile};
use crate::local::{bridge, slack_door};

/// The servers of this `up`.
struct Servers {
    /// With the port it will listen on.
    postgres: Option<(Postgres, u16)>,
    temporal: Option<Temporal>,
    slack: Option<LocalSlack>,
}

/// What stays ours for as long as the servers live.
pub(super) struct Kept {
    _ports: ReservedPorts,
    _sockets: SocketFolder,
}

/// The way into an enclosed local Slack, and its way out to `serve`.
async fn open_door(slack: &LocalSlack, web: &str) -> Result<()> {
    let Some(enclosure) = &slack.enclosure else { return Ok(()) };
    let listener = TcpListener::bind((LOOPBACK, slack.port())).await;
    let listener = listener.with_context(|| format!("listening at {}", slack.url()))?;
    let (port, inward) = (slack.port(), enclosure.inward.clone());
    tokio::spawn(async move { slack_door::keep(listener, port, &inward).await });
    let outward =
        UnixListener::bind(&enclosure.outward).context("listening for the local Slack")?;
    tokio::spawn(bridge::lead_to(outward, host_and_port(web)));
    Ok(())
}

impl Up<'_> {
    pub(super) async fn start(
        &self,
        prepared: Prepared,
    ) -> Result<(UpFile, Option<LocalSlack>, Kept)> {
        let Prepared { postgres, temporal, slack, mut ports, sandbox: _, sockets } = prepared;
        let postgres = match postgres {
            Some(postgres) => Some((postgres, ports.any()?)),
            None => None,
        };
        let web = self.web(&mut ports)?;
        let reserved = ports.release();
        let servers = Servers { postgres, temporal, slack };
        let file = self.file(&servers, web)?;
        if let (Some(slack), Some(web)) = (&servers.slack, &file.web) {
            open_door(slack, web).await?;
        }
        self.take_in_servers(&servers, &file)?;
        self.supervisor.all_ready(READY_WITHIN).await?;
        if servers.slack.is_some() {
            questions::show_anew(&file).await;
        }
        if !self.options.servers_only {
            self.take_in_programs(&servers, &file)?;
            self.supervisor.all_ready(READY_WITHIN).await?;
        }
        Ok((file, servers.slack, Kept { _ports: reserved, _sockets: sockets }))
    }

    /// Where `serve` will listen, for browsers of this machine.
    fn web(&self, ports: &mut Ports) -> Result<Option<String>> {
        if self.options.servers_only {
            return Ok(None);
        }
        let listen = self.machine.listen;
        Ok(Some(web_url(listen, ports.take(listen.ip(), listen.port())?)))
    }

    /// Where everything is, for others on this machine.
    fn file(&self, servers: &Servers, web: Option<String>) -> Result<UpFile> {
        let machine = self.machine;
        let their_database =
            || machine.database_url.as_ref().map(|url| url.expose_secret().to_owned());
        // As it was written: a scheme says how it is spoken to.
        let their_temporal = || machine.temporal_address.clone();
        let our_database = servers.postgres.as_ref().map(|(postgres, port)| postgres.url(*port));
        let our_temporal = servers.temporal.as_ref().map(Temporal::address);
        Ok(UpFile {
            pid: std::process::id(),
            pids: Pids::default(),
            slack: servers.slack.as_ref().map(LocalSlack::url),
            slack_page: servers.slack.as_ref().map(|slack| format!("{}/", slack.url())),
            temporal: our_temporal.or_else(their_temporal).context("an address of Temporal")?,
            temporal_ui: servers.temporal.as_ref().map(Temporal::ui),
            database_url: our_database.or_else(their_database).context("an address of Postgres")?,
            mode: mode(self.options, machine),
            web,
        })
    }

    fn take_in_servers(&self, servers: &Servers, file: &UpFile) -> Result<()> {
        let (machine, home) = (self.machine, &self.machine.home);
        if let Some((postgres, port)) = &servers.postgres {
            self.supervisor.take_in(postgres.service(home, *port));
        }
        if let Some(temporal) = &servers.temporal {
            self.supervisor.take_in(temporal.service(home, &machine.temporal_namespace)?);
        }
        if let (Some(slack), Some(web)) = (&servers.slack, &file.web) {
            self.supervisor.take_in(slack.service(home, web)?);
        }
        Ok(())
    }

    fn take_in_programs(&self, servers: &Servers, file: &UpFile) -> Result<()> {
        let addresses = ServerAddresses {
            file,
            slack: servers.slack.as_ref(),
            machine: self.machine,
            no_sandbox: self.options.no_sandbox,
        };
        for service in programs::both(&addresses)? {
            self.supervisor.take_in(service);
        }
        Ok(())
    }
}
