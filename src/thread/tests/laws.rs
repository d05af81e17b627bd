//! Laws that hold for every drawing.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use serde_json::json;

use crate::run::{
    AttemptOutcome, GateKind, Outcome, PersonId, Refusal, Reminder, Rework, Run, Verdict, Workplace,
};
use crate::slack::Priority;
use crate::thread::samples::{More, Tale, ana, ben, name, request, with_pages, work};
use crate::thread::{
    GateKey, Groups, Message, ModalDiff, RenderInput, diff_modal, home, redraw_at, render,
    slack_limits, unposted, words,
};
use crate::workspace::{FilePatch, FileStatus, Patch};

fn drawn(run: &Run, now: DateTime<Utc>) -> Vec<Message> {
    render(
        RenderInput {
            run,
            progress: None,
            groups: &Groups::default(),
            children: &[],
            children_queued: &[],
            children_progress: &[],
            batch: None,
            queued: None,
        },
        now,
        &with_pages(),
    )
}

#[test]
fn the_largest_run_keeps_the_limits() {
    let tale = Tale::largest().closes(Outcome::Failed, Some(&"<&>".repeat(5_000)));
    let messages = drawn(&tale.run, tale.now);
    assert_eq!(messages.len(), 15);
    messages.iter().for_each(slack_limits::message);
}

#[test]
fn the_largest_question_keeps_the_limits() {
    let tale = Tale::largest_question();
    drawn(&tale.run, tale.now).iter().for_each(slack_limits::message);
}

#[test]
fn messages_are_posted_in_order() {
    let tale = Tale::done();
    let keys: Vec<String> =
        drawn(&tale.run, tale.now).into_iter().map(|m| m.key.to_string()).collect();
    assert_eq!(keys, ["card", "ledger", "gate:core-implementation:1", "end"]);
}

#[test]
fn a_run_with_one_gate_calls_somebody_twice() {
    let tale = Tale::done();
    let calls = |m: &&Message| {
        serde_json::to_string(&m.blocks).unwrap().contains("<@") || m.text.as_str().contains("<@")
    };
    let messages = drawn(&tale.run, tale.now);
    let calling: Vec<String> = messages.iter().filter(calls).map(|m| m.key.to_string()).collect();
    assert_eq!(calling, ["gate:core-implementation:1", "end"]);
    assert!(messages.iter().filter(calls).all(|m| m.priority() == Priority::Call));
}

#[test]
fn a_digest_tells_drawings_apart() {
    let (tale, later) = (Tale::waiting(), Tale::waiting().after(1_860));
    let digest = |tale: &Tale| drawn(&tale.run, tale.now)[2].digest();
    assert_eq!(digest(&tale), digest(&tale));
    assert_ne!(digest(&tale), digest(&later));
    assert_eq!(digest(&tale).len(), 64);
}

#[test]
fn a_run_that_is_over_never_changes() {
    let tale = Tale::done();
    assert_eq!(redraw_at(&tale.run, tale.now), None);
    let much_later = drawn(&tale.run, tale.now + TimeDelta::days(400));
    assert_eq!(drawn(&tale.run, tale.now), much_later);
}

#[test]
fn a_run_that_no_worker_took_does_not_change_by_itself() {
    assert_eq!(redraw_at(&Tale::new().run, Tale::new().now), None);
}

fn tale(which: u8) -> Tale {
    match which {
        0 => Tale::waiting(),
        1 => Tale::rolled_back(),
        2 => Tale::waiting().decides(ben(), Verdict::Approve, None),
        3 => Tale::waiting().decides(ana(), Verdict::Stop, None),
        _ => Tale::new(),
    }
}

/// Words that may be anything, and a great many of them.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        ".{0,40}",
        "(\\PC|[<>&`*_\n\r\t\u{202e}\u{301}]){0,40}",
        Just("<!channel> ```\n@here ```".to_owned()),
        Just("> &lt;".to_owned())
    ];
    (prop::collection::vec(piece, 0..6), 1..200_usize)
        .prop_map(|(pieces, times)| pieces.join("\n").repeat(times))
}

/// A run in which everything that can be said says this, after so much of it.
fn saying(words: &str, steps: usize) -> Tale {
    let mut request = request();
    request.brief = words.to_owned();
    request.repository = Some(words.to_owned());
    let stage = "core-implementation";
    let more = || More {
        words: Some(words.to_owned()),
        reports: Some(words.to_owned()),
        workplace: Some(Workplace {
            host: Some(words.to_owned()),
            folder: words.to_owned(),
            prompt_bytes: Some(1),
        }),
        since_round: Some(More::diff(1, 1, 1)),
        ..More::risky(words)
    };
    let tale = Tale::of(request)
        .started()
        .notes(ana(), words)
        .works("scaffold", 1, work(1, 1, 1))
        .keeps("scaffold");
    let tell: [&dyn Fn(Tale) -> Tale; 7] = [
        &|tale| {
            tale.with(more()).works(stage, 1, work(1, 1, 1)).asks(stage).reminds(Reminder::Half)
        },
        &|tale| tale.wants(ben(), words, Rework::Top),
        &|tale| tale.notes(ben(), words).notes(ana(), words).begins(stage, 2),
        &|tale| {
            tale.writes(stage, 2, work(1, 1, 1))
                .ends(stage, 2, (AttemptOutcome::Good, Some(words), None), work(1, 1, 1))
                .asks(stage)
        },
        &|tale| tale.extends(ben(), 8).reminds(Reminder::Soon).notes(ana(), words),
        &|tale| tale.decides(ben(), Verdict::Reject, Some(words)).undoes(stage),
        &|tale| tale.delivers(false).closes(Outcome::Rejected, Some(words)),
    ];
    tell.iter().take(steps).fold(tale, |tale, tell| tell(tale))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_is_said_slack_takes_it(words in words(), steps in 0..8_usize) {
        let tale = saying(&words, steps);
        drawn(&tale.run, tale.now).iter().for_each(slack_limits::message);
        let gate = GateKey { kind: GateKind::Approve, stage: name("core-implementation"), round: 1 };
        unposted(&tale.run, &gate, &with_pages(), &Groups::default()).iter().for_each(slack_limits::message);
        slack_limits::home(&json!(home(&[(tale.run.clone(), true), (tale.run, false)], tale.now, &with_pages())));
    }

    #[test]
    fn whatever_changed_can_be_looked_at(words in words(), files in 0..30_usize, page in 0..9_usize) {
        let file = |i: usize| FilePatch {
            path: format!("{i}{words}"),
            old_path: None,
            status: FileStatus::Added,
            became: None,
            modes: None,
            added: 1,
            removed: 0,
            binary: i % 7 == 6,
            text: words.repeat(i % 3),
            left_out: 0,
        };
        let run = Tale::waiting().run;
        let stage = run.stage(&name("core-implementation")).unwrap();
        let attempt = stage.attempt(1).unwrap();
        let patch = &Patch { files: (0..files).map(file).collect(), truncated: page % 2 == 0, ..Patch::default() };
        slack_limits::view(&json!(diff_modal(ModalDiff { run: &run, stage, attempt, patch, since_round: false, page })));
    }

    #[test]
    fn what_is_told_privately_is_short(words in words()) {
        let run = saying(&words, 4).run;
        let by = PersonId::Slack { team: words.clone(), user: words };
        let whys = [Refusal::AlreadyDecided { verdict: Verdict::Changes, by, at: Tale::new().now }, Refusal::NotAllowed, Refusal::OwnRun, Refusal::NobodyMay];
        prop_assert!(whys.iter().all(|why| words::refusal(why, &run, Verdict::Approve).length() <= 600));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn within_a_minute_nothing_changes(which in 0..5_u8, minutes in 0..4_000_i64, one in 0..60_i64, other in 0..60_i64) {
        let tale = tale(which);
        let at = crate::thread::clock::minute(tale.now) + TimeDelta::minutes(minutes);
        let draw = |seconds| drawn(&tale.run, at + TimeDelta::seconds(seconds));
        prop_assert_eq!(draw(one), draw(other));
    }

    #[test]
    fn a_drawing_is_right_until_it_is_redrawn(which in 0..5_u8, seconds in 0..300_000_i64, early in 1..100_000_i64) {
        let tale = tale(which);
        let now = tale.now + TimeDelta::seconds(seconds);
        let draw = |at| drawn(&tale.run, at);
        let Some(at) = redraw_at(&tale.run, now) else {
            prop_assert_eq!(draw(now), draw(now + TimeDelta::seconds(early)));
            return Ok(());
        };
        prop_assert!(at > now && at.timestamp() % 60 == 0);
        let before = now.max(at - TimeDelta::seconds(early));
        prop_assert_eq!(draw(now), draw(before));
    }
}
