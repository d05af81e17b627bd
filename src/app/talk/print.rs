//! What is printed at a shell, and which exit code follows from it.
//! For people a text; with `--json` one document, or one a line.

use anyhow::Context;
use serde_json::{Value, json};

use super::Talk;
use crate::app::{Failure, exit};
use crate::commands::{self, Reply, ReplyKind};
use crate::thread;

impl Talk<'_> {
    pub(super) fn reply(&mut self, reply: &Reply) -> Result<u8, Failure> {
        let word = match reply.kind {
            ReplyKind::Done => "ok",
            ReplyKind::Unknown => "unknown",
            ReplyKind::Refused => "refused",
            ReplyKind::Away => "away",
            ReplyKind::Unsure => "unsure",
        };
        self.outcome(word, reply)
    }

    /// A reply, whose outcome scripts know by this word.
    pub(super) fn outcome(&mut self, word: &str, reply: &Reply) -> Result<u8, Failure> {
        let text = thread::shell_text(&reply.text, commands::is_verb);
        if self.json {
            self.document(&json!({ "outcome": word, "run": reply.run, "text": text }))?;
        } else {
            writeln!(self.out, "{text}").context("printing")?;
        }
        Ok(match reply.kind {
            ReplyKind::Done => exit::OK,
            ReplyKind::Unknown => exit::USAGE,
            ReplyKind::Refused => exit::REFUSED,
            ReplyKind::Away | ReplyKind::Unsure => exit::MISSING,
        })
    }

    pub(super) fn document(&mut self, value: &Value) -> Result<u8, Failure> {
        writeln!(self.out, "{value}").context("printing")?;
        Ok(exit::OK)
    }

    /// A line on the way; in JSON only the end is printed.
    pub(super) fn progress(&mut self, line: &str) -> Result<(), Failure> {
        if !self.json {
            writeln!(self.out, "{line}").context("printing")?;
        }
        Ok(())
    }
}
