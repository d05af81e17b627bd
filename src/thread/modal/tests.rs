//! Do forms ask what they must, and diffs show what was changed, whatever is in them?

use serde_json::{Value, json};

use crate::run::{GateSpec, OnReject, ProjectName, Run};
use crate::slack::SlackView;
use crate::thread::samples::{Tale, name, nasty};
use crate::thread::{GateValue, slack_limits};
use crate::workspace::{FilePatch, FileStatus, Patch};

use super::{
    AgainForm, DevelopForm, DiffPlace, DiffTurn, FROM_START, ModalDiff, again_modal, changes_modal,
    develop_modal, diff_modal, extend_modal, reject_modal, rollback_modal,
};

/// The modal of what an attempt of the second stage changed.
fn modal(run: &Run, attempt: u32, patch: &Patch, (since_round, page): (bool, usize)) -> Value {
    let stage = run.stage(&name("core-implementation")).unwrap();
    let attempt = stage.attempt(attempt).unwrap();
    let diff = ModalDiff { run, stage, attempt, patch, since_round, page };
    serde_json::to_value(diff_modal(diff)).unwrap()
}

fn diff(files: &[FilePatch]) -> Value {
    let patch = Patch { files: files.to_vec(), ..Patch::default() };
    modal(&Tale::waiting().run, 1, &patch, (false, 0))
}

fn file(path: &str, added: u64, text: &str) -> FilePatch {
    let (path, text) = (path.to_owned(), text.to_owned());
    FilePatch {
        path,
        old_path: None,
        status: FileStatus::Modified,
        became: None,
        modes: None,
        added,
        removed: 1,
        binary: false,
        text,
        left_out: 0,
    }
}

#[test]
fn a_diff_shows_files_and_lines() {
    let file = file("src/a.js", 2, "@@ -1 +1,2 @@\n-a < b\n+a > b\n+```");
    let texts: Vec<String> = diff(&[file])["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b.pointer("/text/text").or(b.pointer("/elements/0/text")).unwrap())
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    *core-implementation of llm-wrapper* · 1 file +2 −1
    This work waits for an answer.
    `src/a.js` +2 −1
    ```
    @@ -1 +1,2 @@
    -a &lt; b
    +a &gt; b
    +'''
    ```
    ");
}

/// The pages of a diff, as people read them.
fn page(files: &[FilePatch], page: usize) -> Value {
    let patch = Patch { files: files.to_vec(), truncated: true, ..Patch::default() };
    modal(&Tale::waiting().run, 1, &patch, (false, page))
}

#[test]
fn a_longer_diff_has_pages() {
    let lines = (0..300).map(|i| format!("+line {i}")).collect::<Vec<_>>().join("\n");
    let files: Vec<FilePatch> = (0..5).map(|i| file(&format!("src/{i}.js"), 300, &lines)).collect();
    let first = page(&files, 0);
    let last = &first["blocks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["text"]["text"], &last["accessory"]["action_id"]),
        (&json!("Page 1 of 7"), &json!("diff.page"))
    );
    let second = page(&files, last["accessory"]["value"].as_str().unwrap().parse().unwrap());
    assert_eq!(second["blocks"][0]["accessory"]["value"], "0");
    assert_eq!(second["blocks"][1]["text"]["text"], "`src/1.js`, continued");
    let place: DiffPlace =
        serde_json::from_str(second["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        (place.run.as_str(), place.stage.as_str(), place.page),
        ("llm-wrapper-k3f9qdz", "core-implementation", 1)
    );
    let end = page(&files, 99);
    assert!(
        end.to_string().contains("+line 299")
            && end.to_string().contains("longer than can be shown"),
        "{end}"
    );
}

#[test]
fn the_largest_diff_stays_within_the_limits() {
    let (lines, nasty) = ("&\n".repeat(10_000), nasty());
    let files: Vec<FilePatch> = (0..500)
        .map(|i| file(&nasty, u64::MAX / 1_000, if i % 2 == 0 { &lines } else { &nasty }))
        .collect();
    for n in [0, 1, 7, 10_000] {
        slack_limits::view(&page(&files, n));
    }
}

#[test]
fn binary_and_empty_files_are_named() {
    let files = [
        FilePatch { binary: true, ..file("logo.png", 0, "") },
        FilePatch { removed: 0, ..file("empty.txt", 0, "") },
        FilePatch { old_path: Some("a".to_owned()), ..file("b", 1, "+x") },
    ];
    let text = page(&files, 0).to_string();
    assert!(
        text.contains("_Not text._")
            && text.contains("_No lines._")
            && text.contains("`a` → `b` +1 −1"),
        "{text}"
    );
    assert!(page(&[], 3).to_string().contains("Nothing was changed."));
}

fn value() -> (GateValue, Run) {
    let run = Tale::waiting().run;
    (GateValue::of(&run, &run.gate.as_ref().unwrap().id.clone()), run)
}

/// Title, callback and inputs (block, element, kind, how many characters or choices).
fn form(view: &SlackView) -> (Value, Vec<String>) {
    let view = serde_json::to_value(view).unwrap();
    slack_limits::view(&view);
    let metadata: GateValue =
        serde_json::from_str(view["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(metadata, value().0);
    let inputs = view["blocks"].as_array().unwrap().iter().filter(|b| b["type"] == "input");
    let values = |b: &Value| {
        b["element"]["options"]
            .as_array()
            .map(|o| o.iter().map(|o| o["value"].as_str().unwrap()).collect::<Vec<_>>().join("|"))
    };
    let inputs = inputs.map(|b| {
        format!(
            "{}/{} {}",
            b["block_id"].as_str().unwrap(),
            b["element"]["action_id"].as_str().unwrap(),
            values(b).unwrap_or_default()
        )
    });
    (view["callback_id"].clone(), inputs.collect())
}

#[test]
fn changes_are_asked_for_in_words_and_with_a_start() {
    let (value, run) = value();
    assert_eq!(
        form(&changes_modal(&value, &run)),
        (json!("changes"), vec!["words/words ".to_owned(), "start/start top|base".to_owned()])
    );
}

#[test]
fn a_rejection_may_say_why_and_says_what_it_does() {
    let (value, run) = value();
    let view = reject_modal(&value, &run);
    assert_eq!(form(&view), (json!("reject"), vec!["words/words ".to_owned()]));
    let view = serde_json::to_value(view).unwrap();
    assert!(
        view["blocks"][1]["optional"] == true && view.to_string().contains("*ends the run*"),
        "{view}"
    );
    let skips = Tale::waiting()
        .gated("core-implementation", GateSpec { on_reject: OnReject::Skip, ..GateSpec::usual(60) })
        .run;
    assert!(
        serde_json::to_string(&reject_modal(&value, &skips)).unwrap().contains("goes on without")
    );
}

#[test]
fn more_time_is_chosen_from_three() {
    let (value, run) = value();
    assert_eq!(
        form(&extend_modal(&value, &run)),
        (json!("extend"), vec!["until/until 1h|8h|tomorrow".to_owned()])
    );
}

#[test]
fn a_form_asks_for_project_brief_and_budget() {
    let projects: Vec<ProjectName> = ["llm-wrapper", "site"].map(|p| p.parse().unwrap()).to_vec();
    let view = serde_json::to_value(develop_modal(DevelopForm {
        projects: &projects,
        project: projects.last(),
        private_metadata: "C1",
        features: false,
    }))
    .unwrap();
    assert_eq!(
        (&view["callback_id"], &view["private_metadata"]),
        (&json!("develop"), &json!("C1"))
    );
    let ids: Vec<&Value> =
        view["blocks"].as_array().unwrap().iter().map(|b| &b["block_id"]).collect();
    assert_eq!(ids, ["project", "brief", "budget"]);
    assert_eq!(view["blocks"][0]["element"]["initial_option"]["value"], "site");
}

#[test]
fn a_form_without_projects_says_what_to_do() {
    let view = serde_json::to_value(develop_modal(DevelopForm {
        projects: &[],
        project: None,
        private_metadata: "",
        features: false,
    }))
    .unwrap();
    assert_eq!(
        view["blocks"][0]["text"]["text"],
        "No project is configured yet. Add one to `signoff.toml`, then try again."
    );
    assert!(view.get("submit").is_none());
}

#[test]
fn an_old_question_shows_its_own_work_and_a_newer_one_what_changed_since() {
    let run = Tale::second_round().run;
    let since = Patch { files: vec![file("b.js", 1, "+newer")], ..Patch::default() };
    let patch = Patch {
        files: vec![file("a.js", 1, "+older")],
        since_round: Some(Box::new(since)),
        ..Patch::default()
    };
    let old = modal(&run, 1, &patch, (false, 0)).to_string();
    assert!(old.contains("sent back for changes in round 1") && old.contains("has newer work"));
    let new = modal(&run, 2, &patch, (false, 0));
    assert_eq!(new["blocks"][2]["accessory"]["value"], "since");
    assert!(new.to_string().contains("+older"));
    let place: DiffPlace = serde_json::from_str(new["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!((place.attempt, place.since_round), (Some(2), false));
    let since = modal(&run, 2, &patch, (true, 0)).to_string();
    assert!(since.contains("+newer") && !since.contains("+older") && since.contains("All of it"));
}

#[test]
fn a_page_button_means_what_it_says() {
    for turn in [DiffTurn::Page(3), DiffTurn::SinceRound, DiffTurn::All] {
        assert_eq!(DiffTurn::parse(&turn.value()), Some(turn));
    }
    assert_eq!(DiffTurn::parse("sincere"), None);
}

#[test]
fn lines_that_are_not_kept_are_counted() {
    let lost = FilePatch { added: 177, ..file("a.js", 177, "") };
    let cut = FilePatch { left_out: 40, ..file("b.js", 50, "+x\n+y\n") };
    let text = diff(&[lost, cut]).to_string();
    assert!(text.contains("_… 178 lines, not shown here_") && text.contains("40 lines, not shown"));
}

/// The form that does a run again.
fn again(run: &Run) -> Value {
    let agent = &run.request.pipeline.agent;
    let form = AgainForm { run, agent, kept: true, private_metadata: "C1" };
    serde_json::to_value(again_modal(form)).unwrap()
}

#[test]
fn a_form_to_do_it_again_begins_behind_what_is_good_and_knows_what_it_may_spend() {
    let mut run = Tale::rolled_back().run;
    run.request.budget_usd = Some("2.50".parse().unwrap());
    let form = again(&run);
    let element = |id: &str| {
        let blocks = form["blocks"].as_array().unwrap();
        blocks.iter().find(|it| it["block_id"] == id).unwrap()["element"].clone()
    };
    assert_eq!(element("brief")["initial_value"], run.request.brief);
    assert_eq!(element("budget")["initial_value"], "$2.50");
    let from = element("from");
    let values: Vec<_> =
        from["options"].as_array().unwrap().iter().map(|it| &it["value"]).collect();
    assert_eq!(values, [FROM_START, "core-implementation", "streaming"]);
    assert_eq!(from["initial_option"]["value"], "streaming");
}

#[test]
fn a_brief_that_no_field_holds_is_left_out_of_the_form() {
    let mut run = Tale::rolled_back().run;
    run.request.brief = "👩".repeat(1_999);
    let form = again(&run).to_string();
    assert!(!form.contains(r#""block_id":"brief""#) && form.contains("stays as it is"), "{form}");
}

#[test]
fn of_many_snapshots_the_start_and_the_newest_can_be_gone_back_to() {
    let mut tale = Tale::new().started();
    for n in 1..=120 {
        tale = tale.errs("scaffold", n);
    }
    let form = json!(rollback_modal(&tale.run));
    slack_limits::view(&form);
    let block = form["blocks"].as_array().unwrap().iter().find(|it| it["type"] == "input");
    let options = block.unwrap()["element"]["options"].as_array().unwrap();
    let values = [0, 1, 99].map(|i| options[i]["value"].as_str().unwrap());
    assert_eq!((options.len(), values), (100, ["start", "scaffold-22", "scaffold-120"]));
}
