//! Tables: how are columns of words and figures shown?
//! By Slack's own block, which scrolls on a phone; where that is not drawn, in lines of one width for each column.
//! <https://docs.slack.dev/reference/block-kit/blocks/table-block>

use slack_morphism::prelude::{
    SlackBlock, SlackTableBlock, SlackTableCell, SlackTableColumnAlign, SlackTableColumnSetting,
};
use unicode_width::UnicodeWidthStr as _;

use super::at_least_a_space;
use crate::slack::truncate::{length, truncate};
use crate::slack::visible::clean;

/// Slack takes 100 rows, and 10,000 characters over all cells.
const ROWS: usize = 100;
const ALL_TEXT: usize = 10_000;
const CELL: usize = 60;
/// Columns that fit beside each other on a phone, and characters that fit into a plain paragraph.
const ON_A_PHONE: usize = 5;
const IN_LINES: usize = 1_300;
/// Between two columns of figures.
const GAP: usize = 2;

/// A table whose first row is its head, and whose last row is kept where there are too many. Names stand left, figures right.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> SlackBlock {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |text: &String| SlackTableCell::from(at_least_a_space(truncate(&clean(text), CELL)));
    let rows = fitting(rows).iter().map(|row| row.iter().map(cell).collect()).collect();
    let column = |n: usize| {
        let align = if n == 0 { SlackTableColumnAlign::Left } else { SlackTableColumnAlign::Right };
        SlackTableColumnSetting::new().with_align(align)
    };
    SlackTableBlock::new(rows).with_column_settings((0..width).map(column).collect()).into()
}

/// As many as Slack takes: where that is not all, the last and what is missing.
fn fitting(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let size =
        |row: &Vec<String>| row.iter().map(|cell| length(cell).clamp(1, CELL)).sum::<usize>();
    let Some((last, others)) = rows.split_last() else { return Vec::new() };
    let mut room = ALL_TEXT - ALL_TEXT / 10;
    let fits = others.iter().take(ROWS - 2).take_while(|row| {
        room = room.saturating_sub(size(row));
        room > size(last)
    });
    let mut kept: Vec<Vec<String>> = fits.cloned().collect();
    let missing = others.len() - kept.len();
    if missing > 0 {
        kept.push(vec![format!("… {missing} more")]);
    }
    kept.push(last.clone());
    let width = kept.iter().map(Vec::len).max().unwrap_or(0);
    for row in &mut kept {
        row.resize(width, String::new());
    }
    kept
}

/// The same in lines.
#[must_use]
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |n: usize| rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|n| width(n).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(n, (cell, width))| {
            let gap = " ".repeat(width - cell.width());
            match n {
                0 => format!("{cell}{gap}"),
                1 => format!(" {gap}{cell}"),
                _ => format!("{}{gap}{cell}", " ".repeat(GAP)),
            }
        });
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Its first columns in lines, as far as they fit into a paragraph.
pub(super) fn in_lines(table: &SlackTableBlock) -> String {
    let text = |cell: &SlackTableCell| match cell {
        SlackTableCell::RawText(raw) => raw.text.trim().to_owned(),
        SlackTableCell::RichText(_) => String::new(),
    };
    let row = |row: &Vec<SlackTableCell>| row.iter().take(ON_A_PHONE).map(text).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(row).collect();
    let mut room = IN_LINES;
    let lines = aligned(&rows);
    let lines = lines.lines().take_while(|line| {
        let fits = room > line.len();
        room = room.saturating_sub(line.len() + 1);
        fits
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize) -> Vec<Vec<String>> {
        let row = |n| vec![format!("stage {n}"), "$0.10".to_owned(), "5 %".to_owned()];
        (0..n).map(row).collect()
    }

    #[test]
    fn a_long_table_keeps_its_last_row() {
        let SlackBlock::Table(drawn) = table(&rows(250)) else { panic!("a table") };
        assert!(drawn.rows.len() <= ROWS);
        let last = drawn.rows.last().and_then(|row| row.first());
        assert_eq!(last, Some(&SlackTableCell::from("stage 249")));
    }

    #[test]
    fn it_is_said_in_lines_where_it_is_not_drawn() {
        let SlackBlock::Table(drawn) = table(&rows(2)) else { panic!("a table") };
        assert_eq!(in_lines(&drawn), "stage 0 $0.10  5 %\nstage 1 $0.10  5 %");
        let SlackBlock::Table(long) = table(&rows(250)) else { panic!("a table") };
        assert!(in_lines(&long).len() < IN_LINES);
    }
}
