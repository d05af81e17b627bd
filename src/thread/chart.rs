//! The chart at a run's end: what did each stage cost, and how long did it take?
//! Two columns of bars, cost left and time right: stages compare by eye, and no colour is needed to tell the columns apart.
//! Pure: the same run makes the same bytes on every machine, with a font of its own. It formats no amount; who calls does.

mod of_run;
mod palette;
mod raster;
mod sheet;

use charts_rs::svg_with_accessibility;

use crate::run::foreign_text;

pub use palette::Theme;
use sheet::{COLUMN, LABEL, SMALL, SPACE, Sheet, Side, fit, wide};

/// What is drawn: a run's totals and its stages.
#[derive(Clone, Debug)]
pub struct StageChart<'a> {
    pub title: &'a str,
    /// Of all stages, `$1.61`.
    pub cost: String,
    /// The same, `49 min`.
    pub time: String,
    pub bars: Vec<StageBar<'a>>,
}

/// One stage, with its amounts as numbers and as people read them.
#[derive(Clone, Debug)]
pub struct StageBar<'a> {
    pub name: &'a str,
    pub cost_nanos: i64,
    /// `$0.21`.
    pub cost: String,
    pub seconds: u64,
    /// `2 min`.
    pub time: String,
    /// What became of it where that is not good, in a word: `failed`.
    pub trouble: Option<&'a str>,
}

/// There is no chart; people have the cost table still.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    #[error("drawing the chart")]
    Draw(#[from] charts_rs::Error),
    #[error("reading the chart that we drew")]
    Read(#[from] resvg::usvg::Error),
    #[error("writing the chart as PNG")]
    Png(#[from] png::EncodingError),
}

impl StageChart<'_> {
    /// For a page. It has no ids and refers to nothing, so that several fit one page; its words can be found and copied.
    pub fn svg(&self, theme: Theme) -> Result<String, ChartError> {
        Ok(svg_with_accessibility(&drawing(self, theme)?, &self.words(), ""))
    }

    /// For Slack, which shows it on a phone at half its width: hence the large type.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>, ChartError> {
        raster::png(&drawing(self, theme)?)
    }

    /// For ears: `llm-wrapper, $0.61 in 6 min: scaffold $0.21 in 2 min, testing $0.40 in 4 min (failed).`
    #[must_use]
    pub fn words(&self) -> String {
        let stages: Vec<String> = self.shown().iter().map(in_words).chain(self.remark()).collect();
        let [title, cost, time] = [self.title, &self.cost, &self.time].map(clean);
        format!("{title}, {cost} in {time}: {}.", stages.join(", "))
    }

    fn shown(&self) -> &[StageBar<'_>] {
        &self.bars[..self.bars.len().min(MOST)]
    }

    /// What is said below the bars.
    fn remark(&self) -> Option<String> {
        match self.bars.len() {
            0 => Some("no stage was worked on".to_owned()),
            1..=MOST => None,
            n if n == MOST + 1 => Some("and 1 more stage".to_owned()),
            n => Some(format!("and {} more stages", n - MOST)),
        }
    }
}

/// Stages that are drawn; the rest is counted.
const MOST: usize = 20;
/// Longest text that is looked at, in characters: more never fits.
const LONGEST: usize = 80;

fn in_words(bar: &StageBar<'_>) -> String {
    let trouble = bar.trouble.map(|word| format!(" ({})", clean(word))).unwrap_or_default();
    format!("{} {} in {}{trouble}", clean(bar.name), clean(&bar.cost), clean(&bar.time))
}

fn drawing(chart: &StageChart<'_>, theme: Theme) -> Result<String, ChartError> {
    let (bars, remark) = (chart.shown(), chart.remark());
    let mut sheet = Sheet::new(bars.len() + usize::from(remark.is_some()), theme);
    sheet.title(chart.title)?;
    sheet.heading(Side::Cost, &chart.cost)?;
    sheet.heading(Side::Time, &chart.time)?;
    let costs = lengths(bars.iter().map(|b| (b.cost_nanos.max(0).unsigned_abs(), &*b.cost)))?;
    let times = lengths(bars.iter().map(|b| (b.seconds, &*b.time)))?;
    for (row, (bar, (cost, time))) in bars.iter().zip(costs.into_iter().zip(times)).enumerate() {
        sheet.name(row, bar.name, bar.trouble.unwrap_or_default())?;
        sheet.bar(row, Side::Cost, cost, &bar.cost)?;
        sheet.bar(row, Side::Time, time, &bar.time)?;
    }
    if let Some(remark) = remark {
        sheet.remark(bars.len(), &remark);
    }
    sheet.svg()
}

/// What costs anything at all is seen.
const LEAST: f32 = 4.0;

/// How long the bars of a column are: true to scale, and each as far from the column's end as its label is wide.
#[expect(clippy::cast_precision_loss, reason = "a pixel is far coarser")]
fn lengths<'a>(bars: impl Iterator<Item = (u64, &'a str)>) -> Result<Vec<f32>, ChartError> {
    let mut room = Vec::new();
    for (amount, label) in bars {
        let label = wide(&fit(label, SMALL, LABEL)?, SMALL)?;
        room.push((amount as f32, COLUMN - SPACE - label));
    }
    let scale = room.iter().map(|(amount, room)| room / amount.max(1.0)).fold(COLUMN, f32::min);
    let length = |amount: f32| if amount > 0.0 { (amount * scale).round().max(LEAST) } else { 0.0 };
    Ok(room.into_iter().map(|(amount, _)| length(amount)).collect())
}

/// One line of what XML can hold: nothing that is not seen, and neither of the two characters that are none.
fn clean(text: &str) -> String {
    foreign_text::line(text, LONGEST).replace(['\u{fffe}', '\u{ffff}'], "")
}

#[cfg(test)]
mod tests;
