//! Access control: who is at a shell?
//! Whoever reaches the database. There is no hidden admin: the rules know them by their name on this machine.

use crate::run::{PersonId, Zone};

/// Somebody at a shell.
#[derive(Clone, Debug)]
pub struct ShellUser {
    person: PersonId,
    zone: Zone,
}

impl ShellUser {
    #[must_use]
    pub const fn new(os_user: String, zone: Zone) -> Self {
        Self { person: PersonId::Cli { user: os_user }, zone }
    }

    #[must_use]
    pub const fn person(&self) -> &PersonId {
        &self.person
    }

    /// Their clock.
    pub(super) const fn zone(&self) -> Zone {
        self.zone
    }
}
