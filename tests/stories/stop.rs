//! A person stops a run, whatever it does.

use crate::world::story;

#[tokio::test]
async fn stopping_ends_the_agent_and_the_run() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        ana.says("/develop stop: enough for today").await?;
        run.shows("slow · stopped").await?;
        run.shows("enough for today").await?;
        w.until_dead(&format!("{}/wait-1/work", run.id)).await?;
        let desk = run.folder("wait-1");
        assert!(
            !desk.join("work").exists() && !desk.join("home").exists(),
            "its clone and its HOME are of no more use"
        );
        assert!(desk.join("prompt.txt").exists());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_an_agent_had_written_when_it_was_stopped_is_kept() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        std::fs::write(run.folder("wait-1/work/half.txt"), "half a st")?;
        ana.says("/develop stop").await?;
        run.shows("slow · stopped").await?;
        let stopped = run.run().await?;
        let (stage, attempt, snapshot) = stopped.unfinished().expect("its work");
        assert_eq!(
            (stage.name().as_str(), attempt.n, attempt.diff.as_ref().map(|diff| diff.files)),
            ("wait", 1, Some(1))
        );
        assert_eq!(
            run.git(&["show", &format!("{}:half.txt", snapshot.commit)]).await?,
            "half a st"
        );
        assert_eq!(run.git(&["rev-parse", "refs/signoff/wait-1"]).await?.trim(), snapshot.commit);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn only_the_starter_or_an_approver_stops_a_run() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        let run = ana.develops("guarded").await?;
        run.asks().await?;
        cleo.says("/develop stop").await?;
        cleo.is_told("can stop this run").await?;
        ana.says("/develop stop").await?;
        run.shows("guarded · stopped").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_names_no_run_stops_the_only_one_at_work_and_never_guesses() {
    story(async |w| {
        let ana = w.person("ana");
        let quick = ana.develops("quick hello").await?;
        quick.shows("quick is done").await?;
        ana.says("/develop stop").await?;
        ana.is_told("No run is at work in this channel").await?;
        let first = ana.develops("slow").await?;
        let rejected = ana.develops("tale").await?;
        ana.rejects(&rejected, "").await?;
        let second = ana.develops("paired").await?;
        second.asks().await?;
        ana.says("/develop stop").await?;
        ana.is_told("More than one run is at work here").await?;
        ana.says(&format!("/develop stop {}", second.id)).await?;
        ana.is_told("Stopped.").await?;
        second.shows("paired · stopped").await?;
        second.shows("the work of only attempt 1, good by its checks, is commit").await?;
        ana.says("/develop stop").await?;
        first.shows("slow · stopped").await?;
        Ok(())
    })
    .await;
}
