//! Formats counts, spans and money: how do amounts read?
//! They read the same in the thread and on the web pages.

use chrono::{DateTime, Utc};

use super::red_green;
use crate::run::{
    Again, AgentInfo, Attempt, Breaker, Diff, Fix, NotHere, Pause, Paused, Phase, Progress, Run,
    StagePhase, StageState, StartingPoint, Tests, Usd, Verdict,
};
use crate::slack::{escape, one_line};
use crate::workspace::Became;

/// As git abbreviates a commit's name.
const SHORT_COMMIT: usize = 7;
const BRANCH: usize = 80;
/// Longest command that a line has room for.
const UNTIL: usize = 80;

/// `12,850`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `from wip at 1a2b3c4`: where a run began in the project's repository.
#[must_use]
pub fn start(start: &StartingPoint) -> String {
    let commit: String = start.commit.chars().take(SHORT_COMMIT).collect();
    match &start.branch {
        Some(branch) => format!("from {} at {commit}", one_line(branch, BRANCH)),
        None => format!("from commit {commit}"),
    }
}

/// `3 files of LFS are pointers here, 1 submodule is an empty folder here`: what was not cloned.
#[must_use]
pub fn not_here(start: &StartingPoint) -> Option<String> {
    let NotHere { lfs_files, submodules } = start.not_here;
    let lfs = match lfs_files {
        0 => None,
        1 => Some("1 file of LFS is a pointer here".to_owned()),
        n => Some(format!("{} files of LFS are pointers here", count(n.into()))),
    };
    let submodules = match submodules {
        0 => None,
        1 => Some("1 submodule is an empty folder here".to_owned()),
        n => Some(format!("{} submodules are empty folders here", count(n.into()))),
    };
    let parts: Vec<String> = lfs.into_iter().chain(submodules).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What a file is now, besides its lines.
pub(crate) const fn became(now: Became) -> &'static str {
    match now {
        Became::Executable => "now executable",
        Became::NotExecutable => "no longer executable",
        Became::Link => "now a symbolic link",
        Became::Submodule => "now a submodule",
        Became::File => "now a plain file",
    }
}

/// `1 file`, `3 files`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

/// `attempt 2`; `iteration 2`, where each goes on from the one before.
pub(crate) fn attempt(stage: &StageState, n: u32) -> String {
    if stage.was_merge(n) {
        return "merge".to_owned();
    }
    if stage.only_tells(n) {
        return "beside the others".to_owned();
    }
    let what = if stage.stage.iterates { "iteration" } else { "attempt" };
    format!("{what} {n}")
}

/// `It tries up to 5 times, until "npm run e2e" and the project's checks are green.`: what a loop that fixes something is bounded by.
#[must_use]
pub fn fix(fix: &Fix) -> String {
    let until = fix.until.as_deref().map(|until| format!("“{}” and ", one_line(until, UNTIL)));
    let times =
        if fix.attempts == 1 { "once".to_owned() } else { format!("{} times", fix.attempts) };
    let until = until.unwrap_or_default();
    escape(&format!("It tries up to {times}, until {until}the project's checks are green."))
}

/// `50/50 tests`, of those that ran.
pub(crate) fn tests(tests: Tests) -> String {
    let skipped =
        if tests.skipped > 0 { format!(", {} skipped", tests.skipped) } else { String::new() };
    if tests.ran() == 0 {
        format!("no tests ran{skipped}")
    } else {
        format!("{}/{} tests{skipped}", tests.passed, tests.ran())
    }
}

/// `92 %`, `91.7 %`. Rounded down: a missed threshold never looks met.
pub(crate) fn percent(percent: f64) -> String {
    if percent.is_nan() {
        "unknown".to_owned()
    } else {
        format!("{} %", f64::from(tenths(percent)) / 10.0)
    }
}

/// The same, in whole tenths of a percent.
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 1,000; what is no number is 0")]
pub(super) fn tenths(percent: f64) -> i32 {
    (percent.clamp(0.0, 100.0) * 10.0 + 1e-6).floor() as i32
}

/// `3 files +156 −12`.
pub(crate) fn diff(diff: &Diff) -> String {
    if diff.files == 0 {
        return "no files changed".to_owned();
    }
    format!("{} {}", plural(diff.files.into(), "file"), lines(diff.added, diff.removed))
}

/// `+156 −12`.
pub(crate) fn lines(added: u64, removed: u64) -> String {
    format!("+{} −{}", count(added), count(removed))
}

/// How long it is from one moment to another, in seconds; nothing where that is not later.
pub(crate) fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}

/// `45s`, `2m 15s`, `1h 02m`.
pub(crate) fn span(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

/// How long somebody took, kindly: `under a minute`, `4 min`, `3 h`, `2 days`.
pub(crate) fn wait(seconds: u64) -> String {
    let (hours, tens) = (seconds / 3_600, seconds / 600 % 6 * 10);
    match seconds / 60 {
        0 => "under a minute".to_owned(),
        minutes @ 1..60 => format!("{minutes} min"),
        60..1_440 if tens > 0 => format!("{hours} h {tens} min"),
        60..2_880 => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    }
}

/// `80 steps have changed no file`.
pub(super) fn breaks(breaker: Breaker) -> String {
    match breaker {
        Breaker::NothingChanged { steps } => format!("{steps} steps have changed no file"),
        Breaker::TooFast { in_a_minute } => format!("{in_a_minute} was spent within a minute"),
    }
}

/// What an attempt waits for.
fn standing_still(Paused { pause, since }: &Paused) -> String {
    match pause {
        Pause::Money { .. } => "stands still: its money is spent".to_owned(),
        Pause::Month { .. } => "stands still: the month's money is spent".to_owned(),
        Pause::Breaker { breaker } => format!("stands still: {}", breaks(*breaker)),
        Pause::Worker { why, .. } => {
            format!("waits for a worker since {} UTC: {why}", since.format("%H:%M"))
        }
        Pause::ModelLimit { until } => {
            format!("waits for the model's limit, goes on at {} UTC", until.format("%H:%M"))
        }
    }
}

/// How long an answer took: `within a minute`, `after 4 min`.
pub(crate) fn after(seconds: u64) -> String {
    if seconds < 60 { "within a minute".to_owned() } else { format!("after {}", wait(seconds)) }
}

/// Longest account of what is wrong with the reports.
const REPORTS: usize = 100;

/// What an attempt achieved: `50/50 tests · 4 new, 4 fail without the change · 92 % coverage · 3 files +156 −12`.
pub(crate) fn achieved(attempt: &Attempt) -> Vec<String> {
    let mut parts = vec![attempt.tests.map_or_else(|| "checks passed".to_owned(), tests)];
    parts.extend(attempt.red_green.as_ref().and_then(red_green::in_short));
    parts.extend(attempt.coverage_percent.map(|p| format!("{} coverage", percent(p))));
    parts.extend(attempt.diff.as_ref().map(diff));
    parts.extend(
        attempt.reports.as_ref().map(|trouble| format!("reports: {}", one_line(trouble, REPORTS))),
    );
    parts
}

/// The end of a text, where its reason stands; from the start of a line on, where that is not far.
pub(super) fn last_lines(text: &str, most: usize) -> String {
    let skipped = text.chars().count().saturating_sub(most);
    if skipped == 0 {
        return text.to_owned();
    }
    let end: String = text.chars().skip(skipped + 1).collect();
    let line = end.find('\n').filter(|at| *at < most / 4).map_or(0, |at| at + 1);
    format!("…{}", &end[line..])
}

/// The beginning of a text, to the end of a line where that is not far.
pub(super) fn first_lines(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    let end = start.rfind('\n').filter(|at| *at > most / 4 * 3).unwrap_or(start.len());
    format!("{}…", &start[..end])
}

/// `shop-k3f9qdz once more, scaffold and core taken over and not paid again`.
pub(crate) fn again(again: &Again) -> String {
    let kept: Vec<&str> = again.kept.iter().map(|kept| kept.stage.as_str()).collect();
    match kept.as_slice() {
        [] => format!("{} once more", again.run),
        kept => {
            format!("{} once more, {} taken over and not paid again", again.run, kept.join(", "))
        }
    }
}

/// What a running attempt does now; progress of any other attempt is not looked at.
pub(crate) fn doing(
    stage: &StageState,
    attempt: &Attempt,
    progress: Option<&Progress>,
) -> Vec<String> {
    if let Some(paused) = &attempt.paused {
        return vec![standing_still(paused), attempt.cost_usd.to_string()];
    }
    if attempt.snapshot.is_some() {
        let checking = ["the checks are running".to_owned(), attempt.cost_usd.to_string()];
        return attempt.diff.as_ref().map(diff).into_iter().chain(checking).collect();
    }
    let of_this = |p: &&Progress| &p.stage == stage.name() && p.attempt == attempt.n;
    let estimate = stage.estimate.filter(|_| attempt.n == 1).map(|it| it.cost.rounded());
    let Some(progress) = progress.filter(of_this) else {
        let time = stage.estimate.map(|it| wait(it.seconds.middle)).unwrap_or_default();
        let probably = estimate.map(|it| format!("probably {}–{} and {time}", it.low, it.high));
        return ["starting".to_owned()].into_iter().chain(probably).collect();
    };
    let mut parts = vec![step(progress)];
    let tokens = progress.tokens.total();
    if tokens > 0 {
        let about = estimate.map(|it| format!(" of about {}", it.middle)).unwrap_or_default();
        parts.extend([plural(tokens, "token"), format!("{}{about}", progress.cost_usd)]);
    }
    let since = seconds(attempt.started_at, progress.at);
    parts.push(span(since.saturating_sub(attempt.paused_seconds)));
    parts
}

/// `now “Write src/client.js”`.
fn step(progress: &Progress) -> String {
    const STEP: usize = 80;
    match one_line(&progress.step, STEP) {
        step if step.is_empty() => "at work".to_owned(),
        step if step == "starting" => step,
        step => format!("now “{step}”"),
    }
}

/// `$0.27 of $5.00`.
pub(crate) fn money(run: &Run) -> String {
    of_budget(run, run.spent())
}

pub(crate) fn of_budget(run: &Run, spent: Usd) -> String {
    run.budget().map_or_else(|| spent.to_string(), |budget| format!("{spent} of {budget}"))
}

/// `Claude Code 2.1.0, claude-sonnet-4-5`.
pub(crate) fn agent(info: &AgentInfo) -> String {
    let version =
        info.version.as_deref().map(|v| format!(" {}", one_line(v, 40))).unwrap_or_default();
    let model = info.model.as_deref().map(|m| format!(", {}", one_line(m, 60))).unwrap_or_default();
    format!("{}{version}{model}", one_line(&info.name, 60))
}

/// What the run is doing, in a word.
pub fn phase(run: &Run) -> &'static str {
    match run.phase() {
        Phase::Running if run.decisions.iter().any(|d| d.verdict == Verdict::Stop) => "stopping",
        phase => phase.name(),
    }
}

/// One sign per state. None of them is an emoji: they look alike wherever they are shown.
pub const fn glyph(phase: StagePhase) -> &'static str {
    match phase {
        StagePhase::Todo => "○",
        StagePhase::Running => "◐",
        StagePhase::Waiting => "◆",
        StagePhase::Good => "✓",
        StagePhase::Failed => "✗",
        StagePhase::Undone => "↺",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 12_850, 1_234_567].map(count),
            ["0", "999", "1,000", "12,850", "1,234,567"]
        );
    }

    #[test]
    fn spans_stay_short() {
        assert_eq!(
            [0, 59, 135, 1_190, 3_600, 90_061].map(span),
            ["0s", "59s", "2m 15s", "19m 50s", "1h 00m", "25h 01m"]
        );
    }

    #[test]
    fn waits_are_told_in_steps() {
        let seconds = [0, 59, 60, 3_599, 3_600, 6_600, 90_000, 172_800];
        assert_eq!(
            seconds.map(wait),
            [
                "under a minute",
                "under a minute",
                "1 min",
                "59 min",
                "1 h",
                "1 h 50 min",
                "25 h",
                "2 days"
            ]
            .map(String::from)
        );
    }

    #[test]
    fn a_missed_threshold_never_looks_met() {
        assert_eq!(
            [92.0, 91.74, 89.97, 100.0, -1.0].map(percent),
            ["92 %", "91.7 %", "89.9 %", "100 %", "0 %"]
        );
    }
}
