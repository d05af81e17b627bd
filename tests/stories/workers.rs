//! Whose fault decides who pays: what a worker lacks is no attempt's fault, and the operator can mend it.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;
use signoff::run::AttemptOutcome;

use crate::world::story;

#[tokio::test]
async fn a_worker_that_lacks_something_hands_a_run_to_one_that_has_it() {
    story(async |w| {
        let ana = w.person("ana");
        let bare = w.has_only_a_bare_worker().await?;
        let run = ana.develops("quick").await?;
        bare.says(&format!("hands {} back: no box can be built here", run.id), 1).await?;
        w.worker.comes_back()?;
        run.shows("quick is done").await?;
        let attempts = run.run().await?.stages.into_iter().flat_map(|stage| stage.attempts);
        let attempts: Vec<_> = attempts.map(|attempt| (attempt.n, attempt.outcome)).collect();
        assert_eq!(attempts, [(1, AttemptOutcome::Good), (1, AttemptOutcome::Good)]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn where_no_worker_can_go_on_the_run_waits_says_for_what_and_goes_on_by_itself() {
    story(async |w| {
        let ana = w.person("ana");
        let _bare = w.has_only_a_bare_worker().await?;
        let run = ana.develops("quick").await?;
        run.card().shows("*No worker can go on* with only").await?;
        run.card().shows("no box can be built here").await?;
        run.shows("waits for a worker since").await?;
        let (_, doctor) = w.types(&["doctor"]).await?;
        assert!(doctor.contains(&format!("{} waits since", run.id)), "{doctor}");
        let (_, waiting) = w.types(&["--json", "waiting"]).await?;
        assert_eq!(serde_json::from_str::<Value>(&waiting)?["kind"], "worker", "{waiting}");
        w.worker.comes_back()?;
        run.shows("quick is done").await?;
        assert_eq!(run.result().await?, ["brief.txt", "more.txt"]);
        assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_waits_for_a_worker_outlives_the_worker_that_could_not_go_on() {
    story(async |w| {
        let ana = w.person("ana");
        let bare = w.has_only_a_bare_worker().await?;
        let run = ana.develops("quick").await?;
        run.card().shows("*No worker can go on* with only").await?;
        bare.crashes().await?;
        w.worker.comes_back()?;
        run.shows("quick is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_waits_for_a_worker_is_stopped_at_once() {
    story(async |w| {
        let ana = w.person("ana");
        let _bare = w.has_only_a_bare_worker().await?;
        let run = ana.develops("quick").await?;
        run.card().shows("*No worker can go on* with only").await?;
        ana.says("/develop stop: not today").await?;
        run.card().shows("quick · stopped").await?;
        assert!(w.store.runs_without_worker(None, 9).await?.is_empty());
        w.worker.comes_back()?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn work_that_was_written_is_checked_when_a_worker_with_a_box_is_there_and_not_paid_again() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        let bare = w.bare_worker()?;
        bare.says("worker takes runs", 1).await?;
        run.gets_its_sign().await?;
        ana.presses("Approve", &run).await?;
        run.shows("slow is done").await?;
        let run = run.run().await?;
        assert!(run.stages.iter().all(|stage| stage.attempts.len() == 1));
        assert_eq!(run.spent().to_string(), "$0.09", "each of its agents was paid once");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_program_that_is_missing_or_broken_is_no_attempts_fault_and_is_seen_when_it_comes() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_settings("[project.demo]\npipeline = \"llm-wrapper\"")?;
        let _bare = w.has_only_a_bare_worker().await?;
        let run = ana.develops("demo").await?;
        run.card().shows("the claude program is not here").await?;
        w.bare_machine_gets("claude", "#!/bin/sh\necho no such library >&2\nexit 127\n")?;
        run.card().shows("the agent's program does not work").await?;
        run.card().shows("no such library").await?;
        let told = run.run().await?;
        assert_eq!(told.stages[0].attempts.len(), 1);
        assert_eq!(told.stages[0].attempts[0].outcome, AttemptOutcome::Running);
        ana.says("/develop stop").await?;
        run.card().shows("demo · stopped").await?;
        w.worker.comes_back()?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_for_a_real_model_waits_for_a_worker_with_a_key() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_settings("[project.demo]\npipeline = \"llm-wrapper\"")?;
        w.serve.will_have("ANTHROPIC_API_KEY", "sk-of-nobody");
        w.serve_dies_and_comes_back().await?;
        let run = ana.develops("demo").await?;
        run.card().shows("this worker has no ANTHROPIC_API_KEY").await?;
        ana.says("/develop stop").await?;
        run.card().shows("demo · stopped").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_costs_no_attempt() {
    story(async |w| {
        let ana = w.person("ana");
        w.worker.crashes().await?;
        let run = ana.develops("quick").await?;
        fs::create_dir_all(run.folder("only-1"))?;
        let (prompt, room) = (run.folder("only-1/prompt.txt"), run.folder("room"));
        symlink("/dev/full", &prompt)?;
        symlink("/dev/full", &room)?;
        w.worker.comes_back()?;
        run.card().shows("the disk is full or cannot be written").await?;
        fs::remove_file(&prompt)?;
        fs::remove_file(&room)?;
        run.shows("quick is done").await?;
        assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
        Ok(())
    })
    .await;
}
