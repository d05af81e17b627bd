//! What is not from Slack touches nothing; what cannot be done is said plainly.

use crate::world::slack::Signing;
use crate::world::story;

#[tokio::test]
async fn a_wrong_signature_and_an_old_one_are_turned_away() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.presses("ana", "View diff").await.ok();
        for signing in [Signing::Wrong, Signing::Missing, Signing::SecondsAgo(301)] {
            assert_eq!(w.slack.again_signed(signing).await?.status, 401);
        }
        assert_eq!(w.slack.sends("payload=%7B%22broken", Signing::Right).await?.status, 400);
        assert_eq!(w.slack.sends(&"x".repeat((1 << 20) + 1), Signing::Right).await?.status, 413);
        run.presses("ana", "Reject").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

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
        let heard = w.slack.says("ana", "dev", "/develop tale").await?;
        assert!(heard.body.contains("nothing was started"), "{}", heard.body);
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
