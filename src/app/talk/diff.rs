//! What was changed, at a shell: as a patch that git can apply.
//! Coloured for who reads it on a terminal, and there nothing in it steers that; byte for byte everywhere else.

use std::io::IsTerminal as _;

use anyhow::Context;

use super::Talk;
use crate::app::cli::{DiffArgs, SinceArg};
use crate::app::{Failure, exit};
use crate::commands::{self, DiffOf, DiffSince, Lookup, Said};
use crate::run::foreign_text::printable;

impl Talk<'_> {
    pub(super) async fn diff(&mut self, args: DiffArgs) -> Result<u8, Failure> {
        let run = match self.find(&Said::named(&args.run)).await? {
            Lookup::Found(named) => named.run,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let since = match args.since {
            Some(SinceArg::Round) => DiffSince::Round,
            None => DiffSince::Beginning,
        };
        let of = DiffOf { stage: args.stage, attempt: args.attempt, since };
        let patch = match commands::diff_of(&self.services, &run, &of).await? {
            Ok(patch) => patch,
            Err(reply) => return self.reply(&reply.about(run.id())),
        };
        if self.json {
            return self.document(&serde_json::json!(patch));
        }
        let text = if args.stat { patch.stat() } else { patch.unified() };
        self.print_patch(&text)
    }

    pub(super) fn print_patch(&mut self, patch: &str) -> Result<u8, Failure> {
        let printed = if std::io::stdout().is_terminal() {
            self.out.write_all(on_terminal(patch).as_bytes())
        } else {
            self.out.write_all(patch.as_bytes())
        };
        printed.context("printing")?;
        Ok(exit::OK)
    }
}

fn on_terminal(patch: &str) -> String {
    let mut text = String::with_capacity(patch.len() * 2);
    for line in patch.lines() {
        let line = printable(line);
        match colour(&line) {
            Some(colour) => text.extend(["\u{1b}[", colour, "m", &line, "\u{1b}[0m\n"]),
            None => text.extend([&line, "\n"]),
        }
    }
    text
}

/// As git paints it: headers bold, hunks cyan, what was added green, what was removed red.
fn colour(line: &str) -> Option<&'static str> {
    const HEADERS: [&str; 11] = [
        "diff --git ",
        "--- ",
        "+++ ",
        "new file ",
        "deleted file ",
        "rename ",
        "old mode ",
        "new mode ",
        "Binary files ",
        "# ",
        "index ",
    ];
    if HEADERS.iter().any(|header| line.starts_with(header)) {
        return Some("1");
    }
    match line.chars().next()? {
        '@' => Some("36"),
        '+' => Some("32"),
        '-' => Some("31"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_terminal_lines_are_painted_and_nothing_steers_it() {
        let painted = on_terminal("diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\u{1b}[2J\n c\n");
        assert_eq!(
            painted,
            "\u{1b}[1mdiff --git a/x b/x\u{1b}[0m\n\u{1b}[36m@@ -1 +1 @@\u{1b}[0m\n\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n c\n"
        );
    }
}
