//! People talk, in a run's thread and with us, and what they say is heard as what it is.

use signoff::run::{Run, Verdict};

use crate::world::story;

#[tokio::test]
async fn a_note_is_acknowledged_and_read_by_the_next_attempt() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let said = cleo.says_in(&run, "I would approve this if it were in the present tense").await?;
        w.slack.at(&said.ts).has_reaction("memo").await?;
        assert!(run.run().await?.decisions.is_empty());
        ana.asks_for_changes(&run, "again", "On top of this work").await?;
        let again = run.asks_again(2).await?;
        assert_eq!(again.notes[0].read_by.as_ref().map(|(_, attempt)| *attempt), Some(2));
        let prompt = run.prompt("draft-2")?;
        assert!(prompt.contains("said in the run's thread:\n\n> I would approve this if it were in the present tense"), "{prompt}");
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_note_is_what_was_last_said_until_an_attempt_has_read_it() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let secret = ana.says_in(&run, "the password is hunter2").await?;
        let mistake = ana.says_in(&run, "and in French").await?;
        w.slack.at(&secret.ts).has_reaction("memo").await?;
        w.slack.at(&mistake.ts).has_reaction("memo").await?;
        ana.edits(&secret, "the password is in the vault").await?;
        ana.deletes(&mistake).await?;
        let only = |run: &Run| run.notes.len() == 1 && run.notes[0].words.ends_with("in the vault");
        run.becomes("told what was last said", only).await?;
        let stored = format!("{:?}", w.store.raw_events(&run.id).await?);
        assert!(!stored.contains("hunter2") && !stored.contains("French"), "{stored}");
        ana.asks_for_changes(&run, "again", "On top of this work").await?;
        run.asks_again(2).await?;
        let prompt = run.prompt("draft-2")?;
        assert!(prompt.contains("in the vault") && !prompt.contains("hunter2"), "{prompt}");
        ana.edits(&secret, "there is none").await?;
        ana.is_told("An attempt has read that note already").await?;
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn notes_of_who_may_not_steer_the_run_are_ignored_and_they_are_told_once() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("guarded").await?;
        run.asks().await?;
        let said = cleo.says_in(&run, "make it blue").await?;
        cleo.is_told("What is said here is not passed on").await?;
        cleo.says_in(&run, "or green").await?;
        cleo.says_in(&run, "or red").await?;
        ben.presses("Approve", &run).await?;
        run.shows("guarded is done").await?;
        let told = w.slack.peek(|state| {
            state.private.iter().filter(|it| it.text.contains("is not passed on")).count()
        });
        assert_eq!((told, run.run().await?.notes.len()), (1, 0));
        w.slack.at(&said.ts).has_no_reaction()?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_talks_to_a_run_that_is_over_is_told_so_once() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        ana.says_in(&run, "what a pity").await?;
        ana.is_told("is over").await?;
        ana.says_in(&run, "next time then").await?;
        ana.says_in(&run, "@signoff status").await?;
        ana.is_told("· rejected ·").await?;
        let told = w
            .slack
            .peek(|state| state.private.iter().filter(|it| it.text.contains("is over")).count());
        assert_eq!(told, 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn emoji_and_words_around_a_verb_decide_nothing() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let thumb = ben.says_in(&run, ":+1: 👍").await?;
        ben.says_in(&run, "approve if the tests pass").await?;
        ben.is_told("That was taken as a note").await?;
        ben.says_in(&run, "@signoff approve: if the tests pass").await?;
        ben.is_told("An approval counts at once and knows no conditions").await?;
        w.slack.at(&thumb.ts).has_no_reaction()?;
        assert!(run.run().await?.decisions.is_empty());
        ben.says_in(&run, "Approve.").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn words_that_are_too_long_are_refused_and_not_cut() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ana.says_in(&run, &format!("changes: {}", "ü".repeat(3_001))).await?;
        ana.is_told("That is longer than 3,000 characters").await?;
        assert_eq!(run.run().await?.decisions.len(), 0);
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_calls_us_by_name_is_understood_in_channels_and_in_threads() {
    story(async |w| {
        let ana = w.person("ana");
        ana.says("@signoff").await?;
        ana.is_told("starts a run").await?;
        let run = ana.starts("@signoff develop tale").await?;
        run.asks().await?;
        ana.says_in(&run, "@signoff status").await?;
        ana.is_told("Waiting for approval of draft").await?;
        ana.says_in(&run, "@signoff aprove").await?;
        ana.is_told("Did you mean `/develop approve`?").await?;
        let note = ana.says_in(&run, "@signoff please keep it short").await?;
        w.slack.at(&note.ts).has_reaction("memo").await?;
        ana.says_in(&run, "@signoff develop approve: well done").await?;
        run.shows("well done").await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_writes_to_us_directly_is_understood_too() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ben.says_directly("waiting").await?;
        ben.is_sent_directly("Waiting for you").await?;
        ben.says_directly("hello there").await?;
        ben.is_sent_directly("There is no project or command").await?;
        ben.says_directly("approve").await?;
        ben.is_sent_directly("Approved.").await?;
        run.shows("tale is done").await?;
        assert_eq!(run.run().await?.decisions[0].verdict, Verdict::Approve);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_people_say_elsewhere_is_not_ours() {
    story(async |w| {
        let ana = w.person("ana");
        let said = ana.says("approve").await?;
        assert_eq!((said.heard.status, said.heard.body.as_str()), (200, ""));
        let reply = ana.says_in(&said, "changes: everything").await?;
        assert_eq!((reply.heard.status, reply.heard.body.as_str()), (200, ""));
        assert!(w.slack.peek(|state| state.private.is_empty()));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_believes_that_they_answered_is_asked_by_buttons_and_decides_nothing_yet() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("twice").await?;
        run.asks().await?;
        ben.says_in(&run, "LGTM, ship it 👍").await?;
        let asked = ben.is_told("Approve first of twice?").await?;
        ana.says_in(&run, "aprove").await?;
        ana.is_told("Nothing was decided").await?;
        let waits = run.run().await?;
        assert!(waits.decisions.is_empty() && waits.notes.is_empty());
        ben.presses("Approve", &asked).await?;
        run.becomes("asked about the second", |run| {
            run.gate.as_ref().is_some_and(|open| open.id.stage.as_str() == "second")
        })
        .await?;
        ben.presses("Approve", &asked).await?;
        ben.is_told("already approved this").await?;
        ben.says_in(&run, "yes, but rename it").await?;
        ben.is_told("That was taken as a note").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_asked_about_wherever_it_is_said() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("twice").await?;
        run.asks().await?;
        ana.says("/develop LGTM").await?;
        let asked = ana.is_told("Approve first of twice?").await?;
        ana.says_directly("lgtm").await?;
        ana.is_sent_directly(&format!("Say `approve {}`", run.id)).await?;
        assert!(run.run().await?.decisions.is_empty());
        ana.presses("Approve", &asked).await?;
        run.becomes("asked about the second", |run| {
            run.gate.as_ref().is_some_and(|open| open.id.stage.as_str() == "second")
        })
        .await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_may_not_answer_is_not_asked_by_buttons() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        let run = ana.develops("guarded").await?;
        run.asks().await?;
        cleo.says_in(&run, "ok!").await?;
        cleo.is_told("What is said here is not passed on").await?;
        let buttons = w.slack.peek(|state| state.private.iter().any(|it| !it.blocks.is_empty()));
        assert!(!buttons && run.run().await?.notes.is_empty());
        Ok(())
    })
    .await;
}
