//! What is not here: what does a snapshot only point to?
//! Files that Git LFS holds and other repositories: a clone has neither, and people are told once.

use std::collections::HashMap;

use super::lfs::{ASK, FILTER, Pointer, held_by_lfs};
use super::records::{FileName, SUBMODULE, TreeEntry, joined, tree_entries};
use super::staging::IndexFile;
use super::{Result, Shadow};
use crate::run::{NotHere, Snapshot};

impl Shadow {
    pub(super) async fn count_not_here(&self, snapshot: &Snapshot) -> Result<NotHere> {
        let list = self.git().args(["ls-tree", "-r", "-z", &snapshot.commit]).bytes().await?;
        let entries = tree_entries(&list);
        let submodules = entries.values().filter(|entry| entry.mode == SUBMODULE).count();
        let lfs_files = if self.mentions_lfs(&entries).await? {
            self.pointers(snapshot, &entries).await?
        } else {
            0
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(NotHere { lfs_files: count(lfs_files), submodules: count(submodules) })
    }

    async fn mentions_lfs(&self, entries: &HashMap<FileName, TreeEntry>) -> Result<bool> {
        let name = b".gitattributes";
        let attributes = entries
            .iter()
            .filter(|(path, _)| path.rsplit(|byte| *byte == b'/').next() == Some(name));
        let texts = self.texts(attributes.map(|(_, entry)| entry.id.as_str())).await?;
        Ok(texts.values().any(|text| text.contains(FILTER)))
    }

    /// How many files that LFS holds are pointers.
    async fn pointers(
        &self,
        snapshot: &Snapshot,
        entries: &HashMap<FileName, TreeEntry>,
    ) -> Result<usize> {
        let index = IndexFile::of(self);
        let git = || self.git().on(self.path(), &index.0);
        git().args(["read-tree", &snapshot.commit]).bytes().await?;
        let ask = git().args(ASK).args(["--cached"]).input(joined(entries.keys()));
        let held = held_by_lfs(&ask.bytes().await?);
        let ids: Vec<&str> =
            held.iter().filter_map(|name| entries.get(name)).map(|it| it.id.as_str()).collect();
        let sizes = self.sizes(ids.iter().copied()).await?;
        let is_small = |id: &&&str| sizes.get(**id).is_some_and(|it| *it <= Pointer::LONGEST);
        let small: Vec<&str> = ids.iter().filter(is_small).copied().collect();
        let texts = self.texts(small.iter().copied()).await?;
        let is_pointer = |id: &&&str| texts.get(**id).and_then(|it| Pointer::parse(it)).is_some();
        Ok(small.iter().filter(is_pointer).count())
    }
}
