//! How does the demo play the people?
//! Types as ana, approves as ana, prints the thread as it grows. Sees only what people see.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::BoxFuture;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::console::Console;
use super::fetch::client;
use super::local_slack::{ANA, CHANNEL};
use super::message::{SeenMessage, bare_words, buttons, lines};
use crate::run::{Phase, RunId, StagePhase};
use crate::thread::glyph;

/// How a run stands, as the wiring knows it.
pub type PhaseOf = Box<dyn Fn(RunId) -> BoxFuture<'static, Option<Phase>> + Send + Sync>;

const PROJECT: &str = "llm-wrapper";
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// A press that changed nothing is repeated: it may have been lost.
const PRESS_AGAIN: Duration = Duration::from_secs(15);
/// A thread in which nothing happens for so long will not end.
const PATIENCE: Duration = Duration::from_mins(15);
/// The closing reply may come a little after the end, and edits have to wait for their turn.
const LAST_WORDS: Duration = Duration::from_secs(8);
const LAST_EDITS: Duration = Duration::from_mins(1);
const ENDED_BADLY: u8 = 4;
/// What is pressed wherever it is asked.
const ANSWERS: [&str; 2] = ["Approve", "Stop here"];

#[derive(Deserialize)]
struct Messages {
    messages: Vec<SeenMessage>,
}

/// Plays from the command to the end of the run; the exit code says how it ended.
pub async fn play(slack: &str, console: &Console, phase_of: Option<PhaseOf>) -> Result<u8> {
    let mut people = People {
        client: client()?,
        control: format!("{slack}/_control"),
        pressed: BTreeMap::new(),
    };
    let before = people.messages().await?.len();
    let command = format!("/develop {PROJECT}");
    console.say(format_args!("\nana       {command}"));
    people
        .post(
            "command",
            &json!({ "channel": CHANNEL, "user": ANA, "command": "/develop", "text": PROJECT }),
        )
        .await?;
    let mut printer = Printer { console, told: BTreeMap::new() };
    let mut last_change = Instant::now();
    while last_change.elapsed() < PATIENCE {
        // A stand-in that is just being started again is no reason to give up.
        let messages = people.messages().await.unwrap_or_default();
        let thread: Vec<&SeenMessage> = messages.iter().skip(before).collect();
        if printer.print_new(&thread) {
            last_change = Instant::now();
        }
        if let Some(phase) = ended(&thread, phase_of.as_ref()).await {
            let messages = people.last_words(before).await;
            printer.print_all(&messages.iter().skip(before).collect::<Vec<_>>());
            return Ok(if phase == Phase::Done { 0 } else { ENDED_BADLY });
        }
        people.approve(&thread).await?;
        sleep(LOOK_EVERY).await;
    }
    console.say(format_args!(
        "Nothing happened for {} minutes; the demo gives up.",
        PATIENCE.as_secs() / 60
    ));
    Ok(ENDED_BADLY)
}

/// Through local-slack's controls.
struct People {
    client: Client,
    control: String,
    /// Gates by what their button carries, and when it was pressed.
    pressed: BTreeMap<String, Instant>,
}

impl People {
    async fn messages(&self) -> Result<Vec<SeenMessage>> {
        let answer = self
            .client
            .get(format!("{}/messages/{CHANNEL}", self.control))
            .send()
            .await
            .context("reading the channel")?;
        Ok(answer.json::<Messages>().await.context("reading the channel")?.messages)
    }

    /// The channel once nothing in the thread runs any more, which it shows a while after the end.
    async fn last_words(&self, before: usize) -> Vec<SeenMessage> {
        let ended = Instant::now();
        sleep(LAST_WORDS).await;
        loop {
            let messages = self.messages().await.unwrap_or_default();
            let running = glyph(StagePhase::Running);
            let thread = messages.iter().skip(before);
            let runs = thread.flat_map(lines).any(|line| line.contains(running));
            if !runs || ended.elapsed() > LAST_EDITS {
                return messages;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn post(&self, what: &str, body: &Value) -> Result<()> {
        let answer = self.client.post(format!("{}/{what}", self.control)).json(body).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("playing a person: {what}"))?;
        Ok(())
    }

    /// Presses every Approve that waits, and ends a run of which a stage has failed: nobody is there who would know better.
    async fn approve(&mut self, thread: &[&SeenMessage]) -> Result<()> {
        for message in thread {
            for button in buttons(&message.blocks)
                .filter(|button| ANSWERS.iter().any(|answer| button.says(answer)))
            {
                if self.pressed.get(&button.value).is_some_and(|at| at.elapsed() < PRESS_AGAIN) {
                    continue;
                }
                self.pressed.insert(button.value.clone(), Instant::now());
                let action = json!({ "type": "button", "action_id": button.action_id, "block_id": button.block_id, "value": button.value });
                self.post("interact", &json!({ "channel": CHANNEL, "messageTs": message.ts, "user": ANA, "action": action })).await?;
            }
        }
        Ok(())
    }
}

/// The end: from who knows it, else from the words of the card.
async fn ended(thread: &[&SeenMessage], phase_of: Option<&PhaseOf>) -> Option<Phase> {
    let run = thread.iter().find_map(|message| run_in(message))?;
    let phase = match phase_of {
        Some(ask) => ask(run).await,
        None => thread
            .iter()
            .filter(|message| is_closing(message))
            .find_map(|message| phase_in(&message.text, &run)),
    };
    phase.filter(|phase| {
        matches!(phase, Phase::Done | Phase::Failed | Phase::Rejected | Phase::Stopped)
    })
}

/// The run a message is about, by its id in the words.
fn run_in(message: &SeenMessage) -> Option<RunId> {
    let words = lines(message).join(" ");
    let mut ids =
        words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').filter(|word| {
            let tail = word.strip_prefix(PROJECT).and_then(|rest| rest.strip_prefix('-'));
            tail.is_some_and(|tail| {
                tail.len() >= 6
                    && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
        });
    ids.next()?.parse().ok()
}

/// A reply that asks for nothing.
fn is_closing(message: &SeenMessage) -> bool {
    message.thread_ts.is_some() && buttons(&message.blocks).next().is_none()
}

/// A closing reply starts with the project or the run, and says how it ended.
fn phase_in(text: &str, run: &RunId) -> Option<Phase> {
    let words = bare_words(text);
    let rest = words.strip_prefix(run.as_str()).or_else(|| words.strip_prefix(PROJECT))?;
    rest.split_whitespace().find_map(|word| match word {
        "done" => Some(Phase::Done),
        "failed" => Some(Phase::Failed),
        "rejected" => Some(Phase::Rejected),
        "stopped" => Some(Phase::Stopped),
        _ => None,
    })
}

/// Prints what is new in a thread.
struct Printer<'a> {
    console: &'a Console,
    /// What each message said when it was printed.
    told: BTreeMap<String, Vec<String>>,
}

impl Printer<'_> {
    /// New messages, and new lines of old ones; a number that grew is not news. Says whether anything changed.
    fn print_new(&mut self, thread: &[&SeenMessage]) -> bool {
        let mut changed = false;
        for message in thread {
            let now = lines(message);
            let before = self.told.get(&message.ts);
            changed |= before != Some(&now);
            let known: Vec<String> = before.into_iter().flatten().map(|line| shape(line)).collect();
            let fresh: Vec<&String> =
                now.iter().filter(|line| !known.contains(&shape(line))).collect();
            self.print(message, &fresh);
            self.told.insert(message.ts.clone(), now);
        }
        changed
    }

    /// The whole thread as it stands.
    fn print_all(&mut self, thread: &[&SeenMessage]) {
        self.console.say("\nThe thread as it stands:");
        for message in thread {
            self.print(message, &lines(message).iter().collect::<Vec<_>>());
        }
    }

    fn print(&self, message: &SeenMessage, said: &[&String]) {
        let name = super::local_slack::PEOPLE
            .iter()
            .find(|(id, ..)| *id == message.user)
            .map_or("signoff", |(_, name, _)| name);
        let indent = if message.thread_ts.as_ref().is_some_and(|root| *root != message.ts) {
            "  "
        } else {
            ""
        };
        for (at, line) in said.iter().enumerate() {
            self.console.say(format_args!("{:<10}{indent}{line}", if at == 0 { name } else { "" }));
        }
    }
}

/// A line without its numbers.
fn shape(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ',')).collect()
}

#[cfg(test)]
mod tests;
