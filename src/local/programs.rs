//! How do `serve` and `worker` learn where everything is?
//! By their environment, over ours.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use rustix::process::Signal;
use url::Url;

use super::local_slack::{Hears, LocalSlack};
use super::machine::Machine;
use super::ready::Ready;
use super::service::{Service, StopOrder};
use super::up_file::UpFile;

/// Temporal's standard variables about a server that is not ours.
const TEMPORAL_ELSEWHERE: [&str; 5] = [
    "TEMPORAL_API_KEY",
    "TEMPORAL_TLS",
    "TEMPORAL_PROFILE",
    "TEMPORAL_CONFIG_FILE",
    "TEMPORAL_TLS_SERVER_NAME",
];

/// What they are told.
pub struct ServerAddresses<'a> {
    pub file: &'a UpFile,
    pub slack: Option<&'a LocalSlack>,
    pub machine: &'a Machine,
    pub no_sandbox: bool,
}

/// Where a browser of this machine finds the web door.
pub fn web_url(listen: SocketAddr, port: u16) -> String {
    let mut here = SocketAddr::new(listen.ip(), port);
    if here.ip().is_unspecified() {
        here.set_ip(super::ports::LOOPBACK);
    }
    format!("http://{here}")
}

/// Both programs.
pub fn both(addresses: &ServerAddresses<'_>) -> Result<[Service; 2]> {
    let web = addresses.file.web.as_deref().context("an address for the web door")?;
    let worker_flags: &[&str] = if addresses.no_sandbox { &["--no-sandbox"] } else { &[] };
    Ok([
        program(addresses, "serve", &[], Ready::Http(format!("{web}/readyz")))?,
        program(addresses, "worker", worker_flags, Ready::AtOnce)?,
    ])
}

fn program(
    addresses: &ServerAddresses<'_>,
    name: &'static str,
    flags: &[&str],
    ready: Ready,
) -> Result<Service> {
    Ok(Service {
        name,
        program: addresses.machine.exe.clone(),
        args: [name].iter().chain(flags).map(OsString::from).collect(),
        env: environment(addresses)?,
        unset: astray(addresses),
        bare: false,
        log: addresses.machine.home.join("logs").join(name).with_extension("log"),
        ready,
        pid_file: None,
        stop: Signal::TERM,
        turn: StopOrder::First,
    })
}

fn environment(addresses: &ServerAddresses<'_>) -> Result<Vec<(&'static str, OsString)>> {
    let (file, machine) = (addresses.file, addresses.machine);
    let web = Url::parse(file.web.as_deref().context("an address for the web door")?)
        .context("reading the web door's address")?;
    let port = web.port_or_known_default().unwrap_or(machine.listen.port());
    let mut env: Vec<(&'static str, OsString)> = vec![
        ("DATABASE_URL", file.database_url.clone().into()),
        ("SIGNOFF_HOME", machine.home.clone().into()),
        ("SIGNOFF_CACHE", machine.cache.clone().into()),
        ("SIGNOFF_LISTEN", SocketAddr::new(machine.listen.ip(), port).to_string().into()),
    ];
    env.extend(temporal(addresses));
    // The local Slack is read on this machine; a real one on phones, where an address of this machine leads nowhere.
    if let Some(url) = machine.public_url.as_ref().or_else(|| addresses.slack.map(|_| &web)) {
        env.push(("SIGNOFF_PUBLIC_URL", url.as_str().trim_end_matches('/').into()));
    }
    if let Some(slack) = addresses.slack {
        let hears = match &slack.hears {
            Hears::Http(secret) => ("SLACK_SIGNING_SECRET", secret.clone()),
            Hears::Socket(token) => ("SLACK_APP_TOKEN", token.clone()),
        };
        let ours = [
            ("SLACK_BOT_TOKEN", slack.bot_token.clone()),
            hears,
            ("SLACK_API_URL", slack.api_url()),
        ];
        env.extend(ours.map(|(name, value)| (name, value.into())));
    }
    if let Some(scenario) = &machine.rehearsal {
        env.push(("SIGNOFF_REHEARSAL", scenario.clone().into()));
    }
    Ok(env)
}

/// Ours knows no TLS and no profile, whatever the variables are about.
fn temporal(addresses: &ServerAddresses<'_>) -> Vec<(&'static str, OsString)> {
    let machine = addresses.machine;
    match &machine.temporal_address {
        Some(theirs) => vec![("TEMPORAL_ADDRESS", theirs.into())],
        None => vec![
            ("TEMPORAL_ADDRESS", format!("http://{}", addresses.file.temporal).into()),
            ("TEMPORAL_NAMESPACE", machine.temporal_namespace.clone().into()),
        ],
    }
}

/// What was configured for servers that are not used now.
fn astray(addresses: &ServerAddresses<'_>) -> Vec<&'static str> {
    // The stand-in for Slack speaks one way at a time, our Temporal without keys.
    let slack: &[&str] = match addresses.slack.map(|slack| &slack.hears) {
        Some(Hears::Http(_)) => &["SLACK_APP_TOKEN"],
        Some(Hears::Socket(_)) => &["SLACK_SIGNING_SECRET"],
        None => &[],
    };
    let temporal: &[&str] =
        if addresses.machine.temporal_address.is_none() { &TEMPORAL_ELSEWHERE } else { &[] };
    slack.iter().chain(temporal).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::local::up::tests::machine;
    use crate::local::{Mode, Pids};

    #[test]
    fn a_real_slack_is_given_no_address_of_this_machine() -> Result<()> {
        let file = UpFile {
            pid: 1,
            pids: Pids::default(),
            web: Some("http://127.0.0.1:8480".to_owned()),
            slack: None,
            slack_page: None,
            temporal: "127.0.0.1:7233".to_owned(),
            temporal_ui: None,
            database_url: "postgres://x".to_owned(),
            mode: Mode::Real,
        };
        let local = LocalSlack::new("/x".into(), 7811);
        let url = |slack, public_url: Option<&str>| -> Result<_> {
            let public_url = public_url.map(Url::parse).transpose()?;
            let machine =
                Machine { public_url, ..machine(Path::new("/x"), Url::parse("http://x/")?) };
            let env = environment(&ServerAddresses {
                file: &file,
                slack,
                machine: &machine,
                no_sandbox: false,
            })?;
            Ok(env.into_iter().find(|(name, _)| *name == "SIGNOFF_PUBLIC_URL").map(|(_, url)| url))
        };
        assert_eq!(url(None, None)?, None);
        assert_eq!(url(Some(&local), None)?, Some("http://127.0.0.1:8480".into()));
        assert_eq!(
            url(None, Some("https://signoff.example"))?,
            Some("https://signoff.example".into())
        );
        Ok(())
    }
}
