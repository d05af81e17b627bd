//! Coverage: how much of the code do the tests reach?
//! The sum over all files of an LCOV report; lines that cannot be read are skipped.

use std::mem::take;

use lcov::{Reader, Record};

/// Found and hit lines.
#[derive(Clone, Copy, Default)]
struct LineCounts {
    found: u64,
    hit: u64,
}

impl LineCounts {
    fn add(&mut self, other: Self) {
        self.found = self.found.saturating_add(other.found);
        self.hit = self.hit.saturating_add(other.hit.min(other.found));
    }
}

/// None where the report names no line at all.
pub(super) fn percent_of_lines(text: &str) -> Option<f64> {
    let LineCounts { found, hit } = sum(text);
    #[expect(clippy::cast_precision_loss, reason = "no project has 2^52 lines")]
    let percent = (found > 0).then(|| 100.0 * hit as f64 / found as f64);
    percent
}

fn sum(text: &str) -> LineCounts {
    let (mut all, mut file) = (LineCounts::default(), FileRecord::default());
    for record in Reader::new(text.as_bytes()).flatten() {
        if matches!(record, Record::EndOfRecord) {
            all.add(take(&mut file).counts());
        } else {
            file.read(&record);
        }
    }
    // What a report that broke off had begun.
    all.add(file.counts());
    all
}

/// What a report says of one file.
#[derive(Default)]
struct FileRecord {
    counted: LineCounts,
    declared: Option<LineCounts>,
}

impl FileRecord {
    fn read(&mut self, record: &Record) {
        let declared = &mut self.declared;
        match record {
            Record::LineData { count, .. } => {
                self.counted.add(LineCounts { found: 1, hit: u64::from(*count > 0) });
            }
            Record::LinesFound { found } => {
                declared.get_or_insert_default().found = u64::from(*found);
            }
            Record::LinesHit { hit } => declared.get_or_insert_default().hit = u64::from(*hit),
            _ => {}
        }
    }

    /// What it declares of itself, else what is counted in it.
    fn counts(self) -> LineCounts {
        self.declared.unwrap_or(self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_summed() {
        let report = "TN:\nSF:a.js\nDA:1,1\nLF:3\nLH:2\nend_of_record\nSF:b.js\nLH:1\nLF:1\nBRDA:what\nend_of_record\n";
        assert_eq!(percent_of_lines(report), Some(75.0));
    }

    #[test]
    fn lines_are_counted_where_no_sum_is_declared() {
        assert_eq!(
            percent_of_lines("SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\nSF:b.js\nDA:1,0\nDA:2,0"),
            Some(25.0)
        );
    }

    #[test]
    fn nothing_is_not_zero() {
        assert_eq!(percent_of_lines(""), None);
        assert_eq!(percent_of_lines("LF:0\nLH:0\nend_of_record\n"), None);
        assert_eq!(percent_of_lines("<html>"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_report_gives_a_percentage_or_nothing(lines in proptest::collection::vec("(DA:[0-9]{1,3},[0-9]{1,3}|L[FH]:[0-9]{1,12}|SF:a|end_of_record|.*)", 0..20)) {
            let percent = percent_of_lines(&lines.join("\n")).unwrap_or_default();
            proptest::prop_assert!((0.0..=100.0).contains(&percent));
        }
    }
}
