//! `fix` tries until the checks are green: each iteration goes on from the one before and knows what was tried, and it gives up in time.

use std::fs;

use anyhow::Result;
use signoff::run::{Outcome, Usd};

use crate::world::{World, story};

/// Its agent comes one test nearer each time; the last stage of its pipeline says what green is.
const LEAKY: &str = r#"
name = "leaky"
agent = "script"
command = '''
cat > /tmp/prompt
n=$(($(cat tries 2>/dev/null || echo 0) + 1)); echo $n > tries
echo '{"type":"finished","end":"finished","cost_usd":"0.02","words":"I tried way '$n'."}'
'''

[[stage]]
name = "build"
prompt = "Build it."
checks = ["false"]

[[stage]]
name = "test"
prompt = "Test it."
timeout = "1m"
checks = ["sh check.sh"]
reports = { junit = "reports/junit.xml" }
"#;

/// Of five tests so many fail as iterations are missing.
const CHECK: &str = r#"
bad=$((3 - $(cat tries 2>/dev/null || echo 0))); mkdir -p reports
{
  echo '<testsuites>'
  for i in 1 2 3 4 5; do
    if [ $i -le $bad ]; then echo "<testcase name=\"line $i\"><failure message=\"crooked\"/></testcase>"; else echo "<testcase name=\"line $i\"/>"; fi
  done
  echo '</testsuites>'
} > reports/junit.xml
test $bad -le 0
"#;

/// What it says is always the same, whatever anybody tries.
const STUCK: &str = "echo the clock is late; exit 1\n";

async fn is_leaky(w: &World, check: &str) -> Result<()> {
    is_so(w, LEAKY, check).await
}

async fn is_so(w: &World, pipeline: &str, check: &str) -> Result<()> {
    let e2e = "test \"$(cat tries 2>/dev/null)\" = 3 || { echo no answer; exit 1; }\n";
    w.has_repository("leaky", [("check.sh", check), ("e2e.sh", e2e)])?;
    fs::write(w.folder.path().join("leaky.toml"), pipeline)?;
    w.has_settings("[project.leaky]\npipeline = \"leaky.toml\"\nrepository = \"leaky\"")?;
    w.serve_dies_and_comes_back().await
}

#[tokio::test]
async fn two_iterations_are_red_and_the_third_is_green() {
    story(async |w| {
        is_leaky(w, CHECK).await?;
        let ana = w.person("ana");
        let fix = "/develop fix leaky \"Fix rate limiting in OpenAI provider\"";
        let run = ana.starts(fix).await?;
        run.shows("✗ fix · iteration 1 · 2 of 5 tests failed → going on from there").await?;
        run.shows("✗ fix · iteration 2 · 1 of 5 tests failed → going on from there").await?;
        run.shows("✓ fix · iteration 3 · 5/5 tests").await?;
        run.shows("*leaky is done.* Resolved in 3 iterations. @ana").await?;
        let prompt = run.prompt("fix-3")?;
        for told in [
            "to be put right: Fix rate limiting in OpenAI provider",
            "- line 1: crooked",
            "In its own words: “I tried way 2.”",
            "- attempt 1: 2 of 5 tests failed (1 file, +1 −0) “I tried way 1.”",
        ] {
            assert!(prompt.contains(told), "{told}: {prompt}");
        }
        assert_eq!(run.result().await?, ["check.sh", "e2e.sh", "tries"]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_fails_in_the_same_way_three_times_is_asked_about() {
    story(async |w| {
        is_leaky(w, STUCK).await?;
        let ana = w.person("ana");
        let run = ana.starts("/develop fix leaky attempts=9 mend the clock").await?;
        run.shows("*fix of leaky has failed. What now?* @ana").await?;
        run.shows("3 iterations failed in the same way").await?;
        run.shows("✗ fix · iteration 3 · `sh check.sh` exited 1 → somebody has to say what now")
            .await?;
        w.worker.crashes().await?;
        ana.says_in(&run, "retry: mock the clock").await?;
        w.worker.comes_back()?;
        run.shows("✗ fix · iteration 4").await?;
        ana.says_in(&run, "stop").await?;
        run.shows("*leaky was stopped* by @ana").await?;
        run.shows("*Kept:* nothing").await?;
        assert_eq!(run.run().await?.stages[0].attempts.len(), 4);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_has_to_pass_is_shown_to_fail_first_and_is_then_one_of_the_checks() {
    story(async |w| {
        is_leaky(w, "true\n").await?;
        let words = ["fix", "leaky", "orders are lost", "until=sh e2e.sh", "budget=1", "--wait"];
        let (code, said) = w.types(&words).await?;
        assert_eq!(code, 0, "{said}");
        for line in [
            "It tries up to 5 times, until “sh e2e.sh” and the project's checks are green.",
            "○ fix · `sh e2e.sh` fails on the code as it is: exited 1",
            "✗ fix · iteration 2 · `sh e2e.sh` exited 1 → going on from there",
            "✓ fix · iteration 3",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let run = w.store.newest_runs(1).await?.remove(0);
        assert_eq!(run.outcome, Some(Outcome::Done));
        let status = w.types(&["status", run.id().as_str(), "--json"]).await?.1;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        assert_eq!(status["fix"]["until"], "sh e2e.sh");
        assert_eq!(status["stages"][0]["until"]["passed_at_first"], false);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_passes_already_pays_no_agent_before_somebody_says_so() {
    story(async |w| {
        is_leaky(w, CHECK).await?;
        let ana = w.person("ana");
        ana.says("/develop fix leaky until=test -e check.sh").await?;
        ana.is_told("between quotes").await?;
        let run = ana.starts("/develop fix leaky until=\"test -e check.sh\" lost orders").await?;
        run.shows("*fix of leaky has failed. What now?* @ana").await?;
        run.shows("*Nothing to fix*: `test -e check.sh` passes on the code as it is").await?;
        assert_eq!(run.run().await?.spent(), Usd::ZERO);
        ana.presses("Retry", &run).await?;
        run.shows("✗ fix · iteration 2 · 2 of 5 tests failed").await?;
        ana.says_in(&run, "stop").await?;
        run.shows("*leaky was stopped*").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn when_its_iterations_are_used_up_it_asks_and_red_work_is_no_result() {
    story(async |w| {
        is_leaky(w, CHECK).await?;
        let ana = w.person("ana");
        let run = ana.starts("/develop fix leaky attempts=2 lost orders").await?;
        run.shows("*fix of leaky has failed. What now?* @ana").await?;
        run.shows("2 iterations, the last: 1 of 5 tests failed").await?;
        ana.presses("Stop here", &run).await?;
        run.shows("*leaky was stopped*").await?;
        run.shows("*Kept:* nothing").await?;
        let again = ana.starts(&format!("/develop again {}", run.id)).await?;
        again.shows("✗ fix · iteration 2 · 1 of 5 tests failed").await?;
        assert_eq!(again.run().await?.request.fix, run.run().await?.request.fix);
        ana.says_in(&again, "stop").await?;
        again.shows("*leaky was stopped*").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_fix_asks_whoever_is_asked_about_the_projects_own_work() {
    story(async |w| {
        let gate = "checks = [\"false\"]\ngate = { on_reject = \"skip\" }";
        is_so(w, &LEAKY.replace("checks = [\"false\"]", gate), "true\n").await?;
        let ana = w.person("ana");
        let run = ana.starts("/develop fix leaky lost orders").await?;
        run.asks().await?.shows("fix").await?;
        ana.presses("Approve", &run).await?;
        run.shows("*leaky is done.*").await?;
        let other = ana.starts("/develop fix leaky lost orders").await?;
        other.asks().await?;
        ana.says_in(&other, "reject").await?;
        other.shows("*leaky was rejected* at fix by @ana").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_has_to_pass_is_tried_in_the_slot_of_its_attempt() {
    story(async |w| {
        is_leaky(w, "true\n").await?;
        w.has_settings_with(("[project.leaky]", "[queue]\nat_once = 1\n[project.leaky]"))?;
        let ana = w.person("ana");
        let run = ana.starts("/develop fix leaky until=\"sleep 4.32; sh e2e.sh\" orders").await?;
        w.until_alive("4.32").await?;
        let other = ana.starts("/develop fix leaky lost orders").await?;
        other.card().shows("1st of 1, because the only slot is busy").await?;
        ana.says_in(&run, "stop").await?;
        other.shows("*leaky is done.*").await?;
        Ok(())
    })
    .await;
}
