//! What cannot be done is said plainly, and what comes twice is done once.

use crate::world::story;

#[tokio::test]
async fn the_same_click_five_times_is_one_decision() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.presses("ana", "Approve").await?;
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
        w.serve.crashes().await?;
        w.serve.will_have("TEMPORAL_ADDRESS", &crate::world::nobody_listens()?);
        w.serve.comes_back()?;
        w.is_alive().await?;
        w.slack.says("ana", "dev", "/develop tale").await?;
        w.slack.tells("ana", "nothing was started").await?;
        assert!(w.store.newest_runs(10).await?.is_empty());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_temporal_an_approval_is_not_recorded_and_the_buttons_stay() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        let card = run.gate_card().await?;
        w.serve.crashes().await?;
        w.serve.will_have("TEMPORAL_ADDRESS", &crate::world::nobody_listens()?);
        w.serve.comes_back()?;
        w.is_alive().await?;
        w.slack.presses("ana", &card, "Approve").await?;
        w.slack.tells("ana", "nothing was recorded").await?;
        assert!(w.slack.shown(&card).contains("Approve"));
        Ok(())
    })
    .await;
}
