//! What waits for somebody stands at home, in Slack and at a shell, and is answered there.

use serde_json::Value;
use signoff::run::Via;

use crate::world::slack::Fault;
use crate::world::story;

#[tokio::test]
async fn what_waits_for_me_is_answered_at_home() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ana.opens_home().await?;
        ana.sees_home("Keep draft of tale?").await?;
        ana.presses_at_home("Approve", "draft").await?;
        ana.sees_home("Nothing waits for you").await?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions[0].via, Via::Home);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_home_that_slack_refuses_is_drawn_more_plainly() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        w.slack.fails("views.publish", Fault::Refuses("invalid_blocks"), 1);
        ana.opens_home().await?;
        ana.sees_home("Keep draft of tale?").await?;
        ana.presses_at_home("Approve", "draft").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn changes_are_asked_for_at_home_too() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ana.opens_home().await?;
        ana.sees_home("Keep draft of tale?").await?;
        ana.presses_at_home("Request changes", "draft").await?;
        ana.sees_form("Request changes").await?;
        ana.fills("words", "once more")?;
        ana.sends_the_form().await?;
        assert_eq!(run.asks_again(2).await?.decisions[0].via, Via::Home);
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_told_to_each_as_it_concerns_them() {
    story(async |w| {
        let [ana, ben, dan] = w.people(["ana", "ben", "dan"]);
        let run = ana.develops("grouped").await?;
        run.asks().await?;
        for (who, what) in [(&ben, "*Waiting for you*"), (&dan, "Nothing waits for you.")] {
            who.says("/develop waiting").await?;
            let told = who.is_told(what).await?.text;
            assert!(told.contains(run.id.as_str()) && told.contains("left"), "{told}");
            who.opens_home().await?;
        }
        ben.sees_home("Waiting for you").await?;
        dan.sees_home("Waiting for others").await?;
        ben.presses_at_home("Approve", "only").await?;
        run.shows("grouped is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn at_a_shell_one_sees_what_waits_and_asks_for_changes_and_more_time() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let (code, said) = w.types(&["--json", "waiting"]).await?;
        let waiting: Value = serde_json::from_str(said.trim())?;
        assert_eq!(
            (code, &waiting["run"], &waiting["for_me"]),
            (0, &Value::from(run.id.as_str()), &Value::from(true))
        );
        let (code, said) = w.types(&["extend", run.id.as_str(), "tomorrow"]).await?;
        assert_eq!((code, said.trim()), (0, "Extended."));
        let (code, said) = w.types(&["changes", run.id.as_str()]).await?;
        assert!(code == 3 && said.contains("what should be different"), "{said}");
        let (code, said) =
            w.types(&["changes", run.id.as_str(), "--from-base", "line one\n  line two"]).await?;
        assert_eq!((code, said.trim()), (0, "Asked for changes."));
        assert_eq!(run.asks_again(2).await?.stages[0].changes[0].words, "line one\n  line two");
        assert_eq!(w.types(&["reject", run.id.as_str()]).await?.0, 0);
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_reminder_is_silenced_and_answered_where_it_is_read() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("patient").await?;
        let reminder = ana.is_sent_directly("patient").await?;
        ana.presses("Snooze", &reminder).await?;
        ana.is_told("No more reminders of this question").await?;
        ana.presses("Approve", &reminder).await?;
        run.shows("patient is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_below_a_direct_message_is_for_the_run_it_is_about() {
    story(async |w| {
        let ana = w.person("ana");
        let tale = ana.develops("tale").await?;
        tale.asks().await?;
        let patient = ana.develops("patient").await?;
        let reminder = ana.is_sent_directly("patient").await?;
        ana.presses("Snooze", &reminder).await?;
        ana.is_told("No more reminders of this question").await?;
        ana.says_in(&reminder, "approve").await?;
        patient.shows("patient is done").await?;
        ana.says_directly("approve").await?;
        tale.shows("tale is done").await?;
        Ok(())
    })
    .await;
}
