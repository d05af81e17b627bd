//! A setup that fails is nobody's bad work, unless somebody's work broke it.

use crate::world::story;

#[tokio::test]
async fn a_setup_that_fails_ends_the_run_as_itself_and_pays_no_agent() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("unready").await?;
        run.shows("*unready failed.* only: setup").await?;
        run.shows("exited 7: no such package").await?;
        run.shows("What setup said last").await?;
        let told = run.run().await?;
        assert_eq!(told.stages[0].attempts.len(), 1, "another agent would not help");
        assert_eq!(told.spent().to_string(), "$0.00");
        assert!(!run.folder("only-1/agent.jsonl").exists());
        let log = std::fs::read_to_string(run.folder("only-1/setup.log"))?;
        assert!(log.contains("no such package"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_setup_that_an_agent_broke_is_its_bad_attempt_and_it_is_told() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("breaking").await?;
        run.shows("this change breaks setup, which goes well without it: setup").await?;
        run.shows("breaking is done").await?;
        assert_eq!(run.result().await?, ["README.md", "x.txt"]);
        Ok(())
    })
    .await;
}
