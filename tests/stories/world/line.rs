//! A line between a process and a server, which can be cut, and which can lose answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Passes,
    /// Nobody listens, and whoever was connected is cut off.
    IsCut,
    /// Requests arrive; of the answers on each new connection, only those to the first so many requests come back.
    LosesAnswers {
        after: usize,
    },
}

pub struct Line {
    /// Where it begins, `host:port`.
    pub address: String,
    does: watch::Sender<Does>,
    is: watch::Receiver<bool>,
}

impl Line {
    pub async fn to(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (does, wanted) = watch::channel(Does::Passes);
        let (up, is) = watch::channel(true);
        tokio::spawn(carry(listener, server.to_owned(), wanted, up));
        Ok(Self { address, does, is })
    }

    /// Whoever calls finds nobody.
    pub async fn is_cut(&self) {
        self.does.send_replace(Does::IsCut);
        let _ = self.is.clone().wait_for(|up| !up).await;
    }

    /// What is said arrives, and what is answered does not.
    pub fn loses_answers(&self) {
        self.loses_answers_after(0);
    }

    /// The same, but not for the first requests of a connection (HTTP/2 only).
    pub fn loses_answers_after(&self, requests: usize) {
        self.does.send_replace(Does::LosesAnswers { after: requests });
    }

    /// Works again, for new connections.
    pub async fn heals(&self) {
        self.does.send_replace(Does::Passes);
        let _ = self.is.clone().wait_for(|up| *up).await;
    }
}

async fn carry(
    listener: TcpListener,
    server: String,
    mut does: watch::Receiver<Does>,
    up: watch::Sender<bool>,
) {
    let address = listener.local_addr().expect("it is bound");
    let mut listener = Some(listener);
    let mut calls = JoinSet::new();
    let mut is_held = true;
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some((caller, _)) = accepted => drop(calls.spawn(call(caller, server.clone(), does.clone()))),
            changed = does.changed(), if is_held => {
                // What nobody holds any more stays as it is: whoever calls over it may still do so after the story.
                if changed.is_err() {
                    is_held = false;
                    continue;
                }
                let now = *does.borrow_and_update();
                if !matches!(now, Does::LosesAnswers { .. }) {
                    calls.shutdown().await;
                }
                listener = match (now, listener.take()) {
                    (Does::IsCut, _) => None,
                    (_, Some(listener)) => Some(listener),
                    (_, None) => Some(bound(address).await),
                };
                up.send_replace(listener.is_some());
            }
        }
    }
}

async fn bound(address: std::net::SocketAddr) -> TcpListener {
    // Somebody's outgoing call may have the port for a moment.
    let mut tries = interval(Duration::from_millis(20));
    loop {
        tries.tick().await;
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
    }
}

async fn call(caller: TcpStream, server: String, does: watch::Receiver<Does>) {
    let Ok(there) = TcpStream::connect(server).await else { return };
    let (asks, hears) = caller.into_split();
    let (answers, is_told) = there.into_split();
    let asked = Arc::new(watch::channel(0).0);
    tokio::select! {
        () = requests(asks, is_told, &asked) => {}
        () = replies(answers, hears, (&does, &asked)) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: &watch::Sender<usize>) {
    let (mut buffer, mut frames) = (vec![0; 64 << 10], Frames::default());
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let headers = frames.headers_in(&buffer[..n]);
        asked.send_modify(|count| *count += headers);
        if to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (does, asked): (&watch::Receiver<Does>, &watch::Sender<usize>),
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let lost = matches!(*does.borrow(), Does::LosesAnswers { after } if after == 0 || *asked.borrow() > after);
        if !lost && to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

/// Counts requests in a stream of HTTP/2 frames: each begins with one HEADERS frame.
#[derive(Default)]
struct Frames {
    preface_seen: usize,
    header: Vec<u8>,
    body_left: usize,
}

impl Frames {
    fn headers_in(&mut self, bytes: &[u8]) -> usize {
        const PREFACE: usize = 24;
        const HEADERS: u8 = 1;
        let skip = (PREFACE - self.preface_seen).min(bytes.len());
        self.preface_seen += skip;
        let mut count = 0;
        let mut rest = &bytes[skip..];
        while !rest.is_empty() {
            if self.body_left > 0 {
                let body = self.body_left.min(rest.len());
                self.body_left -= body;
                rest = &rest[body..];
                continue;
            }
            self.header.push(rest[0]);
            rest = &rest[1..];
            if let [a, b, c, kind, _, _, _, _, _] = self.header[..] {
                self.body_left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                count += usize::from(kind == HEADERS);
                self.header.clear();
            }
        }
        count
    }
}
