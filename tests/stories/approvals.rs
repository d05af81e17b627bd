//! A gate waits for a person, and only for the right one.

use crate::world::story;

#[tokio::test]
async fn a_late_click_changes_nothing_and_is_told_who_decided() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        let still_shown = gate.saved()?;
        ana.presses("Approve", &gate).await?;
        run.shows("draft of tale* · approved by").await?;
        gate.offers_nothing().await?;
        ben.presses("Reject", &still_shown).await?;
        ben.is_told("@ana already approved this").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn rejecting_ends_the_run_rejected() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        ben.rejects(&run, "not like this").await?;
        run.shows("tale · rejected").await?;
        run.shows("rejected by @ben").await?;
        run.shows("not like this").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn words_in_the_thread_count_too() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ben.says_in(&run, "what do you think?").await?;
        ben.says_in(&run, "approve: looks right").await?;
        run.shows("looks right").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_deadline_that_passes_fails_the_stage_and_says_so() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("hasty").await?;
        let still_shown = run.asks().await?.saved()?;
        run.shows("nobody answered in time").await?;
        ana.presses("Approve", &still_shown).await?;
        ana.is_told("Nobody answered in time").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_is_no_approver_is_told_privately_who_is() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("guarded").await?;
        cleo.presses("Approve", &run).await?;
        cleo.is_told("Only @ana or @ben can approve this").await?;
        ben.presses("Approve", &run).await?;
        run.shows("guarded is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_second_question_says_what_is_new_since_the_last_approval() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("twice").await?;
        ana.presses("Approve", &run).await?;
        run.shows("Keep second of twice?").await?;
        run.shows("Since you last approved: 1 file +1 −0").await?;
        ana.presses("Approve", &run).await?;
        run.shows("twice is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn changed_words_and_an_emoji_are_no_answer() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        ana.reacts(&gate, "white_check_mark").await?;
        let said = ana.says_in(&run, "hm").await?;
        ana.edits(&said, "approve").await?;
        ben.rejects(&run, "").await?;
        run.card().shows("tale · rejected").await?;
        let decisions = run.run().await?.decisions;
        assert_eq!(decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_diff_without_an_address_opens_over_the_thread() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_no_address().await?;
        let run = ana.develops("tale").await?;
        ana.presses("View diff", &run).await?;
        ana.sees_form("once upon a time").await?;
        assert!(w.page(&run.diff_path().await?).await?.contains("once upon a time"));
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}
