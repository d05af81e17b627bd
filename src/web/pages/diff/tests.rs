//! Does the page of a diff show every line, whatever stands in it?

use chrono::{DateTime, FixedOffset};

use crate::run::Run;
use crate::thread::samples::{Tale, name, with_pages};
use crate::thread::{DiffPart, RenderContext};

use super::{DiffPage, FilePatch, FileStatus, Patch, diff_page};

const TEXT: &str = "@@ -1,3 +1,4 @@ export\n const a = 1;\n-const b = \"<script>\";\n+const b = 2; // \u{202e}evil\n+const c = 3;\n\\ No newline at end of file";

fn file(text: &str) -> FilePatch {
    let (path, text) = ("src/<b>a.js".to_owned(), text.to_owned());
    FilePatch {
        path,
        old_path: None,
        status: FileStatus::Modified,
        became: None,
        modes: None,
        added: 2,
        removed: 1,
        binary: false,
        text,
        left_out: 0,
    }
}

fn page(run: &Run, files: &[FilePatch], truncated: bool) -> String {
    let patch = Patch { files: files.to_vec(), truncated, ..Patch::default() };
    page_of(run, 1, &patch, DiffPart::default())
}

/// What an attempt of the second stage changed.
fn page_of(run: &Run, attempt: u32, patch: &Patch, part: DiffPart) -> String {
    let expires_at = DateTime::from_timestamp(1_773_046_800, 0).unwrap();
    let clock_zone = FixedOffset::east_opt(3_600).unwrap();
    let render = &RenderContext { clock_zone, ..with_pages() };
    let stage = run.stage(&name("core-implementation")).unwrap();
    let attempt = stage.attempt(attempt).unwrap();
    let bound = true;
    diff_page(&DiffPage { run, stage, attempt, patch, part, bound, expires_at, render })
        .into_string()
}

#[test]
fn lines_are_escaped_numbered_and_told_apart() {
    let page = page(&Tale::waiting().run, &[file(TEXT)], false);
    let code = page.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0;
    insta::assert_snapshot!(code, @r#"
    <span class="hunk" data-n="">@@ -1,3 +1,4 @@ export
    </span><span class="same" data-n="1"> const a = 1;
    </span><span class="del" data-n="2">-const b = &quot;&lt;script&gt;&quot;;
    </span><span class="add" data-n="2">+const b = 2; // <span class="hidden" title="a character that cannot be seen">U+202E</span>evil
    </span><span class="add" data-n="3">+const c = 3;
    </span><span class="hunk" data-n="">\ No newline at end of file
    </span>
    "#);
}

#[test]
fn nothing_from_a_diff_becomes_markup() {
    let page = page(&Tale::waiting().run, &[file(TEXT), file(TEXT)], false);
    assert!(
        !page.contains("<script")
            && !page.contains("<b>")
            && !page.contains('\u{202e}')
            && !page.contains("style=")
    );
}

#[test]
fn the_head_has_the_facts_and_what_can_be_done() {
    let page = page(&Tale::waiting().run, &[file(TEXT)], true);
    for part in [
        "<h1>core-implementation of llm-wrapper</h1>",
        "1 file +2 −1 · attempt 1 · 50/50 tests · 92 % coverage · $0.23",
        "This work waits for an answer. Approve or reject it in the run's thread.",
        "The diff is longer than what is kept.",
        "This page opens until 2026-03-09 10:00 +01:00.",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[test]
fn renames_binaries_and_empty_files_say_so() {
    let renamed = FilePatch {
        old_path: Some("old.js".to_owned()),
        status: FileStatus::Renamed,
        added: 0,
        removed: 0,
        ..file("")
    };
    let binary = FilePatch {
        path: "logo.png".to_owned(),
        status: FileStatus::Added,
        binary: true,
        ..file("")
    };
    let page = page(&Tale::done().run, &[renamed, binary], false);
    for part in ["old.js → src/&lt;b&gt;a.js", "renamed", "No lines changed.", "Not text.", "new"]
    {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[test]
fn long_files_are_folded() {
    let long = "+x\n".repeat(700);
    let page = page(&Tale::done().run, &[file(&long), file(TEXT)], false);
    assert!(
        page.contains(r#"id="f0">"#) && page.contains(r#"id="f1">"#),
        "both are folded: the first took the room"
    );
    assert!(self::page(&Tale::done().run, &[file(TEXT)], false).contains(r#"id="f0" open"#));
}

#[test]
fn no_change_is_said() {
    assert!(page(&Tale::done().run, &[], false).contains("Nothing was changed."));
}

#[test]
fn lines_that_have_no_room_are_counted_and_on_a_page_of_their_own() {
    let long = FilePatch { added: 60_001, ..file(&"+a longer line\n".repeat(60_001)) };
    let patch = Patch { files: vec![file(TEXT), long], ..Patch::default() };
    let run = Tale::waiting().run;
    let page = page_of(&run, 1, &patch, DiffPart::default());
    assert!(page.contains("+const c = 3;"), "the small file is there");
    let (_, after) = page.split_once(" lines, not shown here: <a href=\"").expect("it says so");
    assert!(after.contains("/diff/core-implementation/1-commit-core-/file-1?s="), "{after}");
    let own = page_of(&run, 1, &patch, DiffPart { since_round: false, file: Some(1) });
    assert_eq!(own.matches("+a longer line").count(), 60_001);
    assert!(!own.contains("const c") && own.contains("All files"));
}

#[test]
fn what_is_not_kept_anywhere_is_never_called_unchanged() {
    let lost = FilePatch { added: 177, removed: 1, ..file("") };
    let page = page(&Tale::waiting().run, &[lost], true);
    assert!(
        page.contains("178 lines, not shown here. They are in the run's repository.")
            && !page.contains("No lines changed"),
        "{page}"
    );
}

#[test]
fn an_old_card_shows_its_own_work_and_what_became_of_it() {
    let run = Tale::second_round().run;
    let since_round = Some(Box::new(Patch { files: vec![file("+newer")], ..Patch::default() }));
    let patch = Patch { files: vec![file(TEXT)], since_round, ..Patch::default() };
    let old = page_of(&run, 1, &patch, DiffPart::default());
    assert!(old.contains("This work was sent back for changes in round 1."), "{old}");
    assert!(old.contains("This stage has newer work, which is not shown here."));
    assert!(old.contains("$0.23") && !old.contains("Approve or reject"));
    let new = page_of(&run, 2, &patch, DiffPart::default());
    assert!(new.contains("waits for an answer in round 2") && new.contains("$0.31"), "{new}");
    assert!(new.contains("/2-commit-core-/since?s=") && new.contains("since round 1</a>"));
    let since = page_of(&run, 2, &patch, DiffPart { since_round: true, file: None });
    assert!(since.contains("Since round 1 · 1 file") && since.contains("All that the stage"));
}
