//! How do the servers of `up` start?
//! Ours first, on ports that were free a moment ago; when they are ready, `serve` and `worker`.

use anyhow::{Context, Result};
use secrecy::ExposeSecret;

use super::{Prepared, READY_WITHIN, Up, host_and_port, mode};
use crate::local::local_slack::LocalSlack;
use crate::local::ports::{Ports, ReservedPorts};
use crate::local::postgres::Postgres;
use crate::local::programs::{self, ServerAddresses, web_url};
use crate::local::temporal::Temporal;
use crate::local::up_file::{Pids, UpFile};

/// The servers of this `up`.
struct Servers {
    /// With the port it will listen on.
    postgres: Option<(Postgres, u16)>,
    temporal: Option<Temporal>,
    slack: Option<LocalSlack>,
}

impl Up<'_> {
    pub(super) async fn start(
        &self,
        prepared: Prepared,
    ) -> Result<(UpFile, Option<LocalSlack>, ReservedPorts)> {
        let Prepared { postgres, temporal, slack, mut ports, sandbox: _ } = prepared;
        let postgres = match postgres {
            Some(postgres) => Some((postgres, ports.any()?)),
            None => None,
        };
        let web = self.web(&mut ports)?;
        let reserved = ports.release();
        let servers = Servers { postgres, temporal, slack };
        let file = self.file(&servers, web)?;
        self.take_in_servers(&servers, &file)?;
        self.supervisor.all_ready(READY_WITHIN).await?;
        if !self.options.servers_only {
            self.take_in_programs(&servers, &file)?;
            self.supervisor.all_ready(READY_WITHIN).await?;
        }
        Ok((file, servers.slack, reserved))
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
        let their_temporal = || machine.temporal_address.as_deref().map(host_and_port);
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
            let namespace = machine.temporal_namespace.as_deref();
            self.supervisor.take_in(temporal.service(home, namespace)?);
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
