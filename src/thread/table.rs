//! The cost table: what did each stage cost?
//! Names left, numbers right. Every amount reads as it does everywhere else: each is rounded by itself, so a column may miss its sum by a cent.

use unicode_width::UnicodeWidthStr as _;

use crate::run::{Run, StageState, Tokens, Usd};
use crate::slack::truncate_plain;

use super::figures::{count, span};

/// Longest stage name that is shown whole.
const NAME: usize = 30;

/// One line of the table, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableRow {
    pub stage: String,
    pub tokens: String,
    pub cost: String,
    /// Of all costs.
    pub share: String,
    pub time: String,
}

/// The stages that were worked on, and the total.
pub(crate) fn rows(run: &Run) -> Vec<TableRow> {
    let all = run.spent();
    let stages = worked(run).map(|stage| TableRow {
        stage: truncate_plain(stage.name().as_str(), NAME),
        tokens: count(stage.tokens().total()),
        cost: stage.cost().to_string(),
        share: share(stage.cost(), all),
        time: span(stage.seconds()),
    });
    let total = TableRow {
        stage: "TOTAL".to_owned(),
        tokens: count(tokens(run).total()),
        cost: all.to_string(),
        share: String::new(),
        time: span(worked(run).map(StageState::seconds).sum()),
    };
    stages.chain([total]).collect()
}

fn worked(run: &Run) -> impl Iterator<Item = &StageState> {
    run.stages.iter().filter(|stage| !stage.attempts.is_empty())
}

fn tokens(run: &Run) -> Tokens {
    let mut all = Tokens::default();
    for stage in worked(run) {
        all += stage.tokens();
    }
    all
}

/// `28 %`; nothing where nothing was spent.
fn share(part: Usd, whole: Usd) -> String {
    let percent = (i128::from(part.nanos()) * 200 + i128::from(whole.nanos()))
        .checked_div(i128::from(whole.nanos()) * 2);
    percent.map(|percent| format!("{percent} %")).unwrap_or_default()
}

/// Which tokens these were, and the stage that cost most, where there are several.
pub(super) fn in_words(run: &Run) -> String {
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
    let dearest = worked(run).max_by_key(|stage| stage.cost());
    let dearest = dearest.filter(|stage| worked(run).count() > 1 && stage.cost() > Usd::ZERO);
    let dearest = dearest.map(|stage| {
        format!(
            "Most went to {}: {}, {}.",
            stage.name(),
            stage.cost(),
            share(stage.cost(), run.spent())
        )
    });
    let kinds =
        Some(kinds).filter(|kinds| !kinds.is_empty()).map(|kinds| format!("Tokens: {kinds}."));
    [dearest, kinds].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

impl TableRow {
    fn head() -> Self {
        Self {
            stage: "Stage".to_owned(),
            tokens: "Tokens".to_owned(),
            cost: "Cost".to_owned(),
            share: "Share".to_owned(),
            time: "Time".to_owned(),
        }
    }
}

/// How wide each column is.
struct Widths {
    stage: usize,
    tokens: usize,
    cost: usize,
    share: usize,
    time: usize,
}

impl Widths {
    fn of(rows: &[TableRow]) -> Self {
        let widest =
            |of: fn(&TableRow) -> &str| rows.iter().map(|r| of(r).width()).max().unwrap_or(0);
        Self {
            stage: widest(|r| &r.stage),
            tokens: widest(|r| &r.tokens) + 1,
            cost: (widest(|r| &r.cost) + 2).max(8),
            share: widest(|r| &r.share) + 2,
            time: widest(|r| &r.time) + 2,
        }
    }

    fn line(&self, row: &TableRow) -> String {
        let gap = " ".repeat(self.stage - row.stage.width());
        let (tokens, cost) = (right(&row.tokens, self.tokens), right(&row.cost, self.cost));
        let (share, time) = (right(&row.share, self.share), right(&row.time, self.time));
        format!("{}{gap}{tokens}{cost}{share}{time}", row.stage)
    }
}

/// The table in monospaced columns.
pub(super) fn table(run: &Run) -> String {
    let rows: Vec<TableRow> = [TableRow::head()].into_iter().chain(rows(run)).collect();
    let widths = Widths::of(&rows);
    rows.iter().map(|row| widths.line(row)).collect::<Vec<_>>().join("\n")
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}
