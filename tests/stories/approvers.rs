//! Only who may answer is heard, and everybody else is told who can.

use crate::world::slack::Fault;
use crate::world::story;

#[tokio::test]
async fn who_is_in_a_group_is_asked_when_somebody_answers() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("grouped").await?;
        run.asks().await?;
        w.slack.removes_from_group("leads", "cleo")?;
        cleo.presses("Approve", &run).await?;
        cleo.is_told("can approve this").await?;
        ben.presses("Approve", &run).await?;
        run.shows("grouped is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nobody_is_let_in_while_slack_does_not_say_who_is_in_a_group() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("grouped").await?;
        run.asks().await?;
        w.slack.fails("usergroups.users.list", Fault::ServerError, 1);
        ben.presses("Approve", &run).await?;
        ben.is_told("Slack did not say who is in").await?;
        assert!(run.run().await?.decisions.is_empty());
        ben.presses("Approve", &run).await?;
        run.shows("grouped is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_run_that_nobody_named_is_not_guessed_while_slack_does_not_say_who_is_in_a_group() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let runs = [ana.develops("guarded").await?, ana.develops("grouped").await?];
        for run in &runs {
            run.asks().await?;
        }
        w.slack.fails("usergroups.users.list", Fault::ServerError, 1);
        ben.says("/develop approve").await?;
        ben.is_told("Slack did not say who is in").await?;
        for run in &runs {
            assert!(run.run().await?.decisions.is_empty());
        }
        ben.says("/develop approve").await?;
        ben.is_told("More than one run waits for you").await?;
        for run in &runs {
            ben.says(&format!("/develop approve {}", run.id)).await?;
            ben.is_told(&format!("`{}`: Approved.", run.id)).await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_that_nobody_is_listed_to_answer_says_who_can() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        w.has_policy("self_approval = false").await?;
        let doctor = w.types(&["doctor"]).await?.1;
        assert!(doctor.contains("When tale asks, no approvers are listed"), "{doctor}");
        assert!(!doctor.contains("When guarded asks, no approvers"), "{doctor}");
        let run = ana.develops("tale").await?;
        run.shows(
            "Nobody is listed to answer this: every full member of the workspace can but @ana.",
        )
        .await?;
        ana.presses("Approve", &run).await?;
        ana.is_told("somebody else has to approve this").await?;
        cleo.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn two_different_people_approve_where_two_must() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("paired").await?;
        ana.presses("Approve", &run).await?;
        run.gate_is("approved once", |gate| gate.approvals.len() == 1).await?;
        ana.presses("Approve", &run).await?;
        ana.is_told("You approved this already").await?;
        ben.presses("Approve", &run).await?;
        run.shows("paired is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_policy_forbids_to_approve_ones_own_run() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        w.has_policy("self_approval = false").await?;
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        ana.is_told("You started this run, so somebody else has to approve this").await?;
        ben.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nobody_answers_where_approvers_are_required_and_none_are_listed() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        w.has_policy("approvers_required = true").await?;
        let run = ana.develops("tale").await?;
        ben.presses("Approve", &run).await?;
        ben.is_told("nobody can answer it").await?;
        ana.says_in(&run, "approve").await?;
        ana.is_told("nobody can answer it").await?;
        ana.says_in(&run, "stop").await?;
        run.shows("tale · stopped").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn guests_bots_leavers_and_other_workspaces_never_answer() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        for (who, why) in [
            ("gus", "Guests of this workspace cannot start or decide"),
            ("robo", "Only people can decide"),
            ("dora", "deactivated"),
            ("eve", "Only people of this workspace"),
        ] {
            w.person(who).presses("Approve", &run).await?;
            w.person(who).is_told(why).await?;
        }
        w.person("robo").posts(&run, "approve").await?;
        assert!(run.run().await?.decisions.is_empty());
        ben.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn only_full_members_spend_money() {
    story(async |w| {
        let [gus, eve] = w.people(["gus", "eve"]);
        gus.says("/develop tale").await?;
        gus.is_told("Guests of this workspace cannot start or decide").await?;
        eve.says("/develop tale").await?;
        eve.is_told("Only people of this workspace").await?;
        gus.says("/develop list").await?;
        gus.is_told("No runs").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn nobody_of_another_workspace_sees_a_run() {
    story(async |w| {
        let [ana, eve] = w.people(["ana", "eve"]);
        w.has_no_address().await?;
        let run = ana.develops("tale").await?;
        eve.presses("View diff", &run).await?;
        eve.is_told("Only people of this workspace").await?;
        eve.presses("Request changes", &run).await?;
        eve.says(&format!("@signoff status {}", run.id)).await?;
        eve.says("@signoff develop quick").await?;
        eve.sees_no_form().await?;
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        assert_eq!(w.store.newest_runs(10).await?.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_forwarded_card_decides_nothing() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let copy = ana.forwards(&run, "secret").await?;
        ben.presses("Approve", &copy).await?;
        ben.is_told("This is a copy of a card").await?;
        assert!(run.run().await?.decisions.is_empty());
        ben.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_without_a_run_is_for_the_only_one_that_waits_for_me() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let tale = ana.develops("tale").await?;
        tale.asks().await?;
        ana.says("/develop approve tale-2222222").await?;
        ana.is_told("There is no run `tale-2222222` here").await?;
        let paired = ana.develops("paired").await?;
        paired.asks().await?;
        ana.says("/develop approve").await?;
        ana.is_told("More than one run waits for you").await?;
        ben.rejects(&paired, "").await?;
        paired.shows("paired · rejected").await?;
        ana.says("/develop approve").await?;
        tale.shows("tale is done").await?;
        Ok(())
    })
    .await;
}
