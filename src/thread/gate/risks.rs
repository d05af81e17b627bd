//! Risk flags: what should a reader look at twice?
//! In plain words, with one example each; found by our own code, never by the agent.

use super::GateView;
use crate::run::{Flag, Risk, TestsChanged};
use crate::slack::Mrkdwn;
use crate::thread::figures::{count, plural};
use crate::thread::red_green;

/// Longest path or name.
const NAME: usize = 80;
/// Longest account of what is wrong with the reports.
const REPORTS: usize = 240;

impl GateView<'_> {
    /// Risks, one line each, and first what tests no longer say; none where there are none.
    pub(in crate::thread) fn look_twice(&self) -> Option<Mrkdwn> {
        let mut flags: Vec<&Flag> = self.work.diff.iter().flat_map(|diff| &diff.flags).collect();
        flags.sort_by_key(|flag| flag.risk);
        flags.retain(|flag| !self.is_known_by_name(flag.risk));
        let (lost, others): (Vec<&Flag>, Vec<&Flag>) =
            flags.into_iter().partition(|flag| flag.risk.is_lost_test());
        let branch = self.work.branch.as_ref();
        let not_pushed = branch.and_then(|it| it.not_pushed.as_deref()).map(not_pushed);
        let lines = [
            self.work.tests_changed.as_ref().and_then(gone).into_iter().collect(),
            lost.into_iter().map(risk).collect(),
            self.work.red_green.as_ref().and_then(red_green::warning).into_iter().collect(),
            self.work.reports.as_deref().map(reports).into_iter().collect(),
            not_pushed.into_iter().collect(),
            others.into_iter().map(risk).collect::<Vec<_>>(),
        ];
        Mrkdwn::join(lines.concat(), "\n• ").non_empty().map(|lines| "*Look twice:*\n• " + lines)
    }

    /// Whether the reports of the tests tell it already: they know better than the files.
    fn is_known_by_name(&self, risk: Risk) -> bool {
        let Some(changed) = &self.work.tests_changed else { return false };
        risk == Risk::TestsRemoved || (risk == Risk::TestsSkipped && changed.skipped > 0)
    }
}

/// Nobody should take unread reports for good ones.
fn reports(trouble: &str) -> Mrkdwn {
    Mrkdwn::from("reports: ") + Mrkdwn::line(trouble, REPORTS)
}

/// The work is safe, and not where people look for it.
fn not_pushed(why: &str) -> Mrkdwn {
    Mrkdwn::from("not pushed: ") + Mrkdwn::line(why, REPORTS)
}

fn risk(flag: &Flag) -> Mrkdwn {
    let n = flag.count.max(1);
    let what = Mrkdwn::from(words(flag.risk, n));
    if flag.example.trim().is_empty() {
        return what;
    }
    let such_as = if n == 1 || flag.risk.is_lost_test() { ": " } else { ", such as " };
    let all = [&flag.example].into_iter().chain(&flag.others);
    let mut names: Vec<Mrkdwn> = all.map(|name| Mrkdwn::code(name, NAME)).collect();
    if flag.risk.is_lost_test() && n as usize > names.len() {
        names.push("…".into());
    }
    what + such_as + Mrkdwn::join(names, ", ")
}

fn words(risk: Risk, n: u32) -> String {
    match risk {
        Risk::TestsDeleted => counted(n, "test file deleted", "test files deleted"),
        Risk::TestsRemoved => counted(n, "test taken out", "tests taken out"),
        Risk::TestsWeakened => counted(n, "test weakened", "tests weakened"),
        Risk::TestsSkipped => {
            counted(n, "test with a new mark to skip it", "tests with new marks to skip them")
        }
        Risk::Secret => counted(
            n,
            "file has a line that looks like a secret",
            "files have lines that look like secrets",
        ),
        Risk::Automation => {
            counted(n, "file runs on the build servers", "files run on the build servers")
        }
        Risk::Dependency => counted(n, "new dependency", "new dependencies"),
        Risk::LockFile => plural(n.into(), "changed lock file"),
        Risk::Tests => plural(n.into(), "changed test file"),
        Risk::Checks => {
            counted(n, "change of what the checks run", "changes of what the checks run")
        }
        Risk::Binary => plural(n.into(), "binary file"),
        Risk::Large => {
            counted(n, "file is larger than anybody reads", "files are larger than anybody reads")
        }
        Risk::NotShown => counted(
            n,
            "file of code is too long for the diff's page",
            "files of code are too long for the diff's page",
        ),
        Risk::LfsFile => counted(
            n,
            "file is in git itself, though its attributes say LFS",
            "files are in git itself, though their attributes say LFS",
        ),
        Risk::Repository => counted(
            n,
            "repository inside became plain files, without its own history",
            "repositories inside became plain files, without their own history",
        ),
        Risk::NotKept => counted(
            n,
            "thing is not kept, as no commit can hold it",
            "things are not kept, as no commit can hold them",
        ),
        Risk::Unknown => counted(n, "other thing", "other things"),
    }
}

fn counted(n: u32, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", count(n.into())) }
}

/// Tests that were there before this work.
fn gone(tests: &TestsChanged) -> Option<Mrkdwn> {
    let of = |n: u32, what: &str| (n > 0).then(|| format!("{} {what}", plural(n.into(), "test")));
    let what = of(tests.removed, "removed").into_iter().chain(of(tests.skipped, "now skipped"));
    let names = Mrkdwn::join(names(tests), ", ").non_empty().map(|names| ": " + names);
    Mrkdwn::join(what, ", ").non_empty().map(|what| what + names.unwrap_or_default())
}

/// Some of them, and whether there are more.
fn names(tests: &TestsChanged) -> Vec<Mrkdwn> {
    let shown = tests.names.iter().take(TestsChanged::NAMES);
    let mut names: Vec<Mrkdwn> = shown.map(|name| Mrkdwn::code(name, NAME)).collect();
    let all = u64::from(tests.removed) + u64::from(tests.skipped);
    if !names.is_empty() && all > names.len() as u64 {
        names.push("…".into());
    }
    names
}
