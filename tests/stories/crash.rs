//! Crashes lose nothing and double nothing.

use crate::world::slack::Fault;
use crate::world::{RunOf, story};

#[tokio::test]
async fn a_worker_that_dies_in_a_stage_is_replaced_and_the_run_goes_on() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        w.worker.crashes().await?;
        w.until_dead(&format!("{}/wait-1/work", run.id)).await?;
        w.worker.comes_back()?;
        w.until_alive(&format!("{}/wait-1/work", run.id)).await?;
        run.gets_its_sign().await?;
        ana.presses("Approve", &run).await?;
        run.shows("slow is done").await?;
        assert_eq!(run.result().await?, ["README.md", "closed.txt", "done.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_approval_while_no_worker_lives_counts_when_one_comes() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        w.worker.crashes().await?;
        ana.presses("Approve", &gate).await?;
        ana.is_told("Recorded, and not taken up yet").await?;
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_a_question_counts_though_its_worker_died_before_it_could_say_that_it_asked() {
    story(async |w| {
        let ana = w.person("ana");
        let line = w.worker_over_a_line().await?;
        let held = w.holds_questions().await?;
        let run = ana.develops("tale").await?;
        held.is_reached().await?;
        line.is_cut().await;
        held.lets_go().await?;
        ana.presses("Approve", &run).await?;
        w.worker.crashes().await?;
        line.heals().await;
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_gate_survives_the_death_of_serve_and_its_card_is_not_posted_twice() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.serve_dies_and_comes_back().await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_replayed_for_every_step_ends_the_same() {
    story(async |w| {
        let ana = w.person("ana");
        w.worker.crashes().await?;
        w.worker.comes_back_with(&["--max-cached-runs", "0"])?;
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_found_and_not_posted_again() {
    story(async |w| {
        let ana = w.person("ana");
        w.slack.fails("chat.postMessage", Fault::DoesThenHangsUp, 1);
        let run = ana.develops("quick").await?;
        run.shows("quick is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_thread_that_slack_lost_is_drawn_anew() {
    story(async |w| {
        let ana = w.person("ana");
        let lost = ana.develops("slow").await?;
        lost.shows("Waiting for a sign").await?;
        w.slack.forgets_everything();
        lost.gets_its_sign().await?;
        let run = RunOf::at(w, w.slack.shows("dev", "slow · waiting").await?)?;
        ana.presses("Approve", &run).await?;
        run.shows("slow is done").await?;
        Ok(())
    })
    .await;
}
