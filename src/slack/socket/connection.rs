//! One connection of Socket Mode: what happens on it?
//! Requests never wait for each other, and each is acknowledged as soon as it is kept, whatever is still done about it.

use std::future::pending;

use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::dial::{DialError, Stream};
use super::frame::{DisconnectReason, Envelope, SocketFrame, read};
use super::{SocketDelivery, SocketMode};
use crate::slack::ack::Ack;
use crate::slack::inbound::Inbound;

/// How often a connection is looked after.
const BEAT: Duration = Duration::from_millis(200);
/// A peer that does not take a few bytes within this time is gone.
const WRITE: Duration = Duration::from_secs(10);

/// An open connection. Dropped, it is listened to a little longer, acknowledges what is in work, and closes.
pub struct Connection {
    notices: UnboundedReceiver<Notice>,
    _retired: DropGuard,
}

/// Why a connection needs a successor.
#[derive(Debug)]
pub enum Ending {
    /// Slack will close it; it still works.
    Refresh,
    Disabled,
    Lost(String),
}

#[derive(Debug)]
enum Notice {
    Hello,
    Disconnect(DisconnectReason),
    Ended(String),
}

impl Connection {
    /// Starts listening, and waits until Slack says hello.
    pub async fn open(
        stream: Stream,
        mode: SocketMode,
        tasks: &TaskTracker,
    ) -> Result<Self, DialError> {
        let (notify, notices) = unbounded_channel();
        let retired = CancellationToken::new();
        let patience = mode.patience.connect;
        let now = Instant::now();
        let listening = Listening {
            stream,
            mode,
            notify,
            work: JoinSet::new(),
            heard: now,
            spoken: now,
            pinged: false,
            greeted: false,
        };
        tasks.spawn(listening.run(retired.clone()));
        let mut connection = Self { notices, _retired: retired.drop_guard() };
        connection.greeting(patience).await?;
        Ok(connection)
    }

    /// Slack's hello, or why it did not come.
    async fn greeting(&mut self, patience: Duration) -> Result<(), DialError> {
        let late = |_| DialError::Failed(format!("no hello within {} s", patience.as_secs_f32()));
        match timeout(patience, self.notices.recv()).await.map_err(late)? {
            Some(Notice::Hello) => Ok(()),
            Some(Notice::Disconnect(DisconnectReason::Disabled)) => {
                Err(DialError::Refused("Socket Mode is switched off for this app".to_owned()))
            }
            Some(Notice::Disconnect(reason)) => {
                Err(DialError::Failed(format!("closed at once: {reason:?}")))
            }
            Some(Notice::Ended(why)) => Err(DialError::Failed(why)),
            None => Err(DialError::Failed("closed at once".to_owned())),
        }
    }

    /// Waits until it needs a successor.
    pub async fn ended(&mut self) -> Ending {
        loop {
            match self.notices.recv().await {
                Some(Notice::Hello) => {}
                Some(Notice::Disconnect(DisconnectReason::Refresh)) => return Ending::Refresh,
                Some(Notice::Disconnect(DisconnectReason::Disabled)) => return Ending::Disabled,
                Some(Notice::Disconnect(DisconnectReason::Other(reason))) => {
                    return Ending::Lost(format!("Slack closes it: {reason}"));
                }
                Some(Notice::Ended(why)) => return Ending::Lost(why),
                None => return Ending::Lost("listening broke".to_owned()),
            }
        }
    }
}

/// The task behind a connection.
struct Listening {
    stream: Stream,
    mode: SocketMode,
    notify: UnboundedSender<Notice>,
    /// Requests on their way to being kept; each ends with its acknowledgement, or with none.
    work: JoinSet<Option<String>>,
    /// The last sign of life…
    heard: Instant,
    /// …and the last word.
    spoken: Instant,
    pinged: bool,
    greeted: bool,
}

impl Listening {
    async fn run(mut self, retired: CancellationToken) {
        let why = self.listen(&retired).await;
        if self.greeted {
            self.mode.health.lost();
        }
        // What is being kept is kept; only its acknowledgement is lost, and Slack sends it again.
        self.work.detach_all();
        self.notify(Notice::Ended(why));
    }

    /// Until the connection is lost, or another one is there and this one has nothing in work; says why.
    async fn listen(&mut self, retired: &CancellationToken) -> String {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut retired_at = None;
        loop {
            if retired.is_cancelled() && self.is_done(*retired_at.get_or_insert_with(Instant::now))
            {
                let _ = timeout(WRITE, self.stream.close(None)).await;
                return "replaced".to_owned();
            }
            if let Err(why) = self.step(beat.tick()).await {
                return why;
            }
        }
    }

    /// Nothing waits to be acknowledged, and nothing seems to be on its way.
    fn is_done(&self, retired_at: Instant) -> bool {
        let patience = &self.mode.patience;
        let quiet = self.work.is_empty() && self.spoken.elapsed() >= patience.quiet;
        quiet || retired_at.elapsed() >= patience.drain
    }

    /// One thing that happens.
    async fn step(&mut self, beat: impl Future) -> Result<(), String> {
        let next_kept = async {
            match self.work.join_next().await {
                Some(kept) => kept,
                None => pending().await,
            }
        };
        tokio::select! {
            frame = self.stream.next() => {
                self.heard = Instant::now();
                self.pinged = false;
                match frame {
                    Some(Ok(frame)) => self.understand(frame),
                    Some(Err(e)) => Err(e.to_string()),
                    None => Err("Slack closed it".to_owned()),
                }
            }
            kept = next_kept => match kept {
                Ok(Some(acknowledgement)) => self.send(Message::text(acknowledgement)).await,
                Ok(None) => Ok(()),
                Err(e) => Err(format!("taking a request broke: {e}")),
            },
            _ = beat => self.look_after().await,
        }
    }

    fn understand(&mut self, frame: Message) -> Result<(), String> {
        match frame {
            Message::Text(text) => {
                self.spoken = self.heard;
                self.act_on(read(&text));
                Ok(())
            }
            Message::Close(Some(reason)) => Err(format!("Slack closed it: {reason}")),
            Message::Close(None) => Err("Slack closed it".to_owned()),
            // Pings are answered by the library as soon as we read on.
            _ => Ok(()),
        }
    }

    fn act_on(&mut self, frame: SocketFrame) {
        match frame {
            SocketFrame::Hello if !self.greeted => {
                self.greeted = true;
                self.mode.health.hello();
                tracing::info!(connections = self.mode.health.connections(), "Slack is connected");
                self.notify(Notice::Hello);
            }
            SocketFrame::Disconnect(reason) => self.notify(Notice::Disconnect(reason)),
            SocketFrame::Envelope(envelope) => {
                self.work.spawn(take(self.mode.clone(), envelope));
            }
            SocketFrame::Hello | SocketFrame::Noise => {}
        }
    }

    /// Nobody listens where the connection was replaced meanwhile.
    fn notify(&self, notice: Notice) {
        let _ = self.notify.send(notice);
    }

    /// A connection can be dead without a word: it is pinged, and given up.
    async fn look_after(&mut self) -> Result<(), String> {
        let silence = self.heard.elapsed();
        if silence > self.mode.patience.dead_after {
            return Err(format!("silent for {} s", silence.as_secs()));
        }
        if silence > self.mode.patience.ping_after && !self.pinged {
            self.pinged = true;
            return self.send(Message::Ping(Bytes::new())).await;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        match timeout(WRITE, self.stream.send(message)).await {
            Ok(sent) => sent.map_err(|e| e.to_string()),
            Err(_) => Err("Slack takes nothing any more".to_owned()),
        }
    }
}

/// Has a request kept; its acknowledgement, if there may be one.
async fn take(mode: SocketMode, envelope: Envelope) -> Option<String> {
    let at = Instant::now();
    let Some(kind) = envelope.kind else { return Some(envelope.acknowledged(None)) };
    match Inbound::from_frame(kind, &envelope.payload, mode.api_url.as_ref()) {
        Ok(inbound) => {
            match (mode.take)(inbound, SocketDelivery { at, again: envelope.again }).await {
                Ack::Kept => Some(envelope.acknowledged(None)),
                Ack::Answered(answer) => Some(envelope.acknowledged(Some(&answer))),
                Ack::NotKept => None,
            }
        }
        Err(e) => {
            // It would not be readable the next time either.
            tracing::warn!(error = %e, "a request from Slack could not be read");
            Some(envelope.acknowledged(None))
        }
    }
}
