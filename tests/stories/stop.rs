//! A person stops a run, whatever it does.

use crate::world::story;

#[tokio::test]
async fn stopping_ends_the_agent_and_the_run() {
    story(async |w| {
        let run = w.develops("ana", "slow").await?;
        run.shows("Waiting for a sign").await?;
        w.slack.says("ana", "dev", "/develop stop enough for today").await?;
        run.shows("slow · stopped").await?;
        run.shows("enough for today").await?;
        w.until_dead(&format!("{}/wait-1/work", run.id)).await?;
        let desk = w.runs_folder().join(run.id.as_str()).join("wait-1");
        assert!(!desk.join("work").exists() && !desk.join("home").exists(), "its clone and its HOME are of no more use");
        assert!(desk.join("prompt.txt").exists());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn only_the_starter_or_an_approver_stops_a_run() {
    story(async |w| {
        let run = w.develops("ana", "guarded").await?;
        run.gate_card().await?;
        w.slack.says("cleo", "dev", "/develop stop").await?;
        w.slack.tells("cleo", "can stop this run").await?;
        w.slack.says("ana", "dev", "/develop stop").await?;
        run.shows("guarded · stopped").await?;
        Ok(())
    })
    .await;
}
