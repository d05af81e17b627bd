//! What time is it for who reads this?

use chrono::{DateTime, FixedOffset};
use regex::{Captures, Regex};
use serde_json::Value;

use super::state::Message;

/// A message whose dates (`<!date^…>`) are written out for a clock so many seconds east of Greenwich.
pub(super) fn dated(message: &Message, offset: i32) -> Message {
    let zone = FixedOffset::east_opt(offset).expect("nobody lives further away than a day");
    let blocks = message.blocks.iter().map(|it| in_value(it, zone)).collect();
    Message { text: in_text(&message.text, zone), blocks, ..message.clone() }
}

fn in_value(value: &Value, zone: FixedOffset) -> Value {
    match value {
        Value::String(text) => in_text(text, zone).into(),
        Value::Array(values) => values.iter().map(|it| in_value(it, zone)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, it)| (name.clone(), in_value(it, zone))).collect()
        }
        other => other.clone(),
    }
}

fn in_text(text: &str, zone: FixedOffset) -> String {
    let date = Regex::new(r"<!date\^(\d+)\^([^|^>]*)[^|>]*\|[^>]*>").expect("a pattern of ours");
    let written = |found: &Captures<'_>| {
        let moment = found[1].parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        moment.map_or_else(|| found[0].to_owned(), |it| spelled(&found[2], it.with_timezone(&zone)))
    };
    date.replace_all(text, written).into_owned()
}

/// The words that Slack knows. Its clients say "today" too; ours do not, as stories are told on any day.
fn spelled(pattern: &str, moment: DateTime<FixedOffset>) -> String {
    let tokens = [
        ("{date_num}", "%Y-%m-%d"),
        ("{date_short_pretty}", "%b %-d, %Y"),
        ("{date_short}", "%b %-d, %Y"),
        ("{date_long_pretty}", "%A, %B %-d, %Y"),
        ("{date_long}", "%A, %B %-d, %Y"),
        ("{date_pretty}", "%B %-d, %Y"),
        ("{date}", "%B %-d, %Y"),
        ("{time_secs}", "%H:%M:%S"),
        ("{time}", "%H:%M"),
    ];
    tokens.iter().fold(pattern.to_owned(), |text, (token, format)| {
        text.replace(token, &moment.format(format).to_string())
    })
}
