//! What holds where Slack knocks at our door: what is not from Slack touches nothing, and a refusal to Slack is told to people.

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
        run.rejects("ana", "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_the_database_nothing_is_recorded_and_the_buttons_stay() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        let card = run.gate_card().await?;
        w.database_line.is_cut().await;
        w.slack.presses("ana", &card, "Approve").await?;
        w.slack.tells("ana", "nothing was recorded").await?;
        assert!(
            w.slack
                .says("ben", "dev", "/develop quick")
                .await?
                .body
                .contains("nothing was recorded")
        );
        assert_eq!(w.slack.replies("ben", &run.root, "approve").await?.status, 503);
        assert!(w.slack.shown(&card).contains("Approve"));
        w.database_line.heals().await;
        w.is_up().await?;
        w.slack.presses("ana", &card, "Approve").await?;
        run.shows("tale is done").await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 1);
        Ok(())
    })
    .await;
}
