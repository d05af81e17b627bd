//! The write attempt: what do `prepare`, `write` and `snapshot`, its steps, have in hand?

use super::WriteInput;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::handover::Handover;

/// One attempt at work: the worker that has it, and the folder that it has to itself.
pub(super) struct WriteAttempt<'a> {
    pub bench: &'a Bench,
    pub input: &'a WriteInput,
    pub folder: AttemptFolder,
    /// What earlier workers spent on it, and the session they left.
    pub before: Handover,
}
