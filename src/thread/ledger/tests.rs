//! Does each attempt have its row, and each word its reader?

use crate::run::{AttemptOutcome, Outcome, Progress, Rework, Tokens, Trouble, Usd, Verdict};
use crate::thread::samples::{Tale, ana, ben, nasty, work};
use crate::thread::transcript;

use super::{AtWork, Beside, ledger};

fn shown(tale: &Tale) -> String {
    transcript(ledger(&tale.run, None).as_slice())
}

#[test]
fn a_roll_back_is_told() {
    insta::assert_snapshot!(shown(&Tale::rolled_back().works("streaming", 2, work(8_500, 15, 210)).keeps("streaming")), @"
    ├ ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
    │ ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
    │ ✗ streaming · attempt 1 · 3 of 50 tests failed → back to the snapshot after core-implementation, trying another way · $0.12 · 1m 35s
    │ ✓ streaming · attempt 2 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.15 · 3m 30s
    ");
}

#[test]
fn the_running_row_says_what_it_does_now() {
    let tale = Tale::rolled_back().begins("streaming", 2).after(40);
    let progress = tale.progress("streaming", 2, "Write src/stream.js <!here>");
    insta::assert_snapshot!(transcript(ledger(&tale.run, Some(&progress)).as_slice()), @"
    ├ ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
    │ ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
    │ ✗ streaming · attempt 1 · 3 of 50 tests failed → back to the snapshot after core-implementation, trying another way · $0.12 · 1m 35s
    │ ◐ streaming · attempt 2 · now “Write src/stream.js <!here>” · 12,340 tokens · $0.03 · 40s
    ");
}

#[test]
fn what_has_used_nothing_yet_shows_no_figures() {
    let tale = Tale::rolled_back().begins("streaming", 2).after(3);
    let progress = Progress {
        tokens: Tokens::default(),
        cost_usd: Usd::ZERO,
        ..tale.progress("streaming", 2, "starting")
    };
    let text = transcript(ledger(&tale.run, Some(&progress)).as_slice());
    assert!(text.ends_with("streaming · attempt 2 · starting · 3s\n"), "{text}");
}

#[test]
fn progress_of_an_older_attempt_is_not_shown() {
    let tale = Tale::rolled_back().begins("streaming", 2);
    let progress = tale.progress("streaming", 1, "Write src/stream.js");
    assert!(
        transcript(ledger(&tale.run, Some(&progress)).as_slice())
            .ends_with("streaming · attempt 2 · starting\n")
    );
}

#[test]
fn written_work_is_being_checked() {
    let tale =
        Tale::new().started().begins("scaffold", 1).writes("scaffold", 1, work(2_340, 4, 135));
    insta::assert_snapshot!(shown(&tale), @"├ ◐ scaffold · attempt 1 · 3 files +156 −12 · the checks are running · $0.04");
}

#[test]
fn the_first_stage_goes_back_to_the_start() {
    insta::assert_snapshot!(shown(&Tale::new().started().errs("scaffold", 1).errs("scaffold", 2).errs("scaffold", 3)), @"
    ├ ✗ scaffold · attempt 1 · 3 of 50 tests failed → back to the start, trying another way · $0.12 · 1m 35s
    │ ✗ scaffold · attempt 2 · 3 of 50 tests failed → back to the start, trying another way · $0.12 · 1m 35s
    │ ✗ scaffold · attempt 3 · 3 of 50 tests failed → no attempts left · $0.12 · 1m 35s
    ");
}

fn bad(outcome: AttemptOutcome, why: &str, trouble: Trouble) -> String {
    shown(&Tale::new().started().begins("scaffold", 1).ends(
        "scaffold",
        1,
        (outcome, Some(why), Some(trouble)),
        work(0, 2, 30),
    ))
}

#[test]
fn a_lost_attempt_starts_afresh() {
    insta::assert_snapshot!(bad(AttemptOutcome::Lost, "no heartbeat for 10 s", Trouble::Agent), @"├ ✗ scaffold · attempt 1 · the worker was lost: no heartbeat for 10 s → back to the start, trying again · $0.02 · 30s");
}

#[test]
fn a_busy_model_is_given_a_pause() {
    insta::assert_snapshot!(bad(AttemptOutcome::Bad, "overloaded_error", Trouble::ModelBusy), @"├ ✗ scaffold · attempt 1 · the model was too busy: overloaded_error → back to the start, trying again after a pause · $0.02 · 30s");
}

#[test]
fn an_agent_may_stumble() {
    insta::assert_snapshot!(bad(AttemptOutcome::Bad, "it said nothing for 5 minutes", Trouble::Agent), @"├ ✗ scaffold · attempt 1 · the agent stumbled: it said nothing for 5 minutes → back to the start, trying another way · $0.02 · 30s");
}

#[test]
fn a_wrong_setup_is_not_tried_again() {
    insta::assert_snapshot!(bad(AttemptOutcome::Bad, "the key is not valid", Trouble::Setup), @"├ ✗ scaffold · attempt 1 · the setup is not right: the key is not valid → another attempt would not help · $0.02 · 30s");
}

#[test]
fn money_may_run_out() {
    let end = (AttemptOutcome::Bad, Some("its allowance is spent"), Some(Trouble::Budget));
    insta::assert_snapshot!(shown(&Tale::new().started().begins("scaffold", 1).ends("scaffold", 1, end, work(900_000, 500, 900))), @"├ ✗ scaffold · attempt 1 · the money ran out: its allowance is spent → no money left for another attempt · $5.00 · 15m 00s");
}

#[test]
fn a_stopped_attempt_is_not_kept() {
    let stopped = (AttemptOutcome::Stopped, None, None);
    let tale = Tale::rolled_back().begins("streaming", 2).decides(ana(), Verdict::Stop, None).ends(
        "streaming",
        2,
        stopped,
        work(800, 2, 20),
    );
    let text = shown(&tale.undoes("streaming").closes(Outcome::Stopped, None));
    assert!(
        text.ends_with("streaming · attempt 2 · stopped, its work is not kept · $0.02 · 20s\n"),
        "{text}"
    );
}

#[test]
fn rejected_work_is_rolled_back() {
    let tale = Tale::waiting()
        .decides(ben(), Verdict::Reject, None)
        .undoes("core-implementation")
        .closes(Outcome::Rejected, None);
    insta::assert_snapshot!(shown(&tale), @"
    ├ ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
    │ ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
    │ ↺ core-implementation · rejected → back to the snapshot after scaffold
    ");
}

#[test]
fn work_that_nobody_looked_at_is_rolled_back() {
    let tale = Tale::waiting()
        .misses("core-implementation")
        .fails("core-implementation", "nobody answered in time");
    insta::assert_snapshot!(shown(&tale), @"
    ├ ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
    │ ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
    │ ✗ core-implementation · nobody answered in time → back to the snapshot after scaffold
    ");
}

#[test]
fn good_work_of_a_stopped_run_is_rolled_back() {
    let tale = Tale::waiting()
        .decides(ana(), Verdict::Stop, None)
        .undoes("core-implementation")
        .closes(Outcome::Stopped, None);
    assert!(
        shown(&tale).ends_with(
            "core-implementation · the run was stopped → back to the snapshot after scaffold\n"
        ),
        "{}",
        shown(&tale)
    );
}

#[test]
fn the_words_that_an_attempt_read_stand_in_its_row() {
    let words = "Please retry on 429:\n\n  * three times\n  * never <!channel>\n```\nawait sleep(1000)\n```";
    let tale = Tale::waiting()
        .wants(ben(), words, Rework::Top)
        .notes(ana(), "and log each try & its cost");
    insta::assert_snapshot!(shown(&tale.begins("core-implementation", 2).notes(ben(), "one more thing")), @"
    ├ ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
    │ ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
    │ ◐ core-implementation · attempt 2 · starting
    │ _@UBEN asked for changes:_
    │ > Please retry on 429:
    │ >
    │ >   * three times
    │ >   * never <!channel>
    │ > '''
    │ > await sleep(1000)
    │ > '''
    │ _Note by @UANA:_
    │ > and log each try & its cost
    │ 1 note waits for the next attempt
    ");
}

#[test]
fn changes_start_from_what_they_are_about() {
    let tale =
        Tale::waiting().wants(ben(), "Please retry.", Rework::Top).errs("core-implementation", 2);
    assert!(
        shown(&tale).contains("→ back to the work of attempt 1, trying another way"),
        "{}",
        shown(&tale)
    );
    let tale =
        Tale::waiting().wants(ben(), "Please retry.", Rework::Base).errs("core-implementation", 2);
    assert!(
        shown(&tale).contains("→ back to the snapshot after scaffold, trying another way"),
        "{}",
        shown(&tale)
    );
}

#[test]
fn a_round_has_its_own_attempts() {
    let tale = Tale::waiting()
        .wants(ben(), "Please retry.", Rework::Top)
        .errs("core-implementation", 2)
        .errs("core-implementation", 3);
    assert!(!shown(&tale).contains("no attempts left"), "{}", shown(&tale));
    let tale = tale.errs("core-implementation", 4);
    assert!(
        shown(&tale).contains("attempt 4 · 3 of 50 tests failed → no attempts left"),
        "{}",
        shown(&tale)
    );
}

#[test]
fn notes_that_nobody_read_are_counted() {
    let tale = Tale::rolled_back().begins("streaming", 2).notes(ana(), "one").notes(ben(), "two");
    assert!(shown(&tale).ends_with("2 notes wait for the next attempt\n"), "{}", shown(&tale));
    let tale = Tale::rolled_back()
        .begins("streaming", 2)
        .notes(ana(), "one")
        .closes(Outcome::Stopped, None);
    assert!(shown(&tale).ends_with("1 note came too late for an attempt\n"), "{}", shown(&tale));
}

#[test]
fn long_words_are_cut_by_slacks_limits_alone() {
    let words = "word& ".repeat(500);
    let tale = Tale::rolled_back().notes(ana(), &words).begins("streaming", 2);
    assert_eq!(shown(&tale).matches("word&").count(), 500, "{}", shown(&tale));
    let tale = (0..20)
        .fold(Tale::rolled_back(), |tale, n| tale.notes(ana(), &format!("note {n} {}", nasty())))
        .begins("streaming", 2);
    let text = shown(&tale);
    assert!(text.contains("_… and 19 remarks before_\n│ _Note by @UANA:_\n│ > note 19"), "{text}");
    assert!(text.trim_end().ends_with('…'), "{text}");
}

#[test]
fn what_a_stop_cut_short_is_kept_where_it_was_written() {
    let stopped = (AttemptOutcome::Stopped, None, None);
    let tale = Tale::rolled_back()
        .begins("streaming", 2)
        .writes("streaming", 2, work(800, 2, 20))
        .decides(ana(), Verdict::Stop, None);
    let text = shown(
        &tale
            .ends("streaming", 2, stopped, work(800, 2, 20))
            .undoes("streaming")
            .closes(Outcome::Stopped, None),
    );
    assert!(
        text.ends_with("attempt 2 · stopped, what was written is kept unchecked · $0.02 · 20s\n"),
        "{text}"
    );
}

#[test]
fn nothing_tried_is_no_ledger() {
    assert_eq!(ledger(&Tale::new().run, None), None);
}

#[test]
fn the_largest_ledger_is_folded() {
    let message = ledger(&Tale::largest().run, None).unwrap();
    let text = transcript(std::slice::from_ref(&message));
    assert!(text.starts_with("├ … "), "{text}");
    assert!(text.contains("earlier attempts"));
    assert!(text.contains(" · attempt 5 · "));
}

#[test]
fn what_is_done_beside_others_shows_how_far_it_is() {
    let tale = Tale::beside();
    let part = Tale::side_run(&tale.run, "streaming").begins("streaming", 1);
    let of = |it| (part.run.id().clone(), it);
    let progress = [of(part.progress("streaming", 1, "Write stream.js"))];
    let runs = std::slice::from_ref(&part.run);
    let beside = Beside { runs, progress: &progress, ..Beside::default() };
    let at_work = AtWork { beside, ..AtWork::default() };
    let text = transcript(&[ledger(&tale.run, at_work).expect("rows")]);
    assert!(
        text.contains(
            "◐ streaming · beside the others · attempt 1 · now “Write stream.js” · 12,340 tokens · $0.03"
        ),
        "{text}"
    );
}
