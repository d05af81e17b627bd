//! Whoever only reaches Temporal asks for nothing in a person's name.

use serde_json::json;

use crate::world::story;

#[tokio::test]
async fn a_workflow_that_speaks_for_another_run_changes_nothing() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let mut request = json!(run.run().await?.request);
        request["pipeline"]["stages"][0]["gate"] = json!(null);
        let seen = run.run().await?.seq;
        let why = w.intruder().starts("tale-2222222", &request).await?;
        assert!(why.contains("the workflow tale-2222222 is not the run"), "{why}");
        request["run"] = json!("tale-3333333");
        let why = w.intruder().starts("tale-3333333", &request).await?;
        assert!(why.contains("no door of ours asked for it"), "{why}");
        request["mac"] = json!("00".repeat(32));
        let why = w.intruder().starts("tale-3333333", &request).await?;
        assert!(why.contains("its MAC is not that of a door of ours"), "{why}");
        assert!(w.store.raw_events(&"tale-3333333".parse()?).await?.is_empty());
        assert!(!w.folder.path().join("home/runs/tale-3333333").exists(), "no agent worked");
        assert_eq!(run.run().await?.seq, seen);
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_signal_that_no_door_signed_decides_nothing() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("guarded").await?;
        run.asks().await?;
        let open = run.run().await?.gate.map(|open| open.id);
        let mut approval = json!({
            "request": "forged", "verdict": "approve", "gate": open, "by": "slack:T01ACME:U02BEN", "via": "button", "words": null,
        });
        w.intruder().signals(&run.id, &approval).await?;
        approval["mac"] = json!("00".repeat(32));
        w.intruder().signals(&run.id, &approval).await?;
        w.intruder().signals(&run.id, &json!({ "verdict": "stop", "by": "cli:root" })).await?;
        w.intruder().signals(&run.id, &json!(["approve"])).await?;
        w.worker.says("was signed by no door of ours", 4).await?;
        let asked = run.run().await?;
        assert!(asked.gate.is_some() && asked.decisions.is_empty());
        w.person("ben").presses("Approve", &run).await?;
        run.shows("guarded is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_over_does_not_begin_again_by_what_temporal_remembers() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("quick").await?;
        run.shows("quick is done").await?;
        let before = w.store.raw_events(&run.id).await?;
        let remembered = w.intruder().reads_start_of(&run.id).await?;
        let why = w.intruder().starts(run.id.as_str(), &remembered).await?;
        assert!(why.contains("it began before"), "{why}");
        assert_eq!(w.store.raw_events(&run.id).await?, before);
        Ok(())
    })
    .await;
}
