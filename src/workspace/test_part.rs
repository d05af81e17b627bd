//! The tests of a change: what are they on the code before it?
//! By the names of files, and in Rust by the module that tests stand in; where tests cannot be told from code, that is said.

use std::collections::HashMap;

use super::inline_tests::{InlineTests, may_hold_tests};
use super::records::{FileName, index_line, raw_records, tree_entries};
use super::risks::paths::{is_code, is_test};
use super::staging::{IndexFile, displayable};
use super::{Result, Shadow};
use crate::run::Snapshot;

/// A larger file is not looked into.
const READ_BYTES: u64 = 256 << 10;
/// Nor are more files than this.
const READ_FILES: usize = 400;

/// The part of a change that is tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestPart {
    /// No test changed.
    None,
    /// Nothing else changed but words and data.
    All,
    /// None of its tests can be told from the code that they test.
    AmongTheCode,
    /// The code before with the tests of now.
    OnBase(Snapshot),
    /// The same, and some tests more that stand among the code.
    SomeOnBase(Snapshot),
}

/// One changed file: its modes and ids before and now. A mode of zeros is no file.
struct ChangedFile {
    name: FileName,
    path: String,
    before: (String, String),
    now: (String, String),
}

/// What is put on the code before.
#[derive(Default)]
struct Taken {
    /// Lines of git's index.
    lines: Vec<Vec<u8>>,
    /// Rust files, each with the tests of now.
    spliced: Vec<(FileName, String, String)>,
    code_changed: bool,
    among_the_code: bool,
}

impl Shadow {
    /// The tests that changed from `base` to `now`, put on `base`.
    pub async fn test_part(&self, base: &Snapshot, now: &Snapshot) -> Result<TestPart> {
        let taken = self.taken(&self.changed_files(base, now).await?).await?;
        Ok(match (taken.takes_nothing(), taken.among_the_code) {
            (true, false) => TestPart::None,
            (true, true) => TestPart::AmongTheCode,
            (false, false) if !taken.code_changed => TestPart::All,
            (false, false) => TestPart::OnBase(self.put_on(base, taken).await?),
            (false, true) => TestPart::SomeOnBase(self.put_on(base, taken).await?),
        })
    }

    /// Whether there are files of tests in it.
    pub async fn has_tests(&self, snapshot: &Snapshot) -> Result<bool> {
        let list = self.git().args(["ls-tree", "-r", "-z", &snapshot.commit]).bytes().await?;
        Ok(tree_entries(&list).keys().any(|name| is_test(&displayable(name))))
    }

    async fn changed_files(&self, base: &Snapshot, now: &Snapshot) -> Result<Vec<ChangedFile>> {
        let raw = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"];
        let ids = [base.commit.as_str(), now.commit.as_str()];
        let list = self.git().args(raw).args(ids).bytes().await?;
        let records: Vec<&[u8]> = raw_records(&list).collect();
        Ok(records.chunks_exact(2).filter_map(|pair| ChangedFile::read(pair[0], pair[1])).collect())
    }

    async fn taken(&self, files: &[ChangedFile]) -> Result<Taken> {
        let mut taken = Taken::default();
        let (tests, others): (Vec<_>, Vec<_>) = files.iter().partition(|file| is_test(&file.path));
        taken.lines = tests.into_iter().map(ChangedFile::index_line).collect();
        let code: Vec<&ChangedFile> = others.into_iter().filter(|it| is_code(&it.path)).collect();
        let ids = || code.iter().flat_map(|file| file.ids());
        let sizes = self.sizes(ids()).await?;
        let is_small = |id: &&str| sizes.get(*id).is_some_and(|bytes| *bytes <= READ_BYTES);
        let read = self.texts(ids().filter(is_small).take(2 * READ_FILES)).await?;
        for file in code {
            taken.add_code(file, &read);
        }
        Ok(taken)
    }

    /// Not under any name: whoever has its id can check it out.
    async fn put_on(&self, base: &Snapshot, taken: Taken) -> Result<Snapshot> {
        let index = IndexFile::of(self);
        let git = || self.git().env("GIT_INDEX_FILE", &index.0);
        git().args(["read-tree", &base.commit]).bytes().await?;
        let mut lines = taken.lines;
        for (name, mode, text) in taken.spliced {
            let hash = ["hash-object", "-w", "--stdin"];
            let id = self.git().args(hash).input(text.into_bytes()).line().await?;
            lines.push(index_line(&mode, &id, &name));
        }
        let update = ["update-index", "-z", "--add", "--replace", "--index-info"];
        git().args(update).input(lines.concat()).bytes().await?;
        let tree = git().args(["write-tree"]).line().await?;
        self.commit(&tree, &[base], "signoff: the tests on the code before").await
    }
}

impl Taken {
    fn takes_nothing(&self) -> bool {
        self.lines.is_empty() && self.spliced.is_empty()
    }

    fn add_code(&mut self, file: &ChangedFile, texts: &HashMap<String, String>) {
        let read = |side: &(String, String)| {
            if is_file(&side.0) { texts.get(&side.1).map(String::as_str) } else { Some("") }
        };
        let inline = match (read(&file.before), read(&file.now)) {
            (Some(before), Some(now)) => InlineTests::of(&file.path, before, now),
            // Too much to be looked into.
            _ if may_hold_tests(&file.path) => InlineTests::AmongTheCode,
            _ => InlineTests::Untouched,
        };
        self.code_changed |= inline != InlineTests::Alone;
        match inline {
            InlineTests::Untouched => {}
            InlineTests::Alone => self.lines.push(file.index_line()),
            InlineTests::Apart(text) => {
                self.spliced.push((file.name.clone(), file.now.0.clone(), text));
            }
            InlineTests::AmongTheCode => self.among_the_code = true,
        }
    }
}

impl ChangedFile {
    /// Reads `:<mode> <mode> <id> <id> M`.
    fn read(head: &[u8], name: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let mut words = head.trim_start_matches(':').split(' ').map(str::to_owned);
        let (old_mode, new_mode) = (words.next()?, words.next()?);
        let (before, now) = ((old_mode, words.next()?), (new_mode, words.next()?));
        Some(Self { path: displayable(name), name: name.to_vec(), before, now })
    }

    /// The regular files before and now.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let sides = [&self.before, &self.now].into_iter();
        sides.filter(|(mode, _)| is_file(mode)).map(|(_, id)| id.as_str())
    }

    /// As it is now; one that is gone is taken away.
    fn index_line(&self) -> Vec<u8> {
        let (mode, id) = &self.now;
        let mode = if mode.bytes().all(|digit| digit == b'0') { "0" } else { mode };
        index_line(mode, id, &self.name)
    }
}

fn is_file(mode: &str) -> bool {
    mode.starts_with("100")
}
