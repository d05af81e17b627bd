//! When is `up` asked to end?
//! Ctrl-C, TERM, HUP; where asked for, the end of standard input as well.

use std::io;
use std::thread;

use anyhow::{Context, Result};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Everything that can ask us to end.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    end_of_input: mpsc::Receiver<()>,
}

impl StopSignals {
    /// From now on these do not kill us.
    pub fn listen(until_eof: bool) -> Result<Self> {
        let on = |kind| signal(kind).context("listening for signals");
        let (end, end_of_input) = mpsc::channel(1);
        if until_eof {
            // A thread of its own: the runtime could not end while one of its own waits for input.
            thread::spawn(move || {
                // A broken input has ended as well.
                let _ended = io::copy(&mut io::stdin().lock(), &mut io::sink());
                // Nobody listens when `up` is over already.
                let _told = end.blocking_send(());
            });
        }
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
            end_of_input,
        })
    }

    /// Returns once for each time we are asked.
    pub async fn asked(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            Some(()) = self.end_of_input.recv() => {}
        }
    }
}
