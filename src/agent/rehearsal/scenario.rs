//! The scenario of a rehearsal: what does the scripted model say, and when?
//! Read from TOML, checked whole on load; every mistake names file and line.

use std::time::Duration;

use axum::http::StatusCode;
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

/// A whole rehearsal: the newest prompt that some scene matches picks the scene.
#[derive(Debug)]
pub struct Scenario {
    /// Which model to ask for (`Assignment::model`): the CLI takes its prices from the model it asked, whoever answers.
    pub model: String,
    /// Time between two pieces of a streamed answer, so that streaming can be seen.
    pub chunk: Duration,
    pub scenes: Vec<Scene>,
}

/// What is said after one kind of prompt.
#[derive(Debug)]
pub struct Scene {
    pub name: String,
    /// Matched anywhere in a prompt; its groups are `{{1}}`, `{{2}}`… in the turns.
    pub prompt: Regex,
    pub turns: Vec<ScriptedTurn>,
}

/// One answer of the model: some words, then tools.
#[derive(Clone, Debug)]
pub struct ScriptedTurn {
    pub text: String,
    pub calls: Vec<ScriptedCall>,
    pub usage: Usage,
    /// Silence before the answer.
    pub pause: Duration,
    pub fault: Option<Fault>,
}

/// A tool the agent is asked to use. Files are relative to the worktree.
#[derive(Clone, Debug)]
pub enum ScriptedCall {
    Read {
        file: String,
    },
    Write {
        file: String,
        text: String,
    },
    Edit {
        file: String,
        old: String,
        new: String,
    },
    Run {
        command: String,
    },
    /// Another agent is sent off with a prompt of its own.
    Delegate {
        prompt: String,
    },
}

/// Tokens the answer claims to have used: the CLI computes the cost from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    /// Kept for five minutes.
    pub cache_write: u64,
    /// Kept for an hour.
    pub cache_write_1h: u64,
}

/// The API fails instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// How often, before it answers.
    pub times: u32,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It says no.
    Refused {
        status: StatusCode,
        /// What it says of how long to wait, in seconds.
        retry_after: Option<u64>,
    },
    /// A streamed answer breaks off in the middle; one that is not streamed does not.
    Cut,
}

/// What is wrong with a scenario file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct ScenarioError {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    model: String,
    #[serde(default)]
    chunk_ms: u64,
    scene: Vec<RawScene>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScene {
    name: Spanned<String>,
    prompt: Spanned<String>,
    begins_like: Option<Spanned<String>>,
    turn: Vec<Spanned<RawTurn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTurn {
    #[serde(default)]
    text: String,
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    write: Vec<RawWrite>,
    #[serde(default)]
    edit: Vec<RawEdit>,
    #[serde(default)]
    run: Vec<String>,
    #[serde(default)]
    delegate: Vec<String>,
    usage: Option<Usage>,
    #[serde(default)]
    pause_ms: u64,
    fault: Option<Spanned<RawFault>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWrite {
    file: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEdit {
    file: String,
    old: String,
    new: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    status: Option<u16>,
    #[serde(default)]
    cut: bool,
    times: u32,
    retry_after: Option<u64>,
}

impl Scenario {
    /// Reads `text`, the content of `file`.
    ///
    /// ```toml
    /// model = "claude-sonnet-4-5"     # to be asked for: its prices count
    /// chunk_ms = 3                    # between two pieces of a streamed answer
    /// [[scene]]                       # the newest prompt picks it; of several that fit, the last
    /// name = "scaffold"
    /// prompt = '(?m)^Stage: (scaffold)$'
    /// # begins_like = "other"         # starts with that earlier scene's turns
    /// [[scene.turn]]                  # one answer; only a scene's last may be text alone
    /// text = "Laying out {{1}}."
    /// read = ["package.json"]
    /// run = ["node --test"]
    /// # delegate = ["Look around."]   # another agent, whose prompt picks a scene of its own
    /// usage = { input = 4, output = 310, cache_read = 9000, cache_write = 2100 }   # cache_write_1h, too
    /// # pause_ms = 500                # silence before the answer
    /// # fault = { status = 529, times = 1, retry_after = 60 }   # or { cut = true, times = 1 }: in the middle of a stream
    /// [[scene.turn.write]]
    /// file = "src/index.js"
    /// text = "export {};"
    /// [[scene.turn.edit]]
    /// file = "package.json"
    /// old = "0.0.0"
    /// new = "0.1.0"
    /// ```
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::read(text).map_err(|(at, what)| ScenarioError {
            file: file.to_owned(),
            line: text[..at.min(text.len())].matches('\n').count() + 1,
            what,
        })
    }

    fn read(text: &str) -> Result<Self, Mistake> {
        let raw: RawScenario = toml::from_str(text).map_err(|error| {
            (error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut scenes: Vec<Scene> = Vec::new();
        for scene in raw.scene {
            let scene = Scene::check(scene, &scenes)?;
            scenes.push(scene);
        }
        Ok(Self { model: raw.model, chunk: Duration::from_millis(raw.chunk_ms), scenes })
    }
}

/// Where in the text, and what.
type Mistake = (usize, String);

impl Scene {
    fn check(raw: RawScene, earlier: &[Self]) -> Result<Self, Mistake> {
        let prompt = Regex::new(raw.prompt.get_ref()).map_err(|error| {
            (raw.prompt.span().start, format!("no regular expression: {error}"))
        })?;
        let mut turns = match &raw.begins_like {
            None => Vec::new(),
            Some(name) => Self::opening(name, earlier)?,
        };
        if raw.turn.is_empty() {
            let what = format!("scene {:?} has no turn", raw.name.get_ref());
            return Err((raw.name.span().start, what));
        }
        turns.extend(Self::turns(raw.turn)?);
        Ok(Self { name: raw.name.into_inner(), prompt, turns })
    }

    fn turns(raw: Vec<Spanned<RawTurn>>) -> Result<Vec<ScriptedTurn>, Mistake> {
        let last = raw.len().saturating_sub(1);
        let mut turns = Vec::with_capacity(raw.len());
        for (n, turn) in raw.into_iter().enumerate() {
            let at = turn.span().start;
            let turn = ScriptedTurn::check(turn.into_inner())?;
            if turn.calls.is_empty() && n < last {
                return Err((at, "a turn without tools ends the agent's work: only a scene's last may be text alone".to_owned()));
            }
            turns.push(turn);
        }
        Ok(turns)
    }

    /// The turns of an earlier scene, without its last words.
    fn opening(name: &Spanned<String>, earlier: &[Self]) -> Result<Vec<ScriptedTurn>, Mistake> {
        let like = earlier.iter().find(|s| s.name == *name.get_ref());
        let like = like.ok_or_else(|| {
            (name.span().start, format!("no scene {:?} above this one", name.get_ref()))
        })?;
        Ok(like.turns.iter().filter(|t| !t.calls.is_empty()).cloned().collect())
    }
}

impl ScriptedTurn {
    fn check(raw: RawTurn) -> Result<Self, Mistake> {
        let fault = raw.fault.as_ref().map(Fault::check).transpose()?;
        let pause = Duration::from_millis(raw.pause_ms);
        let usage = raw.usage.unwrap_or_default();
        Ok(Self { text: raw.text.clone(), calls: raw.calls(), usage, pause, fault })
    }
}

impl Fault {
    fn check(raw: &Spanned<RawFault>) -> Result<Self, Mistake> {
        let RawFault { status, cut, times, retry_after } = *raw.get_ref();
        let mistake = |what: String| (raw.span().start, what);
        let kind = match (status, cut) {
            (None, true) => FaultKind::Cut,
            (Some(status), false) => {
                let status = StatusCode::from_u16(status)
                    .map_err(|_| mistake(format!("{status} is no HTTP status")))?;
                FaultKind::Refused { status, retry_after }
            }
            _ => return Err(mistake("a fault has a status, or cut = true".to_owned())),
        };
        Ok(Self { kind, times })
    }
}

impl RawTurn {
    fn calls(self) -> Vec<ScriptedCall> {
        let read = self.read.into_iter().map(|file| ScriptedCall::Read { file });
        let write = self
            .write
            .into_iter()
            .map(|RawWrite { file, text }| ScriptedCall::Write { file, text });
        let edit = self.edit.into_iter().map(|RawEdit { file, old, new }| ScriptedCall::Edit {
            file,
            old,
            new,
        });
        let run = self.run.into_iter().map(|command| ScriptedCall::Run { command });
        let delegate = self.delegate.into_iter().map(|prompt| ScriptedCall::Delegate { prompt });
        read.chain(write).chain(edit).chain(run).chain(delegate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Scenario::parse("play.toml", text).expect_err("a mistake").to_string()
    }

    #[test]
    fn a_mistake_names_file_and_line() {
        assert!(
            mistake("model = \"m\"\n[[scene]]\nname = \"a\"\nprompt = '('\nturn = []\n")
                .starts_with("play.toml:4: no regular expression")
        );
        assert!(
            mistake("model = \"m\"\n[[scene]]\nname = \"a\"\nprompt = 'a'\nturn = []\n")
                .starts_with("play.toml:3: scene \"a\" has no turn")
        );
        assert!(
            mistake("model = \"m\"\n\nchunk_ms = \"fast\"\n")
                .starts_with("play.toml:3: invalid type")
        );
        assert!(
            mistake("model = \"m\"\n[[scene]]\nname = \"a\"\nprompt = 'a'\n[[scene.turn]]\ntexts = 'a'\n")
                .starts_with("play.toml:6: unknown field `texts`")
        );
    }

    #[test]
    fn a_fault_says_how() {
        let fault = |fault: &str| {
            format!(
                "model = 'm'\n[[scene]]\nname = 'a'\nprompt = 'a'\n[[scene.turn]]\nfault = {fault}\n"
            )
        };
        let cut = Scenario::parse("play.toml", &fault("{ cut = true, times = 1 }")).unwrap();
        let expected = Fault { kind: FaultKind::Cut, times: 1 };
        assert_eq!(cut.scenes[0].turns[0].fault, Some(expected));
        assert!(mistake(&fault("{ times = 1 }")).starts_with("play.toml:6: a fault has a status"));
        assert!(mistake(&fault("{ status = 9, times = 1 }")).contains("9 is no HTTP status"));
    }

    #[test]
    fn words_alone_would_end_the_work_too_early() {
        let text = "model = 'm'\n[[scene]]\nname = 'a'\nprompt = 'a'\n[[scene.turn]]\ntext = 'x'\n[[scene.turn]]\ntext = 'y'\n";
        assert!(mistake(text).starts_with("play.toml:5: a turn without tools"));
    }

    #[test]
    fn a_scene_can_begin_like_another() {
        let text = "model = 'm'\n[[scene]]\nname = 'a'\nprompt = 'a'\nturn = [{ run = ['ls'] }, { text = 'done' }]\n\
                    [[scene]]\nname = 'b'\nprompt = 'b'\nbegins_like = 'a'\nturn = [{ run = ['pwd'] }]\n";
        let scenario = Scenario::parse("play.toml", text).expect("a scenario");
        assert_eq!(scenario.scenes[1].turns.len(), 2);
    }
}
