//! What happened can be looked at afterwards: logs, diffs, failures, two runs side by side, and what Temporal has recorded.

use std::fs;

use serde_json::Value;

use crate::world::story;

#[tokio::test]
async fn a_history_is_saved_and_a_program_that_would_do_otherwise_is_found_by_it() {
    story(async |w| {
        let run = w.person("ana").develops("tale").await?;
        run.asks().await?;
        let (id, file) = (run.id.as_str(), format!("{}.history.json", run.id));
        let (code, said) = w.types(&["history", id]).await?;
        assert!(code == 0 && said.contains(&file), "{said}");
        let (code, said) = w.types(&["replay", id]).await?;
        assert!(code == 0 && said.contains("The same"), "of a run that is open: {said}");
        let nowhere = [("DATABASE_URL", ""), ("TEMPORAL_ADDRESS", "127.0.0.1:1")];
        assert_eq!(w.types_with(&nowhere, &["replay", &file]).await?.0, 0);
        let at = w.folder.path().join(&file);
        let other =
            fs::read_to_string(&at)?.replacen(r#"{"name":"check"}"#, r#"{"name":"taste"}"#, 1);
        fs::write(&at, other)?;
        let (code, said) = w.types_with(&nowhere, &["--json", "replay", &file]).await?;
        // Behind it the replayer warns of it, on standard error.
        let told: Value = serde_json::from_str(said.lines().next().unwrap_or_default())?;
        assert_eq!((code, &told["outcome"]), (4, &"differs".into()), "{told}");
        assert_eq!(told["recorded"], "ActivityTaskScheduled taste");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_has_no_history_says_what_to_do_instead() {
    story(async |w| {
        let run = w.person("ana").develops("quick").await?;
        run.shows("quick is done").await?;
        let (code, said) = w.types(&["replay", run.id.as_str()]).await?;
        assert!(code == 0 && said.contains("The same"), "of a run that is over: {said}");
        fs::write(w.folder.path().join("none.json"), r#"{"events":[]}"#)?;
        let (code, said) = w.types(&["replay", "none.json"]).await?;
        assert!(code == 2 && said.contains("no history of a run"), "{said}");
        let (code, said) = w.types(&["replay", "gone.json"]).await?;
        assert!(code == 2 && said.contains("`signoff history <run>` saves one"), "{said}");
        assert_eq!(w.types(&["history", "nobody-k3f9qdz"]).await?.0, 2);
        let away = [("TEMPORAL_ADDRESS", "127.0.0.1:1")];
        let (code, said) = w.types_with(&away, &["history", run.id.as_str()]).await?;
        assert!(code == 5 && said.contains("TEMPORAL_ADDRESS"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn failures_are_told_by_what_they_have_in_common_and_by_what_helped() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("falling").await?;
        run.shows("*draft of falling has failed. What now?*").await?;
        ana.says_in(&run, "retry: try harder").await?;
        run.shows("*extra of falling has failed. What now?*").await?;
        ana.says_in(&run, "skip").await?;
        run.shows("*falling is done.*").await?;
        ana.says("@signoff failures").await?;
        ana.is_told("*3 attempts* failed in the last 30 days, in 1 run: 1 ended well.").await?;
        ana.is_told("*how*: The checks are red 2 · Out of time 1").await?;
        ana.is_told("• 1 × it did not finish in # s").await?;
        ana.is_told("the next attempt 0 of 1 · a note 1 of 1 · without the stage 1 of 1").await?;
        let (_, said) = w.types(&["failures", "falling", "1w", "--json"]).await?;
        let report: Value = serde_json::from_str(&said)?;
        assert_eq!(report["stages"][0]["name"], "draft", "{report}");
        let (code, said) = w.types(&["failures", "quick"]).await?;
        assert!(code == 0 && said.contains("No attempt of quick has failed"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_logs_of_an_attempt_are_followed_until_it_has_ended() {
    story(async |w| {
        let run = w.person("ana").develops("slow").await?;
        run.shows("now “Waiting for a sign”").await?;
        let id = run.id.as_str();
        let (code, said) = w.types(&["logs", id]).await?;
        assert!(
            code == 0 && said.contains("==> wait-1/agent.jsonl <==\n→ Waiting for a sign"),
            "{said}"
        );
        let follow = ["logs", id, "--follow"];
        let (followed, signed) = tokio::join!(w.types(&follow), run.gets_its_sign());
        signed?;
        assert!(followed?.1.contains("is done: “I wrote it.”"));
        let (_, said) = w.types(&["logs", id, "wait", "--file", "prompt"]).await?;
        assert!(said.contains("rm go; echo done > done.txt"), "{said}");
        let (code, said) = w.types(&["logs", id, "weit"]).await?;
        assert!(code == 2 && said.contains("Did you mean wait?"), "{said}");
        let (code, said) = w.types_with(&[("SIGNOFF_HOME", "elsewhere")], &["logs", id]).await?;
        assert!(code == 5 && said.contains("set SIGNOFF_HOME to that of the worker"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_stage_an_attempt_and_a_whole_run_changed_are_patches() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        let id = run.id.as_str();
        let (_, draft) = w.types(&["diff", id, "draft"]).await?;
        assert!(draft.contains("+++ b/draft.txt\n@@ -0,0 +1 @@\n+once upon a time"), "{draft}");
        let (_, bad) = w.types(&["diff", id, "polish", "--attempt", "1"]).await?;
        assert!(bad.contains("+scribble"), "{bad}");
        let (_, stat) = w.types(&["diff", id, "polish", "--stat"]).await?;
        assert!(!stat.contains("scribble") && stat.contains(" draft.txt "), "{stat}");
        let (code, whole) = w.types(&["diff", id]).await?;
        assert!(code == 0 && whole.contains("+the end") && whole.contains("+once upon"), "{whole}");
        let (code, said) = w.types(&["diff", id, "draft", "--since", "round"]).await?;
        assert!(code == 2 && said.contains("all of it is new"), "{said}");
        let elsewhere = [("SIGNOFF_HOME", "elsewhere")];
        assert_eq!(w.types_with(&elsewhere, &["diff", id, "draft"]).await?.1, draft);
        let (code, said) = w.types_with(&elsewhere, &["diff", id]).await?;
        assert!(code == 5 && said.contains("name a stage"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_and_the_one_that_does_it_again_are_compared_and_name_each_other() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("stubborn").await?;
        first.shows("stubborn failed").await?;
        w.has_stages_with("stubborn", ("echo it cannot be; exit 3", "test -s never.txt"))?;
        let again = ana.starts(&format!("/develop again {} from never", first.id)).await?;
        again.shows("*stubborn is done.*").await?;
        ana.says(&format!("/develop compare {} {}", first.id, again.id)).await?;
        ana.is_told("Their code differs in 1 file +1 −0, from the first to the second.").await?;
        let both = [first.id.as_str(), again.id.as_str()];
        let (_, said) = w.types(&["--json", "compare", both[0], both[1]]).await?;
        let compared: Value = serde_json::from_str(&said)?;
        assert_eq!(compared["stages"][1]["of"][0]["attempts"], 2, "{compared}");
        assert_eq!(compared["stages"][0]["of"][1]["taken_over"], true, "{compared}");
        let (_, patch) = w.types(&["compare", both[0], both[1], "--diff"]).await?;
        assert!(patch.contains("+++ b/never.txt"), "{patch}");
        let (_, said) = w.types(&["--json", "status", both[0]]).await?;
        assert_eq!(serde_json::from_str::<Value>(&said)?["again_by"][0], both[1]);
        assert!(first.page().await?.contains("Done again as"));
        assert!(again.page().await?.contains("once more"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_page_of_a_run_leads_to_the_work_and_the_logs_of_what_failed() {
    story(async |w| {
        let run = w.person("ana").develops("stubborn").await?;
        run.shows("stubborn failed").await?;
        let page = run.page().await?;
        let logs = w.page(&run.link_in(&page, "/logs/never/1")?).await?;
        assert!(logs.contains("Checks") && logs.contains("it cannot be"), "{logs}");
        assert!(logs.contains("What the agent did") && logs.contains("is done: “I wrote it.”"));
        let diff = w.page(&run.link_in(&page, "/diff/never/1-")?).await?;
        assert!(diff.contains("+again"), "{diff}");
        Ok(())
    })
    .await;
}
