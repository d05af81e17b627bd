//! Addresses of diffs: which work does a link show, and how much of it?
//! A link names one attempt and its snapshot, so that an old card never shows newer work.

use std::fmt;
use std::str::FromStr;

use crate::run::{Attempt, RunId, StageName, StageState};

/// How much of a commit's name a link carries.
const COMMIT: usize = 12;

/// The page of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffAddress {
    pub run: RunId,
    pub stage: StageName,
    /// None in links of older versions, which name no work.
    pub work: Option<WorkId>,
    pub part: DiffPart,
}

/// The work of one attempt: its number, and how its snapshot's name begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkId {
    attempt: u32,
    commit: String,
}

/// How much of a diff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiffPart {
    /// Only what changed since the stage asked before.
    pub since_round: bool,
    /// One file of it, by its place from 0; else all of them.
    pub file: Option<usize>,
}

/// A text that is no part of a diff's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no part of a diff's address")]
pub struct BadDiffAddress;

impl WorkId {
    /// None where nothing of the attempt is kept.
    #[must_use]
    pub fn of(attempt: &Attempt) -> Option<Self> {
        let snapshot = attempt.snapshot.as_ref()?;
        let commit = snapshot.commit.chars().take(COMMIT).collect();
        Some(Self { attempt: attempt.n, commit })
    }

    /// The attempt of this stage that it names; none where that has another snapshot.
    #[must_use]
    pub fn find<'a>(&self, stage: &'a StageState) -> Option<&'a Attempt> {
        stage.attempt(self.attempt).filter(|attempt| Self::of(attempt).as_ref() == Some(self))
    }
}

impl DiffAddress {
    /// The path that is signed.
    #[must_use]
    pub fn path(&self) -> String {
        let stage = format!("/runs/{}/diff/{}", self.run, self.stage);
        match &self.work {
            None => stage,
            Some(work) if self.part == DiffPart::default() => format!("{stage}/{work}"),
            Some(work) => format!("{stage}/{work}/{}", self.part),
        }
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.attempt, self.commit)
    }
}

impl FromStr for WorkId {
    type Err = BadDiffAddress;

    fn from_str(text: &str) -> Result<Self, BadDiffAddress> {
        let (attempt, commit) = text.split_once('-').ok_or(BadDiffAddress)?;
        let attempt = attempt.parse().map_err(|_| BadDiffAddress)?;
        Ok(Self { attempt, commit: commit.to_owned() })
    }
}

impl fmt::Display for DiffPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.since_round, self.file) {
            (false, None) => f.write_str("all"),
            (true, None) => f.write_str("since"),
            (false, Some(file)) => write!(f, "file-{file}"),
            (true, Some(file)) => write!(f, "since-file-{file}"),
        }
    }
}

impl FromStr for DiffPart {
    type Err = BadDiffAddress;

    fn from_str(text: &str) -> Result<Self, BadDiffAddress> {
        let place = |file: &str| file.parse().map(Some).map_err(|_| BadDiffAddress);
        let (since_round, file) = match text {
            "all" => (false, None),
            "since" => (true, None),
            _ => match text.strip_prefix("since-") {
                Some(rest) => (true, place(rest.strip_prefix("file-").ok_or(BadDiffAddress)?)?),
                None => (false, place(text.strip_prefix("file-").ok_or(BadDiffAddress)?)?),
            },
        };
        Ok(Self { since_round, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::{Tale, name};

    #[test]
    fn what_an_address_says_is_read_again() {
        for part in ["all", "since", "file-3", "since-file-0"] {
            assert_eq!(part.parse::<DiffPart>().unwrap().to_string(), part);
        }
        for part in ["", "file-", "file-x", "since-3", "file--1", "ALL"] {
            assert!(part.parse::<DiffPart>().is_err(), "{part}");
        }
        for work in ["", "2", "x-abc", "-1-abc"] {
            assert!(work.parse::<WorkId>().is_err(), "{work}");
        }
    }

    #[test]
    fn a_work_is_found_by_its_snapshot_and_never_by_its_number_alone() {
        let mut run = Tale::second_round().run;
        let stage = name("core-implementation");
        let first = run.attempt(&stage, 1).and_then(WorkId::of).unwrap();
        let read: WorkId = first.to_string().parse().unwrap();
        assert_eq!(read.find(run.stage(&stage).unwrap()).map(|a| a.n), Some(1));
        run.stages[1].attempts[0].snapshot.as_mut().unwrap().commit = "another".to_owned();
        assert_eq!(read.find(run.stage(&stage).unwrap()), None);
        run.stages[1].attempts[0].snapshot = None;
        assert_eq!(run.attempt(&stage, 1).and_then(WorkId::of), None);
    }
}
