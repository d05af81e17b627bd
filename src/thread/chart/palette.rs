//! The chart's colours: what does it look like by day and by night?
//! Blue and orange are told apart by every kind of colour blindness (Okabe and Ito); the rest is the pages' own, see `style.css`.

/// Slack does not tell which of them a reader has; its pictures are light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

/// A colour, and the name by which a page's style sheet may change it.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub class: &'static str,
    pub color: Rgb,
}

pub(super) type Rgb = (u8, u8, u8);

#[derive(Clone, Copy)]
pub(super) struct Palette {
    pub back: Ink,
    pub text: Ink,
    pub quiet: Ink,
    pub line: Ink,
    pub bad: Ink,
    pub cost: Ink,
    pub time: Ink,
    /// Inside the outline of `time`.
    pub hollow: Rgb,
}

impl Palette {
    pub(super) const fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => LIGHT,
            Theme::Dark => DARK,
        }
    }
}

const LIGHT: Palette = Palette {
    back: ink("chart-back", (0xff, 0xff, 0xff)),
    text: ink("chart-text", (0x1c, 0x20, 0x24)),
    quiet: ink("chart-quiet", (0x5b, 0x63, 0x6b)),
    line: ink("chart-line", (0x8b, 0x93, 0x9b)),
    bad: ink("chart-bad", (0x9a, 0x1c, 0x1c)),
    cost: ink("chart-cost", (0x00, 0x72, 0xb2)),
    time: ink("chart-time", (0xd5, 0x5e, 0x00)),
    hollow: (0xfd, 0xe8, 0xd7),
};

const DARK: Palette = Palette {
    back: ink("chart-back", (0x16, 0x19, 0x1c)),
    text: ink("chart-text", (0xe6, 0xe8, 0xea)),
    quiet: ink("chart-quiet", (0xa2, 0xab, 0xb4)),
    line: ink("chart-line", (0x6b, 0x74, 0x7d)),
    bad: ink("chart-bad", (0xf5, 0xa3, 0xa3)),
    cost: ink("chart-cost", (0x56, 0xb4, 0xe9)),
    time: ink("chart-time", (0xe6, 0x9f, 0x00)),
    hollow: (0x3a, 0x2e, 0x14),
};

const fn ink(class: &'static str, color: Rgb) -> Ink {
    Ink { class, color }
}
