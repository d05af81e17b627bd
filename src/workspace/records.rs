//! The records of git's `-z` outputs: how are lists of files read and written?
//! Names of files are bytes: whoever made them may have written in Latin-1.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The name of a file or folder in a repository, as its bytes.
pub(super) type FileName = Vec<u8>;

/// The mode of a submodule's entry.
pub(super) const SUBMODULE: &str = "160000";

/// What a tree has at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TreeEntry {
    pub mode: String,
    pub id: String,
}

/// The records as bytes.
pub(super) fn raw_records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}

/// The records as text; what is no text is replaced.
pub(super) fn records(bytes: &[u8]) -> Vec<String> {
    raw_records(bytes).map(|record| String::from_utf8_lossy(record).into_owned()).collect()
}

/// The same list, to be read by git.
pub(super) fn joined<'a>(names: impl IntoIterator<Item = &'a FileName>) -> Vec<u8> {
    names.into_iter().flat_map(|name| name.iter().chain(&[0])).copied().collect()
}

/// A line of `update-index --index-info`.
pub(super) fn index_line(mode: &str, id: &str, name: &[u8]) -> Vec<u8> {
    [mode.as_bytes(), b" ", id.as_bytes(), b"\t", name, b"\0"].concat()
}

/// The entries of `ls-tree -r -z`: `<mode> <kind> <id>\t<name>`.
pub(super) fn tree_entries(list: &[u8]) -> HashMap<FileName, TreeEntry> {
    raw_records(list).filter_map(tree_entry).collect()
}

fn tree_entry(record: &[u8]) -> Option<(FileName, TreeEntry)> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&record[..tab]).ok()?;
    let mut words = head.split(' ');
    let (mode, id) = (words.next()?.to_owned(), words.nth(1)?.to_owned());
    Some((record[tab + 1..].to_vec(), TreeEntry { mode, id }))
}

/// As a path of this machine.
pub(super) fn as_path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bytes() {
        let entries =
            tree_entries(b"100644 blob a1\tgr\xfc\xdfe\n.txt\x00160000 commit b2\ta b\tc\0");
        assert_eq!(entries[&b"gr\xfc\xdfe\n.txt"[..]].id, "a1");
        assert_eq!(entries[&b"a b\tc"[..]].mode, SUBMODULE);
        assert_eq!(joined([&b"a".to_vec(), &b"\xfc".to_vec()]), b"a\0\xfc\0");
    }
}
