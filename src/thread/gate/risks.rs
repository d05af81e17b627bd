//! Risk flags: what should a reader look at twice?
//! In plain words, with one example each; found by our own code, never by the agent.

use super::GateView;
use crate::run::{Flag, Risk, TestsChanged};
use crate::slack::Mrkdwn;
use crate::thread::figures::{count, plural};

/// Longest path or name.
const NAME: usize = 80;

impl GateView<'_> {
    /// Risks, one line each; none where there are none.
    pub(in crate::thread) fn look_twice(&self) -> Option<Mrkdwn> {
        let mut flags: Vec<&Flag> = self.work.diff.iter().flat_map(|diff| &diff.flags).collect();
        flags.sort_by_key(|flag| flag.risk);
        let lines = self
            .work
            .tests_changed
            .as_ref()
            .and_then(gone)
            .into_iter()
            .chain(flags.into_iter().map(risk));
        Mrkdwn::join(lines, "\n• ").non_empty().map(|lines| "*Look twice:*\n• " + lines)
    }
}

fn risk(flag: &Flag) -> Mrkdwn {
    let n = flag.count.max(1);
    let files = |one: &str, many: &str| {
        if n == 1 { format!("1 file {one}") } else { format!("{} files {many}", count(n.into())) }
    };
    let what = match flag.risk {
        Risk::Secret => {
            files("has a line that looks like a secret", "have lines that look like secrets")
        }
        Risk::Automation => files("runs on the build servers", "run on the build servers"),
        Risk::Dependency => {
            if n == 1 {
                "1 new dependency".to_owned()
            } else {
                format!("{} new dependencies", count(n.into()))
            }
        }
        Risk::LockFile => plural(n.into(), "changed lock file"),
        Risk::Tests => plural(n.into(), "changed test file"),
        Risk::Binary => plural(n.into(), "binary file"),
        Risk::Large => files("is larger than anybody reads", "are larger than anybody reads"),
        Risk::Unknown => {
            if n == 1 {
                "1 other thing".to_owned()
            } else {
                format!("{} other things", count(n.into()))
            }
        }
    };
    let (what, such_as) = (Mrkdwn::from(what), if n == 1 { ": " } else { ", such as " });
    if flag.example.trim().is_empty() {
        what
    } else {
        what + such_as + Mrkdwn::code(&flag.example, NAME)
    }
}

/// Tests that were there before this work.
fn gone(tests: &TestsChanged) -> Option<Mrkdwn> {
    let removed =
        (tests.removed > 0).then(|| format!("{} removed", plural(tests.removed.into(), "test")));
    let skipped = (tests.skipped > 0)
        .then(|| format!("{} now skipped", plural(tests.skipped.into(), "test")));
    let what: Vec<String> = removed.into_iter().chain(skipped).collect();
    let mut names: Vec<Mrkdwn> =
        tests.names.iter().take(TestsChanged::NAMES).map(|name| Mrkdwn::code(name, NAME)).collect();
    if !names.is_empty() && u64::from(tests.removed) + u64::from(tests.skipped) > names.len() as u64
    {
        names.push("…".into());
    }
    let such_as =
        Mrkdwn::join(names, ", ").non_empty().map(|names| ": " + names).unwrap_or_default();
    Mrkdwn::join(what, ", ").non_empty().map(|what| what + such_as)
}
