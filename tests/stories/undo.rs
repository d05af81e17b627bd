//! A run goes back to any of its snapshots, and back again: nothing is lost, and nothing is approved by what is gone.

use crate::world::story;

#[tokio::test]
async fn a_run_goes_back_two_stages_by_a_form_and_an_old_approval_counts_for_nothing() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("steps").await?;
        let asked = run.asks().await?;
        ana.presses("Approve", &asked).await?;
        run.shows("*Keep three of steps?*").await?;
        ana.presses("Roll back", &run.card()).await?;
        ana.fills("snapshot", "one-1")?;
        ana.fills("words", "use axum")?;
        ana.sends_the_form().await?;
        run.shows("not decided: @ana rolled the run back to one-1").await?;
        run.asks_again(2).await?;
        run.shows("two · attempt 2 · checks passed").await?;
        run.shows("left behind").await?;
        run.shows("*two of steps* · approved by @ana").await?;
        run.shows("*Keep two of steps?* @ana").await?;
        assert_eq!(run.git(&["show", "refs/signoff/two-2:two.txt"]).await?, "axum\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_rollback_is_undone_without_writing_anything_again_and_its_work_is_asked_about_again() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("steps").await?;
        ana.presses("Approve", &run.asks().await?).await?;
        run.shows("*Keep three of steps?*").await?;
        let (code, said) = w.types(&["rollback", run.id.as_str(), "start"]).await?;
        assert_eq!(code, 0, "{said}");
        run.asks_again(2).await?;
        w.worker.crashes().await?;
        ana.says_in(&run, "rollback undo").await?;
        w.worker.comes_back()?;
        let back = run.asks_again(3).await?;
        assert_eq!(back.stages[1].attempts.len(), 2, "the work of before is asked about");
        ana.says_in(&run, "approve").await?;
        let asked = run.becomes("asks about three again", |run| run.stages[2].rounds == 2).await?;
        assert_eq!(asked.stages[2].attempts.len(), 1);
        ana.says_in(&run, "approve").await?;
        run.shows("*steps is done.*").await?;
        assert_eq!(run.result().await?, ["README.md", "one.txt", "three.txt", "two.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_run_can_go_back_to_is_listed_and_only_that_is_taken() {
    story(async |w| {
        let [ana, eve] = w.people(["ana", "eve"]);
        let run = ana.develops("steps").await?;
        run.asks().await?;
        ana.says_in(&run, "rollback nowhere").await?;
        ana.is_told("Say to which snapshot").await?;
        ana.says_in(&run, "snapshots").await?;
        ana.is_told("`two-1` · asked about · 1 file +1 −0").await?;
        w.slack.makes_guest("eve")?;
        eve.says_in(&run, "rollback start").await?;
        eve.is_told("Only people of this workspace can see or decide this.").await?;
        let (code, said) = w.types(&["snapshots", run.id.as_str(), "--json"]).await?;
        assert!(code == 0 && said.contains(r#""fate":"kept"#), "{said}");
        Ok(())
    })
    .await;
}
