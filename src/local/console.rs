//! How does `up` tell what it does?
//! Whole lines to its writer; on a terminal also bars for what takes long, else a line now and then.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Without a terminal a long step tells how far it is this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// Where lines and bars go.
pub struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    bars: Option<MultiProgress>,
}

impl Console {
    /// `terminal` says whether a person watches standard error, where the bars are drawn.
    pub fn new(out: Box<dyn Write + Send>, terminal: bool) -> Self {
        Self { out: Mutex::new(out), bars: terminal.then(MultiProgress::new) }
    }

    /// One line.
    pub fn say(&self, line: impl Display) {
        let write = || {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            // A closed pipe is no reason to leave servers behind.
            let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
        };
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Something that takes a while: what, and why.
    pub fn step(&self, what: impl Into<String>) -> Step<'_> {
        let what = what.into();
        self.say(&what);
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(
                ProgressBar::new_spinner().with_style(style("  {spinner} {elapsed} {wide_msg}")),
            );
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Step { console: self, bar, begun: Instant::now(), told: Mutex::new(Instant::now()) }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Something that takes a while; its bar goes with it.
pub struct Step<'a> {
    console: &'a Console,
    bar: Option<ProgressBar>,
    begun: Instant,
    told: Mutex<Instant>,
}

impl Step<'_> {
    /// How far it is.
    pub fn at(&self, detail: impl Display) {
        if let Some(bar) = &self.bar {
            bar.set_message(detail.to_string());
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= LINE_EVERY {
            *told = Instant::now();
            self.console.say(format_args!("  {} s: {detail}", self.begun.elapsed().as_secs()));
        }
    }

    /// How many bytes came, of how many.
    pub fn bytes(&self, got: u64, of: Option<u64>) {
        const MEGA: u64 = 1_000_000;
        match of {
            Some(of) => self.at(format_args!("{} of {} MB", got / MEGA, of / MEGA)),
            None => self.at(format_args!("{} MB", got / MEGA)),
        }
    }

    /// How long it has taken so far.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
