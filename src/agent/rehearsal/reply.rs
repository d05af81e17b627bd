//! The scripted model's reply: what does it say next?
//! A pure function of scenario and conversation, so a killed and resumed agent, or a restarted server, goes on where it was.

use std::time::Duration;

use regex::Captures;
use serde_json::{Value, json};
use uuid::Uuid;

use super::conversation::{CallId, CallResult, Conversation};
use super::scenario::{Fault, Scenario, ScriptedCall, ScriptedTurn, Usage};

/// How often a call is tried before the scene goes on without it.
const MOST_TRIES: usize = 4;

/// One reply, ready to be sent.
#[derive(Debug)]
pub(super) struct ModelReply {
    pub text: String,
    pub calls: Vec<ToolUse>,
    pub usage: Usage,
    /// It was longer than it might be.
    pub cut: bool,
    pub pause: Duration,
    pub fault: Option<Fault>,
    /// Scene and turn; none where no scene fits.
    pub place: Option<(usize, usize)>,
}

impl ModelReply {
    /// The same in so many tokens at most. What is cut has no whole call, so its turn comes again.
    pub fn within(mut self, most: Option<u64>) -> Self {
        let most = most.unwrap_or(u64::MAX);
        if self.usage.output > most {
            self.usage.output = most;
            self.calls.clear();
            self.cut = true;
        }
        self
    }
}

/// A tool call in the CLI's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToolUse {
    pub id: String,
    pub name: &'static str,
    pub input: Value,
}

/// The newest prompt that some scene fits picks the scene, of several the last; the calls made so far pick the turn.
pub(super) fn next_reply(scenario: &Scenario, conversation: &Conversation) -> ModelReply {
    let Some((scene, groups)) = pick_scene(scenario, conversation) else {
        return words_alone("This rehearsal has no scene for that prompt.", None);
    };
    let turns = &scenario.scenes[scene].turns;
    let template = Template { groups: &groups, folder: &conversation.folder };
    for (at, turn) in turns.iter().enumerate() {
        let states = call_states(conversation, turn, (scene, at));
        if turn.calls.is_empty() || states.iter().any(|s| *s != CallState::Done) {
            return template.reply(turn, (scene, at), &states);
        }
    }
    words_alone("Done.", Some((scene, turns.len())))
}

/// `place` is the turn's scene and number.
fn call_states(
    conversation: &Conversation,
    turn: &ScriptedTurn,
    place: (usize, usize),
) -> Vec<CallState> {
    let state = |call| CallState::of(conversation, (place.0, place.1, call));
    (0..turn.calls.len()).map(state).collect()
}

fn words_alone(text: &str, place: Option<(usize, usize)>) -> ModelReply {
    ModelReply {
        text: text.to_owned(),
        calls: Vec::new(),
        usage: Usage { input: 4, output: 12, ..Usage::default() },
        cut: false,
        pause: Duration::ZERO,
        fault: None,
        place,
    }
}

fn pick_scene<'a>(
    scenario: &Scenario,
    conversation: &'a Conversation,
) -> Option<(usize, Captures<'a>)> {
    let last_that_fits = |prompt: &'a String| {
        let mut scenes = scenario.scenes.iter().enumerate().rev();
        scenes.find_map(|(n, scene)| Some((n, scene.prompt.captures(prompt)?)))
    };
    conversation.prompts.iter().rev().find_map(last_that_fits)
}

/// How far a scripted call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallState {
    Todo,
    ReadFirst,
    Done,
}

impl CallState {
    /// By scene, turn and call. A call that was cut off is made again; a file that must be read first is read. Everything
    /// else, good or bad, is part of the scenario.
    fn of(conversation: &Conversation, place: (usize, usize, usize)) -> Self {
        let is_it = |id: &CallId| (id.scene, id.turn, id.call) == place;
        let tries: Vec<_> = conversation.tried.iter().filter(|t| is_it(&t.id)).collect();
        if tries.iter().filter(|t| !t.id.prepares).count() >= MOST_TRIES {
            return Self::Done;
        }
        match tries.last() {
            None => Self::Todo,
            Some(last) if last.id.prepares || last.result == CallResult::Lost => Self::Todo,
            Some(last) if last.result == CallResult::Unread => Self::ReadFirst,
            Some(_) => Self::Done,
        }
    }
}

/// What is filled into a scene's texts.
struct Template<'a> {
    groups: &'a Captures<'a>,
    folder: &'a str,
}

impl Template<'_> {
    /// The calls of a turn that are still to be made. `place` is its scene and turn.
    fn reply(
        &self,
        turn: &ScriptedTurn,
        place: (usize, usize),
        states: &[CallState],
    ) -> ModelReply {
        let open = turn.calls.iter().enumerate().filter(|(n, _)| states[*n] != CallState::Done);
        let calls = open.map(|(n, call)| {
            let prepares = states[n] == CallState::ReadFirst;
            self.tool_use(call, CallId { scene: place.0, turn: place.1, call: n, prepares })
        });
        ModelReply {
            calls: calls.collect(),
            text: self.fill(&turn.text),
            usage: turn.usage,
            cut: false,
            pause: turn.pause,
            fault: turn.fault,
            place: Some(place),
        }
    }

    fn tool_use(&self, call: &ScriptedCall, id: CallId) -> ToolUse {
        let (name, input) = if id.prepares { self.read(call) } else { self.call(call) };
        ToolUse { id: format!("{id}_{}", Uuid::new_v4().simple()), name, input }
    }

    fn call(&self, call: &ScriptedCall) -> (&'static str, Value) {
        match call {
            ScriptedCall::Read { .. } => self.read(call),
            ScriptedCall::Write { file, text } => {
                ("Write", json!({"file_path": self.path(file), "content": self.fill(text)}))
            }
            ScriptedCall::Edit { file, old, new } => (
                "Edit",
                json!({"file_path": self.path(file), "old_string": self.fill(old), "new_string": self.fill(new)}),
            ),
            ScriptedCall::Run { command } => {
                ("Bash", json!({"command": self.fill(command), "description": "Run a command"}))
            }
            ScriptedCall::Delegate { prompt } => (
                "Task",
                json!({"description": "Help", "prompt": self.fill(prompt), "subagent_type": "general-purpose"}),
            ),
        }
    }

    fn read(&self, call: &ScriptedCall) -> (&'static str, Value) {
        match call {
            ScriptedCall::Read { file }
            | ScriptedCall::Write { file, .. }
            | ScriptedCall::Edit { file, .. } => ("Read", json!({"file_path": self.path(file)})),
            ScriptedCall::Run { .. } | ScriptedCall::Delegate { .. } => self.call(call),
        }
    }

    fn path(&self, file: &str) -> String {
        if self.folder.is_empty() { file.to_owned() } else { format!("{}/{file}", self.folder) }
    }

    /// `{{1}}` is the first group of the scene's regex.
    fn fill(&self, text: &str) -> String {
        let fill = |text: String, n: usize| {
            text.replace(&format!("{{{{{n}}}}}"), self.groups.get(n).map_or("", |g| g.as_str()))
        };
        (1..self.groups.len()).fold(text.to_owned(), fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::rehearsal::conversation::TriedCall;
    use crate::run::{Fix, PipelineText, review_prompt};

    const PLAY: &str = r"
        model = 'm'
        [[scene]]
        name = 'write'
        prompt = 'Stage: (\w+)'
        turn = [{ write = [{ file = 'a.js', text = '1' }] }]
        [[scene]]
        name = 'fix'
        prompt = '(?s)Stage: (\w+).*failed: ([^\n]+)'
        turn = [{ text = 'Fixing {{2}} of {{1}}.', edit = [{ file = 'a.js', old = '1', new = '2' }], run = ['node --test'] }, { text = 'Fixed.' }]
    ";

    fn next(prompts: &[&str], tried: Vec<TriedCall>) -> ModelReply {
        let scenario = Scenario::parse("play.toml", PLAY).expect("a scenario");
        let prompts = prompts.iter().map(|p| (*p).to_owned()).collect();
        next_reply(&scenario, &Conversation { prompts, tried, folder: "/w".to_owned() })
    }

    fn tried(scene: usize, call: usize, result: CallResult) -> TriedCall {
        TriedCall { id: CallId { scene, turn: 0, call, prepares: false }, result }
    }

    fn names(answer: &ModelReply) -> Vec<&'static str> {
        answer.calls.iter().map(|c| c.name).collect()
    }

    #[test]
    fn feedback_in_the_prompt_picks_another_scene() {
        let first = next(&["Stage: streaming"], vec![]);
        assert_eq!(first.calls[0].input, json!({"file_path": "/w/a.js", "content": "1"}));
        let second = next(&["Stage: streaming\nfailed: splits chunks\nx"], vec![]);
        assert_eq!(second.text, "Fixing splits chunks of streaming.");
        assert_eq!(names(&second), ["Edit", "Bash"]);
    }

    #[test]
    fn words_of_the_cli_itself_pick_no_scene() {
        let prompts = ["Stage: one failed: x", "[Request interrupted by user]", "Go on."];
        let after =
            next(&prompts, vec![tried(1, 0, CallResult::Good), tried(1, 1, CallResult::Bad)]);
        assert_eq!((after.text.as_str(), after.place), ("Fixed.", Some((1, 1))));
    }

    #[test]
    fn a_cut_call_is_made_again_and_a_done_one_is_not() {
        let after = next(
            &["Stage: one failed: x"],
            vec![tried(1, 0, CallResult::Good), tried(1, 1, CallResult::Lost)],
        );
        assert_eq!(names(&after), ["Bash"]);
    }

    #[test]
    fn a_file_is_read_where_the_tool_insists() {
        let unread = vec![tried(0, 0, CallResult::Unread)];
        let mut read = unread.clone();
        read.push(TriedCall {
            id: CallId { scene: 0, turn: 0, call: 0, prepares: true },
            result: CallResult::Bad,
        });
        assert_eq!(names(&next(&["Stage: one"], unread)), ["Read"]);
        assert_eq!(names(&next(&["Stage: one"], read)), ["Write"]);
    }

    #[test]
    fn a_call_that_never_works_does_not_hold_up_the_play() {
        let after = next(&["Stage: one"], vec![tried(0, 0, CallResult::Lost); MOST_TRIES]);
        assert_eq!((after.text.as_str(), after.calls.len()), ("Done.", 0));
    }

    #[test]
    fn other_prompts_are_told_so() {
        assert_eq!(next(&["Hello"], vec![]).place, None);
    }

    fn scene_of(prompt: String) -> String {
        let text = include_str!("../../../deploy/rehearsal/llm-wrapper.toml");
        let scenario = Scenario::parse("llm-wrapper.toml", text).expect("a scenario");
        let conversation = Conversation { prompts: vec![prompt], ..Conversation::default() };
        let (scene, _) = next_reply(&scenario, &conversation).place.expect("a scene");
        scenario.scenes[scene].name.clone()
    }

    #[test]
    fn two_iterations_of_a_fix_are_red_and_another_fix_is_never_right() {
        let text = include_str!("../../../deploy/pipelines/llm-wrapper.toml");
        let own = PipelineText::parse("llm-wrapper.toml", text).expect("a pipeline");
        let fix = own.fixing(&Fix::default()).expect("a pipeline that fixes");
        let stage = fix.pipeline.stages[0].name.clone();
        let scene = |brief: &str, feedback: &str| {
            scene_of(fix.prompt_for(&stage, brief, Some(feedback), &[]).expect("a prompt"))
        };
        let brief = "Fix rate limiting in OpenAI provider";
        let first = "2 of 4 tests failed\n- a date: no";
        let second = "1 of 4 tests failed\n\nAttempts before it:\n- attempt 1: 2 of 4 tests failed";
        assert_eq!(scene(brief, ""), "fix");
        assert_eq!(scene(brief, first), "fix, the second iteration");
        assert_eq!(scene(brief, second), "fix, the third iteration");
        assert_eq!(scene("Mend the flaky wait", ""), "fix, and never right");
        assert_eq!(scene("Mend the flaky wait", "1 of 4 tests failed"), "fix, and never right");
    }

    #[test]
    fn a_second_reader_of_any_stage_is_rehearsed() {
        for stage in ["streaming", "fix"] {
            let task = format!("Stage: {stage}\n2 of 4 tests failed");
            let stage = stage.parse().expect("a name");
            assert_eq!(scene_of(review_prompt(&stage, &task, "+ x")), "a second reader");
        }
    }

    fn scene_for(stage: &str, feedback: &str) -> String {
        let pipeline: toml::Value =
            toml::from_str(include_str!("../../../deploy/pipelines/llm-wrapper.toml"))
                .expect("a pipeline");
        let stages = pipeline["stage"].as_array().expect("stages");
        let stage = stages.iter().find(|s| s["name"].as_str() == Some(stage)).expect("a stage");
        let prompt = stage["prompt"]
            .as_str()
            .expect("a prompt")
            .replace("{{brief}}", "A wrapper.")
            .replace("{{feedback}}", feedback);
        scene_of(prompt)
    }

    #[test]
    fn every_stage_we_ship_can_be_rehearsed() {
        let stages = [
            "scaffold",
            "core-implementation",
            "streaming",
            "error-handling",
            "testing",
            "documentation",
        ];
        assert_eq!(stages.map(|stage| scene_for(stage, "")), stages);
    }

    #[test]
    fn feedback_changes_what_is_rehearsed() {
        let failed = "3 of 50 tests failed:\n\nan event that is split across chunks is put together\n  Expected values to be strictly deep-equal";
        assert_eq!(scene_for("streaming", failed), "streaming, again");
        let said = |how: &str| {
            format!(
                "slack:T1:U1 looked at the work that is {how}:\n\n> Please call it ask(), not complete()"
            )
        };
        assert_eq!(
            scene_for("core-implementation", &said("here and asked for changes")),
            "core-implementation, changes asked for"
        );
        let anew = said("not here any more and asked for it to be done anew");
        assert_eq!(scene_for("core-implementation", &anew), "core-implementation, to be done anew");
    }
}
