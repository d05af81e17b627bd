//! LCOV reports: which lines were reached?
//! Lines that cannot be read are skipped.

use super::coverage::{CoverageReport, FileCoverage, is_reached};

/// What only stands between the name of a file and `end_of_record`.
const IN_RECORD: [&str; 4] = ["SF", "DA", "LF", "LH"];

/// Reads any text, also what breaks off.
pub(super) fn read(text: &str) -> CoverageReport {
    let mut report = CoverageReport::default();
    let (mut name, mut file) = (String::new(), FileCoverage::default());
    for line in text.lines() {
        let (field, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        report.breaks_off |= IN_RECORD.contains(&field);
        match field {
            "SF" => value.clone_into(&mut name),
            "DA" => {
                if let Some((number, count)) = line_data(value) {
                    file.line(number, count);
                }
            }
            "LF" => file.found = file.found.max(number(value)),
            "LH" => file.hit = file.hit.max(number(value)),
            "end_of_record" => {
                report.coverage.add(&name, std::mem::take(&mut file));
                name.clear();
                report.breaks_off = false;
            }
            _ => {}
        }
    }
    // What a report that broke off had begun.
    report.coverage.add(&name, file);
    report
}

/// `12,3`, and a checksum behind it where there is one.
fn line_data(value: &str) -> Option<(u64, bool)> {
    let mut parts = value.split(',');
    let line = parts.next()?.trim().parse().ok()?;
    Some((line, is_reached(parts.next()?)))
}

fn number(value: &str) -> u32 {
    let value = value.trim();
    let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if is_number { value.parse().unwrap_or(u32::MAX) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Option<f64> {
        let coverage = read(text).coverage;
        assert_eq!(coverage.is_empty(), coverage.percent().is_none(), "{text}");
        coverage.percent()
    }

    #[test]
    fn all_files_are_summed() {
        let report = "TN:\nSF:a.js\nDA:1,1\nLF:3\nLH:2\nend_of_record\nSF:b.js\nLH:1\nLF:1\nBRDA:what\nend_of_record\n";
        assert_eq!(percent(report), Some(75.0));
    }

    #[test]
    fn records_of_one_file_are_joined() {
        let twice = "SF:src/a.js\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\nSF:src/a.js\nDA:1,0\nDA:2,3\nLF:2\nLH:1\nend_of_record\n";
        assert_eq!(percent(twice), Some(100.0));
        let declared = "SF:a\nLF:4\nLH:1\nend_of_record\nSF:a\nLF:4\nLH:3\nend_of_record\n";
        assert_eq!(percent(declared), Some(75.0));
    }

    #[test]
    fn lines_are_counted_where_no_sum_is_declared() {
        assert_eq!(
            percent("SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\nSF:b.js\nDA:1,0\nDA:2,0"),
            Some(25.0)
        );
        assert_eq!(
            percent("SF:a\r\nDA:1,99999999999999999999999,x\r\nDA:2,-1\r\nDA:3,0.0\r\nDA:x,1\r\n"),
            Some(100.0 / 3.0)
        );
    }

    #[test]
    fn a_report_without_its_last_end_breaks_off() {
        let whole = "TN:\nSF:a\nDA:1,1\nend_of_record\nTN:\n";
        assert!(!read(whole).breaks_off && !read("<html>").breaks_off);
        assert!(read(&format!("{whole}SF:b\nDA:1,0\nDA:2")).breaks_off);
    }

    #[test]
    fn nothing_is_not_zero_and_more_than_all_is_all() {
        for text in ["", "LF:0\nLH:0\nend_of_record\n", "<html>"] {
            assert_eq!(percent(text), None, "{text}");
        }
        assert_eq!(percent("SF:a\nLF:2\nLH:99999999999999999999\nend_of_record\n"), Some(100.0));
    }

    proptest::proptest! {
        #[test]
        fn any_report_gives_a_percentage_or_nothing(lines in proptest::collection::vec("(DA:[0-9]{1,3},[0-9]{1,3}|L[FH]:[0-9]{1,12}|SF:[ab]|end_of_record|.*)", 0..20)) {
            let percent = percent(&lines.join("\n")).unwrap_or_default();
            proptest::prop_assert!((0.0..=100.0).contains(&percent));
        }
    }
}
