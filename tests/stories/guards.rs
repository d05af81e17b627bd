//! What was approved is what happens, also where somebody reaches the machine: code and pipeline are read once more.

use anyhow::Result;
use signoff::run::PipelineText;
use sqlx::{Connection, PgConnection};

use crate::world::{RunOf, story};

/// Whoever reaches the machine puts what the run began with in the place of what it asks about.
async fn exchange_the_code(run: &RunOf<'_>) -> Result<()> {
    let approved = run.run().await?.stages[0].attempts[0].clone();
    let (snapshot, base) =
        (approved.snapshot.expect("its work"), approved.base.expect("what it began with"));
    run.git(&["replace", &snapshot.commit, &base.commit]).await.map(drop)
}

#[tokio::test]
async fn code_that_was_exchanged_under_an_approval_is_not_built_on_and_not_delivered() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        exchange_the_code(&run).await?;
        ana.presses("Approve", &run).await?;
        run.shows("what was approved is not what is here: the code is another").await?;
        run.shows("tale · failed").await?;
        let delivered = run.run().await?.delivered.expect("it was told");
        assert_eq!(
            delivered.note.as_deref(),
            Some("what was approved is not what is here: the code is another")
        );
        assert!(!delivered.pushed && run.result().await.is_err(), "there is no branch");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_result_that_is_not_what_was_approved_ends_the_run_failed() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("sly").await?;
        run.asks().await?;
        exchange_the_code(&run).await?;
        ana.presses("Approve", &run).await?;
        run.shows("*sly failed.* the result could not be delivered: what was approved").await?;
        run.shows("*The code* was delivered nowhere").await?;
        assert!(!run.transcript().contains("git clone"), "{}", run.transcript());
        let (_, told) = w.types(&["status", run.id.as_str(), "--json"]).await?;
        assert!(
            told.contains(r#""phase":"failed""#) && told.contains(r#""branch":null"#),
            "{told}"
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_that_was_exchanged_under_an_approval_tells_no_agent_anything() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let mut database = PgConnection::connect(&w.worker.setting("DATABASE_URL")).await?;
        sqlx::raw_sql(
            "update pipelines set body = replace(body, 'echo the end', 'echo another end')",
        )
        .execute(&mut database)
        .await?;
        ana.presses("Approve", &run).await?;
        run.shows("what was approved is not what is here: the pipeline").await?;
        run.shows("tale · failed").await?;
        assert!(!run.folder("polish-1/prompt.txt").exists());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_does_not_have_the_run_leaves_it_to_one_that_does() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let home = w.worker.setting("SIGNOFF_HOME");
        w.worker.crashes().await?;
        w.worker
            .will_have("SIGNOFF_HOME", &w.folder.path().join("elsewhere").display().to_string());
        w.worker.comes_back()?;
        ana.presses("Approve", &run).await?;
        w.worker.says("workers share SIGNOFF_ARTIFACTS", 1).await?;
        w.worker.crashes().await?;
        w.worker.will_have("SIGNOFF_HOME", &home);
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        assert_eq!(run.result().await?, [".gitignore", "README.md", "check.sh", "draft.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_that_an_agent_leaves_in_the_repository_takes_no_question_away() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("sly").await?;
        ana.presses("Approve", &first).await?;
        first.shows("sly is done").await?;
        first.is_merged().await?;
        w.serve_dies_and_comes_back().await?;
        let second = ana.develops("sly").await?;
        ana.presses("Approve", &second).await?;
        second.shows("sly is done").await?;
        assert_eq!(second.run().await?.decisions.len(), 1, "it was asked about as well");
        let left = second.git(&["show", "refs/signoff/base:sly.toml"]).await?;
        assert!(
            PipelineText::parse("sly.toml", &left).is_ok() && !left.contains("gate"),
            "it began with a pipeline that asks nobody: {left}"
        );
        assert_eq!(second.result().await?, ["README.md", "signoff.toml", "sly.toml", "x.txt"]);
        Ok(())
    })
    .await;
}
