//! Retention: how long is kept what runs that are over left on disks and in the artifact store?
//! `[retention]` in signoff.toml.

use super::box_limits::ByteSize;
use crate::run::Fields;

/// As far back as anybody can ask.
pub const MOST_DAYS: u32 = 36_500;

/// What a worker throws away by itself, and what `prune` does unless it is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days since a run's end; none = for ever.
    pub days: Option<u32>,
    /// Of all runs together, those go first that ended first; none = however many.
    pub bytes: Option<ByteSize>,
}

impl Default for Retention {
    /// Long enough to look back at, and to do a run again; short enough that no disk fills for years.
    fn default() -> Self {
        Self { days: Some(90), bytes: None }
    }
}

impl Retention {
    /// Reads `[retention]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        Self {
            days: if fields.has("days") { days(fields) } else { Self::default().days },
            bytes: bytes(fields),
        }
    }
}

const FOR_EVER: &str = "Write it like 90; 0 is for ever";

/// 0 is for ever.
fn days(fields: &Fields<'_, '_>) -> Option<u32> {
    let text = fields.number("days")?;
    let days: u32 = fields.parse(&text, "number of days", FOR_EVER)?;
    if days > MOST_DAYS {
        fields.problem_at(&text, format!("{days} days are more than {MOST_DAYS}"), FOR_EVER);
    }
    Some(days).filter(|days| *days > 0)
}

fn bytes(fields: &Fields<'_, '_>) -> Option<ByteSize> {
    let text = fields.number("bytes")?;
    let read = size(text.get_ref());
    if read.is_none() {
        let what = format!("bytes = {:?} is no size", text.get_ref());
        fields.problem_at(&text, what, "Write it like \"20GB\" or \"500MiB\"");
    }
    read
}

/// The units in which disks are sold, beside those in which they are filled.
const DECIMAL: [(&str, u64); 3] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000)];

/// `20GB`, `20 GiB`, `500MB`.
#[must_use]
pub fn size(text: &str) -> Option<ByteSize> {
    let text = text.trim();
    if let Ok(size) = text.parse() {
        return Some(size);
    }
    let in_unit = |(unit, each): &(&str, u64)| Some((text.strip_suffix(unit)?.trim_end(), *each));
    let (number, each) = DECIMAL.iter().find_map(in_unit)?;
    number.parse::<u64>().ok()?.checked_mul(each).map(ByteSize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention(text: &str) -> Result<Retention, String> {
        Fields::read("signoff.toml", text, |root| root.within("retention", Retention::read))
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn what_is_kept_is_said_in_days_and_in_bytes() {
        assert_eq!(retention("[retention]\n"), Ok(Retention::default()));
        let both = Retention { days: Some(30), bytes: Some(ByteSize(20_000_000_000)) };
        assert_eq!(retention("[retention]\ndays = 30\nbytes = \"20GB\"\n"), Ok(both));
        let for_ever = Retention { days: None, bytes: Some(ByteSize(1 << 30)) };
        assert_eq!(retention("[retention]\ndays = 0\nbytes = \"1GiB\"\n"), Ok(for_ever));
        let told = retention("[retention]\ndays = 99999999\n").expect_err("no date is so old");
        assert!(told.contains("more than 36500. Write it like 90; 0 is for ever"), "{told}");
        let told =
            retention("[retention]\ndays = \"soon\"\nbytes = 5\n").expect_err("two problems");
        assert!(told.contains("signoff.toml:2: ") && told.contains("signoff.toml:3: "), "{told}");
    }
}
