//! The write attempt: what do `prepare`, `write` and `snapshot`, its steps, have in hand?

use std::sync::{Mutex, PoisonError};

use super::WriteInput;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::handover::Handover;
use crate::store::AttemptToken;

/// One attempt at work: the worker that has it, and the folder that it has to itself.
pub(super) struct WriteAttempt<'a> {
    pub bench: &'a Bench,
    pub input: &'a WriteInput,
    pub folder: AttemptFolder,
    /// What says that it is still this worker's.
    pub token: AttemptToken,
    /// What earlier workers spent on it, and the session they left.
    pub before: Handover,
    /// What was spent on it by now.
    pub spent: &'a Spent,
}

/// What was spent by now; an activity that fails tells it, wherever it fails.
#[derive(Default)]
pub(super) struct Spent(Mutex<Handover>);

impl Spent {
    pub fn is(&self, now: &Handover) {
        // A panic elsewhere does not make what was spent untrue.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now.clone();
    }

    pub fn known(&self) -> Handover {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
