//! Who lives, and who is started again?
//! Holds every server of `up`: starts it, starts it again with back-off when it dies, and ends all in order.

use std::collections::BTreeMap;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::process::Child;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::child::{Spawner, kill_group, signal};
use super::console::Console;
use super::service::{Service, StopOrder, ending};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// After a life this long a death is an accident, not a habit.
const LONG_LIFE: Duration = Duration::from_secs(30);
/// A server that dies this often before it was ever ready will not get better.
const DEATHS_TO_GIVE_UP: u32 = 5;
/// A server that was asked to end and does not is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How one server stands.
#[derive(Clone, Debug, Default)]
pub struct ServerStatus {
    pub pid: Option<u32>,
    pub ready: bool,
    pub deaths: u32,
    /// It was seen to be well once: it answered, or lived long.
    proven: bool,
    turn: Option<StopOrder>,
    log: PathBuf,
}

/// Every server, by name.
pub type ServerStatuses = BTreeMap<&'static str, ServerStatus>;

/// All servers of this `up`.
pub struct Supervisor<'a> {
    spawner: Spawner,
    console: &'a Console,
    arrivals: mpsc::UnboundedSender<Service>,
    standings: watch::Sender<ServerStatuses>,
    ends: BTreeMap<StopOrder, CancellationToken>,
    at_once: CancellationToken,
}

impl<'a> Supervisor<'a> {
    /// The second part is to be handed to `keep_all`.
    pub fn new(spawner: Spawner, console: &'a Console) -> (Self, mpsc::UnboundedReceiver<Service>) {
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let ends = [StopOrder::First, StopOrder::Second, StopOrder::Last]
            .map(|turn| (turn, CancellationToken::new()))
            .into();
        (
            Self {
                spawner,
                console,
                arrivals,
                standings: watch::Sender::default(),
                ends,
                at_once: CancellationToken::new(),
            },
            arriving,
        )
    }

    /// Drives every server; to be polled beside everything else, for ever. Children start on the thread that polls this.
    pub async fn keep_all(&self, mut arriving: mpsc::UnboundedReceiver<Service>) {
        let mut kept = FuturesUnordered::new();
        loop {
            select! {
                Some(service) = arriving.recv() => kept.push(self.keep(service)),
                Some(()) = kept.next() => {}
                else => pending().await,
            }
        }
    }

    /// Takes a server in.
    pub fn take_in(&self, service: Service) {
        let standing = ServerStatus {
            turn: Some(service.turn),
            log: service.log.clone(),
            ..ServerStatus::default()
        };
        self.standings.send_modify(|all| drop(all.insert(service.name, standing)));
        // The receiving half lives as long as `up` itself.
        let _kept = self.arrivals.send(service);
    }

    /// How all stand, and when that changes.
    pub fn watch(&self) -> watch::Receiver<ServerStatuses> {
        self.standings.subscribe()
    }

    /// Returns when all that were taken in are ready; fails where one will not be.
    pub async fn all_ready(&self, patience: Duration) -> Result<()> {
        let mut watch = self.watch();
        let settled =
            watch.wait_for(|all| all.values().all(|one| one.ready) || all.values().any(hopeless));
        let standings = match timeout(patience, settled).await {
            Ok(Ok(standings)) if standings.values().all(|one| one.ready) => return Ok(()),
            Ok(Ok(standings)) => standings.clone(),
            Ok(Err(_)) | Err(_) => self.standings.borrow().clone(),
        };
        self.refuse_hopeless()?;
        let told = standings.iter().filter(|(_, one)| !one.ready).map(did_not_start);
        bail!("{}", told.collect::<Vec<_>>().join("\n"))
    }

    /// Fails where one never lived long, however often it was started: nobody can ask it whether it is ready.
    pub fn refuse_hopeless(&self) -> Result<()> {
        let standings = self.standings.borrow();
        let told = standings.iter().filter(|(_, one)| hopeless(one)).map(did_not_start);
        let told = told.collect::<Vec<_>>().join("\n");
        ensure!(told.is_empty(), "{told}");
        Ok(())
    }

    /// Ends all, in turns.
    pub async fn end_all(&self) {
        for (turn, end) in &self.ends {
            end.cancel();
            let mut watch = self.watch();
            // An error would mean that nobody is left to wait for.
            let _gone =
                watch.wait_for(|all| all.values().all(|one| one.turn != Some(*turn))).await.is_ok();
        }
    }

    /// From now on nobody is waited for.
    pub fn hurry(&self) {
        self.at_once.cancel();
    }

    async fn keep(&self, service: Service) {
        let end = &self.ends[&service.turn];
        let mut pause = FIRST_PAUSE;
        while !end.is_cancelled() {
            let begun = Instant::now();
            let Some(why) = self.live(&service, end).await else { break };
            let lived_long = begun.elapsed() > LONG_LIFE;
            if lived_long {
                pause = FIRST_PAUSE;
            }
            self.note(&service, |one| {
                let (deaths, proven) = (one.deaths + 1, one.proven || lived_long);
                *one = ServerStatus { pid: None, ready: false, deaths, proven, ..one.clone() }
            });
            self.say_dead(&service, &why, pause);
            select! {
                () = sleep(pause) => {}
                () = end.cancelled() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.standings.send_modify(|all| drop(all.remove(service.name)));
    }

    fn say_dead(&self, service: &Service, why: &str, pause: Duration) {
        let said = match Service::last_words(&service.log) {
            words if words.is_empty() => String::new(),
            words => in_log(&service.log, &words),
        };
        let seconds = pause.as_secs_f64();
        self.console.say(format_args!(
            "{} {why}; it is started again in {seconds:.1} s{said}",
            service.name
        ));
    }

    /// One life; says how it ended, or nothing where we ended it.
    async fn live(&self, service: &Service, end: &CancellationToken) -> Option<String> {
        let mut child = match service.start(&self.spawner) {
            Ok(child) => child,
            Err(error) => return Some(format!("did not start ({error:#})")),
        };
        let died = select! {
            why = self.watch_over(service, &mut child) => Some(why),
            () = end.cancelled() => None,
        };
        if died.is_none() {
            self.end(service, &mut child).await;
        }
        died
    }

    async fn watch_over(&self, service: &Service, child: &mut Child) -> String {
        let again = self.standings.borrow().get(service.name).is_some_and(|one| one.deaths > 0);
        select! {
            status = child.wait() => return status.map_or_else(|error| format!("is lost ({error})"), ending),
            () = service.ready.wait() => {}
        }
        let pid = service.pid(child);
        let proven = service.ready.is_seen();
        self.note(service, |one| {
            *one = ServerStatus { pid, ready: true, proven: one.proven || proven, ..one.clone() };
        });
        if again {
            self.console.say(format_args!(
                "{} is back (process {})",
                service.name,
                pid.unwrap_or_default()
            ));
        }
        child.wait().await.map_or_else(|error| format!("is lost ({error})"), ending)
    }

    async fn end(&self, service: &Service, child: &mut Child) {
        // A file with the id may be older than this life until the server is ready.
        let known = self.standings.borrow().get(service.name).and_then(|one| one.pid);
        known.or_else(|| child.id()).into_iter().for_each(|pid| signal(pid, service.stop));
        let ended = select! {
            ended = timeout(PATIENCE, child.wait()) => ended.is_ok(),
            () = self.at_once.cancelled() => false,
        };
        if !ended {
            child.id().into_iter().for_each(kill_group);
            // Killed, it cannot be waited for in vain.
            let _status = child.wait().await;
        }
    }

    fn note(&self, service: &Service, change: impl FnOnce(&mut ServerStatus)) {
        self.standings.send_modify(|all| {
            if let Some(one) = all.get_mut(service.name) {
                change(one);
            }
        });
    }
}

fn hopeless(one: &ServerStatus) -> bool {
    !one.proven && one.deaths >= DEATHS_TO_GIVE_UP
}

fn did_not_start((name, one): (&&'static str, &ServerStatus)) -> String {
    format!("{name} did not start{}", in_log(&one.log, &Service::last_words(&one.log)))
}

fn in_log(log: &Path, words: &str) -> String {
    format!(". Its last words, in {}:\n{words}", log.display())
}

#[cfg(test)]
mod tests;
