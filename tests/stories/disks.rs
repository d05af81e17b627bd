//! No single disk matters: workers share Postgres, Temporal and the artifact store, and nothing else.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::world::{RunOf, World, story};

/// The agent of a run that waits for a sign is at work in this folder, gets the sign, and it is still its first attempt.
async fn goes_on_in(w: &World, run: &RunOf<'_>, folder: &Path) -> Result<()> {
    w.until_alive(&folder.display().to_string()).await?;
    fs::write(folder.join("go"), "")?;
    run.asks().await?;
    assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_run_goes_on_on_another_disk_after_every_stage() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("steps").await?;
        let asked = run.asks().await?;
        w.worker_moves_to("second").await?;
        ana.presses("Approve", &asked).await?;
        run.shows("*Keep three of steps?*").await?;
        w.worker_moves_to("third").await?;
        ana.says_in(&run, "changes: once more").await?;
        run.asks_again(2).await?;
        run.shows("Since round 1").await?;
        w.worker_moves_to("fourth").await?;
        ana.says_in(&run, "approve").await?;
        run.shows("*steps is done.*").await?;
        assert_eq!(run.result().await?, ["README.md", "one.txt", "three.txt", "two.txt"]);
        assert_eq!(run.git(&["show", "refs/signoff/one-1:one.txt"]).await?, "1\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_disk_that_is_wiped_is_filled_again() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("steps").await?;
        let asked = run.asks().await?;
        fs::remove_dir_all(run.folder("shadow.git"))?;
        ana.presses("Approve", &asked).await?;
        run.shows("*Keep three of steps?*").await?;
        fs::remove_dir_all(run.folder("shadow.git"))?;
        ana.says_in(&run, "rollback one").await?;
        run.asks_again(2).await?;
        assert_eq!(run.git(&["show", "refs/signoff/two-2:one.txt"]).await?, "1\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_was_thought_dead_keeps_nothing_when_it_wakes_up() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        w.worker.stands_still().await?;
        let second = w.worker_at("second")?;
        second.says("takes runs", 1).await?;
        let there = w.folder.path().join("second/runs").join(run.id.as_str()).join("wait-1/work");
        w.until_alive(&there.display().to_string()).await?;
        w.worker.wakes_up().await?;
        fs::write(there.join("go"), "")?;
        run.asks().await?;
        w.worker.says("another worker took", 1).await?;
        ana.says_in(&run, "approve").await?;
        run.shows("*slow is done.*").await?;
        assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_was_lost_sight_of_goes_on_in_the_same_attempt() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        let here = run.folder("wait-1/work");
        w.worker.stands_still().await?;
        let second = w.worker_at("second")?;
        let there = w.folder.path().join("second/runs").join(run.id.as_str()).join("wait-1/work");
        w.until_alive(&there.display().to_string()).await?;
        w.worker.wakes_up().await?;
        w.until_dead(&here.display().to_string()).await?;
        second.crashes().await?;
        goes_on_in(w, &run, &here).await
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_was_asked_to_end_before_its_worker_goes_on_in_the_same_attempt() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        let here = run.folder("wait-1/work");
        w.worker.is_asked_to_end_with(&here.display().to_string()).await?;
        w.worker.comes_back()?;
        goes_on_in(w, &run, &here).await
    })
    .await;
}

#[tokio::test]
async fn a_run_is_done_again_by_a_worker_that_never_saw_it() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("stubborn").await?;
        first.shows("*stubborn failed.*").await?;
        w.worker_moves_to("second").await?;
        w.has_stages_with("stubborn", ("echo it cannot be; exit 3", "test -s never.txt"))?;
        let again = ana.starts(&format!("/develop again {} from never", first.id)).await?;
        again.shows("*stubborn is done.* All 2 stages are good.").await?;
        assert_eq!(again.result().await?, ["README.md", "fine.txt", "never.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn whoever_looks_back_needs_no_workers_disk() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        let id = run.id.as_str();
        let (logs, diff) = (["logs", id, "polish", "--all"], ["diff", id]);
        let before = (w.types(&logs).await?, w.types(&diff).await?);
        assert!(before.0.0 == 0 && before.1.1.contains("+the end"), "{before:?}");
        w.worker_moves_to("second").await?;
        fs::remove_dir_all(w.folder.path().join("home/runs"))?;
        assert_eq!((w.types(&logs).await?, w.types(&diff).await?), before);
        run.git_in("repository", &["clone", "-q", ".", "../anas"]).await?;
        let (code, said) = w.types_in("anas", &["fetch", id, "polish-1"]).await?;
        assert!(code == 0 && said.contains(&format!("signoff/{id}/polish-1")), "{said}");
        let scribble = format!("signoff/{id}/polish-1:scribble.txt");
        assert_eq!(run.git_in("anas", &["show", &scribble]).await?, "scribble\n");
        let page = run.page().await?;
        let logs_page = w.page(&run.link_in(&page, "/logs/polish/1")?).await?;
        assert!(logs_page.contains("What the agent was told"), "{logs_page}");
        assert!(!run.folder("").exists(), "a worker finds no folder that it did not make");
        let nowhere = [("SIGNOFF_ARTIFACTS", "empty"), ("SIGNOFF_HOME", "elsewhere")];
        let (code, said) = w.types_with(&nowhere, &logs).await?;
        assert!(code == 5 && said.contains("Set SIGNOFF_ARTIFACTS"), "{said}");
        Ok(())
    })
    .await;
}
