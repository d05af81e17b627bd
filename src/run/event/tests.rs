//! Tests of the lines of `signoff events --json`: a door, pinned field by field.

use super::{Delivered, Event, Happened, Outcome, StageOutcome};
use crate::run::rules::tests::{ana, request, snapshot};
use crate::run::{
    AgentInfo, AttemptOutcome, Diff, Digest, FileDiff, GateId, GateKind, NotKnown, PersonId,
    RedGreen, Refusal, Reminder, Reports, RequestId, Rework, Run, Sandboxing, StageName, Tests,
    TestsChanged, Tokens, Trouble, Usd, Verdict, Via,
};

const TOKENS: Tokens = Tokens { input: 2_000, output: 300, cache_read: 40, cache_write: 5 };
const COST: Usd = Usd::from_nanos(43_750_000);

#[test]
fn each_kind_is_written_as_it_always_was_and_read_again() {
    let events: Vec<Event> =
        [beginnings(), attempt(), answers(), endings()].concat().into_iter().map(event).collect();
    let lines = events
        .iter()
        .map(|e| serde_json::to_string(e).expect("events are JSON"))
        .collect::<Vec<_>>()
        .join("\n");
    let read: Vec<Event> =
        lines.lines().map(|line| serde_json::from_str(line).expect("and read again")).collect();
    assert_eq!(read, events);
    insta::assert_snapshot!(lines);
}

#[test]
fn a_kind_of_a_later_version_is_counted_and_changes_nothing_else() {
    let later = r#"{"seq":1,"at":"2026-03-02T09:00:00Z","kind":"agent_praised","by":{"name":"ana"},"stars":5}"#;
    let event: Event = serde_json::from_str(later).expect("any kind is read");
    assert_eq!(event.what, Happened::Unknown);
    let run = Run::fold(request(&["draft"]), [&event]);
    assert_eq!(run, Run { seq: 1, ..Run::starting(request(&["draft"])) });
}

#[test]
fn a_field_of_a_later_version_is_left_out() {
    let later = r#"{"seq":1,"at":"2026-03-02T09:00:00Z","kind":"ended","outcome":"done","why":null,"mood":"cheerful"}"#;
    let event: Event = serde_json::from_str(later).expect("any field is read over");
    assert_eq!(event.what, Happened::Ended { outcome: Outcome::Done, why: None });
}

#[test]
fn a_run_that_was_delivered_before_the_diff_was_told_is_still_read() {
    let older = r#"{"seq":1,"at":"2026-03-02T09:00:00Z","kind":"delivered","branch":"b","commit":"c","repository":"r","pushed":false,"note":null}"#;
    assert!(matches!(serde_json::from_str(older), Ok(Event { what: Happened::Delivered(_), .. })));
}

fn stage() -> StageName {
    "draft".parse().expect("a slug")
}

fn event(what: Happened) -> Event {
    Event { seq: 7, at: "2026-03-02T09:00:00.5Z".parse().expect("a time"), what }
}

fn beginnings() -> Vec<Happened> {
    let mut request = request(&["draft?"]);
    request.budget_usd = Some(COST);
    request.pipeline.stages[0].reports =
        Reports { junit: vec!["reports/junit.xml".to_owned()], ..Reports::default() };
    request.pipeline.stages[0].least_coverage_percent = Some(92.5);
    vec![
        Happened::Started { rules: 1, request: Box::new(request) },
        Happened::StageStarted { stage: stage(), estimate: None },
        Happened::AttemptStarted { stage: stage(), attempt: 2 },
    ]
}

fn attempt() -> Vec<Happened> {
    let written = Happened::Written {
        stage: stage(),
        attempt: 2,
        agent: Some(AgentInfo {
            name: "claude".to_owned(),
            version: Some("2.1".to_owned()),
            model: None,
        }),
        sandboxing: Sandboxing::OpenNetwork,
        base: snapshot(0),
        snapshot: snapshot(1),
        diff: Box::new(Diff {
            files: 1,
            added: 4,
            removed: 0,
            biggest: vec![FileDiff { path: "src/lib.rs".to_owned(), added: 4, removed: 0 }],
            flags: Vec::new(),
        }),
        since_round: None,
        since_approved: Some(Box::default()),
        tokens: TOKENS,
        cost_usd: COST,
        words: Some("I wrote it.".to_owned()),
        branch: None,
        parts: Vec::new(),
        conflicts: Vec::new(),
    };
    let ended = Happened::AttemptEnded {
        stage: stage(),
        attempt: 2,
        outcome: AttemptOutcome::Bad,
        why: Some("3 of 50 tests failed".to_owned()),
        feedback: Some("line 3 is crooked".to_owned()),
        trouble: Some(Trouble::ModelBusy),
        tests: Some(Tests { passed: 47, failed: 3, skipped: 0 }),
        coverage_percent: Some(92.5),
        reports: None,
        workplace: None,
        tests_changed: Some(TestsChanged {
            removed: 1,
            skipped: 0,
            names: vec!["adds up".to_owned()],
        }),
        red_green: Some(RedGreen {
            new: 4,
            fail: 2,
            pass: 1,
            names: vec!["is there".to_owned()],
            not_known: Some(NotKnown::AmongTheCode),
            ..RedGreen::default()
        }),
        tokens: TOKENS,
        cost_usd: COST,
        seconds: 61,
        review_follows: false,
    };
    vec![written, ended]
}

fn answers() -> Vec<Happened> {
    let gate = GateId {
        kind: GateKind::Approve,
        stage: stage(),
        round: 1,
        digest: Digest("g1".to_owned()),
    };
    let at = "2026-03-02T08:59:00Z".parse().expect("a time");
    let (request, words) = (RequestId("r1".to_owned()), Some("not yet".to_owned()));
    let by = PersonId::Cli { user: "ben".to_owned() };
    let decided = |gate, verdict, via| Happened::Decided {
        request: request.clone(),
        gate,
        verdict,
        by: ana(),
        via,
        words: words.clone(),
        rework: Rework::Top,
        raise: None,
        retry: None,
        rollback: None,
    };
    let refused = |why| Happened::DecisionRefused { request: request.clone(), by: by.clone(), why };
    vec![
        Happened::GateOpened { gate: gate.clone(), attempt: 2, deadline: at },
        Happened::Reminded { gate: gate.clone(), reminder: Reminder::Half },
        Happened::Escalated { gate: gate.clone() },
        Happened::Extended {
            request: request.clone(),
            gate: gate.clone(),
            by: ana(),
            via: Via::Button,
            deadline: at,
        },
        Happened::Snoozed { request: request.clone(), gate: gate.clone(), by: ana() },
        Happened::Noted {
            request: request.clone(),
            by: ana(),
            via: Via::Thread,
            words: "use retries".to_owned(),
            message: Some("1.3".to_owned()),
        },
        decided(Some(gate.clone()), Verdict::Changes, Via::Button),
        decided(Some(gate.clone()), Verdict::Reject, Via::Thread),
        decided(None, Verdict::Stop, Via::Cli),
        refused(Refusal::AlreadyDecided { verdict: Verdict::Approve, by: ana(), at }),
        refused(Refusal::NotAllowed),
        refused(Refusal::AlreadyApproved { missing: 1 }),
        Happened::DeadlinePassed { gate },
    ]
}

fn endings() -> Vec<Happened> {
    let delivered = Delivered {
        branch: "signoff/tale-k3f9qdz".to_owned(),
        commit: "c1".to_owned(),
        repository: "https://git.example/tale.git".to_owned(),
        pushed: true,
        note: None,
        diff: Diff::default(),
    };
    vec![
        Happened::StageEnded {
            stage: stage(),
            outcome: StageOutcome::Good,
            why: None,
            snapshot: Some(snapshot(1)),
        },
        Happened::StageEnded {
            stage: stage(),
            outcome: StageOutcome::Undone,
            why: None,
            snapshot: None,
        },
        Happened::Delivered(delivered),
        Happened::Ended { outcome: Outcome::Rejected, why: Some("not yet".to_owned()) },
    ]
}
