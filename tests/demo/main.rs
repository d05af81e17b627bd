//! Does `signoff up --demo` do what its help says, with the real agent CLI and a scripted model?
//! Everything is on ports that are free and in a home of its own. Its stand-in for Slack, `local-slack`, listens on all
//! addresses of this machine where no box can be built. What the machine lacks is fetched into the cache, once.

mod corpus;
mod demo;
mod hostile;

use anyhow::{Result, ensure};
use serde_json::Value;

use demo::{Demo, ENDED_WITHIN, READY_WITHIN};

#[test]
fn the_demo_shows_a_rollback_an_approval_and_what_it_cost() -> Result<()> {
    let demo = Demo::starts(&[])?;
    let said = demo.ends_with(0)?;
    for line in the_whole_story() {
        ensure!(said.contains(line), "{line:?} is not in\n{said}");
    }
    ensure!(said.contains("TOTAL               1,194,807   $1.00"), "{said}");
    ensure!(said.contains("\nBox       "), "it does not say what confines: {said}");
    Ok(())
}

#[test]
fn the_demo_runs_where_nobody_can_knock_too() -> Result<()> {
    let demo = Demo::starts_with(&["--socket"], &[], &["up", "--demo"])?;
    let said = demo.ends_with(0)?;
    for line in the_whole_story() {
        ensure!(said.contains(line), "{line:?} is not in\n{said}");
    }
    Ok(())
}

#[test]
fn a_worker_that_is_killed_in_the_middle_changes_nothing_of_that() -> Result<()> {
    let demo = Demo::starts(&[])?;
    // A tool was used, and the agent goes on.
    demo.until(READY_WITHIN, || {
        demo.has_ended()
            || demo.log_of("streaming-2").is_some_and(|log| log.contains("\"tool_result\""))
    })?;
    demo.kills("worker")?;
    let said = demo.ends_with(0)?;
    ensure!(said.contains("worker was killed by signal 9"), "{said}");
    for line in the_whole_story() {
        ensure!(said.contains(line), "{line:?} is not in\n{said}");
    }
    ensure!(
        demo.lines_with("streaming · attempt 2 · 50/50").len() == 1,
        "one ledger, one row: {said}"
    );
    Ok(())
}

#[test]
fn a_demo_whose_every_attempt_fails_says_why_and_exits_4() -> Result<()> {
    let demo = Demo::starts(&[("SIGNOFF_REHEARSAL", "hopeless.toml")])?;
    let said = demo.ends_with(4)?;
    for line in [
        "scaffold · attempt 3",
        "no attempts left",
        "*scaffold of llm-wrapper has failed. What now?*",
        "*llm-wrapper was stopped*",
        "hopeless.test.js",
    ] {
        ensure!(said.contains(line), "{line:?} is not in\n{said}");
    }
    Ok(())
}

#[test]
fn an_attempt_that_has_to_wait_goes_on_in_the_same_session() -> Result<()> {
    let up = Demo::starts_with(&[], &[("SIGNOFF_REHEARSAL", "held-up.toml")], &["up"])?;
    up.until(READY_WITHIN, || up.said().contains("Ready.") || up.has_ended())?;
    let limited = up.develops(&["limited"])?;
    up.until(ENDED_WITHIN, || up.has_event(&limited, "paused"))?;
    up.kills("worker")?;
    let dear = up.develops(&["dear", "budget=$0.05"])?;
    up.until(ENDED_WITHIN, || up.has_event(&dear, "gate_opened"))?;
    up.types(&["raise", &dear, "5"])?;
    for (run, spent) in [(&limited, "0.004062"), (&dear, "0.0")] {
        up.until(ENDED_WITHIN, || up.has_event(run, "ended"))?;
        let status: Value = serde_json::from_str(&up.types(&["status", run, "--json"])?)?;
        ensure!(
            status["phase"] == "done" && status["stages"][0]["attempts"][1].is_null(),
            "{status}"
        );
        ensure!(status["spent_usd"].as_str().is_some_and(|usd| usd.starts_with(spent)), "{status}");
        ensure!(up.sessions(run)? == 1, "{run} had {} sessions", up.sessions(run)?);
    }
    Ok(())
}

/// What people saw in the end, whatever happened on the way.
fn the_whole_story() -> [&'static str; 11] {
    [
        "✓ scaffold · attempt 1 · 5/5 tests",
        "✓ core-implementation · attempt 1 · 33/33 tests",
        "✗ streaming · attempt 1 · 3 of 50 tests failed → back to the snapshot after core-implementation, trying another way",
        "✓ streaming · attempt 2 · 50/50 tests",
        "✓ error-handling · attempt 1 · 64/64 tests",
        "✓ testing · attempt 1 · 79/79 tests",
        "✓ documentation · attempt 1 · 79/79 tests",
        "*core-implementation of llm-wrapper* · approved by @ana",
        "*llm-wrapper is done.* All 6 stages are good.",
        "Stage                  Tokens    Cost  Share",
        "38 files +1,567 −0 · 79/79 tests · 100 % coverage",
    ]
}
