//! Socket Mode: how does Slack reach us where it cannot call us? Connects twice, and reconnects.
//! Slack speaks into the connections that we opened. One that Slack is about to close is replaced first.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>

mod backoff;
mod connection;
mod dedup;
mod dial;
mod frame;
mod health;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use health::SocketHealth;

use super::ack::Ack;
use super::client::SlackApi;
use super::inbound::Inbound;
use backoff::Backoff;
use connection::{Connection, Ending};
use dedup::deduplicated;
use dial::{DialError, dial};

/// More than one, so that losing one does not cut us off. Slack sends each request to any of them.
const CONNECTIONS: usize = 2;

/// Keeps a request and has it acted on. The future ends as soon as Slack may know, which is never before the request is durable.
pub type Take = Arc<dyn Fn(Inbound, SocketDelivery) -> BoxFuture<'static, Ack> + Send + Sync>;

/// How a request arrived.
#[derive(Clone, Copy, Debug)]
pub struct SocketDelivery {
    pub at: Instant,
    /// Slack sent it before. It may still be the first time that it arrives.
    pub again: bool,
}

/// Time-outs and pauses.
#[derive(Clone, Debug)]
pub struct SocketPatience {
    /// From the call to Slack's hello.
    pub connect: Duration,
    /// A connection is pinged after this silence…
    pub ping_after: Duration,
    /// …and is dead after this one.
    pub dead_after: Duration,
    /// A replaced connection is listened to for so long after its last word, because Slack may just be sending…
    pub quiet: Duration,
    /// …but is closed after this, whatever is in work.
    pub drain: Duration,
    /// Between attempts, the shortest and the longest.
    pub pause: (Duration, Duration),
    /// Between attempts where a person has to change something first.
    pub refused: Duration,
}

impl Default for SocketPatience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            ping_after: Duration::from_secs(10),
            dead_after: Duration::from_secs(30),
            quiet: Duration::from_secs(1),
            drain: Duration::from_secs(8),
            pause: (Duration::from_secs(1), Duration::from_secs(30)),
            refused: Duration::from_mins(1),
        }
    }
}

/// What Socket Mode needs: the API, and a handler for requests.
#[derive(Clone)]
pub struct SocketMode {
    /// With the app-level token.
    pub api: SlackApi,
    /// Where answers of an emulator may go; Slack's own are known.
    pub api_url: Option<url::Url>,
    pub take: Take,
    pub health: SocketHealth,
    pub patience: SocketPatience,
}

impl fmt::Debug for SocketMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketMode")
    }
}

impl SocketMode {
    /// Listens until `end`; then what is in work is still acknowledged.
    pub async fn run(self, end: CancellationToken) {
        let tasks = TaskTracker::new();
        let mode = Self { take: deduplicated(self.take), ..self };
        let connections = (0..CONNECTIONS).map(|_| mode.stay_connected(&tasks, &end));
        futures::future::join_all(connections).await;
        tasks.close();
        tasks.wait().await;
    }

    /// Keeps one connection open: reconnects whenever it ends.
    async fn stay_connected(&self, tasks: &TaskTracker, end: &CancellationToken) {
        let mut backoff = Backoff::new(self.patience.pause);
        let mut old: Option<Connection> = None;
        loop {
            let pause = tokio::select! {
                () = end.cancelled() => return,
                next = self.one_connection(tasks, &mut old, &mut backoff) => next,
            };
            tokio::select! {
                () = end.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// One connection, from the call to its end or to Slack's wish to end it, and how long to wait before the next.
    /// One that is dropped drains and closes itself; one that Slack is about to close stands in `old` until there is another.
    async fn one_connection(
        &self,
        tasks: &TaskTracker,
        old: &mut Option<Connection>,
        backoff: &mut Backoff,
    ) -> Duration {
        let mut connection = match self.connect(tasks).await {
            Ok(connection) => connection,
            Err(DialError::Refused(why)) => return self.refused(&why),
            Err(DialError::Failed(why)) => {
                let pause = backoff.next();
                tracing::warn!(error = %why, pause_ms = pause.as_millis(), "could not open a connection to Slack; the next attempt follows");
                return pause;
            }
        };
        drop(old.take());
        let begun = Instant::now();
        let ending = connection.ended().await;
        let lasted = begun.elapsed() > self.patience.dead_after;
        if lasted {
            backoff.reset();
        }
        match ending {
            Ending::Refresh => {
                tracing::debug!(
                    "Slack is about to close a connection; another one is opened first"
                );
                *old = Some(connection);
                // Slack asks for it every few hours. If it asks right after the hello, reconnecting at once would never end.
                if lasted { Duration::ZERO } else { backoff.next() / 2 }
            }
            Ending::Disabled => self.refused("Socket Mode is switched off for this app"),
            Ending::Lost(why) => self.lost(&why, backoff.next()),
        }
    }

    async fn connect(&self, tasks: &TaskTracker) -> Result<Connection, DialError> {
        let stream = dial(&self.api, self.patience.connect).await?;
        Connection::open(stream, self.clone(), tasks).await
    }

    fn lost(&self, why: &str, pause: Duration) -> Duration {
        let left = self.health.connections();
        tracing::warn!(error = %why, left, pause_ms = pause.as_millis(), "a connection to Slack is lost; another one is opened");
        pause
    }

    /// Nothing will change before a person does something: it is logged once as an error, and tried again slowly.
    fn refused(&self, why: &str) -> Duration {
        let every_s = self.patience.refused.as_secs();
        if self.health.refused() {
            tracing::error!(
                error = %why,
                "Slack gives us no connection, so nothing that people do arrives: {why}. At https://api.slack.com/apps, in your app, switch Socket Mode \
                 on and see that SLACK_APP_TOKEN is one of its app-level tokens (xapp-…) with connections:write. It is tried again every {every_s} s"
            );
        }
        self.patience.refused
    }
}
