//! The limits of a box: how much may it use?
//! `[box]` in signoff.toml, each with a default that honest builds stay below.

use std::fmt;
use std::str::FromStr;

use crate::run::Fields;

/// What agents, setup and checks may use, each box for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxLimits {
    /// None = what [`BoxLimits::MEMORY`] and the machine allow.
    pub memory: Option<ByteSize>,
    /// At a time. The kernel counts threads, and builds start many.
    pub processes: u64,
    /// The largest file.
    pub file: ByteSize,
    /// Checkout and HOME together.
    pub disk: ByteSize,
}

impl BoxLimits {
    /// Enough for a compiler on every core; a machine that has less keeps a quarter of it.
    pub const MEMORY: ByteSize = ByteSize::gib(8);
    /// Several builds with a thread for each core of a large machine.
    const PROCESSES: u64 = 1_024;
    /// A runaway log must not fill the disk.
    const FILE: ByteSize = ByteSize::gib(8);
    /// A large repository with what its build makes.
    const DISK: ByteSize = ByteSize::gib(20);
}

impl Default for BoxLimits {
    fn default() -> Self {
        Self { memory: None, processes: Self::PROCESSES, file: Self::FILE, disk: Self::DISK }
    }
}

/// With less, not even an agent starts.
const LEAST_MEMORY: ByteSize = ByteSize(256 << 20);
const LEAST_DISK: ByteSize = ByteSize(64 << 20);
const LEAST_PROCESSES: u64 = 64;

impl BoxLimits {
    /// Reads `[box]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        let usual = Self::default();
        Self {
            memory: size(fields, "memory", LEAST_MEMORY),
            processes: processes(fields).unwrap_or(usual.processes),
            file: size(fields, "file", LEAST_DISK).unwrap_or(usual.file),
            disk: size(fields, "disk", LEAST_DISK).unwrap_or(usual.disk),
        }
    }
}

fn size(fields: &Fields<'_, '_>, key: &'static str, least: ByteSize) -> Option<ByteSize> {
    let text = fields.number(key)?;
    let read = text.get_ref().parse().ok().filter(|size| *size >= least);
    if read.is_none() {
        let what = format!("{key} = {:?} is no size that a box can have", text.get_ref());
        fields.problem_at(
            &text,
            what,
            format!("Write {least} or more, like \"8GiB\" or \"512MiB\""),
        );
    }
    read
}

fn processes(fields: &Fields<'_, '_>) -> Option<u64> {
    let text = fields.number("processes")?;
    let read = text.get_ref().parse().ok().filter(|number| *number >= LEAST_PROCESSES);
    if read.is_none() {
        let what = format!("processes = {} is no number that a box can have", text.get_ref());
        fields.problem_at(&text, what, format!("Write {LEAST_PROCESSES} or more, like 1024"));
    }
    read
}

/// A number of bytes, as people write it: `8GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Largest first.
const UNITS: [(&str, u32); 3] = [("TiB", 40), ("GiB", 30), ("MiB", 20)];

impl ByteSize {
    const fn gib(n: u64) -> Self {
        Self(n << 30)
    }
}

/// It is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoByteSize;

impl FromStr for ByteSize {
    type Err = NoByteSize;

    fn from_str(text: &str) -> Result<Self, NoByteSize> {
        let unit = |(unit, bits): &(&str, u32)| Some((text.strip_suffix(unit)?.trim_end(), *bits));
        let (number, bits) = UNITS.iter().find_map(unit).ok_or(NoByteSize)?;
        let number: u64 = number.parse().map_err(|_| NoByteSize)?;
        number.checked_mul(1 << bits).map(Self).ok_or(NoByteSize)
    }
}

/// `8 GiB`, `17.6 GiB`, `512 MiB`
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bits): &&(&str, u32)| self.0 >= 1 << bits;
        let Some((unit, bits)) = UNITS.iter().find(fits) else {
            return write!(f, "{} bytes", self.0);
        };
        let tenths = ((self.0 >> (bits - 10)) * 10) >> 10;
        match tenths % 10 {
            0 => write!(f, "{} {unit}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {unit}", tenths / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_and_read() {
        for (written, bytes, shown) in [
            ("8GiB", 8 << 30, "8 GiB"),
            ("512 MiB", 512 << 20, "512 MiB"),
            ("1536MiB", 1536 << 20, "1.5 GiB"),
            ("2TiB", 2 << 40, "2 TiB"),
        ] {
            let size: ByteSize = written.parse().expect("a size");
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
        }
        for none in ["", "8", "GiB", "8GB", "-1GiB", "8.5GiB", "99999999999TiB"] {
            assert_eq!(none.parse::<ByteSize>(), Err(NoByteSize), "{none}");
        }
    }

    #[test]
    fn what_no_box_can_have_is_told_by_its_key() {
        let read = |text: &str| {
            Fields::read("signoff.toml", text, |root| root.within("box", BoxLimits::read))
                .map_err(|problems| problems.to_string())
        };
        let limits = read("[box]\nmemory = \"2GiB\"\nprocesses = 100\ndisk = \"1TiB\"\n");
        let own = BoxLimits {
            memory: Some(ByteSize::gib(2)),
            processes: 100,
            disk: ByteSize::gib(1024),
            ..BoxLimits::default()
        };
        assert_eq!(limits, Ok(own));
        let told = read("[box]\nmemory = \"1MiB\"\nprocesses = 3\ndisk = \"20GB\"\nmemroy = 1\n");
        insta::assert_snapshot!(told.expect_err("four problems"), @r#"
        signoff.toml:2: memory = "1MiB" is no size that a box can have. Write 256 MiB or more, like "8GiB" or "512MiB"
        signoff.toml:3: processes = 3 is no number that a box can have. Write 64 or more, like 1024
        signoff.toml:4: disk = "20GB" is no size that a box can have. Write 64 MiB or more, like "8GiB" or "512MiB"
        signoff.toml:5: unknown key "memroy". Did you mean "memory"?
        "#);
    }
}
