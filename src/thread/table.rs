//! The cost table: what did each stage cost?
//! Names left, numbers right. Every amount reads as it does everywhere else: each is rounded by itself, so a column may miss its sum by a cent.

use crate::run::{Run, StageState, StageUse, Tokens, Usd};
use crate::slack::truncate_plain;

use super::figures::{count, span};

/// Longest stage name that is shown whole.
const NAME: usize = 30;

/// What a row is about: a stage that was worked on, or all of them.
struct Row {
    name: String,
    tokens: Tokens,
    cost: Usd,
    /// What was said before that it would probably cost.
    estimated: Option<Usd>,
    share: String,
    seconds: u64,
}

/// Columns that fit beside each other on a phone: the head, the stages that were worked on, the total.
pub(super) fn narrow(run: &Run) -> Vec<Vec<String>> {
    let head = ["Stage", "Tokens", "Cost", "Share", "Time"].map(str::to_owned).to_vec();
    let rows = rows(run).map(|row| {
        let tokens = count(row.tokens.total());
        vec![row.name, tokens, format!("{:>6}", row.cost.to_string()), row.share, span(row.seconds)]
    });
    std::iter::once(head).chain(rows).collect()
}

/// The same with tokens by kind, and with what was estimated.
pub(crate) fn wide(run: &Run) -> Vec<Vec<String>> {
    let was_estimated = run.request.estimate.is_some();
    let kinds = ["Share", "Time", "Read", "From cache", "To cache", "Written"];
    let estimated = was_estimated.then_some("Estimated");
    let head = ["Stage", "Cost"].into_iter().chain(estimated).chain(kinds);
    let rows = rows(run).map(|row| {
        let Tokens { input, output, cache_read, cache_write } = row.tokens;
        let estimated = row.estimated.map(|usd| usd.to_string()).unwrap_or_default();
        let estimated = Some(estimated).filter(|_| was_estimated);
        let kinds = [input, cache_read, cache_write, output].map(count);
        let first = [row.name, row.cost.to_string()].into_iter().chain(estimated);
        first.chain([row.share, span(row.seconds)]).chain(kinds).collect()
    });
    std::iter::once(head.map(str::to_owned).collect()).chain(rows).collect()
}

/// The stages that were worked on, and the total.
fn rows(run: &Run) -> impl Iterator<Item = Row> {
    let (all, estimate) = (run.spent(), run.request.estimate.as_ref());
    let stages = worked(run).map(|(n, stage, used)| Row {
        name: truncate_plain(stage.name().as_str(), NAME),
        tokens: used.tokens,
        cost: used.cost,
        estimated: estimate.and_then(|it| it.stages.get(n)).copied(),
        share: share(used.cost, all),
        seconds: used.seconds,
    });
    let stages: Vec<Row> = stages.collect();
    let total = Row {
        name: "TOTAL".to_owned(),
        tokens: tokens(run),
        cost: all,
        estimated: estimate.map(|_| stages.iter().filter_map(|row| row.estimated).sum()),
        share: String::new(),
        seconds: stages.iter().map(|row| row.seconds).sum(),
    };
    stages.into_iter().chain([total])
}

/// The stages that were worked on, by their places, and what they used: also where only a feature's own run worked.
pub(crate) fn worked(run: &Run) -> impl Iterator<Item = (usize, &StageState, StageUse)> {
    let all = run.stages.iter().enumerate();
    let used = all.map(|(n, stage)| (n, stage, run.used_by(stage)));
    used.filter(|(_, stage, used)| !stage.attempts.is_empty() || used.cost > Usd::ZERO)
}

fn tokens(run: &Run) -> Tokens {
    let mut all = Tokens::default();
    for (.., used) in worked(run) {
        all += used.tokens;
    }
    all
}

/// `28 %`; nothing where nothing was spent.
fn share(part: Usd, whole: Usd) -> String {
    let percent = (i128::from(part.nanos()) * 200 + i128::from(whole.nanos()))
        .checked_div(i128::from(whole.nanos()) * 2);
    percent.map(|percent| format!("{percent} %")).unwrap_or_default()
}

/// Which tokens these were.
pub(super) fn kinds(run: &Run) -> Option<String> {
    let Tokens { input, output, cache_read, cache_write } = tokens(run);
    let kinds = [
        (input, "read"),
        (cache_read, "read from the cache"),
        (cache_write, "put into the cache"),
        (output, "written"),
    ];
    let kinds =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n)));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    (!kinds.is_empty()).then(|| format!("Tokens: {kinds}."))
}

/// The stage that cost most, where there are several.
pub(super) fn dearest(run: &Run) -> Option<String> {
    let dearest = worked(run).max_by_key(|(.., used)| used.cost);
    let dearest = dearest.filter(|(.., used)| worked(run).count() > 1 && used.cost > Usd::ZERO);
    let (_, stage, StageUse { cost, .. }) = dearest?;
    Some(format!("Most went to {}: {cost}, {}.", stage.name(), share(cost, run.spent())))
}
