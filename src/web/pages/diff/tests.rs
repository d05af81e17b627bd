//! Does the page of a diff show every line, whatever stands in it?

use chrono::{DateTime, FixedOffset};

use crate::run::Run;
use crate::thread::samples::{Tale, name};

use super::{DiffPage, FilePatch, FileStatus, diff_page};

const TEXT: &str = "@@ -1,3 +1,4 @@ export\n const a = 1;\n-const b = \"<script>\";\n+const b = 2; // \u{202e}evil\n+const c = 3;\n\\ No newline at end of file";

fn file(text: &str) -> FilePatch {
    let (path, text) = ("src/<b>a.js".to_owned(), text.to_owned());
    FilePatch {
        path,
        old_path: None,
        status: FileStatus::Modified,
        added: 2,
        removed: 1,
        binary: false,
        text,
    }
}

fn page(run: &Run, files: &[FilePatch], truncated: bool) -> String {
    let expires_at = DateTime::from_timestamp(1_773_046_800, 0).unwrap();
    let clock_zone = FixedOffset::east_opt(3_600).unwrap();
    let stage = &name("core-implementation");
    diff_page(&DiffPage { run, stage, files, truncated, expires_at, run_page: None, clock_zone })
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
        "1 file +2 −1 · 50/50 tests · 92 % coverage · $0.23",
        "This work waits for an answer",
        "The diff is longer than what is shown here.",
        "This page opens until 2026-03-09 10:00 +01:00.",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[test]
fn renames_binaries_and_empty_files_say_so() {
    let renamed =
        FilePatch { old_path: Some("old.js".to_owned()), status: FileStatus::Renamed, ..file("") };
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
