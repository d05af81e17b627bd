//! The process of an agent: how does it exit, and what did it say on standard error?

use std::time::Duration;

use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::lines::tail;
use crate::sandbox::{self, Exceeded};

/// Why we stopped listening to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It closed its output; the exit code, if there was one.
    Ended(Option<i32>),
    /// We were told to stop.
    Stopped,
    /// It took longer than this.
    TimedOut(Duration),
    /// Its box used more of this than it may.
    Exceeded(Exceeded),
}

impl Exit {
    /// Unless its box had used too much before: then that is why, however it seems to have ended.
    pub fn unless(self, exceeded: Option<Exceeded>) -> Self {
        exceeded.map_or(self, Self::Exceeded)
    }
}

/// Ends it, and what it left in its process group: `group` is what its id was. Where it ended by itself without a box, programs that it began
/// in the background would write on while its work is kept.
pub(super) async fn end(child: &mut Child, group: Option<u32>) {
    sandbox::end(child).await;
    if let Some(group) = group {
        sandbox::sweep(group);
    }
}

/// The last of what it says on standard error, read while it runs.
pub(super) struct StderrTail(JoinHandle<String>);

impl StderrTail {
    pub fn of(child: &mut Child) -> Self {
        Self(tokio::spawn(tail(child.stderr.take().expect("piped"))))
    }

    /// Waits no longer than `limit`: without a box, a process that it left behind may hold the other end open.
    pub async fn read_within(self, limit: Duration) -> String {
        timeout(limit, self.0).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// The last line that says something, for an error message.
pub(super) fn last_line<'a>(stderr: &'a str, if_none: &'a str) -> &'a str {
    stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(if_none)
}
