//! More runs than there are slots: they wait, say where they stand, and go on in a fair order.

mod store;

use anyhow::Result;

use crate::world::{RunOf, World, story};

/// A run that works, where this limit lets no other begin.
async fn one_works<'w>(w: &'w World, limit: &str) -> Result<RunOf<'w>> {
    w.has_settings(&format!("[queue]\n{limit}"))?;
    let first = w.person("ana").develops("slow").await?;
    first.shows("Waiting for a sign").await?;
    Ok(first)
}

/// Three runs where there is one slot.
async fn one_works_and_two_wait(w: &World) -> Result<[RunOf<'_>; 3]> {
    let ana = w.person("ana");
    let first = one_works(w, "at_once = 1").await?;
    let second = ana.develops("slow").await?;
    let third = ana.develops("slow").await?;
    third.card().shows("2nd of 2").await?;
    Ok([first, second, third])
}

#[tokio::test]
async fn runs_beyond_the_limit_say_their_place_and_a_project_with_nothing_at_work_goes_first() {
    story(async |w| {
        let ana = w.person("ana");
        let first = one_works(w, "at_once = 1").await?;
        let second = ana.develops("slow").await?;
        second.card().shows("1st of 1, because the only slot is busy").await?;
        let other = ana.develops("quick").await?;
        other.card().shows("1st of 2").await?;
        second.shows("waits for a slot: 2nd of 2, because the only slot is busy").await?;
        ana.says("/develop queue").await?;
        ana.is_told("1 of 1 slot taken on 1 worker, 2 wait").await?;
        first.gets_its_sign().await?;
        second.shows("Waiting for a sign").await?;
        assert!(other.run().await?.stages[0].good_attempt().is_some());
        second.gets_its_sign().await?;
        other.shows("quick is done").await?;
        let waited = &second.run().await?.stages[0].attempts[0];
        assert!(waited.queued_seconds >= 1 && waited.paused_seconds == waited.queued_seconds);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_those_begin_who_wait() {
    story(async |w| {
        one_works(w, "per_project = 1").await?;
        let second = w.person("ana").develops("slow").await?;
        second.card().shows("1st of 1, because slow has its 1").await?;
        let (_, status) = w.types(&["status", second.id.as_str()]).await?;
        assert!(
            status.contains("Waiting for a slot: 1st of 1, because slow has its 1"),
            "{status}"
        );
        w.has_settings_with(("per_project = 1", "per_project = 2"))?;
        second.shows("Waiting for a sign").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_waits_for_a_slot_is_stopped_at_once_and_others_move_up() {
    story(async |w| {
        let ana = w.person("ana");
        let [first, second, third] = one_works_and_two_wait(w).await?;
        ana.says(&format!("/develop stop {}", second.id)).await?;
        second.shows("slow · stopped").await?;
        third.card().shows("1st of 1").await?;
        first.shows("Waiting for a sign").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_an_attempt_spent_counts_also_where_it_is_stopped_before_its_turn_comes_again() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_settings("[queue]\nat_once = 1\n[breakers]\nsteps = 5\n")?;
        let spends = r#"do: echo '{"type":"usage","cost_usd":"0.5"}'"#;
        w.has_stages_with("wandering", ("do: for", &format!("{spends}\ndo: for")))?;
        let run = ana.develops("wandering").await?;
        run.shows("6 steps have changed no file").await?;
        ana.develops("slow").await?.shows("Waiting for a sign").await?;
        ana.presses("Go on", &run).await?;
        run.card().shows("1st of 1").await?;
        ana.says(&format!("/develop stop {}", run.id)).await?;
        run.shows("wandering · stopped").await?;
        assert_eq!(run.run().await?.spent(), "0.5".parse()?);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_dies_takes_no_place_in_the_queue_with_it() {
    story(async |w| {
        let [first, second, third] = one_works_and_two_wait(w).await?;
        w.worker.crashes().await?;
        w.until_dead(&format!("{}/wait-1/work", first.id)).await?;
        w.worker.comes_back()?;
        w.until_alive(&format!("{}/wait-1/work", first.id)).await?;
        first.gets_its_sign().await?;
        second.shows("Waiting for a sign").await?;
        third.card().shows("1st of 1").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_begins_at_any_worker_that_lives() {
    story(async |w| {
        let ana = w.person("ana");
        let [first, second, third] = one_works_and_two_wait(w).await?;
        let _other = w.worker_at("other")?;
        w.worker.crashes().await?;
        ana.says(&format!("/develop stop {}", first.id)).await?;
        second.shows("Waiting for a sign").await?;
        third.card().shows("1st of 1").await?;
        w.worker.comes_back()?;
        Ok(())
    })
    .await;
}
