//! What was approved is what happens, also where somebody reaches the machine: code and pipeline are read once more.

use sqlx::{Connection, PgConnection};

use crate::world::story;

#[tokio::test]
async fn code_that_was_exchanged_under_an_approval_is_not_built_on_and_not_delivered() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.gate_card().await?;
        let approved = run.run().await?.stages[0].attempts[0].clone();
        let (snapshot, base) = (approved.snapshot.expect("its work"), approved.base.expect("what it began with"));
        run.git(&["replace", &snapshot.commit, &base.commit]).await?;
        run.presses("ana", "Approve").await?;
        run.shows("what was approved is not what is here: the code is another").await?;
        run.shows("tale · failed").await?;
        let delivered = run.run().await?.delivered.expect("it was told");
        assert_eq!(delivered.note.as_deref(), Some("what was approved is not what is here: the code is another"));
        assert!(!delivered.pushed && run.result().await.is_err(), "there is no branch");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_that_was_exchanged_under_an_approval_tells_no_agent_anything() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.gate_card().await?;
        let mut database = PgConnection::connect(&w.worker.setting("DATABASE_URL")).await?;
        sqlx::raw_sql("update pipelines set body = replace(body, 'echo the end', 'echo another end')").execute(&mut database).await?;
        run.presses("ana", "Approve").await?;
        run.shows("what was approved is not what is here: the pipeline").await?;
        run.shows("tale · failed").await?;
        assert!(!w.runs_folder().join(run.id.as_str()).join("polish-1/prompt.txt").exists());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_does_not_have_the_run_leaves_it_to_one_that_does() {
    story(async |w| {
        let run = w.develops("ana", "tale").await?;
        run.gate_card().await?;
        let home = w.worker.setting("SIGNOFF_HOME");
        w.worker.crashes().await?;
        w.worker.will_have("SIGNOFF_HOME", &w.folder.path().join("elsewhere").display().to_string());
        w.worker.comes_back()?;
        run.presses("ana", "Approve").await?;
        w.worker.says("workers share SIGNOFF_HOME", 1).await?;
        w.worker.crashes().await?;
        w.worker.will_have("SIGNOFF_HOME", &home);
        w.worker.comes_back()?;
        run.shows("tale is done").await?;
        assert_eq!(run.result().await?, [".gitignore", "README.md", "check.sh", "draft.txt"]);
        Ok(())
    })
    .await;
}
