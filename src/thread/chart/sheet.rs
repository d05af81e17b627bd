//! The sheet: where do words and bars stand on a chart, and in which size?
//! Places in pixels of a picture 800 wide; a phone shows half of them.

use charts_rs::{Canvas, Color, DEFAULT_FONT_FAMILY, Rect, Text, measure_text_width_family};

use super::palette::{Ink, Palette};
use super::{ChartError, Theme, clean};

const WIDTH: f32 = 800.0;
const MARGIN: f32 = 32.0;
const FULL: f32 = WIDTH - 2.0 * MARGIN;
/// Between the columns, and where a browser's own wider font may go.
const GUTTER: f32 = 40.0;
pub(super) const COLUMN: f32 = (FULL - GUTTER) / 2.0;
/// The widest label.
pub(super) const LABEL: f32 = COLUMN * 0.7;
/// Between a bar and its label.
pub(super) const SPACE: f32 = 12.0;

const TITLE: f32 = 40.0;
const NAME: f32 = 32.0;
pub(super) const SMALL: f32 = 30.0;

/// The lines on which title and headings are written, and where the first stage begins.
const TITLE_LINE: f32 = 66.0;
const HEADING_LINE: f32 = 126.0;
const HEAD: f32 = 152.0;
const ROW: f32 = 108.0;
/// In a row: the line on which its name is written, then its bars.
const NAME_LINE: f32 = 40.0;
const BAR_TOP: f32 = 56.0;
const BAR: f32 = 32.0;
/// How far the line that bars start at reaches beyond them.
const BEYOND: f32 = 5.0;
const OUTLINE: f32 = 3.0;
const SAMPLE: f32 = 24.0;

/// The font inside the binary, then what a browser without it has.
const FONTS: &str = "Roboto, system-ui, 'DejaVu Sans', sans-serif";

/// Which column: cost is a full bar and time a hollow one, so that they differ in print as well.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Cost,
    Time,
}

impl Side {
    const fn left(self) -> f32 {
        match self {
            Self::Cost => MARGIN,
            Self::Time => MARGIN + COLUMN + GUTTER,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Cost => "Cost",
            Self::Time => "Time",
        }
    }
}

/// From the left and from the top; or how wide and how high.
type Point = (f32, f32);

pub(super) struct Sheet {
    canvas: Canvas,
    palette: Palette,
}

impl Sheet {
    pub(super) fn new(rows: usize, theme: Theme) -> Self {
        let size = (WIDTH, row_top(rows) + MARGIN / 2.0);
        let mut sheet = Self { canvas: Canvas::new(size.0, size.1), palette: Palette::of(theme) };
        sheet.block((0.0, 0.0), size, sheet.palette.back);
        sheet
    }

    pub(super) fn svg(&self) -> Result<String, ChartError> {
        Ok(self.canvas.svg()?)
    }

    pub(super) fn title(&mut self, title: &str) -> Result<(), ChartError> {
        let title = fit(title, TITLE, FULL)?;
        self.write(title, (MARGIN, TITLE_LINE), TITLE, self.palette.text);
        Ok(())
    }

    /// What a column shows: a sample of its bars, its name, and what all of them come to.
    pub(super) fn heading(&mut self, side: Side, total: &str) -> Result<(), ChartError> {
        let name = side.heading().to_owned();
        let words = side.left() + SAMPLE + SPACE;
        let behind = words + wide(&name, SMALL)? + 1.5 * SPACE;
        let total = fit(total, SMALL, side.left() + COLUMN - behind)?;
        self.mark(side, (side.left(), HEADING_LINE - SAMPLE + 1.0), (SAMPLE, SAMPLE));
        self.write(name, (words, HEADING_LINE), SMALL, self.palette.quiet);
        self.write(total, (behind, HEADING_LINE), SMALL, self.palette.text);
        Ok(())
    }

    /// Who has a row; at its end, what went wrong.
    pub(super) fn name(&mut self, row: usize, name: &str, trouble: &str) -> Result<(), ChartError> {
        let line = row_top(row) + NAME_LINE;
        let trouble = fit(trouble, SMALL, FULL / 3.0)?;
        let taken = wide(&trouble, SMALL)?;
        let name = fit(name, NAME, FULL - taken - GUTTER)?;
        self.write(name, (MARGIN, line), NAME, self.palette.text);
        self.write(trouble, (WIDTH - MARGIN - taken, line), SMALL, self.palette.bad);
        Ok(())
    }

    /// A bar, from the line that all of its column start at, and its label behind it.
    pub(super) fn bar(
        &mut self,
        row: usize,
        side: Side,
        length: f32,
        label: &str,
    ) -> Result<(), ChartError> {
        let (left, top) = (side.left(), row_top(row) + BAR_TOP);
        let label = fit(label, SMALL, LABEL)?;
        self.block((left, top - BEYOND), (2.0, BAR + 2.0 * BEYOND), self.palette.line);
        if length > 0.0 {
            self.mark(side, (left, top), (length, BAR));
        }
        let middle = top + BAR / 2.0 + SMALL * 0.36;
        self.write(label, (left + length + SPACE, middle), SMALL, self.palette.text);
        Ok(())
    }

    /// A row of words alone.
    pub(super) fn remark(&mut self, row: usize, words: &str) {
        let at = (MARGIN, row_top(row) + NAME_LINE);
        self.write(words.to_owned(), at, NAME, self.palette.quiet);
    }

    fn mark(&mut self, which: Side, at: Point, size: Point) {
        match which {
            Side::Cost => self.block(at, size, self.palette.cost),
            Side::Time => self.frame(at, size, self.palette.time),
        }
    }

    fn block(&mut self, (left, top): Point, (width, height): Point, ink: Ink) {
        let fill = Some(Color::from(ink.color).into());
        let class = Some(ink.class.to_owned());
        self.canvas.rect(Rect { left, top, width, height, fill, class, ..Rect::default() });
    }

    /// An outline that lies inside its size, however narrow that is.
    fn frame(&mut self, (left, top): Point, (width, height): Point, ink: Ink) {
        let line = OUTLINE.min(width / 2.0);
        self.canvas.rect(Rect {
            left: left + line / 2.0,
            top: top + line / 2.0,
            width: width - line,
            height: height - line,
            color: Some(ink.color.into()),
            stroke_width: Some(line),
            fill: Some(Color::from(self.palette.hollow).into()),
            class: Some(ink.class.to_owned()),
            ..Rect::default()
        });
    }

    fn write(&mut self, text: String, (x, y): Point, size: f32, ink: Ink) {
        self.canvas.text(Text {
            text,
            font_family: Some(FONTS.to_owned()),
            font_size: Some(size),
            font_color: Some(ink.color.into()),
            x: Some(x),
            y: Some(y),
            class: Some(ink.class.to_owned()),
            ..Text::default()
        });
    }
}

/// The beginning of a text that is no wider than `room`, with `…` where there was more.
pub(super) fn fit(text: &str, size: f32, room: f32) -> Result<String, ChartError> {
    let mut kept = clean(text);
    let mut shown = kept.clone();
    while wide(&shown, size)? > room && kept.pop().is_some() {
        shown = format!("{}…", kept.trim_end_matches(['…', ' ']));
    }
    Ok(shown)
}

pub(super) fn wide(text: &str, size: f32) -> Result<f32, ChartError> {
    Ok(measure_text_width_family(DEFAULT_FONT_FAMILY, size, text)?.width())
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn row_top(row: usize) -> f32 {
    HEAD + row as f32 * ROW
}
