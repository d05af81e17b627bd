//! What cannot be done is said plainly, and what comes twice is done once.

use crate::world::story;

#[tokio::test]
async fn the_same_click_five_times_is_one_decision() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        w.slack.again(5).await?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_temporal_nothing_is_started_and_no_thread_is_left_half_made() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_no_temporal().await?;
        ana.says("/develop tale").await?;
        ana.is_told("nothing was started").await?;
        ana.fills_in_a_run("tale", "a long brief").await?;
        ana.sends_the_form().await?;
        ana.is_corrected("brief", "nothing was started").await?;
        assert!(w.store.newest_runs(10).await?.is_empty());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_temporal_an_approval_is_not_recorded_and_the_buttons_stay() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.has_no_temporal().await?;
        ana.presses("Approve", &gate).await?;
        ana.is_told("nothing was recorded").await?;
        assert!(gate.shown().contains("Approve"));
        Ok(())
    })
    .await;
}
