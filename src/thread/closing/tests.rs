//! Does the end say what came of it, what it cost and what to do next?

use crate::run::{AttemptOutcome, Estimate, Interval, Outcome, RunEstimate, Trouble, Verdict};
use crate::slack::SlackBlock;
use crate::thread::samples::{Tale, ana, ben, cents, no_pages, request, work};
use crate::thread::{RenderContext, transcript};

use super::{closing, shell};

fn shown(tale: &Tale) -> String {
    transcript(closing(&tale.run, &no_pages()).as_slice())
}

#[test]
fn a_run_that_went_well() {
    insta::assert_snapshot!(shown(&Tale::done()), @"
    ├ *llm-wrapper is done.* All 6 stages are good. @UANA
    │ Stage               Tokens    Cost  Share     Time
    │ scaffold             2,340   $0.04    5 %   2m 15s
    │ core-implementation 12,850   $0.23   26 %   4m 30s
    │ streaming           17,500   $0.27   31 %   5m 05s
    │ structured-logging   6,000   $0.11   13 %   2m 00s
    │ parallel-processing  7,000   $0.13   15 %   3m 00s
    │ cost-tracking        4,000   $0.10   11 %   3m 00s
    │ TOTAL               49,690   $0.88         19m 50s
    │ Most went to streaming: $0.27, 31 %. Tokens: 12,422 read, 12,422 read from the cache, 12,424 put into the cache, 12,422 written.
    │ 14 files +1,204 −36 · 50/50 tests · 92 % coverage
    │ you 4 min, agent 19 min
    │ core-implementation approved by @UBEN after 4 min
    │ *The code* is on branch `signoff/llm-wrapper-k3f9qdz`, pushed to the project's repository.
    │ git clone -b signoff/llm-wrapper-k3f9qdz https://git.example/llm-wrapper.git
    ");
}

#[test]
fn the_table_as_promised() {
    let mut tale = Tale::new().started();
    let figures = [
        (2_340, 4, 135),
        (12_850, 23, 270),
        (8_500, 15, 210),
        (10_000, 20, 200),
        (9_000, 16, 195),
        (7_000, 10, 180),
    ];
    for (stage, (tokens, cents, seconds)) in crate::thread::samples::STAGES.into_iter().zip(figures)
    {
        tale = tale.works(stage, 1, work(tokens, cents, seconds)).keeps(stage);
    }
    insta::assert_snapshot!(crate::slack::aligned(&crate::thread::table::narrow(&tale.run)), @"
    Stage               Tokens    Cost  Share     Time
    scaffold             2,340   $0.04    5 %   2m 15s
    core-implementation 12,850   $0.23   26 %   4m 30s
    streaming            8,500   $0.15   17 %   3m 30s
    structured-logging  10,000   $0.20   23 %   3m 20s
    parallel-processing  9,000   $0.16   18 %   3m 15s
    cost-tracking        7,000   $0.10   11 %   3m 00s
    TOTAL               49,690   $0.88         19m 50s
    ");
}

#[test]
fn a_run_that_failed_says_why_what_is_kept_and_what_to_do() {
    let mut tale = Tale::rolled_back().errs("streaming", 2).errs("streaming", 3);
    tale.run.stages[2].attempts[2].feedback =
        Some("not ok 12 - retries after ``` 429\n<!channel>".to_owned());
    let why = "3 attempts, the last: 3 of 50 tests failed";
    let tale = tale
        .fails("streaming", why)
        .delivers(false)
        .closes(Outcome::Failed, Some(&format!("streaming: {why}")));
    insta::assert_snapshot!(shown(&tale), @"
    ├ *llm-wrapper failed.* streaming: 3 attempts, the last: 3 of 50 tests failed. @UANA
    │ _What the checks said last:_
    │ not ok 12 - retries after ''' 429
    │ <!channel>
    │ *Kept:* the work of scaffold and core-implementation.
    │ *Not used:* the work of streaming attempt 3 is commit `commit-stre`. In a clone:
    │ signoff fetch llm-wrapper-k3f9qdz streaming-3
    │ *Next:* say in the brief what went wrong, and start again with `/develop again llm-wrapper-k3f9qdz from streaming`.
    │ [Do it again]
    │ Stage               Tokens    Cost  Share     Time
    │ scaffold             2,340   $0.04    6 %   2m 15s
    │ core-implementation 12,850   $0.23   37 %   4m 30s
    │ streaming           27,000   $0.36   57 %   4m 45s
    │ TOTAL               42,190   $0.63         11m 30s
    │ Most went to streaming: $0.36, 57 %. Tokens: 10,547 read, 10,547 read from the cache, 10,549 put into the cache, 10,547 written.
    │ 14 files +1,204 −36 · 50/50 tests · 92 % coverage
    │ you 4 min, agent 11 min
    │ core-implementation approved by @UBEN after 4 min
    │ *The code* is on branch `signoff/llm-wrapper-k3f9qdz`, in the run's own repository.
    │ It was not pushed, because the run did not go well.
    │ git clone -b signoff/llm-wrapper-k3f9qdz /srv/signoff/runs/llm-wrapper-k3f9qdz/shadow.git
    ");
}

#[test]
fn what_a_stop_cut_short_can_be_fetched() {
    let tale = Tale::rolled_back()
        .begins("streaming", 2)
        .writes("streaming", 2, work(800, 2, 20))
        .decides(ana(), Verdict::Stop, None);
    let stopped = tale
        .ends("streaming", 2, (AttemptOutcome::Stopped, None, None), work(800, 2, 20))
        .undoes("streaming");
    insta::assert_snapshot!(shown(&stopped.delivers(false).closes(Outcome::Stopped, None)), @"
    ├ *llm-wrapper was stopped* by @UANA.
    │ *Kept:* the work of scaffold and core-implementation.
    │ *Unfinished:* what streaming attempt 2 had written, unchecked, is commit `commit-stre`. In a clone:
    │ signoff fetch llm-wrapper-k3f9qdz streaming-2
    │ *Next:* start again with `/develop again llm-wrapper-k3f9qdz from streaming` whenever you like.
    │ [Do it again]
    │ Stage               Tokens    Cost  Share    Time
    │ scaffold             2,340   $0.04   10 %  2m 15s
    │ core-implementation 12,850   $0.23   56 %  4m 30s
    │ streaming            9,800   $0.14   34 %  1m 55s
    │ TOTAL               24,990   $0.41         8m 40s
    │ Most went to core-implementation: $0.23, 56 %. Tokens: 6,247 read, 6,247 read from the cache, 6,249 put into the cache, 6,247 written.
    │ 14 files +1,204 −36 · 50/50 tests · 92 % coverage
    │ you 4 min, agent 8 min
    │ core-implementation approved by @UBEN after 4 min
    │ stopped by @UANA
    │ *The code* is on branch `signoff/llm-wrapper-k3f9qdz`, in the run's own repository.
    │ It was not pushed, because the run did not go well.
    │ git clone -b signoff/llm-wrapper-k3f9qdz /srv/signoff/runs/llm-wrapper-k3f9qdz/shadow.git
    ");
}

#[test]
fn without_any_branch_unfinished_work_is_fetched_the_same_way() {
    let tale = Tale::new()
        .started()
        .begins("scaffold", 1)
        .writes("scaffold", 1, work(800, 2, 20))
        .decides(ana(), Verdict::Stop, None);
    let stopped = tale
        .ends("scaffold", 1, (AttemptOutcome::Stopped, None, None), work(800, 2, 20))
        .undoes("scaffold");
    let text = shown(&stopped.closes(Outcome::Stopped, None));
    assert!(text.contains("signoff fetch llm-wrapper-k3f9qdz scaffold-1"), "{text}");
}

#[test]
fn a_run_that_was_rejected() {
    let tale = Tale::waiting()
        .after(70)
        .decides(ben(), Verdict::Reject, Some("no retries <!here>"))
        .undoes("core-implementation");
    insta::assert_snapshot!(shown(&tale.delivers(false).closes(Outcome::Rejected, Some("no retries <!here>"))), @"
    ├ *llm-wrapper was rejected* at core-implementation by @UBEN. @UANA
    │ > no retries <!here>
    │ *Kept:* the work of scaffold.
    │ *Not used:* the work of core-implementation attempt 1 is commit `commit-core`. In a clone:
    │ signoff fetch llm-wrapper-k3f9qdz core-implementation-1
    │ *Next:* say in the brief what should be different, and start again with `/develop again llm-wrapper-k3f9qdz from core-implementation`.
    │ [Do it again]
    │ Stage               Tokens    Cost  Share    Time
    │ scaffold             2,340   $0.04   15 %  2m 15s
    │ core-implementation 12,850   $0.23   85 %  4m 30s
    │ TOTAL               15,190   $0.27         6m 45s
    │ Most went to core-implementation: $0.23, 85 %. Tokens: 3,797 read, 3,797 read from the cache, 3,799 put into the cache, 3,797 written.
    │ 14 files +1,204 −36 · 15/15 tests
    │ you 1 min, agent 6 min
    │ core-implementation rejected by @UBEN after 1 min
    │ *The code* is on branch `signoff/llm-wrapper-k3f9qdz`, in the run's own repository.
    │ It was not pushed, because the run did not go well.
    │ git clone -b signoff/llm-wrapper-k3f9qdz /srv/signoff/runs/llm-wrapper-k3f9qdz/shadow.git
    ");
}

#[test]
fn a_run_that_was_stopped_before_anything_was_good() {
    let stopped = (AttemptOutcome::Stopped, None, None);
    let tale = Tale::new()
        .started()
        .begins("scaffold", 1)
        .decides(ana(), Verdict::Stop, None)
        .ends("scaffold", 1, stopped, work(100, 1, 5));
    insta::assert_snapshot!(shown(&tale.undoes("scaffold").closes(Outcome::Stopped, None)), @"
    ├ *llm-wrapper was stopped* by @UANA.
    │ *Kept:* nothing, as no stage was finished.
    │ *Next:* start again with `/develop again llm-wrapper-k3f9qdz` whenever you like.
    │ [Do it again]
    │ Stage    Tokens    Cost  Share  Time
    │ scaffold    100   $0.01  100 %    5s
    │ TOTAL       100   $0.01           5s
    │ Tokens: 25 read, 25 read from the cache, 25 put into the cache, 25 written.
    │ agent under a minute
    │ stopped by @UANA
    ");
}

fn advice(trouble: Option<Trouble>) -> String {
    let end = (AttemptOutcome::Bad, Some("it broke"), trouble);
    let tale = Tale::new()
        .started()
        .begins("scaffold", 1)
        .ends("scaffold", 1, end, work(100, 1, 5))
        .fails("scaffold", "it broke");
    let text = shown(&tale.closes(Outcome::Failed, Some("scaffold: it broke")));
    text.lines().find(|l| l.contains("*Next:*")).unwrap().to_owned()
}

#[test]
fn advice_fits_the_trouble() {
    insta::assert_snapshot!(advice(Some(Trouble::Setup)), @"│ *Next:* put key, model, configuration or setup right, then start again with `/develop again llm-wrapper-k3f9qdz`.");
    insta::assert_snapshot!(advice(Some(Trouble::ModelBusy)), @"│ *Next:* start again with `/develop again llm-wrapper-k3f9qdz` when the model's provider has room.");
    insta::assert_snapshot!(advice(Some(Trouble::Budget)), @"│ *Next:* start again with more money: `/develop again llm-wrapper-k3f9qdz` with a higher `budget=`.");
    insta::assert_snapshot!(advice(Some(Trouble::Agent)), @"│ *Next:* say in the brief what went wrong, and start again with `/develop again llm-wrapper-k3f9qdz`.");
}

#[test]
fn nobody_answered() {
    let tale = Tale::waiting()
        .misses("core-implementation")
        .fails("core-implementation", "nobody answered in time");
    let text = shown(
        &tale
            .delivers(false)
            .closes(Outcome::Failed, Some("core-implementation: nobody answered in time")),
    );
    assert!(
        text.contains(
            "*Next:* start again with `/develop again llm-wrapper-k3f9qdz from core-implementation` when somebody can answer in time."
        ),
        "{text}"
    );
}

#[test]
fn a_rehearsal_says_so_at_the_end() {
    let mut request = request();
    request.rehearsal = true;
    let mut tale = Tale::done();
    tale.run.request = request;
    assert!(shown(&tale).contains("*Rehearsal:* scripted model, no cost."));
}

#[test]
fn a_run_that_is_not_over_has_no_closing_message() {
    assert_eq!(closing(&Tale::waiting().run, &no_pages()), None);
}

#[test]
fn paths_are_quoted_for_the_shell() {
    assert_eq!(shell("/srv/a b/it's.git"), r"'/srv/a b/it'\''s.git'");
    assert_eq!(shell("https://git.example/a.git"), "https://git.example/a.git");
}

#[test]
fn slack_draws_the_table_itself() {
    let mut tale = Tale::done();
    let cost = Interval { low: cents(40), middle: cents(80), high: cents(160) };
    let seconds = Interval { low: 1, middle: 1, high: 1 };
    let whole = Estimate { cost, seconds, runs: 7, widen: 1.0 };
    let stages = [5, 20, 25, 10, 10, 10].map(cents).to_vec();
    tale.run.request.estimate = Some(RunEstimate { whole, stages, forecasts: vec![] });
    let render = RenderContext { real_slack: true, ..no_pages() };
    let drawn = closing(&tale.run, &render).expect("it is over");
    let costs = drawn.blocks.iter().find_map(|block| match block {
        SlackBlock::Table(costs) => Some(costs),
        _ => None,
    });
    let rows = serde_json::to_value(&costs.expect("a table").rows).expect("cells are JSON");
    let row = |n: usize| {
        let cells = rows[n].as_array().into_iter().flatten();
        cells.filter_map(|cell| cell["text"].as_str()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(row(0), "Stage|Cost|Estimated|Share|Time|Read|From cache|To cache|Written");
    assert!(row(1).starts_with("scaffold|$0.04|$0.05|5 %|2m 15s|"), "{}", row(1));
    assert!(row(7).starts_with("TOTAL|$0.88|$0.80| |19m 50s|"), "{}", row(7));
}

#[test]
fn what_was_good_beside_others_and_not_merged_can_be_fetched_and_is_paid() {
    let mut tale = Tale::beside()
        .ends_beside("streaming", Outcome::Done)
        .ends_beside("structured-logging", Outcome::Failed);
    // Of a run whose first stages are those.
    tale.run.stages[..2].iter_mut().for_each(|stage| stage.attempts.clear());
    let text = shown(&tale.closes(Outcome::Stopped, None));
    assert!(
        text.contains("*Not merged:* the work of streaming, good by its checks, is commit"),
        "{text}"
    );
    assert!(
        text.contains("signoff fetch llm-wrapper-") && !text.contains("of structured"),
        "{text}"
    );
    assert!(text.contains("│ TOTAL") && text.contains("$0.18"), "{text}");
}

#[test]
fn what_is_part_of_another_run_is_not_done_again_alone() {
    let mut tale = Tale::new().started().begins("scaffold", 1);
    let batch = "llm-wrapper-batch22".parse().unwrap();
    let slug = "roses".parse().unwrap();
    tale.run.request.part_of =
        Some(crate::run::BatchMember { batch, is_stage: false, n: 1, of: 2, slug });
    let text = shown(&tale.closes(Outcome::Failed, Some("it broke")));
    assert!(
        text.contains("*Next:* what becomes of it is settled in `llm-wrapper-batch22`"),
        "{text}"
    );
    assert!(!text.contains("/develop again") && !text.contains("[Do it again]"), "{text}");
}

#[test]
fn what_is_kept_is_counted_where_it_is_not_named() {
    let mut tale = Tale::done();
    let good = tale.run.stages[0].clone();
    tale.run.stages.extend(std::iter::repeat_n(good, 20));
    let text = super::kept(&tale.run);
    assert!(text.as_str().ends_with("scaffold and 2 more."), "{}", text.as_str());
}
