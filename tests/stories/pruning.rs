//! What old runs left is thrown away, and no run misses it.

use anyhow::Result;
use serde_json::Value;

use crate::world::slack::Person;
use crate::world::{RunOf, story};

const ALL: [&str; 3] = ["prune", "--older-than", "0d"];

#[tokio::test]
async fn what_an_ended_run_left_goes_and_a_run_that_waits_goes_on() {
    story(async |w| {
        let ana = w.person("ana");
        let (old, waits) = (ana.develops("quick").await?, ana.develops("tale").await?);
        old.shows("quick is done").await?;
        let asked = waits.asks().await?;
        let stored = w.folder.path().join("home/artifacts/runs").join(old.id.as_str());
        let (code, said) = w.types(&["prune", "--older-than", "0d", "--dry-run"]).await?;
        assert!(code == 0 && said.contains("Would remove what 1 run left"), "{said}");
        assert!(old.folder("shadow.git").is_dir() && stored.is_dir());
        let (code, said) = w.types(&ALL).await?;
        assert!(code == 0 && said.contains("Removed what 1 run left"), "{said}");
        assert!(said.contains("1 not over"), "{said}");
        assert!(!old.folder("shadow.git").exists() && !stored.exists());
        let (_, said) = w.types(&["--json", "prune"]).await?;
        let report: Value = serde_json::from_str(&said)?;
        assert_eq!(report["kept"][0]["run"], waits.id.as_str(), "{report}");
        ana.presses("Approve", &asked).await?;
        waits.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn of_what_was_pruned_it_is_said_that_it_was() {
    story(async |w| {
        let run = w.person("ana").develops("quick").await?;
        run.shows("quick is done").await?;
        let id = run.id.as_str();
        assert_eq!(w.types(&ALL).await?.0, 0);
        for words in [&["logs", id][..], &["diff", id], &["fetch", id]] {
            let (code, said) = w.types(words).await?;
            assert!(code == 2 && said.contains("were pruned on"), "{words:?}: {said}");
        }
        let (code, said) = w.types(&["diff", id, "more"]).await?;
        assert!(code == 0 && said.contains("+more"), "that is in the database: {said}");
        assert!(w.types(&["snapshots", id]).await?.1.contains("were pruned on"));
        assert!(run.page().await?.contains("were pruned on"));
        Ok(())
    })
    .await;
}

/// Both of its questions.
async fn is_approved(ana: &Person, run: &RunOf<'_>) -> Result<()> {
    for stage in ["two", "three"] {
        run.shows(&format!("*Keep {stage} of steps?*")).await?;
        ana.says_in(run, "approve").await?;
    }
    run.shows("*steps is done.*").await.map(drop)
}

#[tokio::test]
async fn a_run_that_another_takes_over_stays_until_that_one_is_over() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("steps").await?;
        is_approved(&ana, &first).await?;
        let again = ana.starts(&format!("/develop again {} from two", first.id)).await?;
        again.shows("*Keep two of steps?*").await?;
        let (_, said) = w.types(&ALL).await?;
        assert!(said.contains(&format!("1 taken over by {}", again.id)), "{said}");
        assert!(first.folder("shadow.git").is_dir());
        is_approved(&ana, &again).await?;
        let (_, said) = w.types(&ALL).await?;
        assert!(said.contains("Removed what 2 runs left"), "{said}");
        ana.says(&format!("/develop again {} from two", first.id)).await?;
        ana.is_told("so nothing of it can be taken over").await?;
        Ok(())
    })
    .await;
}
