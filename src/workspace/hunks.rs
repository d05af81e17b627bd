//! Hunks: how is git's text of a difference read?
//! Nothing here asks git: it is told what git said.

use super::patch::FileModes;
use super::records::records;

/// The hunks of each file, from the text of all of them.
pub(super) fn in_order(text: &str, changes: &[RawChange]) -> Vec<String> {
    let mut sections = sections(text).into_iter();
    changes
        .iter()
        .map(|change| sections.by_ref().take(sections_of(change.letter)).map(hunks).collect())
        .collect()
}

/// The beginning of a text, in whole lines.
pub(super) fn whole_lines(text: &str, most_bytes: usize) -> &str {
    if text.len() <= most_bytes {
        return text;
    }
    let fits = text.floor_char_boundary(most_bytes);
    &text[..text[..fits].rfind('\n').map_or(0, |end| end + 1)]
}

/// Lines that were added or removed.
pub(super) fn changed_lines(hunks: &str) -> u64 {
    hunks.lines().filter(|line| line.starts_with(['+', '-'])).count() as u64
}

/// How many sections tell of a file: one that became a link, or the other way round, is told in two, gone and new.
pub(super) const fn sections_of(letter: char) -> usize {
    if letter == 'T' { 2 } else { 1 }
}

/// What `--raw` says of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawChange {
    pub letter: char,
    pub modes: FileModes,
}

/// Reads `--raw -z`, in order: `:100644 100644 id id M\0path\0`, a rename with two paths.
pub(super) fn parse_raw(raw: &[u8]) -> Vec<RawChange> {
    let mut fields = records(raw).into_iter();
    let mut changes = vec![];
    while let Some(change) = fields.next().as_deref().and_then(raw_change) {
        let paths = if matches!(change.letter, 'R' | 'C') { 2 } else { 1 };
        fields.nth(paths - 1);
        changes.push(change);
    }
    changes
}

fn raw_change(field: &str) -> Option<RawChange> {
    let words: Vec<&str> = field.trim_start_matches(':').split(' ').collect();
    let modes = FileModes { before: (*words.first()?).into(), after: (*words.get(1)?).into() };
    Some(RawChange { letter: words.last()?.chars().next()?, modes })
}

/// One section per `diff --git` line; a line of a file never begins like that, for it is marked by its first character.
pub(super) fn sections(text: &str) -> Vec<&str> {
    let heads = text
        .match_indices("diff --git ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n');
    let starts: Vec<usize> = heads.chain([text.len()]).collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The hunks of a section, without its header.
pub(super) fn hunks(section: &str) -> &str {
    section.find("\n@@ ").map_or("", |at| &section[at + 1..])
}
