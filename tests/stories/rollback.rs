//! Red tests take nothing along: the next attempt starts from the last good snapshot.

use crate::world::story;

#[tokio::test]
async fn what_a_red_attempt_wrote_is_no_part_of_the_result() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        run.shows("polish · attempt 1 · 3 of 50 tests failed → back to the snapshot after draft, trying another way").await?;
        run.shows("polish · attempt 2 · 50/50 tests · 92 % coverage · 2 files").await?;
        run.shows("tale is done").await?;
        assert!(!run.result().await?.contains(&"scribble.txt".to_owned()));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stage_whose_attempts_are_used_up_fails_the_run_and_the_thread_says_why() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("stubborn").await?;
        run.shows("never · attempt 2 · `echo it cannot be; exit 3` exited 3 → no attempts left")
            .await?;
        run.shows("*stubborn failed.*").await?;
        run.shows("Kept:").await?;
        assert_eq!(run.result().await?, ["README.md", "fine.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_spent_budget_ends_the_run_before_the_next_attempt() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("quick budget=0.04").await?;
        run.shows("the budget of $0.04 is spent").await?;
        run.shows("quick · failed").await?;
        Ok(())
    })
    .await;
}
