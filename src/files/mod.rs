//! How are files put, read, locked and removed?
//! Whole or not at all, by one process at a time, and without trust in who made them.

mod disk_full;
mod lock;
mod put;
mod read;
mod remove;
mod socket_folder;

pub use disk_full::is_disk_full;
pub use lock::FileLock;
pub use put::{Staging, private_folder, write, write_private};
pub use read::read_regular;
pub use remove::{remove, remove_blocking};
pub use socket_folder::SocketFolder;
