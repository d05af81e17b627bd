//! What others wrote neither wedges nor fools us: an agent's words, a report, a signal by no door of ours.

use signoff::run::{Usd, Verdict};

use crate::world::story;

#[tokio::test]
async fn what_an_agent_says_wedges_nothing_and_what_it_told_to_cost_it_costs() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("strange keep\u{0} it").await?;
        run.asks().await?;
        ana.presses("Approve", &run).await?;
        run.shows("strange is done").await?;
        let told = run.run().await?;
        assert_eq!(told.agent.as_ref().map(|agent| agent.name.as_str()), Some("mine"));
        assert_eq!(told.spent(), Usd::from_nanos(9_000_000_000), "it fell to 5 cents");
        assert_eq!(told.request.brief, "keep it");
        assert_eq!(told.stages[0].attempts[0].words.as_deref(), Some("It is \u{fffd} PNG, kept."));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn one_report_a_class_counts_and_what_is_no_report_is_said_at_the_gate() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("strange").await?;
        let gate = run.asks().await?;
        gate.shows("reports: out/TEST-C.xml is a pipe and was not read").await?;
        let tests = run.run().await?.stages[0].attempts[0].tests;
        assert_eq!(tests.map(|tests| tests.passed), Some(3));
        ana.rejects(&run, "").await?;
        run.shows("strange · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_signal_that_holds_a_nul_stops_the_run_like_any_other() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        run.signals(Verdict::Stop, |mut stop| {
            (stop.gate, stop.words) = (None, Some("no\u{0} \u{202e}more".to_owned()));
            stop
        })
        .await?;
        run.shows("tale · stopped").await?;
        assert_eq!(run.run().await?.decisions[0].words.as_deref(), Some("no more"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_of_any_length_runs_and_can_be_stopped() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("wordy").await?;
        run.shows("wordy is done").await?;
        Ok(())
    })
    .await;
}
