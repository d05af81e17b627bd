//! What Signoff leans on goes away and comes back: people are told the truth, and nothing happens twice.

use crate::world::slack::Fault;
use crate::world::story;

#[tokio::test]
async fn what_happens_while_serve_has_no_database_is_drawn_when_it_is_back() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.database_line.is_cut().await;
        assert_eq!(w.types(&["approve", run.id.as_str()]).await?.0, 0);
        w.until_phase(run.id.as_str(), "done").await?;
        w.database_line.heals().await;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_approval_whose_answer_is_lost_counts_once() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.temporal_line.loses_answers();
        ana.presses("Approve", &gate).await?;
        ana.is_told("not confirmed yet").await?;
        w.temporal_line.heals().await;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_was_never_confirmed_is_not_called_lost_when_temporal_dies() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.worker.crashes().await?;
        w.temporal_line.loses_answers();
        ana.presses("Approve", &gate).await?;
        ana.is_told("not confirmed yet").await?;
        w.temporal_line.is_cut().await;
        w.serve.says("is not confirmed yet", 2).await?;
        w.temporal_line.heals().await;
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_one_run() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("quick").await?;
        first.shows("quick is done").await?;
        w.temporal_line.loses_answers();
        ana.says("/develop quick").await?;
        ana.is_told("Temporal has not confirmed it yet").await?;
        w.temporal_line.is_cut().await;
        w.serve.says("could not start", 1).await?;
        w.temporal_line.heals().await;
        w.until_runs(2).await?;
        let second = w.store.newest_runs(1).await?.remove(0);
        w.until_phase(second.id().as_str(), "done").await?;
        w.slack.shows("dev", &format!("{}", second.id())).await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 2);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_typed_in_a_shell_and_lost_is_sent_again_by_serve() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.worker.crashes().await?;
        // The connection itself takes two requests; what is asked then is not answered.
        w.temporal_line.loses_answers_after(2);
        let over_line = [("TEMPORAL_ADDRESS", w.temporal_line.address.as_str())];
        let (code, said) =
            w.types_with(&over_line, &["approve", run.id.as_str(), "from", "a", "shell"]).await?;
        assert_eq!((code, said.contains("not confirmed yet")), (5, true), "{said}");
        w.temporal_line.heals().await;
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_presses_while_slack_answers_nothing_is_told_when_it_does() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("guarded").await?;
        let gate = run.asks().await?;
        w.slack.fails("users.info", Fault::ServerError, 1_000);
        w.slack.fails("response_url", Fault::ServerError, 1_000);
        ben.presses("Approve", &gate).await?;
        w.serve.says("it is tried again", 1).await?;
        w.slack.recovers();
        ben.is_told("Slack did not say who you are, so nothing was recorded").await?;
        assert!(run.run().await?.decisions.is_empty());
        ben.presses("Approve", &gate).await?;
        run.shows("guarded is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_address_for_answers_that_is_of_no_more_use_leaves_nobody_without_one() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        let run = ana.develops("guarded").await?;
        let gate = run.asks().await?;
        w.slack.fails("response_url", Fault::Refuses("used_url"), 1_000);
        cleo.presses("Approve", &gate).await?;
        cleo.is_told("can approve this").await?;
        Ok(())
    })
    .await;
}
