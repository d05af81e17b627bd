//! What people are told directly, because they are called or because their thread cannot show it; and what they said is seen.

use signoff::run::{Decision, Verdict};

use crate::world::slack::Fault;
use crate::world::story;

#[tokio::test]
async fn reminders_reach_the_people_who_can_answer_and_not_the_channel() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("led").await?;
        run.asks().await?;
        let asked = ben.is_sent_directly("It still waits for an answer").await?;
        let reminded = cleo.is_sent_directly("It still waits for an answer").await?;
        for other in ["ana", "dan", "gus"] {
            assert_eq!(w.person(other).direct_messages()?, Vec::<String>::new());
        }
        assert!(!run.transcript().contains("still waits"), "{}", run.transcript());
        ben.presses("Approve", &asked).await?;
        run.shows("led is done").await?;
        reminded.shows("approved by @ben").await?;
        reminded.offers_nothing().await?;
        assert_eq!(cleo.direct_messages()?.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_wants_silence_is_not_reminded() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("led").await?;
        run.asks().await?;
        let (by, groups) =
            ("slack:T01ACME:U02BEN".parse()?, vec!["slack:T01ACME:S0LEADS".to_owned().try_into()?]);
        run.signals(Verdict::Snooze, |snooze| Decision { by, groups, ..snooze }).await?;
        let asked = cleo.is_sent_directly("It still waits for an answer").await?;
        assert_eq!(ben.direct_messages()?, Vec::<String>::new());
        cleo.presses("Approve", &asked).await?;
        run.shows("led is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_note_gets_one_reaction_even_if_serve_dies_in_between() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        w.slack.fails("reactions.add", Fault::DoesThenHangs, 1);
        let note = ana.says_in(&run, "Mind the cat.").await?;
        w.slack.at(&note.ts).has_reaction("memo").await?;
        w.serve_dies_and_comes_back().await?;
        w.slack.called("reactions.add", 2).await?;
        run.gets_its_sign().await?;
        ana.presses("Approve", &run).await?;
        run.shows("slow is done").await?;
        assert_eq!(w.slack.message(&note.ts).map(|it| it.reactions), Some(vec!["memo".to_owned()]));
        assert_eq!(w.slack.calls("reactions.add").len(), 2);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_in_an_archived_channel_reaches_its_approvers_and_their_tap_counts() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        w.slack.refuses_in("dev", "is_archived")?;
        run.gets_its_sign().await?;
        let asked = ana.is_sent_directly("could not be posted").await?;
        asked.offers("Approve").await?;
        w.serve.says("unarchive the channel", 1).await?;
        assert!(w.page("/metrics").await?.contains("signoff_gate_cards_unposted_total 1"));
        w.slack.lets_in("dev")?;
        ana.presses("Approve", &asked).await?;
        run.shows("slow is done").await?;
        asked.offers_nothing().await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn where_the_bot_was_never_invited_approvers_are_asked_all_the_same() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        w.slack.refuses_in("dev", "not_in_channel")?;
        ana.says("/develop guarded").await?;
        let asked = ben.is_sent_directly("could not be posted").await?;
        w.serve.says("/invite @signoff", 1).await?;
        w.slack.lets_in("dev")?;
        ben.presses("Approve", &asked).await?;
        w.slack.shows("dev", "guarded is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn money_is_asked_for_directly_where_the_bot_was_never_invited() {
    story(async |w| {
        let ana = w.person("ana");
        w.slack.refuses_in("dev", "not_in_channel")?;
        w.has_stages_with("stubborn", ("attempts = 2", "attempts = 2\nbudget = 0.04"))?;
        ana.says("/develop stubborn budget=5").await?;
        let asked = ana.is_sent_directly("could not be posted").await?;
        asked.shows("*Spend more on never of stubborn?*").await?;
        w.slack.lets_in("dev")?;
        ana.presses("+$1", &asked).await?;
        asked.shows("raised by $1.00 by @ana").await?;
        asked.offers_nothing().await?;
        w.slack.shows("dev", "stubborn failed").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_that_slack_finds_badly_drawn_has_its_buttons_all_the_same() {
    story(async |w| {
        let ana = w.person("ana");
        w.slack.refuses_message("gate:draft:1", "invalid_blocks", 1);
        let run = ana.develops("tale").await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        assert!(w.page("/metrics").await?.contains("signoff_messages_drawn_plainly_total 1"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_question_that_somebody_deletes_is_asked_again_at_once() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let first = run.asks().await?.ts;
        run.knows(&first).await?;
        w.slack.admin_deletes(&first).await?;
        assert_ne!(first, run.asks().await?.ts);
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_starts_a_run_where_we_are_not_is_told_at_once_that_it_has_no_thread() {
    story(async |w| {
        let ana = w.person("ana");
        w.slack.refuses_in("dev", "not_in_channel")?;
        ana.says("/develop tale").await?;
        ana.is_told("say `/invite @signoff`, and it appears").await?;
        w.slack.lets_in("dev")?;
        w.slack.shows("dev", "tale").await?;
        w.slack.refuses_in("dev", "channel_not_found")?;
        ana.says("/develop tale").await?;
        ana.is_told("I cannot post in this conversation").await?;
        w.slack.lets_in("dev")?;
        Ok(())
    })
    .await;
}
