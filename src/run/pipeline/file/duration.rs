//! The lengths of time in a pipeline file: `"90s"`, `"20m"`, `"2h"`.

use std::ops::RangeInclusive;

use super::fields::Fields;

/// A length of time in seconds, within bounds; a problem is reported where it is none.
pub fn seconds(
    fields: &Fields<'_, '_>,
    key: &'static str,
    allowed: RangeInclusive<u64>,
) -> Option<u64> {
    let text = fields.text(key)?;
    let written = text.get_ref().as_str();
    let Some(seconds) = duration(written) else {
        fields.problem_at(
            &text,
            format!("{written:?} is no length of time"),
            "Write it like \"90s\", \"20m\" or \"2h\"",
        );
        return None;
    };
    if !allowed.contains(&seconds) {
        fields.problem_at(
            &text,
            format!("{key} = {written:?} is out of bounds"),
            format!("Use 1s to {}h", allowed.end() / 3600),
        );
        return None;
    }
    Some(seconds)
}

fn duration(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit))
}
