//! Is a disk full? Then nothing is wrong with what was to be written, and it may be written later.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter;

/// Whether this error, or one that caused it, says that nothing can be written: no room, no quota, or a disk that became read-only.
#[must_use]
pub fn is_disk_full(error: &(dyn Error + 'static)) -> bool {
    let full = |kind| {
        matches!(
            kind,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
        )
    };
    iter::successors(Some(error), |e: &&(dyn Error + 'static)| (*e).source())
        .filter_map(|e| e.downcast_ref::<io::Error>())
        .any(|e| full(e.kind()))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_full_disk_is_seen_through_what_it_caused() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::ROFS] {
            let said = Err::<(), _>(io::Error::from(errno)).context("saving").context("working");
            assert!(is_disk_full(said.expect_err("an error").as_ref()), "{errno}");
        }
        let other = Err::<(), _>(io::Error::from(Errno::ACCESS)).context("saving");
        assert!(!is_disk_full(other.expect_err("an error").as_ref()));
    }
}
