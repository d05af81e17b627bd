//! Git LFS: which files are only pointers, and to what?
//! Nothing of LFS is run here: a pointer stays the text that it is, in every clone and snapshot.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::records::raw_records;

/// How attributes name the files that LFS holds.
pub(super) const FILTER: &str = "filter=lfs";
/// Asked with `-z`, it answers what `held_by_lfs` reads.
pub(super) const ASK: [&str; 4] = ["check-attr", "-z", "--stdin", "filter"];

/// The text that stands in git for a file. <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    sha256: String,
    bytes: u64,
}

impl Pointer {
    /// A longer file is none.
    pub const LONGEST: u64 = 1024;

    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_prefix("version https://git-lfs.github.com/spec/")?;
        let value = |key: &str| lines.lines().find_map(|line| line.strip_prefix(key));
        let sha256 = value("oid sha256:")?.to_owned();
        Some(Self { sha256, bytes: value("size ")?.parse().ok()? })
    }

    /// The pointer in a file; none where there is something else.
    pub fn read(file: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(file).ok();
        found.filter(|found| found.is_file() && found.len() <= Self::LONGEST)?;
        Self::parse(&fs::read_to_string(file).ok()?)
    }

    /// Whether the file is what this points to.
    pub fn names(&self, file: &Path) -> bool {
        let bytes = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file).map(|f| f.len());
        bytes == Some(self.bytes) && sha256(file).is_some_and(|found| found == self.sha256)
    }
}

fn sha256(file: &Path) -> Option<String> {
    let (mut file, mut hash, mut part) = (File::open(file).ok()?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut part).ok()? {
            0 => return Some(hex::encode(hash.finalize())),
            read => hash.update(&part[..read]),
        }
    }
}

/// The names of those that LFS holds, of an answer `<name>\0filter\0<value>\0` each.
pub(super) fn held_by_lfs(answer: &[u8]) -> Vec<Vec<u8>> {
    let fields: Vec<&[u8]> = raw_records(answer).collect();
    let held = fields.chunks_exact(3).filter(|it| it[2] == b"lfs");
    held.map(|it| it[0].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_what_it_points_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("model.bin");
        fs::write(&file, "hello\n").expect("written");
        let text = "version https://git-lfs.github.com/spec/v1\noid sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n";
        let pointer = Pointer::parse(text).expect("a pointer");
        assert!(pointer.names(&file) && Pointer::read(&file).is_none());
        fs::write(&file, "hallo\n").expect("written");
        assert!(!pointer.names(&file));
        fs::write(&file, text).expect("written");
        assert_eq!(Pointer::read(&file), Some(pointer));
        assert_eq!(Pointer::parse("version 1\nsize 6\n"), None);
    }
}
