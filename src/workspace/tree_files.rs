//! The files of a snapshot: does it have one of this name?

use std::collections::BTreeSet;

use super::records::raw_records;
use super::{Result, Shadow};
use crate::run::Snapshot;

impl Shadow {
    /// The names of its files, as far as they can be read.
    pub async fn files(&self, snapshot: &Snapshot) -> Result<BTreeSet<String>> {
        let list = ["ls-tree", "-r", "--name-only", "-z", &snapshot.commit];
        let listed = self.git().args(list).bytes().await?;
        Ok(raw_records(&listed).filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect())
    }
}
