use serde_json::{Value, json};

use crate::run::ProjectName;
use crate::thread::sample::{Tale, name};
use crate::thread::text;
use crate::workspace::{FilePatch, FileStatus};

use super::{DevelopForm, ModalDiff, develop_modal, diff_modal};

fn diff(files: &[FilePatch]) -> Value {
    serde_json::to_value(diff_modal(ModalDiff { run: &Tale::waiting().run, stage: &name("core-implementation"), files, truncated: false, page: 0 }))
        .unwrap()
}

fn file(path: &str, added: u64, text: &str) -> FilePatch {
    let (path, text) = (path.to_owned(), text.to_owned());
    FilePatch { path, old_path: None, status: FileStatus::Modified, added, removed: 1, binary: false, text }
}

#[test]
fn a_diff_shows_files_and_lines() {
    let file = file("src/a.js", 2, "@@ -1 +1,2 @@\n-a < b\n+a > b\n+```");
    let texts: Vec<String> = diff(&[file])["blocks"].as_array().unwrap().iter().map(|b| b["text"]["text"].as_str().unwrap().to_owned()).collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    *core-implementation of llm-wrapper* · 1 file +2 −1
    `src/a.js` +2 −1
    ```
    @@ -1 +1,2 @@
    -a &lt; b
    +a &gt; b
    +'''
    ```
    ");
}

#[test]
fn the_largest_diff_stays_within_the_limits() {
    let nasty = "<&>".repeat(10_000);
    let lines = "&\n".repeat(10_000);
    let files: Vec<FilePatch> = (0..500).map(|i| file(&nasty, u64::MAX / 1_000, if i % 2 == 0 { &nasty } else { &lines })).collect();
    let view = diff(&files);
    let blocks = view["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 100);
    assert!(view.to_string().len() < 250_000);
    assert!(blocks.iter().filter_map(|b| b["text"]["text"].as_str()).all(|t| t.chars().count() <= text::SECTION));
    assert!(blocks.iter().filter_map(|b| b["text"]["text"].as_str()).all(|t| t.matches("```").count() % 2 == 0 && !t.ends_with('…')));
}

#[test]
fn a_form_asks_for_project_brief_and_budget() {
    let projects: Vec<ProjectName> = ["llm-wrapper", "site"].map(|p| p.parse().unwrap()).to_vec();
    let view = serde_json::to_value(develop_modal(DevelopForm { projects: &projects, project: projects.last(), private_metadata: "C1" })).unwrap();
    assert_eq!((&view["callback_id"], &view["private_metadata"]), (&json!("develop"), &json!("C1")));
    let ids: Vec<&Value> = view["blocks"].as_array().unwrap().iter().map(|b| &b["block_id"]).collect();
    assert_eq!(ids, ["project", "brief", "budget"]);
    assert_eq!(view["blocks"][0]["element"]["initial_option"]["value"], "site");
}

#[test]
fn a_form_without_projects_says_what_to_do() {
    let view = serde_json::to_value(develop_modal(DevelopForm { projects: &[], project: None, private_metadata: "" })).unwrap();
    assert_eq!(view["blocks"][0]["text"]["text"], "No project is configured yet. Add one to `signoff.toml`, then try again.");
    assert!(view.get("submit").is_none());
}
