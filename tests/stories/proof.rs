//! A green check is no proof where a test cannot fail, or where tests went away: people are told which.

use serde_json::Value;

use crate::world::story;

#[tokio::test]
async fn a_new_test_that_cannot_fail_is_told_from_one_that_can() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("proving").await?;
        let asked = run.asks().await?;
        asked.shows("2 new tests; 1 fails without the change, 1 passes").await?;
        asked.shows("1 of 2 new tests passes without the change: `is-there`").await?;
        run.shows("greet · attempt 1 · 2/2 tests · 2 new, 1 passes without the change").await?;
        let (_, status) = w.types(&["--json", "status", run.id.as_str()]).await?;
        let status: Value = serde_json::from_str(&status)?;
        let proof = &status["stages"][0]["attempts"][0]["red_green"];
        assert_eq!(
            (&proof["new"], &proof["fail"], &proof["names"][0]),
            (&2.into(), &1.into(), &"is-there".into())
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_tests_no_longer_say_is_said_by_name() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("proving").await?;
        ana.presses("Approve", &run).await?;
        run.shows("1 new test; 1 fails without the change").await?;
        run.shows("1 test removed: `is-there`").await?;
        run.shows("1 test file deleted: `test/is-there.sh`").await?;
        run.shows("1 test weakened: `test_sum.py › test_sum (1 assertion fewer)`").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_test_that_takes_too_long_on_the_code_before_harms_no_attempt() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("lingering").await?;
        let asked = run.asks().await?;
        asked
            .shows("1 new test; whether it fails without the change is not known: it took too long")
            .await?;
        run.shows("✓ only · attempt 1 · 1/1 tests · 2 files").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_the_tests_on_the_code_before() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("held-up").await?;
        w.until_alive("sleep\u{0}62.5").await?;
        ana.says_in(&run, "stop").await?;
        w.until_dead("sleep\u{0}62.5").await?;
        run.shows("held-up was stopped").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stage_that_does_not_want_it_says_nothing_of_it() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("trusting").await?;
        run.asks().await?.shows("1/1 tests").await?;
        assert!(!run.folder("only-1/checks-red-green.log").exists());
        assert!(!run.transcript().contains("without the change"));
        Ok(())
    })
    .await;
}
