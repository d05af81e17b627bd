//! What did a box use more of than it may?

use std::fmt;

use crate::config::ByteSize;

/// Why a box was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Memory(ByteSize),
    Processes(u64),
    /// One file.
    File(ByteSize),
    /// Checkout and HOME.
    Disk(ByteSize),
    /// It had not reached its own limit yet.
    MachineMemory,
    /// So much has to stay free.
    MachineDisk(ByteSize),
}

/// `it used more than 8 GiB of memory`
impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(most) => write!(f, "it used more than {most} of memory"),
            Self::Processes(most) => write!(f, "it started more than {} processes", Grouped(*most)),
            Self::File(most) => write!(f, "it wrote a file of more than {most}"),
            Self::Disk(most) => write!(f, "it wrote more than {most}"),
            Self::MachineMemory => f.write_str("the worker's machine ran out of memory"),
            Self::MachineDisk(least) => {
                write!(f, "it wrote until the worker's disk had less than {least} left")
            }
        }
    }
}

/// `1,024`
pub(super) struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000) {
            (0, few) => write!(f, "{few}"),
            (thousands, rest) => write!(f, "{},{rest:03}", Self(thousands)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let gib = ByteSize(1 << 30);
        let told = [
            Exceeded::Memory(gib),
            Exceeded::Processes(1_024),
            Exceeded::Processes(64),
            Exceeded::File(gib),
            Exceeded::Disk(gib),
            Exceeded::MachineMemory,
            Exceeded::MachineDisk(gib),
        ];
        insta::assert_snapshot!(told.map(|exceeded| exceeded.to_string()).join("\n"), @"
        it used more than 1 GiB of memory
        it started more than 1,024 processes
        it started more than 64 processes
        it wrote a file of more than 1 GiB
        it wrote more than 1 GiB
        the worker's machine ran out of memory
        it wrote until the worker's disk had less than 1 GiB left
        ");
    }
}
