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
async fn a_spent_budget_is_asked_about_and_raised_by_a_tap() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("quick budget=0.04").await?;
        let asked = run.asks().await?;
        run.shows("*Spend more on more of quick?*").await?;
        run.shows("$0.04 of $0.04 is spent").await?;
        ana.says("/develop approve").await?;
        ana.is_told("This question is about money").await?;
        ana.presses("+$1", &asked).await?;
        run.shows("raised by $1.00 by @ana").await?;
        run.shows("*quick is done.*").await?;
        assert_eq!(run.run().await?.budget(), Some("1.04".parse()?));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_without_money_is_raised_by_a_word_or_stopped_with_what_is_good() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("quick budget=0.04").await?;
        first.asks().await?;
        ana.says_in(&first, "raise $5").await?;
        first.shows("*quick is done.*").await?;
        let second = ana.develops("quick budget=0.04").await?;
        let asked = second.asks().await?;
        ana.presses("Stop here", &asked).await?;
        second.shows("quick was stopped").await?;
        assert_eq!(second.result().await?, ["brief.txt"]);
        Ok(())
    })
    .await;
}
