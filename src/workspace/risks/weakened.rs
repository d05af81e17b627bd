//! Lost tests: which tests say less than they did?
//! Each test is compared with itself, by name. An assertion that only moved to another test is not lost.

use std::collections::{BTreeMap, HashMap};

use super::assertions::{asserts, skips, widened};
use super::change::Change;
use super::findings::RiskFindings;
use super::paths;
use super::test_blocks::{TestBlocks, test_blocks};
use crate::run::Risk;
use crate::workspace::{Result, Shadow};

/// A larger file is no test that people write.
const READ_BYTES: u64 = 256 << 10;
/// As many changed files are compared; each further one still counts as a changed test.
const READ_FILES: usize = 100;
/// Longest name of a test, so that what became of it is still seen.
const NAME: usize = 50;

/// The tests of one file, before and now.
struct ComparedFile<'a> {
    path: &'a str,
    before: TestBlocks<'a>,
    now: TestBlocks<'a>,
}

/// How often each line that asserts stands in all files now, less how often it stood there before.
type Gained<'a> = HashMap<&'a str, i64>;

impl Shadow {
    /// Adds each test that was removed, asserts less or is skipped, by name.
    pub(super) async fn look_for_lost_tests(
        &self,
        changes: &[Change],
        sizes: &HashMap<String, u64>,
        findings: &mut RiskFindings,
    ) -> Result<()> {
        let is_small = |id: &str| sizes.get(id).is_some_and(|bytes| *bytes <= READ_BYTES);
        let read: Vec<&Change> = changes
            .iter()
            .filter(|change| change.is_rewritten() && may_hold_tests(&change.path))
            .filter(|change| change.before().is_some() && change.files().all(is_small))
            .take(READ_FILES)
            .collect();
        let texts = self.texts(read.iter().flat_map(|change| change.files())).await?;
        let files: Vec<_> =
            read.iter().filter_map(|change| ComparedFile::of(change, &texts)).collect();
        find_lost_tests(&files, findings);
        Ok(())
    }
}

/// Rust keeps tests beside the code.
fn may_hold_tests(path: &str) -> bool {
    paths::is_test(path) || kind(path) == "rs"
}

fn kind(path: &str) -> &str {
    paths::name(path).rsplit_once('.').map_or("", |(_, kind)| kind)
}

fn find_lost_tests(files: &[ComparedFile<'_>], findings: &mut RiskFindings) {
    let mut gained = Gained::new();
    for file in files {
        file.count_into(&mut gained);
    }
    let is_now = |name: &str| files.iter().any(|file| file.now.contains_key(name));
    for file in files {
        for name in file.before.keys() {
            if let Some(what) = file.weakened(name, &gained) {
                findings.add(Risk::TestsWeakened, &format!("{} ({what})", file.shown(name)));
            }
            if !name.is_empty() && !is_now(name) {
                findings.add(Risk::TestsRemoved, &file.shown(name));
            }
        }
        file.add_skipped(findings);
    }
}

impl<'a> ComparedFile<'a> {
    fn of(change: &'a Change, texts: &'a HashMap<String, String>) -> Option<Self> {
        let blocks = |id: Option<&str>| Some(test_blocks(texts.get(id?)?));
        let (mut before, mut now) = (blocks(change.before())?, blocks(change.after())?);
        if !paths::is_test(&change.path) {
            // What stands beside the tests is code, which asserts what it likes.
            before.remove("");
            now.remove("");
        }
        Some(Self { path: &change.path, before, now })
    }

    fn asserting<'l>(&self, lines: &'l [&'a str]) -> impl Iterator<Item = &'a str> + 'l {
        let kind = kind(self.path);
        lines.iter().copied().filter(move |line| asserts(kind, line))
    }

    fn count_into(&self, gained: &mut Gained<'a>) {
        for (blocks, step) in [(&self.before, -1), (&self.now, 1)] {
            for line in blocks.values().flat_map(|lines| self.asserting(lines)) {
                *gained.entry(line).or_default() += step;
            }
        }
    }

    /// What a test of this name asserts less than it did.
    fn weakened(&self, name: &str, gained: &Gained<'a>) -> Option<String> {
        let (before, now) = (self.before.get(name)?, self.now.get(name)?);
        let lost = surplus(self.asserting(before), self.asserting(now));
        let new = surplus(self.asserting(now), self.asserting(before));
        let moved = lost.iter().filter(|line| gained.get(*line).is_some_and(|n| *n >= 0)).count();
        match (lost.len() - moved).saturating_sub(new.len()) {
            0 => {
                let wider =
                    lost.iter().find_map(|old| new.iter().find_map(|new| widened(old, new)));
                wider.map(|wider| format!("tolerance {wider}"))
            }
            1 => Some("1 assertion fewer".to_owned()),
            n => Some(format!("{n} assertions fewer")),
        }
    }

    fn add_skipped(&self, findings: &mut RiskFindings) {
        let marks = |lines: &Vec<&str>| lines.iter().filter(|line| skips(line)).count();
        for (name, now) in &self.now {
            if marks(now) > self.before.get(name).map_or(0, marks) {
                findings.add(Risk::TestsSkipped, &self.shown(name));
            }
        }
    }

    /// `sum.test.js › adds`; what belongs to no test, by the path alone.
    fn shown(&self, name: &str) -> String {
        if name.is_empty() {
            return self.path.to_owned();
        }
        let short: String = name.chars().take(NAME).collect();
        let cut = if short.len() < name.len() { "…" } else { "" };
        format!("{} › {short}{cut}", paths::name(self.path))
    }
}

/// The lines that stand more often in the first than in the second, as often as that.
fn surplus<'l>(
    first: impl Iterator<Item = &'l str>,
    second: impl Iterator<Item = &'l str>,
) -> Vec<&'l str> {
    let mut counts = BTreeMap::new();
    second.for_each(|line| *counts.entry(line).or_insert(0_usize) += 1);
    let is_more = |line: &&'l str| match counts.get_mut(line) {
        Some(n) if *n > 0 => {
            *n -= 1;
            false
        }
        _ => true,
    };
    first.filter(is_more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of one file that was changed.
    fn told(path: &str, before: &str, now: &str) -> Vec<String> {
        told_of(&[(path, before, now)])
    }

    fn told_of(files: &[(&str, &str, &str)]) -> Vec<String> {
        let blocks = |text| test_blocks(text);
        let compared: Vec<_> = files
            .iter()
            .map(|(path, before, now)| ComparedFile {
                path,
                before: blocks(before),
                now: blocks(now),
            })
            .collect();
        let mut findings = RiskFindings::default();
        find_lost_tests(&compared, &mut findings);
        let flags = findings.flags();
        flags.iter().map(|it| format!("{:?} {} {}", it.risk, it.count, it.example)).collect()
    }

    const ADDS: &str = "def test_adds():\n    assert add(1, 2) == 3\n    assert add(0, 0) == 0\n";

    #[test]
    fn a_test_that_asserts_less_is_named() {
        let now = "def test_adds():\n    assert add(1, 2) == 3\n    print('fine')\n";
        assert_eq!(
            told("test/test_a.py", ADDS, now),
            ["TestsWeakened 1 test_a.py › test_adds (1 assertion fewer)"]
        );
        let nothing = "def test_adds():\n    pass\n";
        assert_eq!(
            told("test_a.py", ADDS, nothing),
            ["TestsWeakened 1 test_a.py › test_adds (2 assertions fewer)"]
        );
    }

    #[test]
    fn another_assertion_in_its_place_is_no_loss() {
        assert_eq!(told("test_a.py", ADDS, &ADDS.replace("== 0", "is not None")), [""; 0]);
    }

    #[test]
    fn an_assertion_that_moved_is_not_lost() {
        let split = "def test_adds():\n    assert add(1, 2) == 3\n\ndef test_zero():\n    assert add(0, 0) == 0\n";
        assert_eq!(told("test_a.py", ADDS, split), [""; 0]);
        let emptied = "def test_adds():\n    assert add(1, 2) == 3\n";
        let elsewhere = "def test_zero():\n    assert add(0, 0) == 0\n";
        let files = [("test_a.py", ADDS, emptied), ("test_b.py", "x = 1\n", elsewhere)];
        assert_eq!(told_of(&files), [""; 0]);
    }

    #[test]
    fn a_wider_tolerance_is_a_weaker_test() {
        let before = "#[test]\nfn near() {\n    assert!((a - b).abs() < 1e-9);\n}\n";
        assert_eq!(
            told("src/a.rs", before, &before.replace("1e-9", "0.5")),
            ["TestsWeakened 1 a.rs › near (tolerance 1e-9 → 0.5)"]
        );
    }

    #[test]
    fn a_removed_test_and_a_new_mark_are_named() {
        let before = "it('adds', () => {\n  expect(1).toBe(1);\n});\nit('more', () => {\n  expect(2).toBe(2);\n});\n";
        let now = "it.skip('adds', () => {\n  expect(1).toBe(1);\n});\n";
        assert_eq!(
            told("a.test.js", before, now),
            ["TestsRemoved 1 a.test.js › more", "TestsSkipped 1 a.test.js › adds"]
        );
    }

    #[test]
    fn a_test_that_is_marked_already_is_not_told_again() {
        let marked = "@pytest.mark.skip\ndef test_a():\n    assert 1\n";
        assert_eq!(told("test_a.py", marked, &marked.replace("assert 1", "assert 2")), [""; 0]);
    }
}
