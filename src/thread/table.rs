//! The cost table: what did each stage cost?
//! The closing table: names left, numbers right, and costs in whole cents that add up to the total.

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
    let row = |stage: &str, tokens: u64, cost: Usd, seconds: u64| TableRow {
        stage: truncate_plain(stage, NAME),
        tokens: count(tokens),
        cost: cost.to_string(),
        time: span(seconds),
    };
    let stages = worked
        .iter()
        .zip(cents_that_add_up(&costs))
        .map(|(s, cost)| row(s.name().as_str(), s.tokens().total(), cost, s.seconds()));
    let total = row(
        "TOTAL",
        worked.iter().map(|s| s.tokens().total()).sum(),
        run.spent(),
        worked.iter().map(|s| s.seconds()).sum(),
    );
    stages.chain([total]).collect()
}

/// The table in monospaced columns.
pub(super) fn table(run: &Run) -> String {
    let head = TableRow {
        stage: "Stage".to_owned(),
        tokens: "Tokens".to_owned(),
        cost: "Cost".to_owned(),
        time: "Time".to_owned(),
    };
    let rows: Vec<TableRow> = [head].into_iter().chain(rows(run)).collect();
    let widest = |of: fn(&TableRow) -> &str| rows.iter().map(|r| of(r).width()).max().unwrap_or(0);
    let widths = (
        widest(|r| &r.stage),
        widest(|r| &r.tokens) + 1,
        (widest(|r| &r.cost) + 2).max(9),
        (widest(|r| &r.time) + 2).max(9),
    );
    let line = |r: &TableRow| {
        let name = format!("{}{}", r.stage, " ".repeat(widths.0 - r.stage.width()));
        format!(
            "{name}{}{}{}",
            right(&r.tokens, widths.1),
            right(&r.cost, widths.2),
            right(&r.time, widths.3)
        )
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}
