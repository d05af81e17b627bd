//! A run is started in Slack, and its thread tells the rest.

use insta::{assert_snapshot, with_settings};

use super::story;
use crate::world::tidied;

#[tokio::test]
async fn a_run_goes_from_a_command_to_its_code_with_one_rollback_and_one_approval() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale about a bot budget=$5").await?;
        run.shows("Keep draft of tale?").await?;
        ben.presses("Approve", &run).await?;
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
        let ana = w.person("ana");
        let run = ana.develops("quick").await?;
        ana.says("/develop list").await?;
        run.shows("quick is done").await?;
        ana.says("/develop quick").await?;
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
        let ana = w.person("ana");
        ana.says("/develop tael").await?;
        ana.is_told("Did you mean `/develop tale`?").await?;
        assert!(w.store.newest_runs(10).await?.is_empty());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nothing_typed_opens_a_form_that_starts_a_run() {
    story(async |w| {
        let ana = w.person("ana");
        ana.fills_in_a_run("quick", "by form").await?;
        ana.fills("budget", "lots")?;
        ana.sends_the_form().await?;
        ana.is_corrected("budget", "is no amount").await?;
        ana.fills("budget", "$3")?;
        ana.sends_the_form().await?;
        w.slack.shows("dev", "quick · done").await?;
        w.slack.shows("dev", "of $3.00").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_without_a_worker_is_shown_as_starting_and_goes_on_when_one_comes() {
    story(async |w| {
        let ana = w.person("ana");
        w.worker.crashes().await?;
        let run = ana.develops("quick").await?;
        run.shows("quick · starting").await?;
        w.worker.comes_back()?;
        run.shows("quick is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn where_a_run_started_is_told_on_its_card_in_its_status_and_at_its_end() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("wide").await?;
        run.asks().await?;
        run.card().shows("from main at ").await?;
        ana.presses("Approve", &run).await?;
        run.shows(", made from main at ").await?;
        let (_, told) = w.types(&["status", run.id.as_str(), "--json"]).await?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        assert_eq!(told["start"]["branch"], "main");
        let (_, told) = w.types(&["status", run.id.as_str()]).await?;
        assert!(told.contains("Started from main at "), "{told}");
        Ok(())
    })
    .await;
}
