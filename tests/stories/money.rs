//! Money, told: what did runs cost, and on what was it spent?

use serde_json::Value;
use signoff::run::Usd;

use crate::world::story;

#[tokio::test]
async fn what_was_spent_is_told_in_slack_and_at_a_shell_and_is_what_the_ledger_says() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let quick = ana.develops("quick").await?;
        quick.shows("quick is done").await?;
        let stubborn = ben.develops("stubborn").await?;
        stubborn.shows("stubborn failed").await?;
        let spent = quick.run().await?.spent() + stubborn.run().await?.spent();

        let (_, said) = w.types(&["costs", "--json"]).await?;
        let report: Value = serde_json::from_str(&said)?;
        assert_eq!(report["total"], spent.nine_places());
        assert_eq!((&report["runs"], &report["done"]), (&2.into(), &1.into()), "{report}");
        for parts in ["projects", "stages", "models", "people"] {
            let parts = report[parts].as_array().into_iter().flatten();
            let sum: Usd = parts
                .map(|part| part["cost"].as_str().unwrap_or("0"))
                .map(str::parse::<Usd>)
                .sum::<Result<Usd, _>>()?;
            assert_eq!(sum, spent);
        }
        assert_eq!(report["tried_again"], "0.043750000", "{report}");

        ana.says("@signoff costs").await?;
        ana.is_told("in the last 30 days").await?;
        ana.is_told("2 runs: 2 over, 1 of them well (50 %), $0.22 for each of these").await?;
        ana.says("@signoff costs stubborn 1w").await?;
        ana.is_told("*$0.13* for stubborn in the last 7 days").await?;
        ana.says("@signoff costs nothing 1y").await?;
        ana.is_told("`1y` is no time and no project").await?;
        let (code, said) = w.types(&["costs", "--calibration"]).await?;
        assert!(code == 0 && said.contains("1 run "), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_will_probably_not_fit_is_asked_before_a_stage_begins() {
    story(async |w| {
        let ana = w.person("ana");
        for _ in 0..3 {
            ana.develops("quick").await?.shows("quick is done").await?;
        }
        let run = ana.develops("quick budget=0.03").await?;
        run.shows("$0.03 of $0.03 is left, and it will probably cost about $0.").await?;
        assert_eq!(run.run().await?.spent(), Usd::ZERO);
        ana.presses("Start anyway", &run).await?;
        run.shows("begun with what is left by @ana").await?;
        run.shows("$0.04 of $0.03 is spent").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_stage_may_spend_is_asked_about_and_raised_for_that_stage() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_stages_with("stubborn", ("attempts = 2", "attempts = 2\nbudget = 0.04"))?;
        let run = ana.develops("stubborn budget=5").await?;
        run.shows("*Spend more on never of stubborn?*").await?;
        run.shows("$0.04 of the $0.04 for never is spent").await?;
        ana.says_in(&run, "raise $1").await?;
        run.shows("raised by $1.00 by @ana").await?;
        run.shows("stubborn failed").await?;
        assert_eq!(run.run().await?.budget(), Some("5".parse()?));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn money_that_is_given_just_before_it_is_asked_for_is_the_answer() {
    story(async |w| {
        let ana = w.person("ana");
        let held = w.holds_questions().await?;
        let run = ana.develops("quick budget=0.04").await?;
        held.is_reached().await?;
        ana.says_in(&run, "raise $1").await?;
        ana.is_told("Recorded, and not taken up yet").await?;
        held.lets_go().await?;
        run.shows("*quick is done.*").await?;
        assert_eq!(run.run().await?.budget(), Some("1.04".parse()?));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_person_may_spend_in_a_month_is_looked_at_before_each_stage() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        w.has_settings("[budgets]\nperson = 0.04\n")?;
        let run = ana.develops("quick").await?;
        run.shows("$0.04 of the $0.04 is spent that who started it may spend in a month").await?;
        ana.presses("Go on", &run).await?;
        run.shows("let go on by @ana").await?;
        run.shows("quick is done").await?;
        let second = ana.develops("quick").await?;
        second.shows("$0.09 of the $0.04 is spent").await?;
        let (code, said) = w.types(&["raise", second.id.as_str(), "nothing"]).await?;
        assert_eq!(code, 0, "{said}");
        second.shows("quick is done").await?;
        ben.develops("slow").await?.shows("Waiting for a sign").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_seems_to_get_nowhere_is_asked_about_and_goes_on() {
    story(async |w| {
        w.has_settings("[breakers]\nsteps = 5\n")?;
        let ana = w.person("ana");
        let run = ana.develops("wandering").await?;
        run.shows("6 steps have changed no file. only attempt 1").await?;
        ana.presses("Go on", &run).await?;
        run.shows("wandering is done").await?;
        assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_thread_ends_with_a_picture_of_what_each_stage_cost() {
    story(async |w| {
        w.slack.grants_scope("files:write");
        let run = w.person("ana").develops("quick").await?;
        run.shows("[picture Cost and time by stage: quick, $0.09 in ").await?;
        run.shows("quick is done").await?;
        assert_eq!(w.slack.calls("files.completeUploadExternal").len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_whole_where_no_picture_may_be_sent() {
    story(async |w| {
        let run = w.person("ana").develops("quick").await?;
        run.shows("quick is done").await?;
        w.slack.called("files.getUploadURLExternal", 1).await?;
        let (code, said) = w.types(&["doctor"]).await?;
        assert!(said.contains("files:write missing: threads have no chart"), "{code} {said}");
        Ok(())
    })
    .await;
}
