//! What an agent leaves and nobody can keep is its own mistake, which it may mend; it is paid once.

use crate::world::story;

#[tokio::test]
async fn a_file_that_git_refuses_is_named_and_the_next_attempt_mends_it() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("encoded").await?;
        run.shows("the work cannot be kept").await?;
        run.shows("app.rc").await?;
        run.shows("encoded is done").await?;
        let told = run.run().await?;
        assert_eq!(told.stages[0].attempts.len(), 2);
        assert_eq!(told.spent().to_string(), "$0.09", "both attempts, each once");
        assert_eq!(run.result().await?, [".gitattributes", "README.md", "app.rc"]);
        Ok(())
    })
    .await;
}
