//! The stall: when does an agent give no sign of life any more, or do the same over and over?
//! What it prints, what its model answers and what changes in its folder are signs of life, and a tool at work may be silent for longer.
//! Nobody is asked: it is ended, and the next attempt is told why.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::write_attempt::WriteAttempt;
use crate::agent::{AgentEvent, Assignment, in_words};
use crate::config;
use crate::run::{AgentEnd, Tokens, Trouble};
use crate::workspace::FilesSeen;

/// A tool at work may be silent so many times as long: tests and builds often print nothing until their end.
const TOOL_PATIENCE: u32 = 3;
/// Tools that wait for what another one does: asking the same once more is what they are for.
const WAITING: [&str; 3] = ["BashOutput", "TaskOutput", "AgentOutputTool"];
/// The last of what it said and did, for people and for the next attempt.
const LAST: usize = 8;

/// What else is known of an agent at this moment.
#[derive(Clone, Copy)]
pub(super) struct Signs {
    /// What it used so far: more is a sign of life.
    pub tokens: Tokens,
    /// Its provider takes nothing for now: its silence is not its own.
    pub limited: bool,
}

/// What is watched of one agent at work.
pub(super) struct StallWatch {
    rules: config::Breakers,
    worktree: PathBuf,
    log: PathBuf,
    alive_at: Instant,
    tokens: Tokens,
    printed_bytes: u64,
    /// The tools that it has begun to use, and has not done with.
    at_work: BTreeSet<String>,
    /// Its files, as they were halfway through its silence.
    files: Halfway,
    call: Option<RepeatedCall>,
    said: VecDeque<String>,
    stalled: Option<String>,
}

/// What was seen of an agent's files.
#[derive(Clone, Copy, PartialEq)]
enum Halfway {
    NotLooked,
    Looked(Option<FilesSeen>),
}

/// The call of a tool that it made last, and how often in a row.
struct RepeatedCall {
    name: String,
    input: u64,
    times: u32,
}

impl WriteAttempt<'_> {
    /// That of this attempt.
    pub(super) fn stall_watch(&self, assignment: &Assignment) -> StallWatch {
        let rules = self.bench.projects.current().breakers;
        StallWatch::new(rules, assignment, Instant::now())
    }
}

impl StallWatch {
    fn new(rules: config::Breakers, assignment: &Assignment, now: Instant) -> Self {
        Self {
            rules,
            worktree: assignment.worktree.clone(),
            log: assignment.log.clone(),
            alive_at: now,
            tokens: Tokens::default(),
            printed_bytes: 0,
            at_work: BTreeSet::new(),
            files: Halfway::NotLooked,
            call: None,
            said: VecDeque::new(),
            stalled: None,
        }
    }

    /// Whatever it tells is a sign of life; but not that it begins the same once more.
    pub fn see(&mut self, event: &AgentEvent, now: Instant) {
        self.lives(now);
        match event {
            AgentEvent::ToolStarted { id, name, title, input } => {
                self.at_work.insert(id.clone());
                self.say(title);
                self.count_call(name, *input);
            }
            AgentEvent::ToolEnded { id, .. } => drop(self.at_work.remove(id)),
            AgentEvent::Text { text } => self.say(text),
            AgentEvent::Retrying { why, .. } | AgentEvent::Denied { why, .. } => self.say(why),
            _ => {}
        }
    }

    /// Whether it is ended now. Once.
    pub async fn stalls(&mut self, signs: Signs, now: Instant) -> bool {
        if self.stalled.is_some() {
            return false;
        }
        self.stalled = match self.repeats() {
            Some(why) => Some(why),
            None => self.is_silent(signs, now).await,
        };
        self.stalled.is_some()
    }

    /// How it ended, where we ended it.
    pub fn judge(&self, end: AgentEnd) -> AgentEnd {
        match (&self.stalled, end) {
            (Some(why), AgentEnd::Stopped) => {
                AgentEnd::Failed { trouble: Trouble::Stall, why: why.clone() }
            }
            (_, end) => end,
        }
    }

    /// What the next attempt is told.
    pub fn feedback(&self, end: &AgentEnd) -> Option<String> {
        let AgentEnd::Failed { trouble: Trouble::Stall, why } = end else { return None };
        let said: Vec<&str> = self.said.iter().map(String::as_str).collect();
        let last = if said.is_empty() {
            "It had said nothing at all.".to_owned()
        } else {
            format!("What it said and did last:\n{}", said.join("\n"))
        };
        Some(format!("It was ended, because {why}.\n{last}"))
    }

    fn lives(&mut self, now: Instant) {
        self.alive_at = now;
        self.files = Halfway::NotLooked;
    }

    fn say(&mut self, text: &str) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        self.said.extend(lines.map(str::to_owned));
        while self.said.len() > LAST {
            self.said.pop_front();
        }
    }

    fn count_call(&mut self, name: &str, input: Option<u64>) {
        let Some(input) = input.filter(|_| !WAITING.contains(&name)) else { return };
        let before = self.call.take().filter(|it| it.name == name && it.input == input);
        let times = before.map_or(1, |it| it.times.saturating_add(1));
        self.call = Some(RepeatedCall { name: name.to_owned(), input, times });
    }

    fn repeats(&self) -> Option<String> {
        let most = self.rules.same_call;
        let call = self.call.as_ref().filter(|call| most > 0 && call.times >= most)?;
        Some(format!("it made the same call of {} {} times in a row", call.name, call.times))
    }

    async fn is_silent(&mut self, signs: Signs, now: Instant) -> Option<String> {
        let stall = self.rules.stall?;
        if self.gave_a_sign(signs).await {
            self.lives(now);
            return None;
        }
        let limit = if self.at_work.is_empty() { stall } else { stall * TOOL_PATIENCE };
        let silent = now.saturating_duration_since(self.alive_at);
        if silent < limit / 2 {
            return None;
        }
        let Halfway::Looked(before) = self.files else {
            self.files = Halfway::Looked(FilesSeen::in_folder(&self.worktree).await);
            return None;
        };
        if silent < limit {
            return None;
        }
        // What cannot be looked at says nothing.
        if before.is_none() || before != FilesSeen::in_folder(&self.worktree).await {
            self.lives(now);
            return None;
        }
        Some(silence(limit))
    }

    async fn gave_a_sign(&mut self, signs: Signs) -> bool {
        let printed = tokio::fs::metadata(&self.log).await.map_or(0, |log| log.len());
        let before = (self.tokens, self.printed_bytes);
        (self.tokens, self.printed_bytes) = (signs.tokens, printed);
        signs.limited || before != (self.tokens, self.printed_bytes)
    }
}

fn silence(limit: Duration) -> String {
    format!("it said nothing for {}", in_words(limit))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use uuid::Uuid;

    use super::*;
    use crate::agent::Session;

    const NOTHING: Signs = Signs {
        tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
        limited: false,
    };

    fn watch(folder: &Path, start: Instant) -> StallWatch {
        let rules = config::Breakers { same_call: 3, ..config::Breakers::default() };
        let assignment = Assignment {
            worktree: folder.join("work"),
            home: folder.join("home"),
            log: folder.join("agent.jsonl"),
            prompt: String::new(),
            session: Session::New(Uuid::nil()),
            model: None,
            budget_left: None,
            timeout: Duration::from_mins(30),
            env: Vec::new(),
            tools: crate::agent::Tools::All,
        };
        fs::create_dir_all(&assignment.worktree).expect("a folder");
        StallWatch::new(rules, &assignment, start)
    }

    fn step(id: &str, name: &str, input: u64) -> AgentEvent {
        let (id, name, title) = (id.to_owned(), name.to_owned(), format!("{name} it"));
        AgentEvent::ToolStarted { id, name, title, input: Some(input) }
    }

    /// Looks once a minute until it is ended, for at most so many; after how many it was.
    async fn ended_after(watch: &mut StallWatch, start: Instant, minutes: u64) -> Option<u64> {
        for minute in 1..=minutes {
            if watch.stalls(NOTHING, start + Duration::from_mins(minute)).await {
                return Some(minute);
            }
        }
        None
    }

    #[tokio::test]
    async fn an_agent_that_says_nothing_is_ended_and_the_next_one_is_told() {
        let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
        let mut watch = watch(folder.path(), start);
        watch.see(&AgentEvent::Text { text: "I start\n\nthe server.".to_owned() }, start);
        assert_eq!(ended_after(&mut watch, start, 60).await, Some(10));
        assert!(!watch.stalls(NOTHING, start + Duration::from_hours(2)).await, "it is ended");
        let end = watch.judge(AgentEnd::Stopped);
        let why = "it said nothing for 10 min".to_owned();
        assert_eq!(end, AgentEnd::Failed { trouble: Trouble::Stall, why });
        assert_eq!(
            watch.feedback(&end).as_deref(),
            Some(
                "It was ended, because it said nothing for 10 min.\nWhat it said and did last:\nI start\nthe server."
            )
        );
        assert_eq!(watch.judge(AgentEnd::Finished), AgentEnd::Finished, "it was faster");
    }

    #[tokio::test]
    async fn a_tool_at_work_may_be_silent_for_longer() {
        let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
        let mut watch = watch(folder.path(), start);
        watch.see(&step("1", "Bash", 1), start);
        assert_eq!(ended_after(&mut watch, start, 29).await, None);
        watch.see(&AgentEvent::ToolEnded { id: "1".to_owned(), ok: true }, start);
        assert_eq!(ended_after(&mut watch, start, 60).await, Some(10));
    }

    #[tokio::test]
    async fn whatever_moves_is_a_sign_of_life() {
        let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
        let mut watch = watch(folder.path(), start);
        let at = |minutes| start + Duration::from_mins(minutes);
        let answered = Signs { tokens: Tokens { output: 1, ..Tokens::default() }, ..NOTHING };
        assert!(!watch.stalls(answered, at(11)).await, "its model answers");
        fs::write(folder.path().join("agent.jsonl"), "x").expect("written");
        assert!(!watch.stalls(answered, at(22)).await, "it prints");
        assert!(!watch.stalls(Signs { limited: true, ..answered }, at(33)).await, "it must wait");
        assert!(!watch.stalls(answered, at(40)).await, "halfway its files are looked at");
        fs::write(folder.path().join("work/a.js"), "1").expect("written");
        assert!(!watch.stalls(answered, at(44)).await, "it writes");
        assert!(!watch.stalls(answered, at(50)).await);
        assert!(watch.stalls(answered, at(55)).await, "and now it does nothing");
    }

    #[tokio::test]
    async fn the_same_call_over_and_over_is_a_stall() {
        let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
        let mut watch = watch(folder.path(), start);
        for (n, input) in [7, 7, 8, 7, 7].into_iter().enumerate() {
            watch.see(&step(&n.to_string(), "Bash", input), start);
            assert!(!watch.stalls(NOTHING, start).await, "call {n}");
        }
        for n in 0..9 {
            watch.see(&step(&n.to_string(), "BashOutput", 1), start);
        }
        assert!(!watch.stalls(NOTHING, start).await, "it waits for a command");
        watch.see(&step("9", "Bash", 7), start);
        assert!(watch.stalls(NOTHING, start).await);
        let why = "it made the same call of Bash 3 times in a row".to_owned();
        let end = AgentEnd::Failed { trouble: Trouble::Stall, why };
        assert_eq!(watch.judge(AgentEnd::Stopped), end);
    }

    #[tokio::test]
    async fn both_can_be_switched_off() {
        let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
        let mut watch = watch(folder.path(), start);
        watch.rules = config::Breakers { stall: None, same_call: 0, ..watch.rules };
        for n in 0..99 {
            watch.see(&step(&n.to_string(), "Bash", 7), start);
        }
        assert_eq!(ended_after(&mut watch, start, 600).await, None);
    }
}
