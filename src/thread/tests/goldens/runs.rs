//! Run cards, ledgers and ends.

use super::{Golden, ODD, STAGE, drawn, odd};
use crate::run::{AttemptOutcome, Outcome, Sandboxing, Verdict};
use crate::thread::samples::{Tale, ana, ben, nasty, work};

pub(super) fn runs() -> Vec<Golden> {
    let mut rehearsal = Tale::rolled_back().begins("streaming", 2);
    rehearsal.run.request.rehearsal = true;
    rehearsal.run.sandboxing = Some(Sandboxing::None);
    let failed = Tale::rolled_back()
        .errs("streaming", 2)
        .errs("streaming", 3)
        .fails("streaming", "3 attempts, the last: 3 of 50 tests failed");
    let failed =
        failed.delivers(false).closes(Outcome::Failed, Some("streaming: 3 of 50 tests failed"));
    let largest = Tale::largest().delivers(false).closes(Outcome::Failed, Some(&nasty()));
    let stopped = Tale::rolled_back()
        .begins("streaming", 2)
        .writes("streaming", 2, work(800, 2, 20))
        .decides(ana(), Verdict::Stop, Some("enough"));
    let stopped = stopped
        .ends("streaming", 2, (AttemptOutcome::Stopped, None, None), work(800, 2, 20))
        .undoes("streaming");
    let stopped = stopped.delivers(false).closes(Outcome::Stopped, Some("enough"));
    let said = Tale::second_round()
        .notes(ana(), "and log each try")
        .decides(ben(), Verdict::Approve, None)
        .keeps(STAGE)
        .begins("streaming", 1);
    [
        drawn("card-starting", &Tale::new(), "card"),
        drawn("card-running", &rehearsal, "card"),
        drawn("card-waiting", &Tale::waiting(), "card"),
        drawn("card-without-worker", &Tale::without_worker(), "card"),
        drawn("card-done", &Tale::done(), "card"),
        drawn("card-failed", &failed, "card"),
        drawn("card-stopped", &stopped, "card"),
        drawn("card-largest", &largest, "card"),
        drawn("card-odd", &odd(), "card"),
        drawn("ledger", &said.notes(ben(), "one more thing"), "ledger"),
        drawn("ledger-without-worker", &Tale::without_worker(), "ledger"),
        drawn("worker-wait", &Tale::without_worker().after(180), "worker:scaffold:1"),
        drawn("ledger-largest", &largest, "ledger"),
        drawn("end-done", &Tale::done(), "end"),
        drawn("end-failed", &failed, "end"),
        drawn("end-stopped", &stopped, "end"),
        drawn("end-largest", &largest, "end"),
        drawn("end-odd", &odd().delivers(false).closes(Outcome::Rejected, Some(ODD)), "end"),
    ]
    .concat()
}
