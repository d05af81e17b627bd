//! A stage that has failed asks what becomes of it, and goes on as somebody says.

use std::fs;

use signoff::run::{AttemptOutcome, Outcome, StagePhase, Trouble};

use crate::world::story;

/// Whatever the trouble was: the card says what kind it is, the worker dies while it waits, and an answer brings the run to a good end.
async fn is_recovered_from(trouble: &str, kind: &str) {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops(&format!("troubled {trouble}")).await?;
        run.shows("*only of troubled has failed. What now?* @ana").await?;
        run.shows(&format!("*{kind}*: ")).await?;
        w.worker.crashes().await?;
        ana.presses("Retry with a note", &run).await?;
        ana.fills("words", "all is well")?;
        ana.sends_the_form().await?;
        w.worker.comes_back()?;
        // A busy provider is given time, whoever asks.
        run.becomes("over", |run| run.outcome.is_some()).await?;
        run.shows("*troubled is done.*").await?;
        assert_eq!(run.result().await?, ["x.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn red_checks_are_recovered_from() {
    is_recovered_from("lazy", "The checks are red").await;
}

#[tokio::test]
async fn an_agent_that_stumbled_is_recovered_from() {
    is_recovered_from("agent", "The agent stumbled").await;
}

#[tokio::test]
async fn an_agent_that_was_out_of_time_is_recovered_from() {
    is_recovered_from("slow", "Out of time").await;
}

#[tokio::test]
async fn a_busy_provider_is_recovered_from() {
    is_recovered_from("model_busy", "The model's provider was busy").await;
}

#[tokio::test]
async fn a_setup_that_is_not_right_is_recovered_from() {
    is_recovered_from("setup", "The setup is not right").await;
}

#[tokio::test]
async fn a_providers_quota_that_is_used_up_is_recovered_from() {
    is_recovered_from("budget", "The setup is not right").await;
}

/// Where the budget is Signoff's own, it asks for money instead.
#[tokio::test]
async fn a_budget_that_is_spent_is_raised_though_the_worker_died_while_it_asked() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("quick budget=0.04").await?;
        run.shows("$0.04 of $0.04 is spent").await?;
        w.worker.crashes().await?;
        ana.says_in(&run, "raise $1").await?;
        w.worker.comes_back()?;
        run.shows("raised by $1.00 by @ana").await?;
        run.shows("*quick is done.*").await?;
        Ok(())
    })
    .await;
}

/// What only an operator can mend is no card of a person's: the run waits for a worker that is let in.
#[tokio::test]
async fn a_provider_that_lets_nobody_in_is_waited_for_though_the_worker_died_meanwhile() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_settings("[project.signing]\npipeline = \"signing.toml\"")?;
        let signing = "name = \"signing\"\nagent = \"claude\"\n[[stage]]\nname = \"only\"\nprompt = \"sign in\"\nchecks = [\"true\"]\n";
        fs::write(w.folder.path().join("signing.toml"), signing)?;
        w.worker_has_claude(REFUSED).await?;
        let run = ana.develops("signing").await?;
        run.card().shows("*No worker can go on* with only").await?;
        run.card().shows("the model's provider lets nobody in").await?;
        w.worker_has_claude(LET_IN).await?;
        run.becomes("over", |run| run.outcome.is_some()).await?;
        run.shows("*signing is done.*").await?;
        let attempts = run.run().await?.stages.remove(0).attempts;
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(outcomes, [AttemptOutcome::Good]);
        Ok(())
    })
    .await;
}

/// The agent's program, as far as its provider matters.
const REFUSED: &str = r#"echo '{"type":"system","subtype":"init","session_id":"s","permissionMode":"bypassPermissions"}'
echo '{"type":"system","subtype":"api_retry","error":"authentication_failed","error_status":401,"attempt":1}'"#;
const LET_IN: &str = r#"echo '{"type":"system","subtype":"init","session_id":"s","permissionMode":"bypassPermissions"}'
echo x > x.txt
echo '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","result":"Done."}'"#;

#[tokio::test]
async fn a_stage_that_has_failed_is_tried_again_with_a_note_and_left_out_by_a_tap() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("falling").await?;
        run.shows("*draft of falling has failed. What now?* @ana").await?;
        run.shows("*Out of time*: it did not finish in 6 s").await?;
        run.shows("• attempt 1: `test -s draft.txt` exited 1").await?;
        run.shows("no stage is good yet").await?;
        ana.says_in(&run, "skip").await?;
        ana.is_told("extra builds on this stage").await?;
        ana.presses("Retry with a note", &run).await?;
        ana.fills("words", "try harder")?;
        ana.sends_the_form().await?;
        run.shows("*draft of falling* · tried again by @ana").await?;
        run.shows("> try harder").await?;
        run.shows("*extra of falling has failed. What now?*").await?;
        run.shows("good is what draft left").await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        ana.presses("Skip", &run).await?;
        ana.is_asked("Leave it out?").await?;
        ana.confirms().await?;
        run.shows("left out by @ana within a minute; the run goes on without it").await?;
        run.shows("*falling is done.* 1 of 2 stages is good.").await?;
        let over = run.run().await?;
        assert_eq!(over.outcome, Some(Outcome::Done));
        let phases: Vec<_> = over.stages.iter().map(|stage| stage.phase).collect();
        assert_eq!(phases, [StagePhase::Good, StagePhase::Undone]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_was_too_big_is_done_in_parts_each_with_a_snapshot_of_its_own() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("big").await?;
        run.shows("*whole of big has failed. What now?* @ana").await?;
        ana.presses("Smaller steps", &run).await?;
        run.shows("*whole of big* · tried again in smaller steps by @ana").await?;
        run.shows("✗ whole · attempt 2 · part 1 of 2: write one").await?;
        run.shows("part 2 of 2: write two is next").await?;
        run.shows("*big is done.*").await?;
        assert_eq!(run.git(&["show", "refs/signoff/whole-2:one.txt"]).await?, "1\n");
        assert_eq!(run.result().await?, ["README.md", "one.txt", "two.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_was_out_of_time_has_more_when_somebody_says_so_at_a_shell() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("falling").await?;
        run.shows("*Out of time*: it did not finish in 6 s").await?;
        let (code, said) = w.types(&["retry", run.id.as_str(), "model=gpt-0"]).await?;
        assert!(code == 3 && said.contains("does not offer gpt-0"), "{code} {said}");
        let (code, said) = w.types(&["retry", run.id.as_str(), "longer"]).await?;
        assert_eq!(code, 0, "{said}");
        run.shows("tried again with more time by").await?;
        run.shows("*extra of falling has failed. What now?*").await?;
        ana.says_in(&run, "stop").await?;
        run.shows("*falling was stopped* by @ana").await?;
        run.shows("*Kept:* the work of draft.").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_is_done_again_from_a_stage_and_what_was_good_is_not_paid_again() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("stubborn").await?;
        first.shows("stubborn failed").await?;
        first.shows(&format!("`/develop again {} from never`", first.id)).await?;
        ana.says(&format!("/develop again {} from nothing", first.id)).await?;
        ana.is_told("stubborn has no stage `nothing`").await?;
        w.has_stages_with("stubborn", ("echo it cannot be; exit 3", "test -s never.txt"))?;
        let again = ana.starts(&format!("/develop again {} from never use less", first.id)).await?;
        again.shows("✓ good · taken over").await?;
        again.shows("once more, good taken over and not paid again").await?;
        again.shows("*stubborn is done.* All 2 stages are good.").await?;
        let (before, after) = (first.run().await?, again.run().await?);
        assert_eq!(after.request.brief, "use less");
        assert_eq!(after.spent(), before.stages[1].attempts[0].cost_usd, "one attempt");
        assert_eq!(again.result().await?, ["README.md", "fine.txt", "never.txt"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_bad_end_is_done_again_by_a_form() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("stubborn be brief").await?;
        let end = w.slack.at(&first.shows("*stubborn failed.*").await?);
        ana.presses("Do it again", &end).await?;
        ana.sees_form("Do it again").await?;
        ana.fills("budget", "lots")?;
        ana.sends_the_form().await?;
        ana.is_corrected("budget", "is no amount").await?;
        w.has_stages_with("stubborn", ("echo it cannot be; exit 3", "test -s never.txt"))?;
        ana.fills("budget", "$3")?;
        ana.fills("brief", "be clear")?;
        ana.fills("note", "use less")?;
        ana.sends_the_form().await?;
        w.slack.again(2).await?;
        ana.sees_no_form().await?;
        ana.is_told("once more, good taken over and not paid again").await?;
        w.slack.shows("dev", "stubborn · done").await?;
        let runs = w.store.newest_runs(10).await?;
        assert_eq!(runs.len(), 2, "a form that comes twice is one run");
        assert_eq!(runs[0].request.brief, "be clear\n\nuse less");
        assert_eq!(runs[0].request.again.as_ref().map(|it| &it.run), Some(&first.id));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_is_done_otherwise_now_is_told_in_the_form() {
    story(async |w| {
        let ana = w.person("ana");
        let first = ana.develops("stubborn").await?;
        first.shows("stubborn failed").await?;
        w.has_stages_with("stubborn", (r#"["true"]"#, r#"["test -s fine.txt"]"#))?;
        ana.says("/develop again").await?;
        ana.sees_form("Do it again").await?;
        ana.sends_the_form().await?;
        ana.is_corrected("from", "good is done otherwise now").await?;
        ana.closes_the_form().await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_says_nothing_any_more_is_ended_and_the_next_one_knows() {
    story(async |w| {
        w.has_settings("[breakers]\nstall = \"2s\"\n")?;
        let ana = w.person("ana");
        let run = ana.develops("stalling").await?;
        run.shows("stalled: it said nothing for 2 s").await?;
        run.shows("*stalling is done.*").await?;
        let over = run.run().await?;
        let first = &over.stages[0].attempts[0];
        assert_eq!(first.trouble, Some(Trouble::Stall));
        assert!(first.snapshot.is_some(), "what it had written is kept");
        assert!(first.feedback.as_deref().is_some_and(|it| it.contains("I start the server")));
        assert_eq!(run.result().await?, ["README.md", "x.txt"]);
        Ok(())
    })
    .await;
}
