//! How does a card tell of rounds, quorums, groups, deadlines and risks?

use crate::run::{
    Approver, Escalation, GateSpec, OnDeadline, OnReject, PersonId, Rework, Tests, Verdict,
};
use crate::thread::gate::gates;
use crate::thread::samples::{Tale, Work, ana, ben, group, no_pages, with_pages, work};
use crate::thread::transcript;

use super::shown;

fn spec() -> GateSpec {
    GateSpec { approvers: vec![ben().into()], ..GateSpec::usual(3_600) }
}

fn asking(spec: GateSpec) -> Tale {
    Tale::waiting().gated("core-implementation", spec)
}

/// The first line: what is asked of whom.
fn first_line(tale: &Tale) -> String {
    shown(tale).lines().next().unwrap().to_owned()
}

/// The last line: what an answer does, and until when.
fn last_line(tale: &Tale) -> String {
    shown(tale).lines().last().unwrap().to_owned()
}

#[test]
fn a_group_is_called_as_a_group() {
    let tale = asking(GateSpec {
        approvers: vec![Approver::Group(group())],
        self_approval: false,
        ..spec()
    });
    let json = serde_json::to_string(&gates(&tale.run, tale.now, &no_pages())[0].blocks).unwrap();
    assert!(json.contains("<!subteam^S0LEADS>") && !json.contains("<@UANA>"), "{json}");
    assert_eq!(first_line(&tale), "├ *Keep core-implementation of llm-wrapper?* @S0LEADS");
}

#[test]
fn where_nobody_is_listed_only_the_starter_is_called() {
    assert_eq!(
        first_line(&asking(GateSpec::usual(3_600))),
        "├ *Keep core-implementation of llm-wrapper?* @UANA"
    );
}

#[test]
fn whom_the_policy_does_not_allow_is_not_called() {
    let cleo: Approver = PersonId::Slack { team: "T1".to_owned(), user: "UCLEO".to_owned() }.into();
    let tale = asking(GateSpec {
        approvers: vec![ben().into(), cleo.clone()],
        only: vec![cleo],
        ..spec()
    });
    assert_eq!(first_line(&tale), "├ *Keep core-implementation of llm-wrapper?* @UCLEO");
}

#[test]
fn a_quorum_counts_up() {
    let tale = asking(GateSpec { quorum: 2, ..spec() });
    assert_eq!(shown(&tale).lines().nth(1).unwrap(), "│ It takes 2 approvals.");
    let tale = tale.after(60).decides(ben(), Verdict::Approve, Some("fine by me"));
    assert_eq!(shown(&tale).lines().nth(1).unwrap(), "│ 1 of 2 approvals: @UBEN");
    assert_eq!(shown(&tale).lines().nth(2).unwrap(), "│ > fine by me");
    assert!(shown(&tale).contains("[Approve]"));
    let tale = tale.after(60).decides(ana(), Verdict::Approve, None).keeps("core-implementation");
    assert_eq!(
        first_line(&tale),
        "├ *core-implementation of llm-wrapper* · approved by @UBEN and @UANA after 2 min"
    );
    assert!(!shown(&tale).contains("[Approve]"));
}

#[test]
fn a_later_gate_says_what_is_new_and_what_to_look_at_twice() {
    insta::assert_snapshot!(transcript(&gates(&Tale::second_gate().run, Tale::second_gate().now, &no_pages())[1..]), @"
    ├ *Keep structured-logging of llm-wrapper?* @UANA @UBEN @S0LEADS
    │ It takes 2 approvals.
    │ 3 files +156 −12 · 47/47 tests, 1 skipped, before 50/50 · 90.4 % coverage, −1.6 · $0.65 of $5.00 so far
    │ 4 new tests; 2 fail without the change, 2 pass
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ Since the last approval: 3 files +40 −2
    │ *Look twice:*
    │ • 2 tests removed, 3 tests now skipped: `package.json one`, `package.json two`, …
    │ • 7 tests weakened: `package.json`, …
    │ • 2 of 4 new tests pass without the change: `package.json three`, `package.json four`
    │ • 2 files have lines that look like secrets, such as `package.json`
    │ • 2 files run on the build servers, such as `package.json`
    │ • 3 new dependencies, such as `package.json`
    │ • 1 changed lock file: `package.json`
    │ • 1 changed test file: `package.json`
    │ • 3 binary files, such as `package.json`
    │ • 4 files are larger than anybody reads, such as `package.json`
    │ • 4 files of code are too long for the diff's page, such as `package.json`
    │ • 5 files are in git itself, though their attributes say LFS, such as `package.json`
    │ • 5 repositories inside became plain files, without their own history, such as `package.json`
    │ • 6 things are not kept, as no commit can hold them, such as `package.json`
    │ • 6 other things, such as `package.json`
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ [Approve] [Request changes] [Reject] [View diff] [Extend]
    │ Approving goes on with parallel-processing, rejecting ends the run without this work · times out within 1 h (2026-03-02 10:18 UTC)
    ");
}

#[test]
fn changes_void_the_card_and_a_new_round_asks_again() {
    insta::assert_snapshot!(shown(&Tale::second_round()), @"
    ├ *core-implementation of llm-wrapper* · asked for changes by @UBEN after 4 min
    │ > Please retry on 429.
    │ > '''
    │ > await sleep(1000)
    │ > '''
    │ > and tell <@UCLEO>
    │ Voided: round 2 changed 2 files +10 −1 since.
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ Decided 2026-03-02 09:10 UTC
    ├ *Keep core-implementation of llm-wrapper?* @UANA @UBEN
    │ _Made for what @UBEN asked:_
    │ > Please retry on 429.
    │ > '''
    │ > await sleep(1000)
    │ > '''
    │ > and tell <@UCLEO>
    │ 3 files +156 −12 · 50/50 tests, before 50/50 · 92 % coverage, unchanged · $0.35 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ Since round 1: 2 files +10 −1
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ [Approve] [Request changes] [Reject] [View diff] [Extend]
    │ Approving goes on with streaming, rejecting ends the run without this work · times out within 1 h (2026-03-02 10:12 UTC)
    ");
}

#[test]
fn while_a_new_round_is_made_the_old_card_says_so() {
    let tale = Tale::waiting()
        .after(250)
        .wants(ben(), "Please retry on 429.", Rework::Base)
        .begins("core-implementation", 2);
    let text = shown(&tale);
    assert_eq!(
        first_line(&tale),
        "├ *core-implementation of llm-wrapper* · asked for changes by @UBEN after 4 min, from what the stage started with"
    );
    assert_eq!(text.lines().nth(2).unwrap(), "│ Void: round 2 is being made.");
    assert!(!text.contains("[Approve]"), "{text}");
}

#[test]
fn what_a_later_round_costs_does_not_change_an_older_card() {
    let figures =
        |tale: &Tale| shown(tale).lines().find(|line| line.contains("so far")).unwrap().to_owned();
    assert_eq!(figures(&Tale::waiting()), figures(&Tale::second_round()));
}

#[test]
fn changes_that_could_not_be_made_are_told() {
    let tale = Tale::waiting()
        .wants(ben(), "Please retry on 429.", Rework::Top)
        .errs("core-implementation", 2)
        .errs("core-implementation", 3);
    let tale = tale.errs("core-implementation", 4).asks("core-implementation");
    insta::assert_snapshot!(shown(&tale), @"
    ├ *core-implementation of llm-wrapper* · asked for changes by @UBEN within a minute
    │ > Please retry on 429.
    │ The changes could not be made: round 2 asks about this work again.
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ Decided 2026-03-02 09:06 UTC
    ├ *Keep core-implementation of llm-wrapper?* @UANA @UBEN
    │ *The changes that @UBEN asked for could not be made*: 3 of 50 tests failed. This is the work from before.
    │ > Please retry on 429.
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.63 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ [Approve] [Request changes] [Reject] [View diff] [Extend]
    │ Approving goes on with streaming, rejecting ends the run without this work · times out within 1 h (2026-03-02 10:11 UTC)
    ");
}

#[test]
fn an_overdue_question_keeps_its_buttons() {
    let tale = asking(GateSpec { on_deadline: OnDeadline::Wait, ..spec() });
    assert!(
        last_line(&tale).ends_with("due within 1 h (2026-03-02 10:06 UTC)"),
        "{}",
        last_line(&tale)
    );
    let tale = tale.misses("core-implementation");
    assert!(shown(&tale).contains("[Approve]"));
    assert!(
        last_line(&tale).ends_with("overdue, and still waiting (2026-03-02 10:06 UTC)"),
        "{}",
        last_line(&tale)
    );
}

#[test]
fn more_time_says_who_gave_it() {
    let tale = Tale::waiting().extends(ben(), 8);
    assert!(
        last_line(&tale)
            .ends_with("times out within 9 h (2026-03-02 18:06 UTC) · extended by @UBEN"),
        "{}",
        last_line(&tale)
    );
}

#[test]
fn an_escalation_calls_others_too() {
    let escalation = Some(Escalation { after_seconds: 600, to: vec![Approver::Group(group())] });
    let tale = asking(GateSpec { escalation, ..spec() });
    assert_eq!(first_line(&tale), "├ *Keep core-implementation of llm-wrapper?* @UANA @UBEN");
    let tale = tale.after(600).escalates();
    assert_eq!(
        first_line(&tale),
        "├ *Keep core-implementation of llm-wrapper?* @UANA @UBEN @S0LEADS"
    );
    assert!(
        last_line(&tale).ends_with("others are asked as well since 2026-03-02 09:16 UTC"),
        "{}",
        last_line(&tale)
    );
}

#[test]
fn a_rejection_that_skips_says_that_the_run_goes_on() {
    let tale = asking(GateSpec { on_reject: OnReject::Skip, ..spec() });
    assert!(last_line(&tale).contains("rejecting goes on without this work"));
    let tale = tale.decides(ben(), Verdict::Reject, None).undoes("core-implementation");
    assert_eq!(
        first_line(&tale),
        "├ *core-implementation of llm-wrapper* · rejected by @UBEN within a minute; the run goes on without it"
    );
}

#[test]
fn coverage_tells_how_it_changed() {
    let covered = |percent| Work { coverage: Some(percent), ..work(100, 1, 10) };
    let line = |before, now| {
        let tale = Tale::new()
            .started()
            .works("scaffold", 1, covered(before))
            .keeps("scaffold")
            .works("core-implementation", 1, covered(now));
        shown(&tale.asks("core-implementation")).lines().nth(1).unwrap().to_owned()
    };
    assert!(line(90.5, 92.0).contains("92 % coverage, +1.5 ·"));
    assert!(line(93.0, 92.0).contains("92 % coverage, −1 ·"));
    assert!(line(92.04, 92.0).contains("92 % coverage, unchanged ·"));
}

#[test]
fn a_deadline_is_told_in_its_readers_own_zone() {
    let mut render = no_pages();
    render.real_slack = true;
    let json =
        serde_json::to_string(&gates(&Tale::waiting().run, Tale::waiting().now, &render)[0].blocks)
            .unwrap();
    assert!(
        json.contains("<!date^1772446005^{date_short_pretty} at {time}|2026-03-02 10:06 UTC>"),
        "{json}"
    );
}

#[test]
fn a_lock_screen_shows_the_figures_whole() {
    let tale = Tale::largest_question();
    let question = gates(&tale.run, tale.now, &with_pages()).pop().unwrap();
    assert!(
        question.text.length() <= 150
            && question.text.as_str().ends_with(&tale.run.spent().to_string()),
        "{:?}",
        question.text
    );
    let most = Tests { passed: u32::MAX, failed: u32::MAX, skipped: u32::MAX };
    let tale = Tale::new().started().works("scaffold", 1, work(1, 1, 1)).keeps("scaffold");
    let tale = tale.works(
        "core-implementation",
        1,
        Work {
            tests: Some(most),
            lines: (u64::MAX, u64::MAX),
            ..work(1, i64::MAX / 100_000_000, 1)
        },
    );
    assert!(
        gates(&tale.asks("core-implementation").run, Tale::new().now, &with_pages())[0]
            .text
            .length()
            <= 150
    );
}
