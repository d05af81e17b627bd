//! Tests of what runs leave: is all of it found and thrown away, and nothing that somebody works in?

use std::fs;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::sleep;

use super::test_repository;
use crate::files::FileLock;
use crate::workspace::{Removal, WorkspaceError};

#[tokio::test]
async fn all_that_a_run_left_is_measured_and_thrown_away() {
    let repo = test_repository().await;
    let (first, base, made) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let (second, ..) = repo.carried_on("tale-m2x8wtr", "twice\n").await;
    let archive = repo.archive("first");
    let found = archive.inventory().await.expect("measured");
    let left = &found.runs["tale-k3f9qdz"];
    assert!(left.here > 0 && left.stored > 0, "{left:?}");
    assert_eq!(left.beginning, found.runs["tale-m2x8wtr"].beginning, "they began with the same");
    assert_eq!(found.beginnings.keys().collect::<Vec<_>>(), [left.beginning.as_ref().unwrap()]);
    for run in [first.id(), first.id()] {
        assert_eq!(archive.remove_here(run).await.expect("removed"), Removal::Done);
        archive.remove_stored(run).await.expect("removed");
    }
    let found = archive.inventory().await.expect("measured");
    assert_eq!(found.runs.keys().collect::<Vec<_>>(), [second.id().as_str()]);
    let nowhere = archive.of(&first).patch(&base, &made).await;
    assert!(matches!(nowhere, Err(WorkspaceError::Elsewhere { .. })), "{nowhere:?}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "files are as old as the clock of the machine says")]
async fn what_several_began_with_goes_once_none_of_them_is_there() {
    let repo = test_repository().await;
    let (first, ..) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let (second, ..) = repo.carried_on("tale-m2x8wtr", "twice\n").await;
    let archive = repo.archive("first");
    let (now, later) = (Utc::now(), Utc::now() + TimeDelta::days(2));
    archive.remove_stored(first.id()).await.expect("removed");
    assert_eq!(archive.orphaned_beginnings(later).await.expect("looked for"), []);
    archive.remove_stored(second.id()).await.expect("removed");
    assert_eq!(archive.orphaned_beginnings(now).await.expect("looked for"), [], "it is young");
    let orphans = archive.orphaned_beginnings(later).await.expect("looked for");
    assert_eq!(orphans.len(), 1);
    archive.remove_beginnings(orphans).await.expect("removed");
    assert!(archive.inventory().await.expect("measured").beginnings.is_empty());
}

#[tokio::test]
async fn nothing_is_thrown_away_that_a_worker_has_in_its_hands() {
    let repo = test_repository().await;
    let (run, ..) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let (archive, folder) = (repo.archive("first"), repo.path("first/runs/tale-k3f9qdz/draft-1"));
    fs::create_dir_all(&folder).expect("made");
    let held = FileLock::try_take(&folder.join("lock")).expect("free");
    assert!(archive.is_in_use(run.id()).expect("looked"));
    assert_eq!(archive.remove_here(run.id()).await.expect("looked"), Removal::InUse);
    drop(held);
    // A process that another test is starting has the lock open for a moment.
    for _ in 0..500 {
        if archive.remove_here(run.id()).await.expect("removed") == Removal::Done {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!folder.exists());
}
