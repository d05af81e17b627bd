//! Nobody is shown a run of a channel that is not theirs.

use crate::world::story;

#[tokio::test]
async fn who_is_not_in_a_private_channel_sees_nothing_of_its_runs() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let hidden = ana.develops_secretly("quick", "done").await?;
        let open = ana.develops("tale").await?;
        open.asks().await?;
        cleo.says("/develop list").await?;
        let seen = cleo.is_told(open.id.as_str()).await?.text;
        assert!(!seen.contains(&hidden), "{seen}");
        cleo.says(&format!("/develop status {hidden}")).await?;
        cleo.is_told(&format!("There is no run `{hidden}` here")).await?;
        cleo.says("@signoff status quick").await?;
        cleo.is_told("There is no run of `quick` here").await?;
        ben.says("/develop list").await?;
        ben.is_told(&hidden).await?;
        ben.says_directly(&format!("status {hidden}")).await?;
        ben.is_sent_directly("done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_in_a_private_channel_is_on_nobodys_home_who_is_not_there() {
    story(async |w| {
        let [ana, cleo, gus] = w.people(["ana", "cleo", "gus"]);
        let hidden = ana.develops_secretly("twice", "waiting").await?;
        gus.opens_home().await?;
        gus.sees_home("Nothing waits for you").await?;
        ana.opens_home().await?;
        ana.sees_home("first of twice").await?;
        assert!(!gus.home()?.contains("twice"));
        gus.says("/develop waiting").await?;
        gus.is_told("Nothing waits for you").await?;
        gus.says(&format!("/develop status {hidden}")).await?;
        gus.is_told(&format!("There is no run `{hidden}` here")).await?;
        w.slack.withholds_scope("channels:read");
        cleo.says("/develop list").await?;
        cleo.is_told("Slack did not say which channels you are in").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_in_a_private_channel_is_answered_by_nobody_who_is_not_there() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let hidden = ana.develops_secretly("twice", "waiting").await?;
        cleo.says("/develop waiting").await?;
        cleo.is_told("Nothing waits for you").await?;
        cleo.opens_home().await?;
        cleo.sees_home("Nothing waits for you").await?;
        cleo.says("/develop approve").await?;
        cleo.is_told("Nothing waits for you").await?;
        w.until_phase(&hidden, "waiting").await?;
        ben.says_directly("approve").await?;
        ben.is_sent_directly("Approved.").await?;
        Ok(())
    })
    .await;
}
