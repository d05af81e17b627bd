//! The parts of a task: into what does an agent say that it split it?
//! It writes them into a file of its clone, which no snapshot holds. Whoever reads it comes after the agent has ended.

use std::fs;
use std::path::Path;

use crate::run::TaskPart;

/// More is no list of a few lines.
const LONGEST_BYTES: u64 = 16 << 10;

/// What is in the file, a line each; nothing where there is none that can be read.
#[must_use]
pub fn read_parts(worktree: &Path) -> Vec<String> {
    let file = worktree.join(TaskPart::FILE);
    // No link: it could lead out of the clone.
    let is_short =
        fs::symlink_metadata(&file).is_ok_and(|it| it.is_file() && it.len() <= LONGEST_BYTES);
    let said = fs::read(&file).ok().filter(|_| is_short).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines = said.lines().map(without_mark).filter(|line| !line.is_empty());
    lines.take(TaskPart::MOST).map(str::to_owned).collect()
}

/// `2. write it` and `- write it` are both a list's.
fn without_mark(line: &str) -> &str {
    let line = line.trim();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.strip_prefix(['.', ')']).filter(|_| digits.len() < line.len());
    numbered.or_else(|| line.strip_prefix(['-', '*'])).unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_list_is_read_however_it_is_marked() {
        let clone = tempfile::tempdir().expect("a folder");
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
        let list = "1. read the stream\n\n- count it\n* 2 tests\n3) close it\n2nd thoughts\n";
        fs::write(clone.path().join(TaskPart::FILE), list).expect("written");
        let parts = ["read the stream", "count it", "2 tests", "close it", "2nd thoughts"];
        assert_eq!(read_parts(clone.path()), parts);
    }

    #[test]
    fn a_link_and_a_long_text_are_no_list() {
        let clone = tempfile::tempdir().expect("a folder");
        let file = clone.path().join(TaskPart::FILE);
        symlink("/etc/hostname", &file).expect("a link");
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
        fs::remove_file(&file).expect("removed");
        fs::write(&file, "x\n".repeat(10_000)).expect("written");
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
    }
}
