//! A script's lines: what does each of them mean?
//! Read field by field and tolerantly: a number where a text was meant, a field too much or half an emoji costs nothing. What says that it
//! is the end, and cannot be read, is a failure: nobody knows what it was to say.

use serde_json::Value;

use crate::agent::AgentEvent;
use crate::agent::event::{digest, failed};
use crate::agent::lines::MOST_LOOKED_AT;
use crate::agent::money::{read_cost, read_count};
use crate::run::foreign_text::{self, read_json_line};
use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd};

/// What a script told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScriptLine {
    Started { session: Option<String>, agent: AgentInfo },
    Text(String),
    ToolStarted { id: String, name: String, title: String, input: Option<u64> },
    ToolEnded { id: String, ok: bool },
    Usage(Used),
    Retrying { attempt: u32, delay_ms: u64, why: String },
    Denied { tool: String, why: String },
    Finished { end: AgentEnd, used: Used, words: Option<String> },
}

/// What it says it used; none where it does not say, or says what cannot be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub tokens: Option<Tokens>,
    pub cost_usd: Option<Usd>,
}

impl ScriptLine {
    /// The same as an event, by what it says itself.
    pub(super) fn event(self) -> AgentEvent {
        let used =
            |used: Used| (used.tokens.unwrap_or_default(), used.cost_usd.unwrap_or_default());
        match self {
            Self::Started { session, agent } => AgentEvent::Started { session, agent },
            Self::Text(text) => AgentEvent::Text { text },
            Self::ToolStarted { id, name, title, input } => {
                AgentEvent::ToolStarted { id, name, title, input }
            }
            Self::ToolEnded { id, ok } => AgentEvent::ToolEnded { id, ok },
            Self::Usage(it) => {
                let (tokens, cost_usd) = used(it);
                AgentEvent::Usage { tokens, cost_usd }
            }
            Self::Retrying { attempt, delay_ms, why } => {
                AgentEvent::Retrying { attempt, delay_ms, why }
            }
            Self::Denied { tool, why } => AgentEvent::Denied { tool, why },
            Self::Finished { end, used: it, words } => {
                let (tokens, cost_usd) = used(it);
                AgentEvent::Finished { end, tokens, cost_usd, words }
            }
        }
    }
}

/// What stands on a line: mostly one thing; nothing where it is of a kind that we do not know, for that may be from a newer protocol.
pub(super) fn read_line(line: &str) -> Vec<ScriptLine> {
    if let Some((before, object)) = glued(line) {
        return as_text(before).into_iter().chain(read_line(object)).collect();
    }
    if !line.contains('{') {
        return as_text(line);
    }
    let read = read_json_line(line);
    let mut told: Vec<ScriptLine> = read.values.iter().filter_map(told_by).collect();
    let is_object = read.values.iter().any(Value::is_object);
    if read.broken && was_to_be_the_end(line) && !told.iter().any(is_end) {
        told.push(unreadable_end());
    } else if !is_object {
        return as_text(line);
    }
    told
}

/// A whole object behind other words, where a program forgot to end its line of progress.
fn glued(line: &str) -> Option<(&str, &str)> {
    let at = line.find("{\"type\"").filter(|at| !foreign_text::line(&line[..*at], 1).is_empty())?;
    let (before, object) = line.split_at(at);
    let read = read_json_line(object);
    let is_told = !read.broken && read.values.iter().any(|value| told_by(value).is_some());
    (is_told && !before.contains('{')).then_some((before, object))
}

/// Whether a line that cannot be read is nearly an object that says it is the end, in whatever quotes.
fn was_to_be_the_end(line: &str) -> bool {
    let begins = line.trim_start_matches(|c: char| !c.is_ascii_graphic()).starts_with('{');
    let is_noise = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let plain: String = line.chars().filter(|c| !is_noise(*c)).take(MOST_LOOKED_AT).collect();
    begins && plain.to_lowercase().contains("type:finished")
}

fn as_text(line: &str) -> Vec<ScriptLine> {
    if line.trim().is_empty() { Vec::new() } else { vec![ScriptLine::Text(line.to_owned())] }
}

const fn is_end(line: &ScriptLine) -> bool {
    matches!(line, ScriptLine::Finished { .. })
}

fn unreadable_end() -> ScriptLine {
    let end = failed(Trouble::Agent, "its last line, which says how it ended, cannot be read");
    ScriptLine::Finished { end, used: Used::default(), words: None }
}

fn told_by(object: &Value) -> Option<ScriptLine> {
    let of = |name: &str| text(&object[name]);
    let said = |name: &str| of(name).unwrap_or_default();
    let kind = of("type")?.trim().to_lowercase().replace('-', "_");
    Some(match kind.as_str() {
        "started" => {
            ScriptLine::Started { session: of("session"), agent: agent_info(&object["agent"]) }
        }
        "text" => ScriptLine::Text(said("text")),
        "tool_started" => {
            let name = of("name").unwrap_or_else(|| "tool".to_owned());
            let title = of("title").unwrap_or_else(|| name.clone());
            let input = digest(&object["input"]);
            ScriptLine::ToolStarted { id: said("id"), name, title, input }
        }
        "tool_ended" => ScriptLine::ToolEnded { id: said("id"), ok: object["ok"] != false },
        "usage" => ScriptLine::Usage(used(object)),
        "retrying" => ScriptLine::Retrying {
            attempt: read_count(&object["attempt"])
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(1),
            delay_ms: read_count(&object["delay_ms"]).unwrap_or(0),
            why: said("why"),
        },
        "denied" => ScriptLine::Denied { tool: said("tool"), why: said("why") },
        "finished" => {
            ScriptLine::Finished { end: end_of(object), used: used(object), words: of("words") }
        }
        _ => return None,
    })
}

fn end_of(object: &Value) -> AgentEnd {
    let why = text(&object["why"]).unwrap_or_default();
    match text(&object["end"]).as_deref().map(str::trim) {
        Some("finished") => AgentEnd::Finished,
        Some("stopped") => AgentEnd::Stopped,
        Some("failed") => failed(trouble_of(&object["trouble"]), &why),
        Some(other) => failed(Trouble::Agent, &format!("it ended with {other:?}: {why}")),
        None => failed(Trouble::Agent, &format!("its last line does not say how it ended: {why}")),
    }
}

fn trouble_of(value: &Value) -> Trouble {
    match value.as_str().map(str::trim) {
        Some("model_busy") => Trouble::ModelBusy,
        Some("budget") => Trouble::Budget,
        Some("setup") => Trouble::Setup,
        _ => Trouble::Agent,
    }
}

fn agent_info(value: &Value) -> AgentInfo {
    let name = text(&value["name"]).or_else(|| text(value).filter(|_| value.is_string()));
    AgentInfo {
        name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "script".to_owned()),
        version: text(&value["version"]),
        model: text(&value["model"]),
    }
}

fn used(object: &Value) -> Used {
    let tokens = &object["tokens"];
    let n = |name: &str| read_count(&tokens[name]).unwrap_or(0);
    let tokens = tokens.is_object().then(|| Tokens {
        input: n("input"),
        output: n("output"),
        cache_read: n("cache_read"),
        cache_write: n("cache_write"),
    });
    Used { tokens, cost_usd: read_cost(&object["cost_usd"]) }
}

/// A text, or what else stands there as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> ScriptLine {
        let told = read_line(line);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        told[0].clone()
    }

    fn end(line: &str) -> AgentEnd {
        let told = one(line);
        if let ScriptLine::Finished { end, .. } = told { end } else { panic!("{line}: {told:?}") }
    }

    #[test]
    fn a_script_may_leave_out_what_it_does_not_know() {
        let told = one(r#"{"type":"usage","tokens":{"output":7}}"#);
        let tokens = Tokens { output: 7, ..Tokens::default() };
        assert_eq!(told, ScriptLine::Usage(Used { tokens: Some(tokens), cost_usd: None }));
        assert_eq!(end(r#"{"type":"finished","end":"finished"}"#), AgentEnd::Finished);
        assert_eq!(end(r#"{"type":"finished","end":"failed"}"#), failed(Trouble::Agent, ""));
        assert_eq!(
            one(r#"{"type":"started","agent":"mine"}"#),
            one(r#"{"type":"started","agent":{"name":"mine"}}"#)
        );
    }

    #[test]
    fn a_failure_says_what_kind_of_trouble() {
        let told = one(
            r#"{"type":"finished","end":"failed","trouble":"model_busy","why":"529","cost_usd":"0.5"}"#,
        );
        let end = AgentEnd::Failed { trouble: Trouble::ModelBusy, why: "529".to_owned() };
        let used = Used { tokens: None, cost_usd: Some(Usd::from_nanos(500_000_000)) };
        assert_eq!(told, ScriptLine::Finished { end, used, words: None });
    }

    #[test]
    fn what_programs_get_wrong_costs_no_failure_and_no_money() {
        let failure = failed(Trouble::Agent, "the page says \u{fffd}");
        for line in [
            r#"{"type":"finished","end":"failed","trouble":"agent","why":"the page says \ud83d"}"#,
            "\u{feff}{\"type\":\"finished\",\"end\":\"failed\",\"why\":\"the page says \\ud83d\",}\r",
            r#"{"type":"Finished","end":" failed ","trouble":7,"tokens":[],"why":"the page says \ud83d"}"#,
        ] {
            assert_eq!(end(line), failure, "{line}");
        }
        for line in [
            r#"{"type":"usage","cost_usd":0.75,"tokens":{"output":900.0}}"#,
            r#"{"type":"usage","cost_usd":"0.75","tokens":{"output":"900"},"note":"\ud83d"}"#,
            "\u{feff}{\"type\":\"usage\",\"cost_usd\":\"$0.75\",\"tokens\":{\"output\":900,\"input\":-4}}",
        ] {
            let tokens = Tokens { output: 900, ..Tokens::default() };
            let cost_usd = Some(Usd::from_nanos(750_000_000));
            assert_eq!(
                one(line),
                ScriptLine::Usage(Used { tokens: Some(tokens), cost_usd }),
                "{line}"
            );
        }
    }

    #[test]
    fn an_end_that_cannot_be_read_is_a_failure() {
        for line in [
            r#"{"type":"finished","end":"finished","words":"cut in the mid"#,
            r#"{"end":"finished", "type" : "finished", words: 7}"#,
            "{'type': 'finished', 'end': 'failed', 'why': 'a Python dict'}",
            r#"{type: "finished", end: "finished"}"#,
            r#"{"type":"finished"}"#,
            r#"{"type":"finished","end":"splendid"}"#,
            r#"{"type":"finished","end":null,"why":"x"}"#,
        ] {
            assert!(
                matches!(end(line), AgentEnd::Failed { trouble: Trouble::Agent, .. }),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_protocol_is_text_or_nothing() {
        assert_eq!(
            one("done: {\"type\":\"finished\""),
            ScriptLine::Text("done: {\"type\":\"finished\"".to_owned())
        );
        assert_eq!(one("[1]"), ScriptLine::Text("[1]".to_owned()));
        assert_eq!(
            one("function() { return 1 }"),
            ScriptLine::Text("function() { return 1 }".to_owned())
        );
        assert_eq!(read_line(r#"{"type":"from_the_future","x":1}"#), []);
        assert_eq!(read_line(" \r"), []);
        let glued =
            read_line("50 %\r100 % {\"type\":\"finished\",\"end\":\"failed\",\"why\":\"no\"}");
        assert!(matches!(&glued[..], [ScriptLine::Text(_), end] if is_end(end)), "{glued:?}");
        assert_eq!(read_line(r#"{"type":"text","text":"a"}{"type":"text","text":"b"}"#).len(), 2);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in any::<String>(), json in "[{}\\[\\]\",:a-z\\\\d83e0-9 ]{0,60}") {
            read_line(&line);
            read_line(&json);
            read_line(&format!("{{\"type\":\"finished\",{json}}}"));
        }
    }
}
