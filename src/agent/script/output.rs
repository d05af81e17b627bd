//! The output of a script agent: what did it say so far, and how did it end?
//! Each line is kept in the log, as it came. What was told once is never taken back: neither money, nor a failure.

use tokio::process::{Child, ChildStdout};

use super::protocol::{ScriptLine, Used, read_line};
use crate::agent::event::{EventSender, failed, timed_out, used_too_much};
use crate::agent::lines::LineReader;
use crate::agent::log::AgentLog;
use crate::agent::money::highest;
use crate::agent::process::{Exit, last_line};
use crate::agent::{AgentError, AgentEvent, AgentReport, Assignment, Result};
use crate::run::foreign_text::{self, PATH};
use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd, Written};

/// What a script said so far.
pub(super) struct ScriptOutput {
    lines: LineReader<ChildStdout>,
    log: AgentLog,
    account: Account,
}

/// Its own account of its work.
pub(super) struct Account {
    events: EventSender,
    info: Option<AgentInfo>,
    session: Option<String>,
    tokens: Tokens,
    cost_usd: Usd,
    end: Option<AgentEnd>,
    words: Option<String>,
}

impl ScriptOutput {
    pub async fn open(
        child: &mut Child,
        assignment: &Assignment,
        events: EventSender,
    ) -> Result<Self> {
        Ok(Self {
            log: AgentLog::open(assignment).await?,
            lines: LineReader::new(child.stdout.take().expect("piped")),
            account: Account::new(events),
        })
    }

    /// Reads until it closes its output.
    pub async fn read(&mut self) -> Result<()> {
        let reading = "reading the agent's output";
        while let Some(line) = self.lines.next().await.map_err(AgentError::when(reading))? {
            self.account.take(&String::from_utf8_lossy(&line));
            self.log.write(line).await?;
        }
        Ok(())
    }

    /// Writes out what the log still holds.
    pub async fn close_log(&mut self) {
        self.log.close().await;
    }

    /// What came of the work.
    pub fn report(self, exit: &Exit, stderr: &str) -> AgentReport {
        self.account.report(exit, stderr)
    }
}

impl Account {
    fn new(events: EventSender) -> Self {
        Self {
            events,
            info: None,
            session: None,
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            end: None,
            words: None,
        }
    }

    fn take(&mut self, line: &str) {
        for told in read_line(line) {
            self.apply(told);
        }
    }

    fn apply(&mut self, told: ScriptLine) {
        match told {
            // The event is sent by us, once, when it has really ended.
            ScriptLine::Finished { end, used, words } => {
                self.add(used);
                self.end = Some(worse(self.end.take(), end.cleaned()));
                self.words = self.words.take().or(Written::cleaned_words(words));
            }
            ScriptLine::Usage(used) => {
                self.add(used);
                self.send(AgentEvent::Usage { tokens: self.tokens, cost_usd: self.cost_usd });
            }
            // Of what is said after the end, only money counts.
            _ if self.end.is_some() => {}
            told => {
                if let ScriptLine::Started { session, agent } = &told {
                    self.info = Some(agent.clone().cleaned());
                    self.session = session.as_deref().map(|id| foreign_text::line(id, PATH));
                }
                self.send(told.event());
            }
        }
    }

    /// Figures are cumulative, so a lower one is a mistake, and a script that told its usage before need not repeat it.
    fn add(&mut self, used: Used) {
        self.tokens = highest(self.tokens, used.tokens.unwrap_or_default());
        self.cost_usd = self.cost_usd.max(used.cost_usd.unwrap_or_default());
    }

    fn send(&self, event: AgentEvent) {
        self.events.send(vec![event.cleaned()]);
    }

    fn report(self, exit: &Exit, stderr: &str) -> AgentReport {
        let end = end(exit, self.end, last_line(stderr, "it said nothing on standard error"));
        AgentReport {
            end,
            info: self.info,
            tokens: self.tokens,
            cost_usd: self.cost_usd,
            words: self.words,
            session: self.session,
        }
    }
}

/// Of two ends that a script told, the worse one.
fn worse(known: Option<AgentEnd>, told: AgentEnd) -> AgentEnd {
    let badness = |end: &AgentEnd| match end {
        AgentEnd::Finished => 0,
        AgentEnd::Stopped => 1,
        AgentEnd::Failed { .. } => 2,
    };
    match known {
        Some(known) if badness(&known) >= badness(&told) => known,
        _ => told,
    }
}

/// What its exit and its own `finished` line mean together.
fn end(exit: &Exit, told: Option<AgentEnd>, last_line: &str) -> AgentEnd {
    match (exit, told) {
        (Exit::Exceeded(exceeded), _) => used_too_much(*exceeded),
        (_, Some(AgentEnd::Finished)) | (Exit::Ended(Some(0)), None) => AgentEnd::Finished,
        (Exit::Stopped, _) => AgentEnd::Stopped,
        (Exit::TimedOut(limit), _) => timed_out(*limit),
        (Exit::Ended(_), Some(end @ AgentEnd::Failed { .. })) => end,
        (Exit::Ended(_), Some(AgentEnd::Stopped)) => failed(Trouble::Agent, "it stopped by itself"),
        (Exit::Ended(Some(code)), None) => {
            failed(Trouble::Agent, &format!("it ended with exit code {code}: {last_line}"))
        }
        (Exit::Ended(None), None) => failed(Trouble::Agent, &format!("it was killed: {last_line}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::sync::mpsc;

    use super::*;

    const OK: Exit = Exit::Ended(Some(0));

    fn report(lines: &[&str]) -> AgentReport {
        let mut account = Account::new(EventSender(mpsc::channel(1).0));
        for line in lines {
            account.take(line);
        }
        account.report(&OK, "")
    }

    #[test]
    fn what_was_told_is_not_taken_back() {
        let told = report(&[
            r#"{"type":"usage","tokens":{"output":7},"cost_usd":"2.10"}"#,
            r#"{"type":"usage","tokens":{"input":3},"cost_usd":"0.05"}"#,
            r#"{"type":"usage","cost_usd":"-9"}"#,
            r#"{"type":"usage","cost_usd":1e300,"tokens":{"output":18446744073709551615}}"#,
            r#"{"type":"finished","end":"finished","cost_usd":"0.01","words":"Done."}"#,
        ]);
        let tokens = Tokens { input: 3, output: 7, ..Tokens::default() };
        assert_eq!((told.tokens, told.cost_usd), (tokens, Usd::from_nanos(2_100_000_000)));
        assert_eq!((told.end, told.words.as_deref()), (AgentEnd::Finished, Some("Done.")));
    }

    #[test]
    fn of_two_ends_the_worse_counts_and_after_them_only_money() {
        let (good, bad) = (
            r#"{"type":"finished","end":"finished"}"#,
            r#"{"type":"finished","end":"failed","why":"no"}"#,
        );
        for lines in [[good, bad], [bad, good]] {
            assert_eq!(report(&lines).end, failed(Trouble::Agent, "no"));
        }
        let told = report(&[
            good,
            r#"{"type":"started","agent":{"name":"late"}}"#,
            r#"{"type":"usage","cost_usd":1}"#,
        ]);
        assert_eq!((told.info, told.cost_usd), (None, Usd::from_nanos(1_000_000_000)));
    }

    proptest! {
        #[test]
        fn whatever_it_prints_the_money_is_the_most_it_told(
            lines in prop::collection::vec(("[ -~\u{0}\u{fe}ü]{0,40}", 0..1_000_000_u32, 0..6_usize), 0..12)
        ) {
            let line = |(noise, cents, kind): &(String, u32, usize)| {
                let dollars = f64::from(*cents) / 100.0;
                match kind {
                    0 => format!("{{\"type\":\"usage\",\"cost_usd\":{dollars}}}"),
                    1 => format!("\u{feff}{{\"cost_usd\":\"{dollars}\",\"type\":\"usage\",\"x\":\"\\ud83d\"}}\r"),
                    2 => format!("{{\"type\":\"finished\",\"cost_usd\":\"${dollars}\",}}"),
                    3 => "{\"type\":\"usage\",\"cost_usd\":-5}".to_owned(),
                    _ => noise.clone(),
                }
            };
            let all: Vec<String> = lines.iter().map(line).collect();
            let told = report(&all.iter().map(String::as_str).collect::<Vec<_>>());
            let most = lines.iter().filter(|it| it.2 < 3).map(|it| it.1).max().unwrap_or(0);
            prop_assert_eq!(told.cost_usd, Usd::from_nanos(i64::from(most) * 10_000_000));
        }
    }
}
