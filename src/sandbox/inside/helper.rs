//! The first program of a box: which one is it, and whom does it become?

use std::path::{Path, PathBuf};

use super::accounts::{self, Accounts};

/// The first program of a box: ours, and whom it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    pub(in crate::sandbox) exe: PathBuf,
    /// None = whoever the worker is.
    pub(in crate::sandbox) user: Option<u32>,
    pub(in crate::sandbox) accounts: Accounts,
}

impl Helper {
    /// As a user whose processes are one box's alone; where we may not choose it is who we are.
    pub(in crate::sandbox) fn counted(&self, home: &Path) -> Self {
        let cache = self.accounts.passwd.ancestors().nth(2);
        let Some((cache, _)) = cache.zip(self.user) else { return self.clone() };
        let user = Some(accounts::counted_user(home));
        match Accounts::write(cache, user) {
            Ok(accounts) => Self { exe: self.exe.clone(), user, accounts },
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "a box shares its user with others");
                self.clone()
            }
        }
    }
}
