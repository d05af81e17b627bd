//! What is said of a prune: what went, how much it was, and what was kept and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{KeepReason, PruneReason, RunLeft};
use crate::config::ByteSize;
use crate::thread::figures::plural;

/// Most runs that are named; the rest are counted.
const MOST: usize = 20;

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    pub dry_run: bool,
    pub gone: Vec<(RunLeft, PruneReason)>,
    pub kept: Vec<(RunLeft, KeepReason)>,
    /// Folders that are of no run that the database knows.
    pub unknown: Vec<String>,
    /// Bytes of what no run began with any more.
    pub shared: u64,
}

impl PruneReport {
    /// All that went.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.gone.iter().map(|(run, _)| run.left.bytes()).sum::<u64>().saturating_add(self.shared)
    }

    fn kept_bytes(&self) -> u64 {
        self.kept.iter().map(|(run, _)| run.left.bytes()).sum()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let does = if self.dry_run { "Would remove" } else { "Removed" };
        let runs = plural(self.gone.len() as u64, "run");
        let mut text = match self.gone.len() {
            0 if self.shared == 0 => "Nothing is to be removed.".to_owned(),
            0 => format!("{does} {}.", ByteSize(self.bytes())),
            _ => format!("{does} what {runs} left: {}.", ByteSize(self.bytes())),
        };
        let there = self.gone.iter().filter(|(run, _)| run.left.bytes() > 0);
        for (run, reason) in there.clone().take(MOST) {
            let _ = write!(text, "\n  {}", line(run, *reason));
        }
        let more = there.count().saturating_sub(MOST);
        if more > 0 {
            let _ = write!(text, "\n  and {more} more");
        }
        if self.shared > 0 {
            let _ = write!(text, "\n  what no run began with any more: {}", ByteSize(self.shared));
        }
        if !self.kept.is_empty() {
            let runs = plural(self.kept.len() as u64, "run");
            let _ = write!(text, "\nKept {runs}: {}. ", ByteSize(self.kept_bytes()));
            text.push_str(&self.reasons());
        }
        if !self.unknown.is_empty() {
            let names =
                self.unknown.iter().take(MOST).map(|name| format!("`{}`", name.replace('`', "'")));
            let names = names.collect::<Vec<_>>().join(", ");
            let _ =
                write!(text, "\nNot looked at, because the database knows no such run: {names}");
        }
        text
    }

    /// How many are kept for what.
    fn reasons(&self) -> String {
        let mut counts = BTreeMap::<(u8, String), usize>::new();
        for (_, reason) in &self.kept {
            *counts.entry(said(reason)).or_default() += 1;
        }
        let each = counts.into_iter().map(|((_, why), count)| format!("{count} {why}"));
        each.collect::<Vec<_>>().join(" · ")
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let gone = self.gone.iter().map(|(run, reason)| with(run, json!({ "because": reason })));
        let kept = self.kept.iter().map(|(run, reason)| with(run, kept_because(reason)));
        json!({
            "dry_run": self.dry_run,
            "removed": gone.collect::<Vec<_>>(),
            "kept": kept.collect::<Vec<_>>(),
            "unknown": self.unknown,
            "bytes": { "removed": self.bytes(), "shared": self.shared, "kept": self.kept_bytes() },
        })
    }
}

fn line(run: &RunLeft, reason: PruneReason) -> String {
    let ended = run.end.ended_at.map(|at| format!(" · ended {}", at.format("%Y-%m-%d")));
    let left = &run.left;
    let parts = [(left.here, "on this disk"), (left.stored, "in the artifact store")];
    let parts = parts.iter().filter(|(bytes, _)| *bytes > 0);
    let parts: Vec<String> =
        parts.map(|(bytes, place)| format!("{} {place}", ByteSize(*bytes))).collect();
    let why = match reason {
        PruneReason::Age => "",
        PruneReason::Size => " · ended first of too much",
        PruneReason::Rest => " · left of one that was pruned before",
    };
    format!("`{}`{} · {}{why}", run.end.run, ended.unwrap_or_default(), parts.join(", "))
}

/// In the order in which they are told.
fn said(reason: &KeepReason) -> (u8, String) {
    match reason {
        KeepReason::NotOver => (0, "not over".to_owned()),
        KeepReason::TakenOver(by) => (1, format!("taken over by `{by}`, which is not over")),
        KeepReason::InUse => (2, "still in a worker's hands".to_owned()),
        KeepReason::OnlyCopy => (3, "not pushed anywhere, so only here".to_owned()),
        KeepReason::WithinLimits => (4, "within what is kept".to_owned()),
    }
}

fn kept_because(reason: &KeepReason) -> Value {
    match reason {
        KeepReason::NotOver => json!({ "because": "not_over" }),
        KeepReason::TakenOver(by) => json!({ "because": "taken_over", "by": by }),
        KeepReason::InUse => json!({ "because": "in_use" }),
        KeepReason::OnlyCopy => json!({ "because": "only_copy" }),
        KeepReason::WithinLimits => json!({ "because": "within_limits" }),
    }
}

fn with(run: &RunLeft, more: Value) -> Value {
    let mut object = json!({
        "run": run.end.run,
        "ended_at": run.end.ended_at,
        "bytes": { "disk": run.left.here, "store": run.left.stored },
    });
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::run::RunId;
    use crate::store::RunEnd;
    use crate::workspace::Leftovers;

    fn id(name: &str) -> RunId {
        format!("{name}-k3f9qdz").parse().expect("a run's name")
    }

    fn run(name: &str, here: u64, stored: u64) -> RunLeft {
        let ended_at = Some(DateTime::UNIX_EPOCH);
        RunLeft {
            end: RunEnd {
                run: id(name),
                ended_at,
                again: None,
                batch: None,
                only_copy: false,
                pruned_at: None,
            },
            left: Leftovers { here, stored, beginning: None },
        }
    }

    #[test]
    fn what_goes_and_what_stays_is_told_with_the_reason() {
        let report = PruneReport {
            dry_run: true,
            gone: vec![(run("old", 5 << 20, 3 << 19), PruneReason::Age)],
            kept: vec![
                (run("taken", 1 << 20, 0), KeepReason::TakenOver(id("open"))),
                (run("open", 1 << 20, 0), KeepReason::NotOver),
                (run("new", 1 << 20, 0), KeepReason::WithinLimits),
            ],
            unknown: vec!["tale-oldone7".to_owned()],
            shared: 1 << 20,
        };
        insta::assert_snapshot!(report.text(), @r"
        Would remove what 1 run left: 7.5 MiB.
          `old-k3f9qdz` · ended 1970-01-01 · 5 MiB on this disk, 1.5 MiB in the artifact store
          what no run began with any more: 1 MiB
        Kept 3 runs: 3 MiB. 1 not over · 1 taken over by `open-k3f9qdz`, which is not over · 1 within what is kept
        Not looked at, because the database knows no such run: `tale-oldone7`
        ");
        let json = report.json();
        assert_eq!(json["removed"][0]["bytes"]["disk"], 5 << 20);
        assert_eq!(json["kept"][0]["by"], "open-k3f9qdz");
        assert_eq!(PruneReport::default().text(), "Nothing is to be removed.");
    }
}
