//! Waiting for people: reminded, escalated, extended, asked again; and none of it is lost with a worker.

use chrono::{Datelike, TimeDelta};
use signoff::run::{AttemptOutcome, Decision, Judgement, Refusal, RemarkKind, Verdict};

use crate::world::{now, story};

#[tokio::test]
async fn a_gate_reminds_at_half_time_and_waits_on_after_its_deadline() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("patient").await?;
        run.asks().await?;
        let late = run.gate_is("overdue", |gate| gate.overdue_since.is_some()).await?;
        assert_eq!(late.reminders.len(), 1);
        ben.presses("Approve", &run).await?;
        run.shows("patient is done").await?;
        let kinds = run.happened_since_it_asked().await?;
        assert_eq!(
            kinds,
            [
                "gate_opened",
                "reminded",
                "deadline_passed",
                "decided",
                "stage_ended",
                "delivered",
                "ended"
            ]
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_deadline_survives_the_worker_that_waited_for_it() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("patient").await?;
        run.asks().await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        run.gate_is("overdue", |gate| gate.overdue_since.is_some()).await?;
        ana.presses("Approve", &run).await?;
        run.shows("patient is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn who_is_asked_late_may_answer_too() {
    story(async |w| {
        let [ana, cleo] = w.people(["ana", "cleo"]);
        let run = ana.develops("urgent").await?;
        run.asks().await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        run.gate_is("escalated", |gate| gate.escalated_at.is_some()).await?;
        cleo.presses("Approve", &run).await?;
        run.shows("urgent is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn more_time_moves_the_deadline_and_its_reminder_also_without_a_worker() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("patient").await?;
        run.asks().await?;
        w.worker.crashes().await?;
        let until = now() + TimeDelta::seconds(30);
        run.signals(Verdict::Extend, |more| Decision { until: Some(until), ..more }).await?;
        w.worker.comes_back()?;
        let gate = run.gate_is("reminded", |gate| !gate.reminders.is_empty()).await?;
        assert_eq!((gate.deadline, gate.overdue_since), (until, None));
        assert!(
            gate.reminders[0].at > gate.opened_at + TimeDelta::seconds(10),
            "the time before is of no more matter"
        );
        ana.presses("Approve", &run).await?;
        run.shows("patient is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn after_changes_the_old_question_takes_no_answer_and_the_new_one_does() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let run = ana.develops("patient").await?;
        let old = run.gate_is("open", |_| true).await?.id;
        let note = ana.says_in(&run, "Mind the cat.").await?;
        w.slack.at(&note.ts).has_reaction("memo").await?;
        ana.asks_for_changes(&run, "A happier end.", "On top of this work").await?;
        let again = run.asks_again(2).await?;
        // As from a door that does not know yet.
        let late = run.signals(Verdict::Approve, |it| Decision { gate: Some(old), ..it }).await?;
        let told = run.becomes("told", |it| it.answer_to(&late).is_some()).await?;
        assert!(matches!(
            told.answer_to(&late),
            Some(Judgement::Refused(Refusal::AlreadyDecided { verdict: Verdict::Changes, .. }))
        ));
        let second = &again.stages[0].attempts[1];
        assert_eq!(second.outcome, AttemptOutcome::Good);
        let remarks: Vec<_> = second.remarks.iter().map(|it| it.kind).collect();
        assert_eq!(remarks, [RemarkKind::Changes, RemarkKind::Note]);
        let prompt = run.prompt("only-2")?;
        assert!(prompt.contains("A happier end.") && prompt.contains("Mind the cat."), "{prompt}");
        let diffs = [&second.diff, &second.since_round]
            .map(|it| it.as_ref().map(|it| (it.files, it.added, it.removed)));
        assert_eq!(diffs, [Some((1, 2, 0)), Some((1, 1, 0))], "the stage, and what is new");
        run.gate_is("reminded", |gate| gate.id.round == 2 && !gate.reminders.is_empty()).await?;
        ben.presses("Approve", &run).await?;
        run.shows("patient is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn outside_working_hours_no_time_passes() {
    story(async |w| {
        let [ana, ben] = w.people(["ana", "ben"]);
        let day = now() + TimeDelta::days(2);
        let opens = day.date_naive().and_hms_opt(9, 0, 0).expect("a time of day").and_utc();
        w.has_gate_with("urgent", &format!("hours = \"{} 09:00-17:00 UTC\"", day.weekday()))
            .await?;
        let run = ana.develops("urgent").await?;
        run.asks().await?;
        // Meanwhile another question is over, which had three times as long as this one has before others are asked as well.
        let other = ana.develops("hasty").await?;
        other.shows("hasty · failed").await?;
        let gate = run.run().await?.gate.expect("it is open");
        assert_eq!((gate.deadline, gate.escalated_at), (opens + TimeDelta::hours(1), None));
        ben.presses("Approve", &run).await?;
        run.shows("urgent is done").await?;
        Ok(())
    })
    .await;
}
