//! Cobertura reports: which lines were reached?
//! Lines are listed with their methods and with their class again: each counts once.

use quick_xml::events::{BytesStart, Event};

use super::coverage::{Coverage, FileCoverage, is_reached};
use super::xml::{attribute, lenient_reader};

/// Adds what a report says; false where it names no line at all.
pub(super) fn read(text: &str, coverage: &mut Coverage) -> bool {
    let mut xml = lenient_reader(text);
    let mut names_lines = false;
    let (mut name, mut file, mut total) =
        (String::new(), FileCoverage::default(), FileCoverage::default());
    // An error means that it breaks off here.
    while let Ok(event) = xml.read_event() {
        let (Event::Start(tag) | Event::Empty(tag)) = event else {
            if matches!(event, Event::Eof) {
                break;
            }
            continue;
        };
        match tag.local_name().into_inner() {
            "coverage" => total = summed_up(&tag),
            "class" => {
                names_lines |= coverage.add(&name, std::mem::take(&mut file));
                let filename = attribute(&tag, "filename").or_else(|| attribute(&tag, "name"));
                name = filename.unwrap_or_default();
            }
            "line" => {
                if let Some((number, hit)) = line_of(&tag) {
                    file.line(number, hit);
                }
            }
            _ => {}
        }
    }
    names_lines |= coverage.add(&name, file);
    names_lines || coverage.add("", total)
}

fn line_of(tag: &BytesStart<'_>) -> Option<(u64, bool)> {
    let number = attribute(tag, "number")?.trim().parse().ok()?;
    Some((number, is_reached(&attribute(tag, "hits")?)))
}

/// What the report says of itself, for one that lists no lines.
fn summed_up(tag: &BytesStart<'_>) -> FileCoverage {
    let n = |name: &str| attribute(tag, name).and_then(|value| value.trim().parse().ok());
    let (found, hit) = (n("lines-valid").unwrap_or(0), n("lines-covered").unwrap_or(0));
    FileCoverage::summed_up(found, hit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Option<f64> {
        let mut coverage = Coverage::default();
        let names_lines = read(text, &mut coverage);
        assert_eq!(names_lines, coverage.percent().is_some(), "{text}");
        coverage.percent()
    }

    #[test]
    fn lines_count_once_however_often_they_are_listed() {
        let report = r#"<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "x.dtd"><coverage line-rate="0.1" lines-valid="99" lines-covered="1"><packages><package><classes>
            <class name="A" filename="a.py"><methods><method><lines><line number="1" hits="1"/></lines></method></methods><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
            <class name="A$1" filename="a.py"><lines><line number="2" hits="99999999999999999999"/><line number="3" hits="-1"/></lines></class>
            <class name="B" filename="b.py"><lines><line number="1" hits="0" branch="true"/></lines></class>
        </classes></package></packages></coverage>"#;
        assert_eq!(percent(report), Some(50.0));
    }

    #[test]
    fn a_report_without_lines_is_believed_in_its_sums() {
        assert_eq!(percent(r#"<coverage lines-valid="8" lines-covered="6"/>"#), Some(75.0));
        assert_eq!(percent(r#"<coverage lines-valid="NaN" lines-covered="-6"/>"#), None);
        assert_eq!(percent("<html/>"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_report_gives_a_percentage_or_nothing(parts in proptest::collection::vec("(<class filename='[ab]'>|<line number='[0-9]{1,2}' hits='-?[0-9]{1,2}'/>|<coverage lines-valid='[0-9]{1,11}' lines-covered='[0-9]'>|</class>|.{0,9})", 0..20)) {
            let percent = percent(&parts.concat()).unwrap_or_default();
            proptest::prop_assert!((0.0..=100.0).contains(&percent));
        }
    }
}
