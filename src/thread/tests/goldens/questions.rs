//! Questions, their answers, and those that go to people directly.

use super::{Golden, ODD, STAGE, drawn, odd, sent, spec};
use crate::run::{
    Approver, Breaker, Escalation, GateKind, GateSpec, MonthOf, MonthSpent, OnDeadline, OnReject,
    Pause, Reminder, Rework, Usd, Verdict, Workplace,
};
use crate::thread::samples::{
    More, Tale, Work, ana, ben, cents, group, name, nasty, no_pages, work,
};
use crate::thread::{GateKey, Groups, unposted};

pub(super) fn questions() -> Vec<Golden> {
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
        drawn("gate-money", &short_of_money(), "gate"),
        drawn("gate-money-month", &waits_for_a_month(), "gate"),
        drawn("gate-money-nowhere", &gets_nowhere(), "gate"),
        drawn("gate-recovery", &has_failed(), "gate"),
        drawn("gate-by-hand", &has_failed().takes_over(ben()), "gate"),
        drawn("gate-over", &Tale::waiting().after(9_000), "gate"),
        drawn("gate-largest", &Tale::largest_question(), "gate"),
        drawn("gate-odd", &odd(), "gate"),
    ]
    .concat()
}

fn short_of_money() -> Tale {
    Tale::new().started().begins("scaffold", 1).runs_out_of_money("scaffold", 1)
}

fn waits_for_a_month() -> Tale {
    let (spent, budget) = (cents(5_012), cents(5_000));
    let month = MonthSpent { of: MonthOf::Project, spent, budget };
    let begun = Tale::new().started().begins("scaffold", 1);
    begun.stands_still("scaffold", 1, (Pause::Month { month }, Usd::ZERO))
}

fn has_failed() -> Tale {
    let asking = Tale::rolled_back().recovers("streaming");
    let folder = "/srv/signoff/runs/llm-wrapper-k3f9qdz/attempts/streaming-3".to_owned();
    let workplace =
        Workplace { host: Some("build-3".to_owned()), folder, prompt_bytes: Some(12_345) };
    let more = More { workplace: Some(workplace), ..More::default() };
    asking.errs("streaming", 2).with(more).errs("streaming", 3).follows()
}

fn gets_nowhere() -> Tale {
    let breaker = Breaker::NothingChanged { steps: 80 };
    let begun = Tale::new().started().begins("scaffold", 1);
    begun.stands_still("scaffold", 1, (Pause::Breaker { breaker }, cents(212)))
}

pub(super) fn answers() -> Vec<Golden> {
    let skips = Tale::waiting().gated(STAGE, GateSpec { on_reject: OnReject::Skip, ..spec() });
    let empty = Work { tests: None, coverage: None, lines: (0, 0), ..work(0, 0, 0) };
    let bare = Tale::new()
        .started()
        .with(More { words: Some(String::new()), ..More::default() })
        .works("scaffold", 1, empty)
        .keeps("scaffold");
    [
        drawn("gate-money-raised", &short_of_money().raises(ben()), "gate"),
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

pub(super) fn calls() -> Vec<Golden> {
    let escalation = Some(Escalation { after_seconds: 600, to: vec![Approver::Group(group())] });
    let asking = Tale::waiting()
        .gated(STAGE, GateSpec { escalation, quorum: 2, ..spec() })
        .reminds(Reminder::Half);
    let asking = asking.after(600).escalates().after(600).reminds(Reminder::Soon);
    let direct = |tale: &Tale| {
        unposted(
            &tale.run,
            &GateKey { kind: GateKind::Approve, stage: name(STAGE), round: 1 },
            &no_pages(),
            &Groups::default(),
        )
        .remove(0)
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
