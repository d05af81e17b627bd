//! The command line: what is said to `prune`?

use clap::Args;

use crate::config::{ByteSize, MOST_DAYS, size};

#[derive(Clone, Copy, Debug, Args)]
pub struct PruneArgs {
    /// Remove what ended longer ago than this: 30d, 2w; 0d is all that is over
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub older_than: Option<u32>,
    /// Keep at most so much, on this disk and in the artifact store together: 20GB, 500MiB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub keep_bytes: Option<ByteSize>,
    /// Only say what would go, and what stays and why
    #[arg(long)]
    pub dry_run: bool,
}

fn days(text: &str) -> Result<u32, &'static str> {
    let read = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let each = match unit {
            "d" | "D" => 1,
            "w" | "W" => 7,
            _ => return None,
        };
        number.parse::<u32>().ok()?.checked_mul(each).filter(|days| *days <= MOST_DAYS)
    };
    read().ok_or("write it like 30d or 2w")
}

fn bytes(text: &str) -> Result<ByteSize, &'static str> {
    size(text).ok_or("write it like 20GB or 500MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_written_as_people_do() {
        assert_eq!((days("30d"), days("2w"), days("0d")), (Ok(30), Ok(14), Ok(0)));
        assert!(days("30").is_err() && days("d").is_err() && days("-1d").is_err());
        assert_eq!(bytes("20GB"), Ok(ByteSize(20_000_000_000)));
        assert_eq!(bytes("1 GiB"), Ok(ByteSize(1 << 30)));
        assert!(bytes("20").is_err());
    }
}
