//! Stages of one run whose needs are met are done side by side, and merged each in its turn.

use std::fs;

use anyhow::{Context, Result};
use signoff::run::{Outcome, Run, RunId};

use crate::world::{AGENT, RunOf, World, story, wait};

/// A well and a mill are built beside each other; both want to stand in the middle of the map, and the feast needs both.
const VILLAGE: &str = r#"
[[stage]]
name = "plan"
timeout = "1m"
checks = ["test -s map.txt"]
prompt = "do: echo meadow > map.txt"

[[stage]]
name = "well"
needs = ["plan"]
parallel = true
timeout = "1m"
attempts = 1
recovery = true
checks = ["grep -q well map.txt"]
prompt = """
{{feedback}}
do: WELL
"""

[[stage]]
name = "mill"
needs = ["plan"]
parallel = true
timeout = "1m"
attempts = 3
gate = true
checks = ["grep -q mill map.txt"]
prompt = """
{{feedback}}
do: if grep -q 'done[ ]beside others' /tmp/prompt; then sed -i '/^[<=>|]\\{7\\}/d' map.txt; else MILL; fi
"""

[[stage]]
name = "feast"
needs = ["well", "mill"]
timeout = "1m"
recovery = false
checks = ["test -s feast.txt"]
prompt = "do: cat map.txt > feast.txt"
"#;

const WELL: &str = "sleep 1; echo well >> map.txt";
const MILL: &str = "sleep 1; echo mill >> map.txt";

/// A village is built, with these instructions for its well and its mill.
async fn builds<'w>(w: &'w World, said: &str, (well, mill): (&str, &str)) -> Result<RunOf<'w>> {
    let text = VILLAGE.replace("WELL", well).replace("MILL", mill);
    fs::write(w.folder.path().join("village.toml"), format!("name = \"village\"\n{AGENT}{text}"))?;
    w.has_settings("[project.village]\npipeline = \"village.toml\"\nrepository = \"repository\"")?;
    w.serve_dies_and_comes_back().await?;
    w.person("ana").develops(said).await
}

/// The run that does this stage.
async fn side_run(w: &World, run: &Run, stage: &str) -> Result<Run> {
    let stage = run.stage(&stage.parse()?).context("no such stage")?;
    let id: &RunId = &stage.side_run().context("it is not done beside others")?.run;
    w.store.run(id).await?.context("a run that is known")
}

#[tokio::test]
async fn stages_whose_needs_are_met_are_done_at_once_and_made_to_fit() {
    story(async |w| {
        let run = builds(w, "village", (WELL, MILL)).await?;
        run.card().shows("◐ *well* · beside the others").await?;
        run.card().shows("◐ *mill* · beside the others").await?;
        let (done, status) = w.types(&["status", "village"]).await?;
        assert!(done == 0 && !status.contains("again") && !status.contains("more"), "{status}");
        run.shows("✓ well · beside the others · attempt 1").await?;
        run.shows("✓ well · merge").await?;
        run.shows("✗ mill · merge · conflicts in map.txt → its agent makes it fit").await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        run.shows("*Keep mill of village?*").await?;
        w.person("ana").presses("Approve", &run).await?;
        run.shows("*village is done.* All 4 stages are good.").await?;
        assert_eq!(
            run.git(&["show", &format!("signoff/{}:feast.txt", run.id)]).await?,
            "meadow\nwell\nmill\n"
        );
        let known = run.run().await?;
        let mill = side_run(w, &known, "mill").await?;
        assert_eq!((mill.outcome, mill.delivered), (Some(Outcome::Done), None));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stage_that_is_not_good_beside_others_asks_in_its_turn() {
    story(async |w| {
        let ana = w.person("ana");
        let well = "if grep -q 'exited[ ]1' /tmp/prompt; then echo well >> map.txt; fi";
        let run =
            builds(w, "village", (well, "echo mill > mill.txt; cat mill.txt >> map.txt")).await?;
        run.shows("*well of village has failed. What now?*").await?;
        run.shows("✗ well · beside the others · `grep -q well map.txt` exited 1").await?;
        run.card().shows("○ *mill* · good, to be merged").await?;
        ana.presses("Retry", &run).await?;
        run.shows("✓ well · attempt 2").await?;
        run.shows("✗ mill · merge · conflicts in map.txt").await?;
        run.shows("*Keep mill of village?*").await?;
        ana.presses("Approve", &run).await?;
        run.shows("*village is done.* All 4 stages are good.").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_done_again_begins_with_stages_side_by_side() {
    story(async |w| {
        let ana = w.person("ana");
        let first = builds(w, "village", (WELL, MILL)).await?;
        first.shows("*Keep mill of village?*").await?;
        ana.says_in(&first, "reject").await?;
        first.shows("*village was rejected*").await?;
        let again = ana.starts(&format!("/develop again {} from well", first.id)).await?;
        again.shows("✓ well · merge").await?;
        again.shows("*Keep mill of village?*").await?;
        ana.presses("Approve", &again).await?;
        again.shows("*village is done.* All 4 stages are good.").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stop_reaches_the_stages_that_are_done_beside_each_other() {
    story(async |w| {
        let ana = w.person("ana");
        let run = builds(w, "village", ("sleep 50", "sleep 50")).await?;
        let at_work = async || {
            let mill = side_run(w, &run.run().await?, "mill").await;
            Ok(mill.is_ok_and(|mill| mill.current().is_some_and(|(_, it)| !it.attempts.is_empty())))
        };
        wait::until("the mill to be at work", at_work).await?;
        ana.presses("Stop", &run.card()).await?;
        ana.confirms().await?;
        run.shows("*village was stopped* by @ana").await?;
        let mill = side_run(w, &run.run().await?, "mill").await?;
        assert_eq!(mill.outcome, Some(Outcome::Stopped));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn money_for_a_stage_beside_others_is_asked_for_in_the_thread() {
    story(async |w| {
        let ana = w.person("ana");
        let third = "if grep -q 'attempt[ ]1:' /tmp/prompt; then echo mill >> map.txt; fi";
        let run = builds(w, "village budget=$0.20", (WELL, third)).await?;
        let asked = run.shows("*A stage asks something.* @ana").await?;
        let asked = w.slack.at(&asked);
        asked.shows("*3 mill* · *Spend more on mill of village?*").await?;
        ana.says_in(&run, "raise $1").await?;
        asked.shows("*Answered*").await?;
        run.shows("*Keep mill of village?*").await?;
        assert_eq!(run.run().await?.budget(), "$1.20".parse().ok(), "it is one pot");
        Ok(())
    })
    .await;
}
