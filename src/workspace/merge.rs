//! Merges: how does the work of several runs become one?
//! By git's own merge of trees, without a worktree: the same two snapshots give the same result, on any machine and however often it is
//! done. What git cannot merge stays marked in the files, as people know it.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::git::GitOutput;
use super::import::BASE;
use super::records::{index_line, records, tree_entries};
use super::staging::IndexFile;
use super::tree_files::found_lines;
use super::{Result, Shadow, WorkspaceError};
use crate::files::Staging;
use crate::run::{Overlap, Snapshot};

/// What the beginning of a file's conflict looks like, and its end. The attribute `conflict-marker-size` makes them longer.
const MARKS: [&str; 2] = ["^<<<<<<<<* ", "^>>>>>>>>* "];
/// What a killed worker left of it.
const STALE: Duration = Duration::from_hours(1);

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Not kept yet: nothing names it.
    pub snapshot: Snapshot,
    /// The files that git could not merge.
    pub conflicts: Vec<String>,
}

/// The work of a feature: its number, its snapshot, and the paths that this changed.
pub type Changed<'a> = (usize, &'a Snapshot, BTreeSet<String>);

impl Shadow {
    /// Makes what another run made known here, under `name`. Where nothing has begun here, it begins where that run began.
    pub async fn take_work(&self, other: &Self, work: &Snapshot, name: &str) -> Result<()> {
        if self.base().await?.is_none() {
            self.take_over(other, &[]).await?;
        }
        let refspec = format!("+{}:refs/signoff/{name}", work.commit);
        self.fetch_refs(&other.path().display().to_string(), &[refspec]).await
    }

    /// Puts `work` into `into`.
    pub async fn merge(&self, into: &Snapshot, work: &Snapshot) -> Result<Merged> {
        let (tree, conflicts) =
            self.merged_tree((into, &self.attributes_of(into).await?), work).await?;
        let snapshot = self.commit(&tree, &[into, work], "signoff: a merge").await?;
        Ok(Merged { snapshot, conflicts })
    }

    /// The paths that work changed since the run began.
    pub async fn changed_by(&self, work: &Snapshot) -> Result<BTreeSet<String>> {
        let Some(began) = self.base().await? else { return Ok(BTreeSet::new()) };
        let entries = self.numstat(&began, work).await?.into_iter();
        Ok(entries.flat_map(|entry| [Some(entry.path), entry.old_path]).flatten().collect())
    }

    /// What a feature and each of the others both changed, and what of that git cannot merge; none of those that touch nothing in common.
    pub async fn overlaps(
        &self,
        one: &Changed<'_>,
        others: &[Changed<'_>],
    ) -> Result<Vec<Overlap>> {
        let attributes = self.attributes_of(one.1).await?;
        let few = |paths: &[String]| paths.iter().take(Overlap::SHOWN).cloned().collect();
        let mut overlaps = Vec::new();
        for other in others {
            let both: Vec<String> = one.2.intersection(&other.2).cloned().collect();
            let (_, conflicts) = self.merged_tree((one.1, &attributes), other.1).await?;
            if !both.is_empty() || !conflicts.is_empty() {
                let (files, conflicts) = (few(&both), few(&conflicts));
                let (pair, count) = ((one.0, other.0), both.len());
                overlaps.push(Overlap { pair, files, count, conflicts });
            }
        }
        Ok(overlaps)
    }

    /// The tree, and the files in it that git could not merge; `attributes` are those of `into`.
    async fn merged_tree(
        &self,
        (into, attributes): (&Snapshot, &Staging),
        work: &Snapshot,
    ) -> Result<(String, Vec<String>)> {
        const WORDS: [&str; 5] =
            ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"];
        let unrelated = ["--allow-unrelated-histories"];
        let index = IndexFile::of(self);
        let git = self.git().on(attributes.path(), &index.0).args(WORDS).args(unrelated);
        let output = git.args([&into.commit, &work.commit]).output(u64::MAX).await?;
        // One says that there are conflicts: the tree is there all the same.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(output.error("merge-tree"));
        }
        let GitOutput { out, .. } = output;
        let mut said = records(&out).into_iter();
        let tree = said.next().unwrap_or_default().trim().to_owned();
        Ok((tree, said.collect()))
    }

    /// A folder with the attributes of a snapshot, and nothing else: git reads how a file is to be merged in a worktree alone.
    async fn attributes_of(&self, snapshot: &Snapshot) -> Result<Staging> {
        let folder = Staging::folder(&self.path().join("attributes"), STALE)
            .map_err(WorkspaceError::io("making a folder to merge in"))?;
        let list = self.git().args(["ls-tree", "-r", "-z", &snapshot.commit]).bytes().await?;
        let mut entries = tree_entries(&list);
        // git follows no link to attributes.
        entries.retain(|name, entry| {
            name.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes")
                && entry.mode.starts_with("100")
        });
        if !entries.is_empty() {
            let index = IndexFile::of(self);
            let git = || self.git().on(folder.path(), &index.0);
            let lines = entries.iter().flat_map(|(name, it)| index_line(&it.mode, &it.id, name));
            let add = ["update-index", "-z", "--add", "--index-info"];
            git().args(add).input(lines.collect()).bytes().await?;
            git().args(["checkout-index", "-q", "--all"]).bytes().await?;
        }
        Ok(folder)
    }

    /// The files in which marks of the merge behind `work` are left: of those that git could not merge, and of those that are known to be so.
    /// A line that one of both sides had already is no mark.
    pub async fn left_marked(&self, work: &Snapshot, known: &[String]) -> Result<BTreeSet<String>> {
        let mut files: HashSet<String> = known.iter().cloned().collect();
        let mut lines = HashSet::new();
        if let Some((into, merged)) = self.merge_behind(work).await? {
            let attributes = self.attributes_of(&into).await?;
            files.extend(self.merged_tree((&into, &attributes), &merged).await?.1);
            for side in [into, merged] {
                lines.extend(self.marks(&side).await?.into_iter().map(|(_, line)| line));
            }
        }
        let mut left = self.marks(work).await?;
        left.retain(|(file, line)| files.contains(file) && !lines.contains(line));
        Ok(left.into_iter().map(|(file, _)| file).collect())
    }

    /// Both sides of the newest merge that this run made on the way to `work`.
    async fn merge_behind(&self, work: &Snapshot) -> Result<Option<(Snapshot, Snapshot)>> {
        let began = format!("^refs/signoff/{BASE}");
        let newest = ["rev-list", "--first-parent", "--merges", "--parents", "--max-count=1"];
        let found = self.git().args(newest).args([&work.commit, &began]).line().await?;
        let [_, into, merged] = found.split(' ').collect::<Vec<_>>()[..] else { return Ok(None) };
        let into = self.of_commit(into.to_owned()).await?;
        Ok(Some((into, self.of_commit(merged.to_owned()).await?)))
    }

    /// Lines that look like marks of a conflict, each with its file.
    async fn marks(&self, snapshot: &Snapshot) -> Result<Vec<(String, String)>> {
        let patterns = MARKS.into_iter().flat_map(|mark| ["-e", mark]);
        let grep = self.git().args(["grep", "-I", "-z", "--full-name"]).args(patterns);
        let output = grep.args([snapshot.commit.as_str()]).output(u64::MAX).await?;
        match output.status.code() {
            Some(0 | 1) => Ok(found_lines(&output.out, &snapshot.commit)),
            _ => Err(output.error("grep")),
        }
    }
}
