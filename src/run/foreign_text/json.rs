//! Foreign JSON: what does a line mean that is nearly JSON?
//! Programs cut texts in the middle of an emoji, leave a comma too many or print a float that is none: that is mended, and only that.

use serde_json::{Deserializer, Value};

use super::encoding::decode;
use super::printable;

/// The JSON values of one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonLine {
    pub values: Vec<Value>,
    /// Something behind them cannot be read, or there is nothing but that.
    pub broken: bool,
}

/// What a line says; several values may stand on it, where a program forgot the line end.
#[must_use]
pub fn read_json_line(line: &str) -> JsonLine {
    let line = line.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let strict = values(line);
    if strict.broken { values(&mend(line)) } else { strict }
}

/// One JSON document; none where it cannot be read.
#[must_use]
pub fn read_json(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = decode(bytes);
    serde_json::from_str(text.trim()).or_else(|_| serde_json::from_str(&mend(&text))).ok()
}

/// A document whose texts are as people may read them, each at most `most` characters long.
#[must_use]
pub fn printable_json(value: &Value, most: usize) -> Value {
    match value {
        Value::String(text) => Value::String(printable(text).chars().take(most).collect()),
        Value::Array(values) => values.iter().map(|value| printable_json(value, most)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (without_nul(name.clone()), printable_json(value, most)))
            .collect(),
        other => other.clone(),
    }
}

/// The same value as Postgres can keep it: it refuses a whole document for one NUL.
#[must_use]
pub fn storable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(values) => values.into_iter().map(storable).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (without_nul(name), storable(value))).collect()
        }
        other => other,
    }
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

fn values(text: &str) -> JsonLine {
    let mut line = JsonLine::default();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => line.values.push(value),
            Err(_) => line.broken = true,
        }
    }
    line
}

/// Words that JavaScript and Python print and JSON does not know.
const NO_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            rest = mend_string(rest, &mut mended);
        } else if let Some(word) = NO_NUMBERS.iter().find(|word| rest.starts_with(**word)) {
            mended.push_str("null");
            rest = &rest[word.len()..];
        } else {
            rest = &rest[c.len_utf8()..];
            let is_surplus = c == ',' && rest.trim_start().starts_with(['}', ']']);
            if c.is_control() || is_surplus {
                mended.push(' ');
            } else {
                mended.push(c);
            }
        }
    }
    mended
}

/// Mends the string that `text` begins with; what follows it.
fn mend_string<'t>(text: &'t str, mended: &mut String) -> &'t str {
    mended.push('"');
    let mut rest = &text[1..];
    while let Some(c) = rest.chars().next() {
        match c {
            '\\' => rest = mend_escape(rest, mended),
            '"' => {
                mended.push('"');
                return &rest[1..];
            }
            _ => {
                // A raw control character is no JSON, and nothing that we keep.
                mended.push(if c.is_control() { ' ' } else { c });
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    rest
}

/// Mends the escape that `text` begins with; what follows it.
fn mend_escape<'t>(text: &'t str, mended: &mut String) -> &'t str {
    if let Some(high) = unit(text) {
        let after = &text[6..];
        let pair = match unit(after) {
            Some(low) => char::decode_utf16([high, low]).next().and_then(Result::ok),
            None => char::decode_utf16([high]).next().and_then(Result::ok),
        };
        let (escape, rest) = match pair {
            Some(c) if c.len_utf16() == 2 => text.split_at(12),
            Some(_) => (&text[..6], after),
            None => ("\\ufffd", after),
        };
        mended.push_str(escape);
        return rest;
    }
    if text[1..].starts_with(['"', '\\', '/', 'b', 'f', 'n', 'r', 't']) {
        mended.push_str(&text[..2]);
        &text[2..]
    } else {
        mended.push_str("\\\\");
        &text[1..]
    }
}

/// The UTF-16 unit of a `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(line: &str) -> Value {
        let read = read_json_line(line);
        assert!(!read.broken && read.values.len() == 1, "{line}: {read:?}");
        read.values[0].clone()
    }

    #[test]
    fn half_an_emoji_is_mended_and_a_whole_one_stays() {
        assert_eq!(
            one(r#"{"why":"the page says \ud83d"}"#),
            json!({"why": "the page says \u{fffd}"})
        );
        assert_eq!(
            one(r#"{"why":"\ud83d\ude00 \ude00 \ud83d!"}"#),
            json!({"why": "😀 \u{fffd} \u{fffd}!"})
        );
        assert_eq!(
            one(r#"{"a":"\ud83d\u0041 \ud83d\ud83d\ude00"}"#),
            json!({"a": "\u{fffd}A \u{fffd}😀"})
        );
    }

    #[test]
    fn what_programs_get_wrong_is_read_as_they_meant_it() {
        assert_eq!(one("\u{feff}{\"a\":1}\r"), json!({"a": 1}));
        assert_eq!(
            one(r#"{"a":[1,2,],"b":NaN,"c":-Infinity,}"#),
            json!({"a": [1, 2], "b": null, "c": null})
        );
        assert_eq!(one("{\"a\":\"tab\there \\x\"}"), json!({"a": "tab here \\x"}));
        assert_eq!(read_json_line(r#"{"a":1}{"b":2}"#).values, [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(read_json(b"\xef\xbb\xbf{\"a\":\"\\ud83d\"}"), Some(json!({"a": "\u{fffd}"})));
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        assert!(read_json_line("reading the tests").broken);
        let cut = read_json_line(r#"{"a":1} {"type":"finished","wor"#);
        assert_eq!((cut.values, cut.broken), (vec![json!({"a": 1})], true));
        assert_eq!(read_json_line(""), JsonLine::default());
        assert_eq!(read_json(b"\xff"), None);
    }

    #[test]
    fn a_nul_is_left_out_wherever_it_stands() {
        let kept = storable(json!({"a\0": ["\0x", {"b": "y\0z"}], "n": 1}));
        assert_eq!(kept, json!({"a": ["x", {"b": "yz"}], "n": 1}));
    }

    proptest! {
        #[test]
        fn any_line_is_read_to_its_end(line in "[{}\\[\\]\",:u\\\\d83e0-9aN\u{0} ]{0,60}") {
            let read = read_json_line(&line);
            prop_assert!(!read.values.iter().any(|value| storable(value.clone()).to_string().contains("\\u0000")));
        }

        #[test]
        fn what_is_json_is_read_as_it_is(text in any::<String>(), number in any::<i64>()) {
            let value = json!({"text": text, "more": [number, null, {"deep": text}]});
            prop_assert_eq!(one(&value.to_string()), value.clone());
            prop_assert_eq!(serde_json::from_str::<Value>(&mend(&value.to_string())).ok(), Some(value));
        }
    }
}
