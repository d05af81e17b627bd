//! How does Slack speak where it cannot knock?
//! The bot calls (`apps.connections.open`, then a web socket); each request goes to one of its lines and waits there for an acknowledgement.
//! What is not acknowledged in three seconds, or whose line is cut, goes out again by whatever line there is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use url::form_urlencoded;

use super::api::Answer;
use super::signed::{ACK, Heard, Sent};
use super::state::{APP, State};
use super::{FakeSlack, Shared};

/// What the bot has to be configured with.
pub const APP_TOKEN: &str = "xapp-fake-token";
/// So often a request goes out that nobody acknowledges.
const TRIES: usize = 10;
/// Slack closes a line so long after it said that it would.
const NOTICE: Duration = Duration::from_secs(3);

/// The lines, and what waits on them.
#[derive(Default)]
pub struct Sockets {
    pub(super) address: Option<SocketAddr>,
    /// Requests go out by lines, and not by HTTP.
    pub(super) used: bool,
    pub lines: BTreeMap<u32, Line>,
    /// So many were opened.
    pub opened: u32,
    /// So often the bot asked whether a line still stands.
    pub pings: u32,
    /// The fewest lines that were there at once, since somebody last asked.
    pub fewest: usize,
    /// Requests that were not acknowledged, and went out again.
    pub missed: Vec<String>,
    tickets: HashSet<String>,
    off: bool,
    /// The next acknowledgement is lost, with its line.
    loses_next_ack: bool,
    turn: usize,
    waiting: HashMap<String, Vec<oneshot::Sender<Value>>>,
}

/// The bot's line, from our end.
pub struct Line(mpsc::UnboundedSender<Order>);

enum Order {
    Say(String),
    /// The bot finds the connection gone.
    Cut,
    /// Nothing comes, nothing goes, and the connection stands.
    Freeze,
}

impl FakeSlack {
    /// From now on requests go out by the lines that the bot opens.
    pub fn delivers_by_sockets(&self) {
        self.shared.lock().sockets.used = true;
    }

    /// Waits until the bot has so many lines.
    pub async fn has_lines(&self, count: usize) -> Result<()> {
        self.until(&format!("{count} lines"), |state| {
            (state.sockets.lines.len() == count).then_some(())
        })
        .await
    }

    /// Waits until the bot has opened so many lines in all, and has two.
    pub async fn has_opened(&self, count: u32) -> Result<()> {
        self.until(&format!("{count} lines opened"), |state| {
            (state.sockets.opened >= count && state.sockets.lines.len() == 2).then_some(())
        })
        .await
    }

    /// Says that every line will be closed, and closes them a little later; as Slack does every few hours, only all at once.
    pub fn refreshes(&self) {
        let going: Vec<u32> = self.shared.lock().sockets.lines.keys().copied().collect();
        self.says_on_all_lines(&json!({ "type": "disconnect", "reason": "warning", "debug_info": { "host": "wss-fake" } }));
        self.says_on_all_lines(&json!({ "type": "disconnect", "reason": "refresh_requested" }));
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            sleep(NOTICE).await;
            shared
                .lock()
                .sockets
                .lines
                .iter()
                .filter(|(number, _)| going.contains(number))
                .for_each(|(_, line)| line.order(Order::Cut));
        });
    }

    /// Somebody switches Socket Mode off in the app's settings.
    pub fn switches_sockets_off(&self) {
        self.shared.lock().sockets.off = true;
        self.says_on_all_lines(&json!({ "type": "disconnect", "reason": "link_disabled", "debug_info": { "host": "wss-fake" } }));
    }

    /// Cuts all lines without a word.
    pub fn drops_all_lines(&self) {
        self.shared.lock().sockets.lines.values().for_each(|line| line.order(Order::Cut));
    }

    /// All lines stand, and carry nothing any more.
    pub fn freezes_all_lines(&self) {
        self.shared.lock().sockets.lines.values().for_each(|line| line.order(Order::Freeze));
    }

    /// The next acknowledgement does not arrive: its line is cut.
    pub fn loses_next_ack(&self) {
        self.shared.lock().sockets.loses_next_ack = true;
    }

    /// Says anything at all on every line.
    pub fn says_on_all_lines(&self, frame: &Value) {
        self.shared
            .lock()
            .sockets
            .lines
            .values()
            .for_each(|line| line.order(Order::Say(frame.to_string())));
    }

    /// Requests that were not acknowledged and went out again, since somebody last asked.
    pub fn missed_acks(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().sockets.missed)
    }

    /// Waits until a request was not acknowledged.
    pub async fn misses_an_ack(&self) -> Result<()> {
        self.until("an acknowledgement to be missing", |state| {
            (!state.sockets.missed.is_empty()).then_some(())
        })
        .await
    }

    /// The fewest lines that the bot had at once, since somebody last asked.
    pub fn fewest_lines(&self) -> usize {
        let sockets = &mut self.shared.lock().sockets;
        std::mem::replace(&mut sockets.fewest, sockets.lines.len())
    }

    /// Sends a request until it is acknowledged.
    pub(super) async fn by_socket(&self, sent: &Sent, retry: Option<usize>) -> Result<Heard> {
        for nth in (retry.unwrap_or(0)..).take(TRIES) {
            let (envelope_id, frame) = envelope(sent, nth)?;
            self.until("a line to the bot", |state| {
                (!state.sockets.lines.is_empty()).then_some(())
            })
            .await?;
            let started = Instant::now();
            let heard = self.shared.lock().sockets.say(&envelope_id, frame);
            if let Ok(Ok(ack)) = timeout(ACK, heard).await {
                let body = ack.get("payload").map(Value::to_string).unwrap_or_default();
                return Ok(Heard { status: 200, body, took: started.elapsed() });
            }
            self.shared
                .change(|state| state.sockets.missed.push(format!("{} {nth}", &envelope_id[..8])));
        }
        bail!("the bot never acknowledged a request")
    }
}

impl Sockets {
    /// By each line in turn: Slack promises no order. Ends with the acknowledgement, or with an error when the line is gone.
    fn say(&mut self, envelope_id: &str, frame: String) -> oneshot::Receiver<Value> {
        self.turn += 1;
        let (acked, ack) = oneshot::channel();
        if let Some((number, line)) = self.lines.iter().nth(self.turn % self.lines.len().max(1)) {
            line.order(Order::Say(frame));
            self.waiting.entry(format!("{number} {envelope_id}")).or_default().push(acked);
        }
        ack
    }

    fn remove(&mut self, number: u32) {
        self.lines.remove(&number);
        self.fewest = self.fewest.min(self.lines.len());
        self.waiting.retain(|key, _| !key.starts_with(&format!("{number} ")));
    }
}

impl Line {
    fn order(&self, order: Order) {
        // A line that is just ending takes no orders.
        let _ = self.0.send(order);
    }
}

/// `apps.connections.open`
pub(super) fn open(state: &mut State) -> Answer {
    if state.sockets.off {
        return Err("socket_mode_disabled".into());
    }
    let ticket = state.next_id("ticket");
    let address = state.sockets.address.ok_or("internal_error")?;
    let url = format!("ws://{address}/link/?ticket={ticket}&app_id={APP}");
    state.sockets.tickets.insert(ticket);
    Ok(json!({ "url": url }))
}

/// Takes the bot's calls.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        lines.spawn(async move { line(stream, &shared).await });
        while lines.try_join_next().is_some() {}
    }
}

async fn line(stream: TcpStream, shared: &Shared) -> Option<()> {
    let mut stream = tokio_tungstenite::accept_hdr_async(stream, Ticket(shared)).await.ok()?;
    let hello = json!({ "type": "hello", "connection_info": { "app_id": APP }, "num_connections": 1, "debug_info": { "host": "wss-fake" } });
    stream.send(Message::text(hello.to_string())).await.ok()?;
    let (orders, ordered) = mpsc::unbounded_channel();
    let number = shared.change(|state| {
        state.sockets.opened += 1;
        let number = state.sockets.opened;
        state.sockets.lines.insert(number, Line(orders));
        number
    });
    talk(&mut stream, ordered, |said| hears(shared, number, said)).await;
    shared.change(|state| state.sockets.remove(number));
    Some(())
}

/// A ticket opens one line, once.
struct Ticket<'a>(&'a Shared);

impl tokio_tungstenite::tungstenite::handshake::server::Callback for Ticket<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default();
        let ticket = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "ticket")
            .map(|(_, it)| it.into_owned());
        if ticket.is_some_and(|it| self.0.lock().sockets.tickets.remove(&it)) {
            return Ok(response);
        }
        let mut refused = ErrorResponse::new(None);
        *refused.status_mut() = StatusCode::FORBIDDEN;
        Err(refused)
    }
}

/// False where the bot ends the line.
fn hears(shared: &Shared, number: u32, said: Message) -> bool {
    match said {
        Message::Text(ack) => {
            acknowledged(shared, number, &serde_json::from_str(&ack).unwrap_or_default())
        }
        Message::Ping(_) => shared.change(|state| {
            state.sockets.pings += 1;
            true
        }),
        other => !other.is_close(),
    }
}

/// Until either side ends it; `hears` says whether the line lives on.
async fn talk(
    stream: &mut WebSocketStream<TcpStream>,
    mut ordered: mpsc::UnboundedReceiver<Order>,
    hears: impl Fn(Message) -> bool,
) {
    loop {
        tokio::select! {
            order = ordered.recv() => match order {
                Some(Order::Say(text)) => if stream.send(Message::text(text)).await.is_err() { return },
                Some(Order::Freeze) => pending().await,
                Some(Order::Cut) | None => return,
            },
            frame = stream.next() => match frame {
                Some(Ok(said)) => if !hears(said) { return },
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// False where it got lost, and the line with it.
fn acknowledged(shared: &Shared, number: u32, ack: &Value) -> bool {
    shared.change(|state| {
        if std::mem::take(&mut state.sockets.loses_next_ack) {
            return false;
        }
        let id = ack["envelope_id"].as_str().unwrap_or_default().to_owned();
        let waiting =
            state.sockets.waiting.get_mut(&format!("{number} {id}")).filter(|all| !all.is_empty());
        match waiting.map(|all| all.remove(0)) {
            // Who gave up waiting has sent it again: the acknowledgement came late.
            Some(waits) => {
                if waits.send(ack.clone()).is_err() {
                    state.late_acks.push(format!("of {id}, by a socket"));
                }
            }
            None => state.violations.push(format!("socket: nobody asked for {ack}")),
        }
        true
    })
}

/// A request as it goes over a line, and its id: the same whenever the same request is sent.
fn envelope(sent: &Sent, nth: usize) -> Result<(String, String)> {
    let id = hex::encode(Sha256::digest(&sent.body));
    let fields: Map<String, Value> = form_urlencoded::parse(sent.body.as_bytes())
        .map(|(name, value)| (name.into_owned(), json!(value)))
        .collect();
    let (kind, payload) = match fields.get("payload").and_then(Value::as_str) {
        _ if sent.is_json() => {
            ("events_api", serde_json::from_str(&sent.body).context("an event")?)
        }
        Some(payload) => ("interactive", serde_json::from_str(payload).context("an interaction")?),
        None => ("slash_commands", Value::Object(fields)),
    };
    let mut frame = json!({ "type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": kind != "events_api" });
    if kind == "events_api" || nth > 0 {
        frame["retry_attempt"] = json!(nth);
        frame["retry_reason"] = json!(if nth > 0 { "timeout" } else { "" });
    }
    Ok((id, frame.to_string()))
}
