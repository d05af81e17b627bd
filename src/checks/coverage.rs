//! Coverage: how much of the code do the tests reach?
//! The sum over all files of all reports; what several reports say of one file is joined line by line.

use std::collections::HashMap;

/// Longest name of a file that is told apart, in bytes.
const NAME_BYTES: usize = 1_000;
/// Begins what stands for the name of a file that has none.
const NAMELESS: char = '\0';

/// What reports say of all files.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    files: HashMap<String, FileCoverage>,
    nameless: u32,
}

/// What one report says.
#[derive(Debug, Default)]
pub(super) struct CoverageReport {
    pub coverage: Coverage,
    /// Folders that its files are in, where it names any.
    pub sources: Vec<String>,
    /// It ends in the middle of what it says.
    pub breaks_off: bool,
}

/// What they say of one.
#[derive(Debug, Default)]
pub(super) struct FileCoverage {
    /// Whether a line was reached.
    lines: HashMap<u64, bool>,
    /// Lines as they are summed up in the report, where it does so.
    pub found: u32,
    pub hit: u32,
}

/// Whether a count says that a line was reached. Some tools write floats, and counts that ran over.
pub(super) fn is_reached(count: &str) -> bool {
    let count = count.trim();
    count.bytes().any(|b| (b'1'..=b'9').contains(&b)) && !count.starts_with('-')
}

impl Coverage {
    /// Adds what is said of a file; nothing where that is no line at all.
    pub fn add(&mut self, name: &str, file: FileCoverage) {
        if file.lines.is_empty() && file.found == 0 {
            return;
        }
        let name = if name.is_empty() {
            self.nameless = self.nameless.saturating_add(1);
            format!("{NAMELESS}{}", self.nameless)
        } else {
            name[..name.floor_char_boundary(NAME_BYTES)].to_owned()
        };
        self.files.entry(name).or_default().join(file);
    }

    /// Adds what another report says. `locate` knows what a file is called that it names; None leaves its own word for it.
    pub fn join(&mut self, other: Self, mut locate: impl FnMut(&str) -> Option<String>) {
        for (name, file) in other.files {
            if name.starts_with(NAMELESS) {
                self.add("", file);
            } else {
                self.add(&locate(&name).unwrap_or(name), file);
            }
        }
    }

    /// Whether no line was named so far.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// None where the reports name no line at all.
    pub fn percent(&self) -> Option<f64> {
        let (mut found, mut hit) = (0_u64, 0_u64);
        for (of_file, reached) in self.files.values().map(FileCoverage::counts) {
            found = found.saturating_add(of_file);
            hit = hit.saturating_add(reached.min(of_file));
        }
        #[expect(clippy::cast_precision_loss, reason = "no project has 2^52 lines")]
        let percent = (found > 0).then(|| 100.0 * hit as f64 / found as f64);
        percent
    }
}

impl FileCoverage {
    /// Of a report that lists no lines.
    pub fn summed_up(found: u32, hit: u32) -> Self {
        Self { lines: HashMap::new(), found, hit }
    }

    /// A line that is reached once is reached.
    pub fn line(&mut self, number: u64, hit: bool) {
        *self.lines.entry(number).or_default() |= hit;
    }

    fn join(&mut self, other: Self) {
        for (number, hit) in other.lines {
            self.line(number, hit);
        }
        self.found = self.found.max(other.found);
        self.hit = self.hit.max(other.hit);
    }

    /// Found and hit. A sum that names more lines than are listed knows more than the list.
    fn counts(&self) -> (u64, u64) {
        let listed = self.lines.len() as u64;
        let reached = self.lines.values().filter(|hit| **hit).count() as u64;
        if u64::from(self.found) > listed {
            (self.found.into(), reached.max(self.hit.into()))
        } else {
            (listed, reached)
        }
    }
}
