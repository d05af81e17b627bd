//! Does the page of a run show what happened, and nothing that was not escaped?

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;

use crate::run::{Outcome, Progress, Run};
use crate::thread::samples::{Tale, ben, with_pages};

use super::{Relatives, RunPage, run_page};

fn page(run: &Run) -> String {
    page_with(run, None)
}

fn page_with(run: &Run, progress: Option<&Progress>) -> String {
    let names = BTreeMap::from([(ben(), "Ben <3".to_owned())]);
    let expires_at = DateTime::from_timestamp(1_773_046_800, 0).unwrap();
    let (relatives, logged) = (Relatives::default(), BTreeSet::new());
    let render = &with_pages();
    let page = RunPage {
        run,
        progress,
        render,
        names: &names,
        relatives: &relatives,
        pruned_at: None,
        logged: &logged,
        expires_at,
    };
    run_page(&page).into_string()
}

#[test]
fn a_run_that_is_done_is_all_there() {
    let page = page(&Tale::done().run);
    for part in [
        r#"<span class="phase done">done</span>"#,
        "$0.88 of $5.00 · started 2026-03-02 09:00 UTC · ended 2026-03-02 09:24 UTC · asked for by UANA · Claude Code 2.1.3, claude-sonnet-4-5",
        "core-implementation approved by Ben &lt;3 after 4 min, 2026-03-02 09:10 UTC",
        "<blockquote>nice &amp; tidy\n</blockquote>",
        r#"<a class="more" href="https://signoff.example/runs/llm-wrapper-k3f9qdz/diff/streaming/2-commit-strea?s="#,
        r#"<th scope="row">TOTAL</th><td>$0.88</td><td></td><td>19m 50s</td>"#,
        "14 files +1,204 −36 on branch <code>signoff/llm-wrapper-k3f9qdz</code>",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[test]
fn a_stage_lists_its_attempts() {
    let page = page(&Tale::done().run);
    let stage =
        page.split_once("</span> streaming ").unwrap().1.split_once("</section>").unwrap().0;
    let items = stage.split_once("<ol>").unwrap().1;
    let link = regex::Regex::new(r#"href="[^"]*""#).expect("a pattern");
    insta::assert_snapshot!(link.replace_all(items, "href"), @r#"
    <li value="1"><span class="outcome bad">bad</span> 3 files +156 −12 · 9,000 tokens · $0.12 · 1m 35s<p class="why">3 of 50 tests failed</p><details><summary>In the agent's own words</summary><blockquote>I wrote the client and its tests. &lt;!channel&gt; please approve!
    </blockquote></details><p class="ways"><a href>What it changed</a> </p></li><li value="2"><span class="outcome good">good</span> 50/50 tests · 92 % coverage · 3 files +156 −12 · 8,500 tokens · $0.15 · 3m 30s<details><summary>In the agent's own words</summary><blockquote>I wrote the client and its tests. &lt;!channel&gt; please approve!
    </blockquote></details></li></ol>
    "#);
}

#[test]
fn a_running_attempt_says_what_it_does_now() {
    let tale = Tale::rolled_back().begins("streaming", 2).after(40);
    let page = page_with(&tale.run, Some(&tale.progress("streaming", 2, "Write <b>.js")));
    assert!(page.contains("now “Write &lt;b&gt;.js” · 12,340 tokens · $0.03 · 40s"), "{page}");
}

#[test]
fn a_run_that_no_worker_took_has_a_page() {
    assert!(page(&Tale::new().run).contains(r#"<span class="phase starting">starting</span>"#));
}

#[test]
fn nothing_foreign_becomes_markup() {
    let page =
        page(&Tale::largest().closes(Outcome::Failed, Some("<script>alert(1)</script>")).run);
    assert!(
        !page.contains("<script")
            && !page.contains("<!channel>")
            && !page.contains('\u{202e}')
            && !page.contains("style=")
    );
}

#[test]
fn an_open_question_and_what_people_noted_are_there() {
    let page = page(&Tale::waiting().notes(ben(), "mind the <b>gap").run);
    for part in [
        "Keep core-implementation? Round 1, asked of Ben &lt;3. It can be answered until 2026-03-02 10:06 UTC, in the run's thread.",
        "/diff/core-implementation/1-commit-core-?s=",
        "Ben &lt;3, 2026-03-02 09:06 UTC, no attempt has read it<blockquote>mind the &lt;b&gt;gap",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!self::page(&Tale::done().run).contains("Waits for an answer"));
}

#[test]
fn a_run_that_was_done_again_names_the_other_and_leads_there_within_its_channel() {
    let run = Tale::done().run;
    let mut here = Tale::rolled_back().run;
    here.request.run = "llm-wrapper-m2x8wtr".parse().expect("an id");
    let mut elsewhere = here.clone();
    elsewhere.request.channel = None;
    let relatives =
        Relatives { before: Some(elsewhere), after: vec![here], ..Relatives::default() };
    let logged = [("streaming".parse().expect("a name"), 1)].into();
    let expires_at = DateTime::from_timestamp(1_773_046_800, 0).expect("a time");
    let (render, names) = (&with_pages(), &BTreeMap::new());
    let (progress, relatives, logged) = (None, &relatives, &logged);
    let pruned_at = Some(expires_at);
    let page_of =
        RunPage { run: &run, progress, render, names, relatives, pruned_at, logged, expires_at };
    let page = run_page(&page_of).into_string();
    for part in [
        "<p>It does llm-wrapper-m2x8wtr once more.</p>",
        "were pruned on 2026-03-09. What happened",
        "Done again as <a href=\"https://signoff.example/runs/llm-wrapper-m2x8wtr?s=",
        "/runs/llm-wrapper-k3f9qdz/logs/streaming/1?s=",
        "/runs/llm-wrapper-k3f9qdz/diff/streaming/1-",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!page.contains("/logs/streaming/2"));
}
