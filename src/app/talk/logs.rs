//! What an attempt's setup, agent and checks printed, at a shell.
//! The end of each file, or all of it; and what comes, until the attempt has ended.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::Talk;
use crate::agent;
use crate::app::cli::LogsArgs;
use crate::app::{Failure, exit};
use crate::commands::{self, Lookup, Reply, ReplyKind, Said, WhichAttempt};
use crate::run::{Run, RunId, StageName};
use crate::thread;
use crate::workspace::{AttemptFile, AttemptFiles, LogPiece};

/// Lines of each file that are shown, unless all are asked for.
const LAST_LINES: usize = 60;
/// So much of a file is looked at for them: an agent prints long lines.
const TAIL_BYTES: u64 = 1 << 20;
/// So much is read at once.
const PIECE_BYTES: u64 = 1 << 20;
/// Between two looks at files that grow.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The attempt that is looked at, and what of it was printed.
struct Shown {
    run: RunId,
    stage: StageName,
    attempt: u32,
    files: AttemptFiles,
    logs: Vec<ShownLog>,
    /// Whose heading stands last.
    under: Option<AttemptFile>,
    /// Whether it is at work, as of the newest event that was looked at.
    works: bool,
    seen: Option<i64>,
}

/// One file, and how far it was printed.
struct ShownLog {
    file: AttemptFile,
    end: u64,
}

impl Talk<'_> {
    pub(super) async fn logs(&mut self, args: LogsArgs) -> Result<u8, Failure> {
        let run = match self.find(&Said::named(&args.run)).await? {
            Lookup::Found(named) => named.run,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let mut shown = match self.to_show(&run, &args).await {
            Ok(shown) => shown,
            Err(reply) if reply.kind == ReplyKind::Away => {
                let pruned = commands::pruned(&self.services, &run).await?;
                return self.reply(&pruned.unwrap_or(reply).about(run.id()));
            }
            Err(reply) => return self.reply(&reply.about(run.id())),
        };
        for at in 0..shown.logs.len() {
            if args.all {
                self.print_rest(&mut shown, at).await?;
            } else {
                self.print_tail(&mut shown, at).await?;
            }
        }
        if args.follow {
            self.follow(&mut shown).await?;
        } else if shown.under.is_none() {
            let text = format!("Nothing of it is in {} yet.", shown.files.path().display());
            return self.reply(&Reply::new(ReplyKind::Unknown, text).about(run.id()));
        }
        Ok(exit::OK)
    }

    async fn to_show(&self, run: &Run, args: &LogsArgs) -> Result<Shown, Reply> {
        let which = WhichAttempt { stage: args.stage.as_deref(), attempt: args.attempt };
        let (stage, attempt) = commands::which_attempt(run, which)?;
        let archived = self.services.archive.of(run);
        let files = archived.attempt(stage.name(), attempt).await;
        if !files.are_found() {
            return Err(commands::logs_elsewhere(archived, attempt, &files));
        }
        let asked = args.file.map(|file| vec![file.file()]);
        let logs = asked.unwrap_or_else(|| AttemptFile::LOGS.to_vec());
        Ok(Shown {
            run: run.id().clone(),
            stage: stage.name().clone(),
            attempt: attempt.n,
            files,
            logs: logs.into_iter().map(|file| ShownLog { file, end: 0 }).collect(),
            under: None,
            works: true,
            seen: None,
        })
    }

    async fn print_tail(&mut self, shown: &mut Shown, at: usize) -> Result<(), Failure> {
        let file = shown.logs[at].file;
        let tail = shown.files.tail(file, TAIL_BYTES).await.context("reading a log")?;
        let Some(tail) = tail else { return Ok(()) };
        shown.logs[at].end = tail.end();
        let lines = self.readable(shown, file, &tail);
        let skipped = lines.len().saturating_sub(LAST_LINES);
        let left_out = (skipped > 0 || tail.from > 0) && !self.json;
        self.print(shown, file, &lines[skipped..], left_out)
    }

    /// All that was not printed yet.
    async fn print_rest(&mut self, shown: &mut Shown, at: usize) -> Result<(), Failure> {
        while self.print_lines(shown, at).await? {}
        // A last line that nobody ended is shorter than what is read of a line at once.
        let ShownLog { file, end } = shown.logs[at];
        let rest = shown.files.piece(file, end, u64::MAX).await.context("reading a log")?;
        self.print_piece(shown, at, rest)?;
        Ok(())
    }

    /// The lines that come next in a file; whether there were any.
    async fn print_lines(&mut self, shown: &mut Shown, at: usize) -> Result<bool, Failure> {
        let ShownLog { file, end } = shown.logs[at];
        let lines = shown.files.lines(file, end, PIECE_BYTES).await.context("reading a log")?;
        self.print_piece(shown, at, lines)
    }

    fn print_piece(
        &mut self,
        shown: &mut Shown,
        at: usize,
        piece: Option<LogPiece>,
    ) -> Result<bool, Failure> {
        let Some(piece) = piece.filter(|piece| !piece.bytes.is_empty()) else { return Ok(false) };
        let file = shown.logs[at].file;
        shown.logs[at].end = piece.end();
        let lines = self.readable(shown, file, &piece);
        self.print(shown, file, &lines, false)?;
        Ok(true)
    }

    async fn follow(&mut self, shown: &mut Shown) -> Result<(), Failure> {
        loop {
            self.look_whether_it_works(shown).await?;
            for at in 0..shown.logs.len() {
                while self.print_lines(shown, at).await? {}
            }
            if !shown.works {
                for at in 0..shown.logs.len() {
                    self.print_rest(shown, at).await?;
                }
                return Ok(());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The run is read anew only where something has happened to it.
    async fn look_whether_it_works(&self, shown: &mut Shown) -> Result<(), Failure> {
        let newest = self.services.store.newest_event(&shown.run).await?;
        if newest.is_none() || newest != shown.seen {
            let run = self.services.store.run(&shown.run).await?;
            shown.works = run.as_ref().is_some_and(|run| run.works_on(&shown.stage, shown.attempt));
            // What another machine has kept since is in the store.
            let run = run.as_ref();
            if let Some((run, attempt)) =
                run.zip(run.and_then(|run| run.attempt(&shown.stage, shown.attempt)))
            {
                shown.files = self.services.archive.of(run).attempt(&shown.stage, attempt).await;
            }
            shown.seen = newest;
        }
        Ok(())
    }

    /// For people, an agent's log is told step by step.
    fn readable(&self, shown: &Shown, file: AttemptFile, piece: &LogPiece) -> Vec<String> {
        if file == AttemptFile::Agent && !self.json {
            let told = agent::told(&piece.raw_text(), &shown.files.worktree());
            return told.iter().filter_map(thread::agent_line).collect();
        }
        piece.text().lines().map(str::to_owned).collect()
    }

    fn print(
        &mut self,
        shown: &mut Shown,
        file: AttemptFile,
        lines: &[String],
        left_out: bool,
    ) -> Result<(), Failure> {
        let Shown { stage, attempt, .. } = &*shown;
        if !self.json && shown.under != Some(file) && !lines.is_empty() {
            let gap = if shown.under.is_some() { "\n" } else { "" };
            let more = if left_out { ", its end; --all prints all of it" } else { "" };
            writeln!(self.out, "{gap}==> {stage}-{attempt}/{}{more} <==", file.name())
                .context("printing")?;
        }
        for line in lines {
            if self.json {
                let file = file.name();
                self.document(
                    &json!({ "stage": stage, "attempt": attempt, "file": file, "line": line }),
                )?;
            } else {
                writeln!(self.out, "{line}").context("printing")?;
            }
        }
        if !lines.is_empty() {
            shown.under = Some(file);
        }
        Ok(())
    }
}
