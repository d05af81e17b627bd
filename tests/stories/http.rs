//! What holds where Slack knocks at our door: what is not from Slack touches nothing, and a refusal to Slack is told to people.

use crate::world::slack::Signing;
use crate::world::story;

#[tokio::test]
async fn a_wrong_signature_and_an_old_one_are_turned_away() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("View diff", &run).await.ok();
        for signing in [Signing::Wrong, Signing::Missing, Signing::SecondsAgo(301)] {
            assert_eq!(w.slack.again_signed(signing).await?.status, 401);
        }
        assert_eq!(w.slack.sends("payload=%7B%22broken", Signing::Right).await?.status, 400);
        assert_eq!(w.slack.sends(&"x".repeat((1 << 20) + 1), Signing::Right).await?.status, 413);
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_the_database_nothing_is_recorded_and_the_buttons_stay() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.database_line.is_cut().await;
        ana.presses("Approve", &gate).await?;
        ana.is_told("nothing was recorded").await?;
        assert!(ben.says("/develop quick").await?.heard.body.contains("nothing was recorded"));
        assert_eq!(ben.says_in(&run, "approve").await?.heard.status, 503);
        assert!(gate.shown().contains("Approve"));
        w.database_line.heals().await;
        w.is_up().await?;
        ana.presses("Approve", &gate).await?;
        run.shows("tale is done").await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn pages_come_in_fewer_bytes_where_a_browser_can_read_that() {
    story(async |w| {
        let css = format!("{}/style.css", w.web);
        let asked = reqwest::Client::new().get(&css).header("accept-encoding", "gzip");
        let packed = asked.send().await?;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        assert!(packed.bytes().await?.len() * 2 < w.page("/style.css").await?.len());
        Ok(())
    })
    .await;
}
