//! The picture at the end of a thread: what did each stage cost, and how long did it take?

use crate::world::story;

#[tokio::test]
async fn a_thread_ends_with_a_picture_of_what_each_stage_cost() {
    story(async |w| {
        w.slack.grants_scope("files:write");
        let run = w.person("ana").develops("quick").await?;
        run.shows("[picture Cost and time by stage: quick, $0.09 in ").await?;
        run.shows("quick is done").await?;
        assert_eq!(w.slack.calls("files.completeUploadExternal").len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_whole_where_no_picture_may_be_sent() {
    story(async |w| {
        let run = w.person("ana").develops("quick").await?;
        run.shows("quick is done").await?;
        w.slack.called("files.getUploadURLExternal", 1).await?;
        let (code, said) = w.types(&["doctor"]).await?;
        assert!(said.contains("files:write missing: threads have no chart"), "{code} {said}");
        Ok(())
    })
    .await;
}
