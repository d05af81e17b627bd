//! A gate waits for a person, and only for the right one.

use crate::world::story;

#[tokio::test]
async fn a_late_click_changes_nothing_and_is_told_who_decided() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        let card = run.gate_card().await?;
        run.presses("ana", "Approve").await?;
        run.shows("draft of tale* · approved by").await?;
        w.slack.presses_late("ben", &card, "Reject").await?;
        w.slack.tells("ben", "@ana already approved this").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn rejecting_ends_the_run_rejected() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.rejects("ben", "not like this").await?;
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
        let run = w.develops("ana", "tale").await?;
        run.gate_card().await?;
        run.replies("ben", "what do you think?").await?;
        run.replies("ben", "approve: looks right").await?;
        run.shows("looks right").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_deadline_that_passes_fails_the_stage_and_says_so() {
    story(async |w| {
        let run = w.develops("ana", "hasty").await?;
        let card = run.gate_card().await?;
        run.shows("nobody answered in time").await?;
        w.slack.presses_late("ana", &card, "Approve").await?;
        w.slack.tells("ana", "Nobody answered in time").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_is_no_approver_is_told_privately_who_is() {
    story(async |w| {
        let run = w.develops("ana", "guarded").await?;
        run.presses("cleo", "Approve").await?;
        w.slack.tells("cleo", "Only @ana or @ben can approve this").await?;
        run.presses("ben", "Approve").await?;
        run.shows("guarded is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_second_question_says_what_is_new_since_the_last_approval() {
    story(async |w| {
        let run = w.develops("ana", "twice").await?;
        run.presses("ana", "Approve").await?;
        run.shows("Keep second of twice?").await?;
        run.shows("Since you last approved: 1 file +1 −0").await?;
        run.presses("ana", "Approve").await?;
        run.shows("twice is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn guests_and_bots_cannot_decide() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.presses("gus", "Approve").await?;
        w.slack.tells("gus", "Guests of this workspace cannot start or decide").await?;
        w.slack.robo_says("dev", Some(&run.root), "approve").await?;
        run.rejects("ana", "").await?;
        run.shows("rejected by @ana").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn changed_words_and_an_emoji_are_no_answer() {
    story(async |w| {
        let ana = w.person("ana");
        let run = w.starts(ana.says("/develop tale")).await?;
        let gate = run.gate().await?;
        ana.reacts(&gate, "white_check_mark").await?;
        let said = ana.says_in(&run, "hm").await?;
        ana.edits(&said, "approve").await?;
        run.rejects("ben", "").await?;
        run.card().shows("tale · rejected").await?;
        let decisions = run.run().await?.decisions;
        assert_eq!(decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_card_that_lost_its_buttons_decides_nothing_for_who_still_sees_them() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        let gate = run.gate().await?;
        gate.offers("Reject").await?;
        let card = gate.saved()?;
        w.person("ana").presses("Approve", &gate).await?;
        gate.offers_nothing().await?;
        w.person("ben").presses_on(&card, "Reject").await?;
        w.person("ben").is_told("@ana already approved this").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_diff_without_an_address_opens_over_the_thread() {
    story(async |w| {
        w.has_no_address().await?;
        let run = w.develops("ana", "tale").await?;
        run.presses("ana", "View diff").await?;
        let form = w.slack.form("ana").await?;
        assert!(form.content.to_string().contains("once upon a time"));
        let (_, status) = w.types(&["--json", "status", run.id.as_str()]).await?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        let path = status["gate"]["diff_url"]
            .as_str()
            .and_then(|url| url.strip_prefix(&w.web))
            .expect("who is at the machine has a link");
        assert!(w.page(path).await?.contains("once upon a time"));
        run.rejects("ana", "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}
