//! Cobertura reports: which lines were reached?
//! Lines are listed with their methods and with their class again: each counts once.

use quick_xml::events::{BytesStart, Event};

use super::coverage::{CoverageReport, FileCoverage, is_reached};
use super::xml::{attribute, lenient_reader, resolved};

/// Reads any XML, also one that breaks off.
pub(super) fn read(text: &str) -> CoverageReport {
    let mut xml = lenient_reader(text);
    let mut reader = CoberturaReader::default();
    // An error means that it breaks off here.
    while let Ok(event) = xml.read_event() {
        match event {
            Event::Start(tag) => reader.open(&tag),
            Event::Empty(tag) => {
                reader.open(&tag);
                reader.close(tag.local_name().into_inner());
            }
            Event::End(tag) => reader.close(tag.local_name().into_inner()),
            Event::Text(text) => reader.push_source(&text.into_inner()),
            Event::GeneralRef(entity) => reader.push_source(&resolved(&entity)),
            Event::Eof => break,
            _ => {}
        }
    }
    reader.finished()
}

/// Where the reader is. The report breaks off unless the root is closed.
#[derive(Default)]
struct CoberturaReader {
    report: CoverageReport,
    name: String,
    file: FileCoverage,
    total: FileCoverage,
    /// The words of a `source`, while in one.
    source: Option<String>,
}

impl CoberturaReader {
    fn open(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().into_inner() {
            "coverage" => {
                self.total = summed_up(tag);
                self.report.breaks_off = true;
            }
            "source" => self.source = Some(String::new()),
            "class" => {
                self.finish_class();
                let filename = attribute(tag, "filename").or_else(|| attribute(tag, "name"));
                self.name = filename.unwrap_or_default();
            }
            "line" => {
                if let Some((number, hit)) = line_of(tag) {
                    self.file.line(number, hit);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "coverage" => self.report.breaks_off = false,
            "source" => {
                let source = self.source.take().map(|source| source.trim().to_owned());
                self.report.sources.extend(source.filter(|source| !source.is_empty()));
            }
            _ => {}
        }
    }

    fn push_source(&mut self, text: &str) {
        if let Some(source) = &mut self.source {
            source.push_str(text);
        }
    }

    fn finish_class(&mut self) {
        self.report.coverage.add(&self.name, std::mem::take(&mut self.file));
    }

    fn finished(mut self) -> CoverageReport {
        self.finish_class();
        if self.report.coverage.is_empty() {
            self.report.coverage.add("", self.total);
        }
        self.report
    }
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
        let coverage = read(text).coverage;
        assert_eq!(coverage.is_empty(), coverage.percent().is_none(), "{text}");
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

    #[test]
    fn a_report_whose_root_is_not_closed_breaks_off() {
        let whole = r#"<coverage><sources><source>
            src/a &amp; b</source><source/></sources><class filename="a.py"><line number="1" hits="1"/></class></coverage>"#;
        assert!(!read(whole).breaks_off && !read("<coverage/>").breaks_off);
        assert_eq!(read(whole).sources, ["src/a & b"]);
        for cut in ["</coverage>", "/></class>", "filename"] {
            assert!(read(&whole[..whole.find(cut).unwrap()]).breaks_off, "{cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_report_gives_a_percentage_or_nothing(parts in proptest::collection::vec("(<class filename='[ab]'>|<line number='[0-9]{1,2}' hits='-?[0-9]{1,2}'/>|<coverage lines-valid='[0-9]{1,11}' lines-covered='[0-9]'>|</class>|.{0,9})", 0..20)) {
            let percent = percent(&parts.concat()).unwrap_or_default();
            proptest::prop_assert!((0.0..=100.0).contains(&percent));
        }
    }
}
