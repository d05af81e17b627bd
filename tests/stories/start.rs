//! A run is started in Slack, and its thread tells the rest.

use insta::{assert_snapshot, with_settings};

use crate::world::{story, tidied};

#[tokio::test]
async fn a_run_goes_from_a_command_to_its_code_with_one_rollback_and_one_approval() {
    story(async |w| {
        let run = w.develops("ana", "tale about a bot budget=$5").await?;
        run.shows("Keep draft of tale?").await?;
        run.presses("ben", "Approve").await?;
        run.shows("tale is done").await?;
        assert_eq!(run.result().await?, [".gitignore", "README.md", "check.sh", "draft.txt"]);
        assert_eq!(run.mentions(), 2, "the gate and the end call people, nothing else does");
        // One snapshot, whatever way Slack speaks.
        with_settings!({ prepend_module_to_snapshot => false }, { assert_snapshot!(tidied(&run.transcript())) });
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn asking_twice_with_one_request_is_one_run() {
    story(async |w| {
        let run = w.develops("ana", "quick").await?;
        w.slack.says("ana", "dev", "/develop list").await?;
        run.shows("quick is done").await?;
        w.slack.says("ana", "dev", "/develop quick").await?;
        w.slack.again(4).await?;
        w.until_runs(2).await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 2);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_wrong_command_is_told_privately_what_was_meant() {
    story(async |w| {
        w.slack.says("ana", "dev", "/develop tael").await?;
        w.slack.tells("ana", "Did you mean `/develop tale`?").await?;
        assert!(w.store.newest_runs(10).await?.is_empty());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nothing_typed_opens_a_form_that_starts_a_run() {
    story(async |w| {
        w.slack.says("ana", "dev", "/develop").await?;
        w.slack.form("ana").await?;
        let wrong = w
            .slack
            .submits("ana", &[("project", "quick"), ("brief", "by form"), ("budget", "lots")])
            .await?;
        assert!(wrong.body.contains("is no amount"), "{}", wrong.body);
        w.slack
            .submits("ana", &[("project", "quick"), ("brief", "by form"), ("budget", "$3")])
            .await?;
        w.slack.shows("dev", "quick · done").await?;
        w.slack.shows("dev", "of $3.00").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_without_a_worker_is_shown_as_starting_and_goes_on_when_one_comes() {
    story(async |w| {
        w.worker.crashes().await?;
        let run = w.develops("ana", "quick").await?;
        run.shows("quick · starting").await?;
        w.worker.comes_back()?;
        run.shows("quick is done").await?;
        Ok(())
    })
    .await;
}
