//! The arrival of a request: when it came, and by which transport.

use std::time::Duration;

use tokio::time::Instant;

use crate::slack::SocketDelivery;

/// What takes longer than this, from the request's arrival on, is answered privately later; Slack shows an error after 3 s.
pub const PATIENCE: Duration = Duration::from_millis(2_400);

/// When and how a request arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub at: Instant,
    pub way: Way,
}

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The acknowledgement is the one chance to answer at once. Commands and clicks come only once.
    Http,
    /// What is not acknowledged comes again; this one may have.
    Socket { again: bool },
}

impl From<SocketDelivery> for Arrival {
    fn from(delivered: SocketDelivery) -> Self {
        Self { at: delivered.at, way: Way::Socket { again: delivered.again } }
    }
}

impl Arrival {
    pub(super) fn deadline(&self) -> Instant {
        self.at + PATIENCE
    }
}
