//! Which git is here, and what can it not do for us?

use std::fmt;
use std::path::Path;

use super::git::Git;

/// `merge-tree --write-tree`, by which the work of several runs becomes one.
const LEAST: (u32, u32) = (2, 38);

/// The git of this machine, as it names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitVersion(String);

impl GitVersion {
    /// None where none runs.
    pub async fn find() -> Option<Self> {
        // In no repository.
        Git::ours(Path::new("/")).args(["version"]).line().await.ok().map(Self)
    }

    /// What it is too old for, and what to do; none where it is new enough, or says nothing that we understand.
    #[must_use]
    pub fn lack(&self) -> Option<String> {
        let (major, minor) = LEAST;
        (self.numbers()? < LEAST).then(|| {
            format!("features and stages that are done side by side cannot be merged with it: install git {major}.{minor} or newer")
        })
    }

    /// Of `git version 2.39.2 (Apple Git-143)`: 2 and 39.
    fn numbers(&self) -> Option<(u32, u32)> {
        let mut numbers = self.0.strip_prefix("git version ")?.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_git_that_cannot_merge_for_us_is_known() {
        let lack = |said: &str| GitVersion(said.to_owned()).lack();
        assert!(lack("git version 2.34.1").is_some_and(|it| it.contains("git 2.38 or newer")));
        assert!(lack("git version 1.8.3.1").is_some());
        for enough in
            ["git version 2.38.0", "git version 2.39.2 (Apple Git-143)", "git version 3.0.rc1"]
        {
            assert_eq!(lack(enough), None);
        }
        assert_eq!(lack("something else"), None);
        let here = GitVersion::find().await.expect("these tests need one");
        assert!(here.numbers().is_some(), "{here}");
    }
}
