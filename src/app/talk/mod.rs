//! What people can say, at a shell.
//! The same commands as in Slack, through the same grammar; only printing and exit codes are its own.

mod answer;
mod develop;
mod diff;
mod fetch;
mod history;
mod logs;
mod look;
mod print;
mod prune;
mod reports;

use std::io::Write;

use chrono::{Local, Offset as _};

use super::cli::CliCommand;
use super::{Failure, parts};
use crate::commands::{self, Asker, Lookup, Moment, Said, Services, ShellUser};
use crate::config::Config;
use crate::run::{RequestId, Via, Zone};
use crate::thread::RenderContext;

/// One command of somebody at a shell.
struct Talk<'a> {
    services: Services,
    user: ShellUser,
    asker: Asker,
    render: RenderContext,
    json: bool,
    out: &'a mut dyn Write,
}

/// Does what was typed; the exit code.
pub async fn talk(
    command: CliCommand,
    config: Config,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let store = parts::store(&config).await?;
    let here = Some(parts::linked_from_here(&config));
    let render = parts::render_context(&config, parts::link_key(&store).await?, here);
    let user = ShellUser::new(config.os_user.clone(), zone());
    let asker = Asker::new(user.person().clone(), Via::Cli, Moment::now(parts::now()));
    let services = parts::services(&config, store, parts::artifacts_if_any(&config));
    Talk { services, user, asker, render, json, out }.execute(command).await
}

impl Talk<'_> {
    async fn execute(&mut self, command: CliCommand) -> Result<u8, Failure> {
        match command {
            CliCommand::Develop { project, words, wait } => {
                self.develop(project, words, wait).await
            }
            CliCommand::Features { project, features, file, wait } => {
                self.features((project, features), file, wait).await
            }
            CliCommand::Fix { project, words, wait } => self.fix(project, words, wait).await,
            CliCommand::Again { run, words, wait } => self.again(run, words, wait).await,
            CliCommand::Answer(answer) => self.answer(answer).await,
            CliCommand::Look(look) => self.look(look).await,
            CliCommand::Fetch(fetch) => self.fetch(fetch).await,
            CliCommand::Prune(prune) => self.prune(prune).await,
            CliCommand::Up(_)
            | CliCommand::Serve
            | CliCommand::Worker { .. }
            | CliCommand::Doctor
            | CliCommand::Slack { .. }
            | CliCommand::Child(_)
            | CliCommand::Bridge(_)
            | CliCommand::Box(_)
            | CliCommand::Forward { .. }
            | CliCommand::Absent(_) => Err(anyhow::anyhow!("not said to a run").into()),
        }
    }

    async fn find(&self, said: &Said) -> Result<Lookup, Failure> {
        Ok(commands::find(&self.services, &self.asker, said).await?)
    }
}

/// The shell's own clock; that of the machine, where the shell has none of its own.
fn zone() -> Zone {
    let now = parts::now();
    let here = now.with_timezone(&Local).offset().fix();
    let machine =
        Zone::new(&iana_time_zone::get_timezone().unwrap_or_default(), here.local_minus_utc());
    if machine.offset(now) == here { machine } else { Zone::Offset(here) }
}

fn fresh_key() -> RequestId {
    RequestId(format!("cli:{}", uuid::Uuid::new_v4()))
}
