//! A Slack of our own: a workspace that keeps state behind Slack's Web API, and people who type, press and reply through the bot's door.
//!
//! Stories wait on what it knows ([`FakeSlack::until`]), never on time. It notes whatever real Slack would have refused
//! ([`FakeSlack::violations`]) and every request that was acknowledged late ([`FakeSlack::late_acks`]), so that a story can fail on them.

mod api;
mod calls;
mod crowd;
mod dates;
mod faults;
mod files;
mod forms;
mod limits;
mod marked;
mod messages;
mod payloads;
mod people;
mod person;
mod presses;
mod reads;
mod scopes;
mod seeds;
mod shown;
mod signed;
mod socket;
mod state;
mod target;
mod tests;
mod tests_client;
mod tests_forms;
mod tests_limits;
mod tests_people;
mod tests_presses;
mod tests_socket;
mod views;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use calls::Call;
pub use faults::Fault;
pub use people::Spot;
pub use person::Person;
pub use signed::{Heard, Signing};
pub use socket::APP_TOKEN;
pub use state::{BOT_USER, Message, State, TEAM};
pub use target::{MessageAt, Target};

/// What the bot has to be configured with.
pub const BOT_TOKEN: &str = "xoxb-fake-token";
pub const SIGNING_SECRET: &str = "fake-signing-secret";

/// How long a story waits for what it expects. Long, because machines that run tests are busy; nobody waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// The workspace. Clones are the same one; it ends with the last of them.
#[derive(Clone)]
pub struct FakeSlack {
    shared: Arc<Shared>,
    _server: Arc<Server>,
}

/// What the server and the people work on.
struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    http: reqwest::Client,
}

struct Server(Vec<JoinHandle<()>>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl FakeSlack {
    /// A workspace with the channels dev (private: secret; without us: lonely; archived: attic) and the people ana (Berlin),
    /// ben (New York), cleo (Kolkata), dan (Los Angeles), gus (a guest), robo (a bot), dora (deactivated) and eve (of another
    /// workspace), and with the groups leads (`S0LEADS`: ben, cleo), oncall (`S0ONCALL`: dan) and nobody (`S0NOBODY`).
    pub async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("a port for the fake Slack")?;
        let address = listener.local_addr()?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build()?;
        let shared = Arc::new(Shared {
            address,
            state: Mutex::new(State::new()),
            changes: watch::Sender::new(0),
            http,
        });
        let sockets = TcpListener::bind("127.0.0.1:0")
            .await
            .context("a port for the fake Slack's sockets")?;
        shared.lock().sockets.address = Some(sockets.local_addr()?);
        shared.lock().base = format!("http://{address}");
        let server = Server(vec![
            tokio::spawn(wire::serve(listener, api::router(Arc::clone(&shared)))),
            tokio::spawn(socket::serve(sockets, Arc::clone(&shared))),
        ]);
        Ok(Self { shared, _server: Arc::new(server) })
    }

    /// For `SLACK_API_URL`.
    pub fn api_url(&self) -> Url {
        Url::parse(&format!("http://{}/api", self.shared.address)).expect("an address is a URL")
    }

    /// Where the bot listens: the URL of its `/slack`.
    pub fn delivers_to(&self, bot: Url) {
        self.shared.lock().bot = Some(bot);
    }

    /// Looks at everything at once.
    pub fn peek<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock())
    }

    /// Waits until `look` finds something; looks again whenever anything happened. Gives up with the whole transcript.
    pub async fn until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Result<T> {
        let mut changes = self.shared.changes.subscribe();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.peek(&mut look) {
                return Ok(found);
            }
            if timeout_at(deadline, changes.changed()).await.is_err() {
                bail!("waited in vain for {what}. Slack shows:\n{}", self.transcript());
            }
        }
    }

    /// Waits until some message in the channel shows the words; answers with its `ts`.
    pub async fn shows(&self, channel: &str, words: &str) -> Result<String> {
        let channel = self.channel(channel)?;
        self.until(&format!("{words:?}"), |state| {
            let mut there =
                state.messages.iter().filter(|it| it.channel == channel && it.is_ours());
            there.find(|it| state.shown(it).contains(words)).map(|it| it.ts.clone())
        })
        .await
    }

    /// A message as it is now.
    pub fn message(&self, ts: &str) -> Option<Message> {
        self.peek(|state| state.message(ts).cloned())
    }

    /// A message as people read it.
    pub fn shown(&self, ts: &str) -> String {
        self.peek(|state| {
            state.message(ts).map_or_else(|| "(no such message)".to_owned(), |it| state.shown(it))
        })
    }

    /// Everything said in every channel, threads below their roots.
    pub fn transcript(&self) -> String {
        self.peek(State::transcript)
    }

    /// What real Slack would have refused, or cut, so far; and dialogs that somebody left without an answer.
    pub fn violations(&self) -> Vec<String> {
        self.peek(|state| {
            let left = |(user, dialog): (&String, _)| {
                format!("{} did not answer: {}", state.name(user), state.shown_dialog(dialog))
            };
            state.violations.iter().cloned().chain(state.dialogs.iter().map(left)).collect()
        })
    }

    /// Requests that the bot acknowledged later than the three seconds that Slack gives it.
    pub fn late_acks(&self) -> Vec<String> {
        self.peek(|state| state.late_acks.clone())
    }

    /// The id of a person: by name, or by id.
    pub fn user(&self, name: &str) -> Result<String> {
        self.peek(|state| state.user(name).map(|it| it.id.clone()))
            .with_context(|| format!("nobody is called {name}"))
    }

    /// The id of a channel: by name, or by id.
    pub fn channel(&self, name: &str) -> Result<String> {
        self.peek(|state| state.channel(name).map(|it| it.id.clone()))
            .with_context(|| format!("no channel is called {name}"))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the workspace and wakes everybody who waits.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
        result
    }
}
