//! Modals and Home tabs: usual ones, and the largest there can be.

use serde_json::json;

use super::{Golden, ODD, STAGE, odd};
use crate::run::{ProjectName, Run};
use crate::slack::SlackView;
use crate::thread::samples::{Tale, name, nasty, with_pages};
use crate::thread::{
    AgainForm, DevelopForm, GateValue, ModalDiff, again_modal, changes_modal, develop_modal,
    diff_modal, extend_modal, home, reject_modal, slack_limits,
};
use crate::workspace::{FilePatch, FileStatus, Patch};

pub(super) fn modals() -> Vec<Golden> {
    let modal = |name: &str, view: SlackView| {
        let view = serde_json::to_value(view).unwrap();
        slack_limits::view(&view);
        (format!("modal-{name}"), json!({ "modal": view }))
    };
    let run = odd().run;
    let value = GateValue::of(&run, &run.gate.as_ref().unwrap().id);
    let projects: Vec<ProjectName> =
        (0..200).map(|i| format!("{}-{i}", "p".repeat(60)).parse().unwrap()).collect();
    let develop = |projects| {
        develop_modal(DevelopForm {
            projects,
            project: None,
            private_metadata: "C1",
            features: false,
        })
    };
    let again = |run: &Run, models: &[&str]| {
        let mut agent = run.request.pipeline.agent.clone();
        agent.models = models.iter().map(ToString::to_string).collect();
        again_modal(AgainForm { run, agent: &agent, kept: true, private_metadata: "C1" })
    };
    let file = |path: &str, text: &str| FilePatch {
        path: path.to_owned(),
        old_path: Some("old".to_owned()),
        status: FileStatus::Renamed,
        became: None,
        modes: None,
        added: u64::MAX / 900,
        removed: 1,
        binary: false,
        text: text.to_owned(),
        left_out: 7,
    };
    let files: Vec<FilePatch> = (0..300)
        .map(|i| if i % 2 == 0 { file(ODD, &"&\n".repeat(900)) } else { file(&nasty(), &nasty()) })
        .collect();
    let stage = run.stage(&name(STAGE)).unwrap();
    let attempt = run.shown(&name(STAGE)).unwrap();
    let diff = |files: &[FilePatch], page| {
        let since = Patch { files: files.to_vec(), ..Patch::default() };
        let since_round = Some(Box::new(since.clone()));
        let patch = &Patch { truncated: true, since_round, ..since };
        diff_modal(ModalDiff { run: &run, stage, attempt, patch, since_round: page == 7, page })
    };
    vec![
        modal("develop", develop(&projects)),
        modal("develop-nothing", develop(&[])),
        modal("again", again(&Tale::rolled_back().run, &["claude-opus-4-5"])),
        modal("again-odd", again(&run, &[])),
        modal("changes", changes_modal(&value, &run)),
        modal("reject", reject_modal(&value, &run)),
        modal("extend", extend_modal(&value, &run)),
        modal("diff-first", diff(&files, 0)),
        modal("diff-middle", diff(&files, 7)),
        modal("diff-last", diff(&files, usize::MAX)),
        modal("diff-nothing", diff(&[], 0)),
    ]
}

pub(super) fn homes() -> Vec<Golden> {
    let now = Tale::waiting().now;
    let view = |name: &str, waiting: &[(Run, bool)]| {
        let blocks = home(waiting, now, &with_pages());
        slack_limits::home(&json!(blocks));
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
