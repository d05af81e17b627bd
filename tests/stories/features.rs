//! Several features of a project are developed side by side, each as a run of its own, and merged at the end.

use std::fs;

use anyhow::{Context, Result, ensure};
use signoff::run::{Outcome, Run, StagePhase};

use crate::world::slack::{Message, State};
use crate::world::{RunOf, World, story, wait};

/// Has these features developed; their batch, once its card is there.
async fn develops<'w>(w: &'w World, project: &str, features: &[&str]) -> Result<RunOf<'w>> {
    let quoted: Vec<String> = features.iter().map(|feature| format!("\"{feature}\"")).collect();
    let said = format!("/develop features {project} {}", quoted.join(" "));
    w.person("ana").says(&said).await?;
    batch(w).await
}

async fn batch(w: &World) -> Result<RunOf<'_>> {
    w.until_runs(1).await?;
    let runs = w.store.newest_runs(100).await?;
    let batch = runs.iter().find(|run| run.request.batch.is_some()).context("a batch")?;
    card_of(w, batch).await
}

async fn card_of<'w>(w: &'w World, run: &Run) -> Result<RunOf<'w>> {
    let key = format!("{}/card", run.id());
    let card = |state: &State| {
        state.messages.iter().find(|it| it.key() == Some(key.as_str())).map(|it| it.ts.clone())
    };
    RunOf::at(w, w.slack.until("the card", card).await?)
}

/// The run of a feature, once its card is there.
async fn feature<'w>(w: &'w World, batch: &RunOf<'_>, n: usize) -> Result<RunOf<'w>> {
    let asked = batch.run().await?.request.feature(n).context("no such feature")?;
    let known = async || Ok(w.store.run(&asked.run).await?.is_some());
    wait::until("the feature's run", known).await?;
    card_of(w, &w.store.run(&asked.run).await?.context("a run")?).await
}

/// The files of the result.
async fn files(batch: &RunOf<'_>) -> Result<String> {
    let result = format!("signoff/{}/result", batch.id);
    let files = batch.git_in("garden", &["ls-tree", "--name-only", &result]).await?;
    Ok(files.split('\n').collect::<Vec<_>>().join(" ").trim_end().to_owned())
}

/// So many messages of all threads called somebody when they were posted; an edit calls nobody.
fn calls(w: &World) -> Vec<String> {
    let calls = |it: &&Message| {
        let posted = it.before.first().map_or(&it.blocks, |(_, blocks)| blocks);
        it.is_ours() && posted.iter().any(|block| block.to_string().contains("<@U01ANA>"))
    };
    let key = |it: &Message| it.key().unwrap_or_default().to_owned();
    w.slack.peek(|state| state.messages.iter().filter(calls).map(key).collect())
}

#[tokio::test]
async fn features_are_developed_side_by_side_and_merged_into_one_branch() {
    story(async |w| {
        let ana = w.person("ana");
        let batch = develops(w, "garden", &["Roses", "Pond", "Weeds"]).await?;
        batch.shows("*weeds of garden is not good. What now?*").await?;
        batch.card().shows("*3 weeds* · asks what becomes of it: ").await?;
        batch.card().shows("*1 roses* · merged · 1/1 tests").await?;
        ana.presses("Leave it out", &batch).await?;
        ana.confirms().await?;
        batch.shows("*2 of 3 features of garden are merged. Keep all of it?*").await?;
        batch.shows("↺ weeds · left out: ").await?;
        ana.presses("Approve", &batch).await?;
        batch.shows("*garden is done.* 2 of 3 features are merged.").await?;
        assert_eq!(batch.run().await?.outcome, Some(Outcome::Done));
        assert_eq!(files(&batch).await?, "beds.txt feature.sh pond.txt roses.txt test");
        let own = format!("signoff/{}/2-pond", batch.id);
        assert_eq!(batch.git_in("garden", &["show", &format!("{own}:pond.txt")]).await?, "pond\n");
        let calls = calls(w);
        ensure!(calls.len() == 3, "one run with a failure and a gate calls as often: {calls:?}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_conflicts_and_what_only_breaks_together_is_told_and_an_agent_makes_it_fit() {
    story(async |w| {
        let ana = w.person("ana");
        let batch = develops(w, "garden", &["Roses", "Tulips", "Pond", "Bridge"]).await?;
        batch.card().shows("roses and tulips conflict in `beds.txt`").await?;
        batch.shows("*bridge does not fit into garden. What now?*").await?;
        batch.shows("*The checks are red*: 1 of 3 tests failed").await?;
        let bridge = feature(w, &batch, 4).await?;
        bridge.card().shows("*bridge does not fit into garden. What now?*").await?;
        ana.presses("Let an agent do it", &bridge.card()).await?;
        batch.shows("*It cannot be merged by itself*: conflicts in beds.txt").await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        let stage = batch.run().await?.gate.context("a question")?.id.stage;
        ana.presses("Let an agent do it", &batch).await?;
        batch.shows(&format!("✓ {stage} · made to fit by an agent")).await?;
        batch.shows("✓ bridge · made to fit by an agent (1 of 3 tests failed)").await?;
        ana.presses("Approve", &batch).await?;
        batch.shows("*garden is done.* All 4 features are merged.").await?;
        let result = format!("signoff/{}/result", batch.id);
        let beds = batch.git_in("garden", &["show", &format!("{result}:beds.txt")]).await?;
        let mut beds: Vec<&str> = beds.lines().collect();
        beds.sort_unstable();
        assert_eq!(beds, ["beds", "roses", "tulips"], "nothing is lost");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_stopped_stops_all_and_keeps_what_is_good() {
    story(async |w| {
        let ana = w.person("ana");
        let batch = develops(w, "garden", &["Roses", "Slow"]).await?;
        let slow = feature(w, &batch, 2).await?;
        slow.becomes("at work", |run| run.stages[0].phase == StagePhase::Running).await?;
        let roses = feature(w, &batch, 1).await?;
        roses.becomes("done", |run| run.outcome == Some(Outcome::Done)).await?;
        ana.presses("Stop", &batch.card()).await?;
        ana.confirms().await?;
        batch.shows("*garden was stopped* by @ana").await?;
        assert_eq!(slow.run().await?.outcome, Some(Outcome::Stopped));
        let own = format!("signoff/{}/1-roses:roses.txt", batch.id);
        assert_eq!(batch.git_in("garden", &["show", &own]).await?, "roses\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_names_no_run_means_the_batch_and_not_a_feature() {
    story(async |w| {
        let ana = w.person("ana");
        ana.says("/develop features garden \"Roses\" \"Slow\" budget=$4").await?;
        let batch = batch(w).await?;
        let slow = feature(w, &batch, 2).await?;
        slow.becomes("at work", |run| run.stages[0].phase == StagePhase::Running).await?;
        ana.says("/develop status").await?;
        ana.is_told("of 2 features are over").await?;
        assert!(w.types(&["status"]).await?.1.contains("of 2 features are over"));
        ana.says(&format!("/develop raise {} $4", batch.id)).await?;
        ana.is_told("keep the shares that they began with").await?;
        ana.says(&format!("/develop again {}", slow.id)).await?;
        ana.is_told(&format!("`/develop again {}`", batch.id)).await?;
        ana.says("/develop stop").await?;
        batch.shows("*garden was stopped* by @ana").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_features_ask_at_the_same_time_is_one_message_and_is_answered_there() {
    story(async |w| {
        let ana = w.person("ana");
        let config = w.folder.path().join("signoff.toml");
        let written = fs::read_to_string(&config)?;
        let garden = "pipeline = \"garden.toml\"\n";
        fs::write(
            &config,
            written.replace(garden, &format!("{garden}features = \"gated.toml\"\n")),
        )?;
        let gated = fs::read_to_string(w.folder.path().join("garden.toml"))?;
        let prompt = "prompt = \"You add one feature to this repository: {{brief}}\"";
        fs::write(w.folder.path().join("gated.toml"), gated.replace("prompt = \"Dig\"", prompt))?;
        let batch = develops(w, "garden", &["Roses", "Pond"]).await?;
        batch.shows("*2 features ask something.* @ana").await?;
        let asked = batch.shows("*1 roses* · *Keep dig of garden?*").await?;
        let asked = w.slack.at(&asked);
        ana.presses_near("Approve", "*1 roses*", &asked).await?;
        asked.shows("*1 roses* · *dig of garden* · approved by @ana").await?;
        asked.shows("*A feature asks something.*").await?;
        ana.presses_near("Approve", "*2 pond*", &asked).await?;
        asked.shows("*Answered*").await?;
        batch.shows("Keep all of it?").await?;
        let calls = calls(w);
        ensure!(calls.len() == 2, "one message for both, and one for everything: {calls:?}");
        Ok(())
    })
    .await;
}
