//! A gate has three answers, and more time.

use chrono::{Duration, Timelike};
use signoff::run::Rework;

use crate::world::story;

const WORDS: &str = "Shorter, please:\n  - no `magic`\n  - <b>& co</b> may go";

#[tokio::test]
async fn asked_for_changes_a_stage_works_another_round_and_the_old_card_never_passes() {
    story(async |w| {
        let [ana, ben, cleo] = w.people(["ana", "ben", "cleo"]);
        let run = ana.develops("tale").await?;
        let gate = run.asks().await?;
        let old = gate.saved()?;
        ben.asks_for_changes(&run, WORDS, "On top of this work").await?;
        gate.offers_nothing().await?;
        run.asks_again(2).await?;
        cleo.presses("Approve", &old).await?;
        cleo.is_told("@ben already asked for changes").await?;
        assert_eq!(run.run().await?.decisions.len(), 1);
        let quoted = WORDS.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n");
        assert!(run.prompt("draft-2")?.contains(&quoted), "{}", run.prompt("draft-2")?);
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn changes_can_start_from_what_the_stage_started_with() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        ana.asks_for_changes(&run, "start over", "From what the stage started with").await?;
        let again = run.asks_again(2).await?;
        let attempts = &again.stages[0].attempts;
        assert_eq!(
            (again.decisions[0].rework, &attempts[1].base),
            (Rework::Base, &attempts[0].base)
        );
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_changed_is_asked_about_and_shown_as_it_was() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_no_address().await?;
        let run = ana.develops("fickle").await?;
        ana.asks_for_changes(&run, "make it better", "On top of this work").await?;
        run.asks_again(2).await?;
        run.shows("could not be made").await?;
        ana.presses("View diff", &run).await?;
        let diff = ana.sees_form("x.txt").await?.content.to_string();
        assert!(!diff.contains("spoiled.txt"), "{diff}");
        assert!(
            w.slack.calls("users.conversations").is_empty(),
            "Slack was asked before it opened"
        );
        ana.closes_the_form().await?;
        ana.presses("Approve", &run).await?;
        run.shows("fickle is done").await?;
        assert_eq!(
            run.git(&["ls-tree", "--name-only", &format!("signoff/{}", run.id)]).await?.trim(),
            "x.txt"
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_old_card_and_its_link_show_the_work_they_were_about() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_no_address().await?;
        let run = ana.develops("sly").await?;
        let old = run.asks().await?.saved()?;
        let first = run.diff_path().await?;
        ana.asks_for_changes(&run, "say it twice", "On top of this work").await?;
        run.asks_again(2).await?;
        let second = run.diff_path().await?;
        ana.presses("View diff", &old).await?;
        let form = ana.sees_form("was sent back for changes in round 1").await?.content.to_string();
        assert!(form.contains("`x.txt` +1 −0"), "{form}");
        ana.closes_the_form().await?;
        ana.presses("View diff", &run).await?;
        ana.sees_form("`x.txt` +2 −0").await?;
        ana.presses_in_form("Since the round before").await?;
        ana.sees_form("`x.txt` +1 −0").await?;
        let old = w.page(&first).await?;
        assert!(old.contains("was sent back for changes") && old.matches(">+x").count() == 1);
        let page = w.page(&second).await?;
        assert!(page.contains("since round 1") && page.matches(">+x").count() == 2, "{page}");
        ana.closes_the_form().await?;
        ana.rejects(&run, "").await?;
        run.shows("sly · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_form_that_is_refused_says_why_and_keeps_what_was_typed() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        ben.presses("Request changes", &run).await?;
        ben.sees_form("Request changes").await?;
        ben.fills("words", "   ")?;
        ben.sends_the_form().await?;
        ben.is_corrected("words", "Please say what should be different").await?;
        ana.presses("Approve", &run).await?;
        run.shows("draft of tale* · approved").await?;
        ben.fills("words", "too late")?;
        ben.sends_the_form().await?;
        ben.is_corrected("words", "ana already approved this").await?;
        ben.closes_the_form().await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn changes_can_be_asked_for_in_words() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ben.says_in(&run, "changes: two words").await?;
        run.asks_again(2).await?;
        ana.says(&format!("/develop changes {} another word --from-base", run.id)).await?;
        let again = run.asks_again(3).await?;
        let said: Vec<_> =
            again.stages[0].changes.iter().map(|it| (it.words.as_str(), it.rework)).collect();
        assert_eq!(said, [("two words", Rework::Top), ("another word", Rework::Base)]);
        ana.says_in(&run, "reject because it gets no better").await?;
        run.shows("it gets no better").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_card_about_other_work_never_passes() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        let digest = run.gate_is("open", |_| true).await?.id.digest;
        let mut moved = run.asks().await?.saved()?;
        let blocks = serde_json::to_string(&moved.blocks)?.replace(&digest.0, &"0".repeat(64));
        moved.blocks = serde_json::from_str(&blocks)?;
        ana.presses("Approve", &moved).await?;
        ana.is_told("The work changed since this card was posted").await?;
        ana.presses("Approve", &run).await?;
        run.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn more_time_is_given_in_hours_or_until_tomorrow_morning_where_they_are() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("tale").await?;
        let before = run.gate_is("open", |_| true).await?.deadline;
        ana.says_in(&run, "extend 8h").await?;
        let later = run.gate_is("extended", |gate| gate.extensions.len() == 1).await?.deadline;
        assert_eq!(later - before, Duration::hours(8));
        ben.presses("Extend", &run).await?;
        ben.sees_form("More time").await?;
        ben.chooses("until", "Until tomorrow, 9:00 where you are")?;
        ben.sends_the_form().await?;
        let tomorrow = run.gate_is("extended", |gate| gate.extensions.len() == 2).await?.deadline;
        assert_eq!((tomorrow - Duration::hours(5)).hour(), 9, "in New York");
        ana.rejects(&run, "").await?;
        run.shows("tale · rejected").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_press_on_the_run_card_stops_the_run_after_a_second_look() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("slow").await?;
        run.shows("Waiting for a sign").await?;
        ana.presses("Stop", &run.card()).await?;
        ana.is_asked("Stop this run?").await?;
        ana.confirms().await?;
        run.shows("slow · stopped").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_long_diff_is_read_page_by_page() {
    story(async |w| {
        let ana = w.person("ana");
        w.has_no_address().await?;
        let run = ana.develops("wide").await?;
        ana.presses("View diff", &run).await?;
        ana.sees_form("Page 1 of").await?;
        ana.presses_in_form("Next page").await?;
        ana.sees_form("Page 2 of").await?;
        ana.presses_in_form("Previous page").await?;
        ana.sees_form("Page 1 of").await?;
        ana.closes_the_form().await?;
        ana.rejects(&run, "").await?;
        run.shows("wide · rejected").await?;
        Ok(())
    })
    .await;
}
