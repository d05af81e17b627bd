//! The cost table: what did each stage cost?
//! Names left, numbers right, and costs in whole cents that add up to the total.

use unicode_width::UnicodeWidthStr as _;

use crate::run::{Run, Usd, cents_that_add_up};
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
    pub time: String,
}

/// The stages that were worked on, and the total.
pub(crate) fn rows(run: &Run) -> Vec<TableRow> {
    let worked: Vec<_> = run.stages.iter().filter(|s| !s.attempts.is_empty()).collect();
    let costs: Vec<Usd> = worked.iter().map(|s| s.cost()).collect();
    let stages = worked
        .iter()
        .zip(cents_that_add_up(&costs))
        .map(|(s, cost)| TableRow::new(s.name().as_str(), s.tokens().total(), cost, s.seconds()));
    let tokens = worked.iter().map(|s| s.tokens().total()).fold(0, u64::saturating_add);
    let seconds = worked.iter().map(|s| s.seconds()).sum();
    stages.chain([TableRow::new("TOTAL", tokens, run.spent(), seconds)]).collect()
}

impl TableRow {
    fn new(stage: &str, tokens: u64, cost: Usd, seconds: u64) -> Self {
        Self {
            stage: truncate_plain(stage, NAME),
            tokens: count(tokens),
            cost: cost.to_string(),
            time: span(seconds),
        }
    }

    fn head() -> Self {
        Self {
            stage: "Stage".to_owned(),
            tokens: "Tokens".to_owned(),
            cost: "Cost".to_owned(),
            time: "Time".to_owned(),
        }
    }
}

/// How wide each column is.
struct Widths {
    stage: usize,
    tokens: usize,
    cost: usize,
    time: usize,
}

impl Widths {
    fn of(rows: &[TableRow]) -> Self {
        let widest =
            |of: fn(&TableRow) -> &str| rows.iter().map(|r| of(r).width()).max().unwrap_or(0);
        Self {
            stage: widest(|r| &r.stage),
            tokens: widest(|r| &r.tokens) + 1,
            cost: (widest(|r| &r.cost) + 2).max(9),
            time: (widest(|r| &r.time) + 2).max(9),
        }
    }

    fn line(&self, row: &TableRow) -> String {
        let gap = " ".repeat(self.stage - row.stage.width());
        let (tokens, cost) = (right(&row.tokens, self.tokens), right(&row.cost, self.cost));
        format!("{}{gap}{tokens}{cost}{}", row.stage, right(&row.time, self.time))
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
