//! How is a file read that somebody else may have made?
//! Only a regular one, and only up to a size: no link is followed, and nobody waits for a pipe or reads a device for ever.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// None where it is no regular file, is longer than this, or cannot be read.
pub fn read_regular(path: &Path, most_bytes: u64) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    file.metadata().ok().filter(|found| found.is_file() && found.len() <= most_bytes)?;
    let mut bytes = Vec::new();
    file.take(most_bytes).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
