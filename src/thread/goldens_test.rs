//! Everything that Slack is ever sent, as it is sent: `tests/data/cards/*.json`.
//! Kept in files because another program reads them: `tests/blockkit` holds them against Slack's own schema.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::sample::{
    More, Tale, Work, ana, ben, group, name, nasty, no_pages, place, request, work,
};
use super::{
    DevelopForm, GateValue, Groups, Message, ModalDiff, changes_modal, develop_modal, diff_modal,
    extend_modal, home, reject_modal, render, slack_limits_test, unposted,
};
use crate::run::{
    Approver, AttemptOutcome, Escalation, GateSpec, OnDeadline, OnReject, Outcome, ProjectName,
    Reminder, Rework, Sandboxing, Usd, Verdict,
};
use crate::slack::{SlackBlock, SlackView};
use crate::workspace::{FilePatch, FileStatus};

const STAGE: &str = "core-implementation";

/// Something that is sent, and what it is known by.
type Golden = (String, Value);

#[test]
fn every_card_is_what_it_was() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cards"));
    let goldens = goldens();
    let changed: Vec<&str> = goldens
        .iter()
        .filter(|golden| !is_kept(&folder, golden))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        changed.is_empty(),
        "these cards look different now and are written anew, look at them: {changed:?}"
    );
    let kept =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let stray: Vec<String> = kept
        .filter(|file| !goldens.iter().any(|(name, _)| *file == format!("{name}.json")))
        .collect();
    assert!(stray.is_empty(), "nothing draws these any more: {stray:?}");
}

/// Whether a file says the same; if not, it is written anew.
fn is_kept(folder: &std::path::Path, (name, sent): &Golden) -> bool {
    let (path, text) = (
        folder.join(format!("{name}.json")),
        format!("{}\n", serde_json::to_string_pretty(sent).unwrap()),
    );
    let same = fs::read_to_string(&path).is_ok_and(|kept| kept == text);
    if !same {
        fs::create_dir_all(folder).unwrap();
        fs::write(path, text).unwrap();
    }
    same
}

fn goldens() -> Vec<Golden> {
    [runs(), questions(), answers(), calls(), modals(), homes()].concat()
}

/// The newest message of a run whose key begins like this; whole, and as it is sent when Slack refuses it.
fn drawn(name: &str, tale: &Tale, key: &str) -> Vec<Golden> {
    let groups = Groups([(group(), vec!["UCLEO".to_owned()])].into());
    let message = render(&tale.run, (None, &groups), tale.now, &place())
        .into_iter()
        .rfind(|m| m.key.starts_with(key))
        .unwrap();
    sent(name, &message)
}

fn sent(name: &str, message: &Message) -> Vec<Golden> {
    slack_limits_test::message(message);
    let payload = |blocks: &[SlackBlock]| json!({ "message": { "channel": "C1", "text": message.text, "blocks": blocks } });
    // Of the plainer ones, the usual and the worst are enough to look at.
    let plainer =
        [name == "gate", name.ends_with("-largest"), name.ends_with("-odd")].contains(&true);
    let plainer = plainer.then(|| (format!("{name}-plainer"), payload(&message.plainer())));
    [(name.to_owned(), payload(&message.blocks))].into_iter().chain(plainer).collect()
}

fn runs() -> Vec<Golden> {
    let mut rehearsal = Tale::rolled_back().begins("streaming", 2);
    rehearsal.run.request.rehearsal = true;
    rehearsal.run.sandboxing = Some(Sandboxing::None);
    let failed = Tale::rolled_back()
        .errs("streaming", 2)
        .errs("streaming", 3)
        .fails("streaming", "3 attempts, the last: 3 of 50 tests failed");
    let failed =
        failed.delivers(false).closes(Outcome::Failed, Some("streaming: 3 of 50 tests failed"));
    let largest = Tale::largest().delivers(false).closes(Outcome::Failed, Some(&nasty()));
    let stopped = Tale::rolled_back()
        .begins("streaming", 2)
        .writes("streaming", 2, work(800, 2, 20))
        .decides(ana(), Verdict::Stop, Some("enough"));
    let stopped = stopped
        .ends("streaming", 2, (AttemptOutcome::Stopped, None, None), work(800, 2, 20))
        .undoes("streaming");
    let stopped = stopped.delivers(false).closes(Outcome::Stopped, Some("enough"));
    let said = Tale::second_round()
        .notes(ana(), "and log each try")
        .decides(ben(), Verdict::Approve, None)
        .keeps(STAGE)
        .begins("streaming", 1);
    [
        drawn("card-starting", &Tale::new(), "card"),
        drawn("card-running", &rehearsal, "card"),
        drawn("card-waiting", &Tale::waiting(), "card"),
        drawn("card-done", &Tale::done(), "card"),
        drawn("card-failed", &failed, "card"),
        drawn("card-stopped", &stopped, "card"),
        drawn("card-largest", &largest, "card"),
        drawn("card-odd", &odd(), "card"),
        drawn("ledger", &said.notes(ben(), "one more thing"), "ledger"),
        drawn("ledger-largest", &largest, "ledger"),
        drawn("end-done", &Tale::done(), "end"),
        drawn("end-failed", &failed, "end"),
        drawn("end-stopped", &stopped, "end"),
        drawn("end-largest", &largest, "end"),
        drawn("end-odd", &odd().delivers(false).closes(Outcome::Rejected, Some(ODD)), "end"),
    ]
    .concat()
}

/// Right to left and back, marks on marks, markup of every kind.
const ODD: &str = "שלום \u{202e}gnp.exe\u{202c} `code` *bold* _it_ ~no~ | > quote\n>>> all <!here> @here <#C1|x> https://evil.example\n```\nfence & e\u{301}\u{301}\u{301} 👩‍💻";

/// A run whose words are odd, and whose names are as long as they can be.
fn odd() -> Tale {
    let mut request = request();
    request.brief = ODD.to_owned();
    request.project = "p".repeat(64).parse().unwrap();
    request.run = "r".repeat(64).parse().unwrap();
    request.budget_usd = Some(Usd::from_nanos(i64::MAX / 2));
    let more = More { words: Some(ODD.to_owned()), ..More::risky(ODD) };
    let tale = Tale::of(request)
        .started()
        .works("scaffold", 1, work(1, 1, 1))
        .keeps("scaffold")
        .with(more)
        .works(STAGE, 1, work(1, 1, 1));
    tale.notes(ana(), "\u{200b}").notes(ben(), ODD).asks(STAGE)
}

fn spec() -> GateSpec {
    GateSpec { approvers: vec![ben().into(), Approver::Group(group())], ..GateSpec::usual(3_600) }
}

fn questions() -> Vec<Golden> {
    let asking = |spec| Tale::waiting().gated(STAGE, spec);
    let escalation = Some(Escalation { after_seconds: 600, to: vec![Approver::Group(group())] });
    let impossible = Tale::waiting()
        .wants(ben(), ODD, Rework::Top)
        .errs(STAGE, 2)
        .errs(STAGE, 3)
        .errs(STAGE, 4)
        .asks(STAGE);
    [
        drawn("gate", &Tale::waiting(), "gate"),
        drawn("gate-again", &Tale::second_round(), "gate"),
        drawn("gate-later", &Tale::second_gate(), "gate"),
        drawn("gate-impossible", &impossible, "gate"),
        drawn(
            "gate-quorum",
            &asking(GateSpec { quorum: 2, ..spec() }).decides(
                ben(),
                Verdict::Approve,
                Some("fine"),
            ),
            "gate",
        ),
        drawn(
            "gate-overdue",
            &asking(GateSpec { on_deadline: OnDeadline::Wait, ..spec() }).misses(STAGE),
            "gate",
        ),
        drawn(
            "gate-extended",
            &asking(GateSpec { escalation, ..spec() }).escalates().extends(ben(), 8),
            "gate",
        ),
        drawn("gate-over", &Tale::waiting().after(9_000), "gate"),
        drawn("gate-largest", &Tale::largest_question(), "gate"),
        drawn("gate-odd", &odd(), "gate"),
    ]
    .concat()
}

fn answers() -> Vec<Golden> {
    let skips = Tale::waiting().gated(STAGE, GateSpec { on_reject: OnReject::Skip, ..spec() });
    let empty = Work { tests: None, coverage: None, lines: (0, 0), ..work(0, 0, 0) };
    let bare = Tale::new()
        .started()
        .with(More { words: Some(String::new()), ..More::default() })
        .works("scaffold", 1, empty)
        .keeps("scaffold");
    [
        drawn(
            "gate-approved",
            &Tale::waiting().after(250).decides(ben(), Verdict::Approve, Some(ODD)),
            "gate",
        ),
        drawn(
            "gate-changes",
            &Tale::waiting().after(250).wants(ben(), "Please retry.", Rework::Base),
            "gate",
        ),
        drawn("gate-voided", &first_card(&Tale::second_round()), "gate"),
        drawn(
            "gate-rejected",
            &Tale::waiting().decides(ben(), Verdict::Reject, Some(&nasty())).undoes(STAGE),
            "gate",
        ),
        drawn(
            "gate-skipped",
            &skips.decides(ben(), Verdict::Reject, Some("")).undoes(STAGE),
            "gate",
        ),
        drawn("gate-stopped", &Tale::waiting().decides(ana(), Verdict::Stop, None), "gate"),
        drawn(
            "gate-missed",
            &Tale::waiting().misses(STAGE).fails(STAGE, "nobody answered in time"),
            "gate",
        ),
        drawn("gate-bare", &bare.works(STAGE, 1, empty).asks(STAGE), "gate"),
    ]
    .concat()
}

/// The same run, of which only the first question is drawn last.
fn first_card(tale: &Tale) -> Tale {
    let mut run = tale.run.clone();
    run.stages.iter_mut().for_each(|stage| stage.asked.reverse());
    run.gate = None;
    Tale { run, now: tale.now, more: More::default() }
}

fn calls() -> Vec<Golden> {
    let escalation = Some(Escalation { after_seconds: 600, to: vec![Approver::Group(group())] });
    let asking = Tale::waiting()
        .gated(STAGE, GateSpec { escalation, quorum: 2, ..spec() })
        .reminds(Reminder::Half);
    let asking = asking.after(600).escalates().after(600).reminds(Reminder::Soon);
    let direct = |tale: &Tale| {
        unposted(&tale.run, &format!("gate:{STAGE}:1"), &no_pages(), &Groups::default()).remove(0)
    };
    let open = sent("unposted", &direct(&asking));
    let silent = asking.snoozes(ben());
    let approved =
        [drawn("reminder-silent", &silent, "reminder"), drawn("escalation", &silent, "escalation")]
            .concat();
    let silent = silent.decides(ben(), Verdict::Approve, None);
    let closed = drawn("reminder-approved", &silent, &format!("reminder:{STAGE}:1:half:1:UBEN"));
    let over = Tale::waiting()
        .reminds(Reminder::Soon)
        .decides(ben(), Verdict::Reject, Some(ODD))
        .undoes(STAGE);
    let odd = odd().reminds(Reminder::Soon);
    [
        open,
        approved,
        closed,
        drawn("reminder-closed", &over, "reminder"),
        drawn("reminder-odd", &odd, "reminder"),
        sent("unposted-odd", &direct(&odd)),
    ]
    .concat()
}

fn modals() -> Vec<Golden> {
    let modal = |name: &str, view: SlackView| {
        let view = serde_json::to_value(view).unwrap();
        slack_limits_test::view(&view);
        (format!("modal-{name}"), json!({ "modal": view }))
    };
    let run = odd().run;
    let value = GateValue::of(&run, &run.gate.as_ref().unwrap().id);
    let projects: Vec<ProjectName> =
        (0..200).map(|i| format!("{}-{i}", "p".repeat(60)).parse().unwrap()).collect();
    let develop =
        |projects| develop_modal(DevelopForm { projects, project: None, private_metadata: "C1" });
    let file = |path: &str, text: &str| FilePatch {
        path: path.to_owned(),
        old_path: Some("old".to_owned()),
        status: FileStatus::Renamed,
        added: u64::MAX / 900,
        removed: 1,
        binary: false,
        text: text.to_owned(),
    };
    let files: Vec<FilePatch> = (0..300)
        .map(|i| if i % 2 == 0 { file(ODD, &"&\n".repeat(900)) } else { file(&nasty(), &nasty()) })
        .collect();
    let stage = name(STAGE);
    let diff = |files, page| {
        diff_modal(ModalDiff { run: &run, stage: &stage, files, truncated: true, page })
    };
    vec![
        modal("develop", develop(&projects)),
        modal("develop-nothing", develop(&[])),
        modal("changes", changes_modal(&value, &run)),
        modal("reject", reject_modal(&value, &run)),
        modal("extend", extend_modal(&value, &run)),
        modal("diff-first", diff(&files, 0)),
        modal("diff-middle", diff(&files, 7)),
        modal("diff-last", diff(&files, usize::MAX)),
        modal("diff-nothing", diff(&[], 0)),
    ]
}

fn homes() -> Vec<Golden> {
    let now = Tale::waiting().now;
    let view = |name: &str, waiting: &[(crate::run::Run, bool)]| {
        let blocks = home(waiting, now, &place());
        slack_limits_test::home(&json!(blocks));
        (format!("home-{name}"), json!({ "home": { "type": "home", "blocks": blocks } }))
    };
    let mut largest = Tale::largest_question().run;
    let mut numbered = |i: u32| {
        largest.request.run = format!("{}-{i}", "r".repeat(60)).parse().unwrap();
        (largest.clone(), i.is_multiple_of(2))
    };
    let fullest: Vec<_> = (0..80).map(&mut numbered).collect();
    vec![
        view("nothing", &[]),
        view(
            "one",
            &[(Tale::waiting().run, true), (Tale::second_gate().run, false), (odd().run, true)],
        ),
        view("fullest", &fullest),
    ]
}
