//! What holds where we call Slack, because it cannot call us: nothing is lost and nothing is done twice, whatever happens to the line.
//!
//! Told here is what touches the wire: each kind of thing that people do, acknowledgements, what comes again, lines that come and go.
//! Behind the door nobody knows by which wire a request came, so the other chapters are told by HTTP alone; of them, the first one is
//! told here too, since its stories go from a command and a form to their answers, their retries, and all that a run shows.

#[path = "start.rs"]
#[expect(clippy::duplicate_mod, reason = "the same promises by another wire")]
mod start;

use std::time::Duration;

use crate::world::story_by_socket as story;

#[tokio::test]
async fn whatever_people_do_arrives_by_a_line() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.starts("@signoff develop tale").await?;
        run.asks().await?;
        let note = ben.says_in(&run, "Mind the cat.").await?;
        w.slack.at(&note.ts).has_reaction("memo").await?;
        ben.says_directly("waiting").await?;
        ben.is_sent_directly("Waiting for you").await?;
        ana.opens_home().await?;
        ana.sees_home("Keep draft of tale?").await?;
        ana.presses_at_home("Request changes", "draft").await?;
        ana.sees_form("Request changes").await?;
        ana.fills("words", "once more")?;
        ana.sends_the_form().await?;
        assert_eq!(run.asks_again(2).await?.notes.len(), 1);
        ben.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_request_is_acknowledged_only_when_it_is_kept() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.database_line.is_cut().await;
        let healing = async {
            ana.is_told("Slack sends this again").await?;
            w.slack.misses_an_ack().await?;
            assert!(gate.shown().contains("Approve"));
            w.database_line.heals().await;
            anyhow::Ok(())
        };
        let (acknowledged, healed) = tokio::join!(ana.presses("Approve", &gate), healing);
        healed?;
        assert_eq!(acknowledged?.status, 200);
        assert!(!w.slack.missed_acks().is_empty());
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_form_that_cannot_be_kept_stays_open_and_says_why() {
    story(async |w| {
        let ana = w.person("ana");
        ana.fills_in_a_run("quick", "by form").await?;
        w.database_line.is_cut().await;
        assert!(ana.sends_the_form().await?.body.contains("nothing was recorded"));
        w.database_line.heals().await;
        w.is_up().await?;
        ana.sends_the_form().await?;
        w.slack.shows("dev", "quick · done").await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_refresh_loses_nothing_and_there_is_always_a_line() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.slack.has_lines(2).await?;
        w.slack.fewest_lines();
        w.slack.refreshes();
        for _ in 0..10 {
            ben.says("/develop list").await?;
        }
        ana.presses("Approve", &gate).await?;
        w.slack.has_opened(4).await?;
        assert!(w.slack.fewest_lines() >= 2);
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_click_whose_line_is_cut_comes_again_and_counts_once() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.slack.loses_next_ack();
        ana.presses("Approve", &run).await?;
        assert_eq!(w.slack.missed_acks().len(), 1);
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        w.slack.has_opened(3).await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_click_that_comes_again_to_another_process_counts_once() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        w.serve_dies_and_comes_back().await?;
        w.slack.again(2).await?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn all_lines_cut_come_back_and_what_was_said_meanwhile_arrives() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.slack.drops_all_lines();
        w.slack.has_lines(0).await?;
        ana.says_in(&run, "approve").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_slow_request_does_not_hold_up_the_next_click() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ben.fills_in_a_run("quick", "slowly").await?;
        w.temporal_line.loses_answers();
        // On the form's line and on the other one.
        let clicks = async {
            let approved = ana.presses("Approve", &run).await?;
            anyhow::Ok([approved, ana.says("/develop list").await?.heard])
        };
        let (form, clicks) = tokio::join!(ben.sends_the_form(), clicks);
        assert!(form?.took > Duration::from_secs(2), "a form waits for what is wrong with it");
        assert!(clicks?.iter().all(|click| click.took < Duration::from_secs(1)));
        w.temporal_line.heals().await;
        run.shows("tale is done").await?;
        w.slack.shows("dev", "quick · done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn socket_mode_that_is_switched_off_is_told_with_what_to_do() {
    story(async |w| {
        w.slack.switches_sockets_off();
        w.serve.says("Slack gives us no connection, so nothing that people do arrives", 1).await?;
        w.serve.says("switch Socket Mode on", 1).await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn without_a_signing_secret_nobody_may_knock() {
    story(async |w| {
        let client = reqwest::Client::new();
        let knocked = client.post(format!("{}/slack", w.web)).body("payload={}").send().await?;
        assert_eq!(knocked.status(), 404);
        let ready: serde_json::Value =
            client.get(format!("{}/readyz", w.web)).send().await?.json().await?;
        assert_eq!(
            (ready["slack"].as_str(), ready["socket"]["connections"].is_u64()),
            (Some("socket"), true),
            "{ready}"
        );
        w.slack.has_lines(2).await?;
        let metrics = client.get(format!("{}/metrics", w.web)).send().await?.text().await?;
        assert!(metrics.contains("signoff_slack_socket_connections 2"), "{metrics}");
        Ok(())
    })
    .await;
}
