//! A YAML reader for one file: what does the manifest say?
//! Reads as much of YAML as `manifest.yaml` is written in: maps and lists by indentation, plain and quoted scalars, comments. No other
//! file is read with it.

use serde_json::{Map, Value};

/// What stands at which depth.
type YamlLine<'a> = (usize, &'a str);

/// The document as JSON.
pub(super) fn read(text: &str) -> Value {
    let mut lines: Vec<YamlLine<'_>> = text
        .lines()
        .map(bare)
        .filter(|line| !line.is_empty())
        .map(|line| (line.len() - line.trim_start().len(), line.trim_start()))
        .collect();
    lines.reverse();
    let depth = lines.last().map_or(0, |(depth, _)| *depth);
    block(&mut lines, depth)
}

/// Without its comment, and without what is only space.
fn bare(line: &str) -> &str {
    let mut quoted = false;
    let comment = line.char_indices().find(|(at, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted && line[..*at].chars().next_back().is_none_or(char::is_whitespace)
    });
    line[..comment.map_or(line.len(), |(at, _)| at)].trim_end()
}

/// The lines at that depth, and what is below them. `lines` is last first.
fn block(lines: &mut Vec<YamlLine<'_>>, depth: usize) -> Value {
    if lines.last().is_some_and(|(_, line)| line.starts_with("- ")) {
        list(lines, depth)
    } else {
        map(lines, depth)
    }
}

fn list(lines: &mut Vec<YamlLine<'_>>, depth: usize) -> Value {
    let mut items = Vec::new();
    while let Some((_, item)) = lines.pop_if(|(at, line)| *at == depth && line.starts_with("- ")) {
        let item = &item[2..];
        if key(item).is_some() {
            // A map begins on the line of its dash.
            lines.push((depth + 2, item));
            items.push(block(lines, depth + 2));
        } else {
            items.push(scalar(item));
        }
    }
    Value::Array(items)
}

fn map(lines: &mut Vec<YamlLine<'_>>, depth: usize) -> Value {
    let mut fields = Map::new();
    while let Some((_, line)) = lines.pop_if(|(at, line)| *at == depth && key(line).is_some()) {
        let Some((name, value)) = key(line) else { break };
        let below = lines.last().map(|(at, _)| *at).filter(|at| *at > depth);
        let value = match below {
            Some(below) if value.is_empty() => block(lines, below),
            _ => scalar(value),
        };
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

/// `name: value`, or `name:` with more below it. A colon in a word is part of it.
fn key(line: &str) -> Option<(&str, &str)> {
    line.split_once(": ")
        .or_else(|| line.strip_suffix(':').map(|name| (name, "")))
        .map(|(name, value)| (name, value.trim()))
}

fn scalar(text: &str) -> Value {
    if let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Value::from(inside);
    }
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        _ => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_lists_and_scalars_are_read() {
        let text = "# head\na:\n  b: 1\n  c: \"#1d: x\"   # why\n  d:\n    - chat:write  # e\n    - x\n  e:\n    - f: true\n      g: two words\n    - f: false\nh: https://a.example/x\n";
        let read = read(text);
        let d = json!(["chat:write", "x"]);
        let e = json!([{"f": true, "g": "two words"}, {"f": false}]);
        assert_eq!(
            read,
            json!({"a": {"b": 1, "c": "#1d: x", "d": d, "e": e}, "h": "https://a.example/x"})
        );
    }
}
