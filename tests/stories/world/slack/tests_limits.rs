//! Is everything refused that Slack refuses?

use anyhow::Result;
use serde_json::{Value, json};

use super::tests::Bot;

fn text(letters: usize) -> Value {
    json!({ "type": "plain_text", "text": "x".repeat(letters) })
}

fn mrkdwn(letters: usize) -> Value {
    json!({ "type": "mrkdwn", "text": "x".repeat(letters) })
}

fn with(mut part: Value, name: &str, value: Value) -> Value {
    part[name] = value;
    part
}

fn button() -> Value {
    json!({ "type": "button", "text": text(5), "action_id": "a", "value": "v" })
}

fn option(n: usize) -> Value {
    json!({ "text": text(5), "value": n.to_string() })
}

fn menu(options: usize) -> Value {
    json!({ "type": "overflow", "action_id": "m", "options": (0..options).map(option).collect::<Vec<_>>() })
}

fn actions(elements: &[Value]) -> Value {
    json!({ "type": "actions", "elements": elements })
}

fn section(letters: usize) -> Value {
    json!({ "type": "section", "text": mrkdwn(letters) })
}

fn confirm(title: usize) -> Value {
    json!({ "title": text(title), "text": mrkdwn(300), "confirm": text(30), "deny": text(30), "style": "danger" })
}

fn input(element: &Value) -> Value {
    json!({ "type": "input", "label": text(5), "element": element })
}

fn words(most: usize) -> Value {
    json!({ "type": "plain_text_input", "action_id": "w", "max_length": most })
}

fn table(rows: usize, cell: usize) -> Value {
    json!({ "type": "table", "rows": vec![json!([{ "type": "raw_text", "text": "x".repeat(cell) }]); rows] })
}

/// Blocks, each list just too large or not known, and what is said of it.
fn wrong() -> Vec<(Vec<Value>, &'static str)> {
    let named = |n: usize| with(button(), "action_id", json!(n.to_string()));
    let id = |id: String| with(section(1), "block_id", json!(id));
    vec![
        (vec![section(3_001)], "3001 characters of section, at most 3000"),
        (vec![section(0)], "section has no text"),
        (vec![with(section(1), "fields", json!(vec![mrkdwn(1); 11]))], "11 fields, at most 10"),
        (
            vec![with(section(1), "fields", json!([mrkdwn(2_001)]))],
            "2001 characters of field, at most 2000",
        ),
        (vec![with(section(1), "colour", json!("red"))], "section knows no colour"),
        (
            vec![json!({ "type": "header", "text": text(151) })],
            "151 characters of header, at most 150",
        ),
        (
            vec![json!({ "type": "header", "text": mrkdwn(1) })],
            "header is of type Some(\"mrkdwn\")",
        ),
        (
            vec![json!({ "type": "context", "elements": vec![mrkdwn(1); 11] })],
            "11 context elements, at most 10",
        ),
        (vec![actions(&(0..26).map(named).collect::<Vec<_>>())], "26 actions, at most 25"),
        (vec![actions(&[])], "0 actions, at least 1"),
        (vec![actions(&[button()]), actions(&[button()])], "two elements are called a"),
        (vec![actions(&[with(button(), "text", text(76))])], "76 characters of button, at most 75"),
        (
            vec![actions(&[with(button(), "value", json!("x".repeat(2_001)))])],
            "2001 characters of a button's value, at most 2000",
        ),
        (
            vec![actions(&[with(button(), "url", json!("x".repeat(3_001)))])],
            "3001 characters of a button's url, at most 3000",
        ),
        (vec![actions(&[with(button(), "style", json!("primry"))])], "an unknown style \"primry\""),
        (
            vec![actions(&[with(button(), "action_id", json!("x".repeat(256)))])],
            "256 characters of action_id, at most 255",
        ),
        (
            vec![actions(&[with(button(), "confirm", confirm(101))])],
            "101 characters of confirm's title, at most 100",
        ),
        (vec![actions(&[menu(6)])], "6 options, at most 5"),
        (vec![actions(&[menu(1)])], "1 options, at least 2"),
        (
            vec![actions(&[with(menu(2), "options", json!([option(1), option(1)]))])],
            "two options mean \"1\"",
        ),
        (
            vec![actions(&[with(
                menu(2),
                "options",
                json!([option(1), with(option(2), "value", json!("x".repeat(76)))]),
            )])],
            "76 characters of an option's value, at most 75",
        ),
        (vec![actions(&[words(5)])], "an element of type \"plain_text_input\""),
        (vec![input(&words(3_001))], "3001 for max_length, at most 3000"),
        (
            vec![input(&with(words(9), "placeholder", text(151)))],
            "151 characters of placeholder, at most 150",
        ),
        (vec![id("x".repeat(256))], "256 characters of block_id, at most 255"),
        (vec![id("same".to_owned()), id("same".to_owned())], "two blocks are called same"),
        (vec![table(1, 1), table(1, 1)], "2 tables, at most 1"),
        (vec![table(101, 1)], "101 rows, at most 100"),
        (vec![table(1, 10_001)], "10001 characters in cells, at most 10000"),
        (
            vec![json!({ "type": "markdown", "text": "x".repeat(12_001) })],
            "12001 characters of markdown, at most 12000",
        ),
        (vec![json!({ "type": "carousel" })], "a block of type \"carousel\""),
        (vec![json!({ "type": "divider" }); 51], "51 blocks, at most 50"),
    ]
}

#[tokio::test]
async fn blocks_that_slack_refuses_are_refused() -> Result<()> {
    let bot = Bot::start().await?;
    for (blocks, because) in wrong() {
        let answer = bot
            .calls(
                "chat.postMessage",
                json!({ "channel": "C01DEV", "text": "x", "blocks": blocks }),
            )
            .await?;
        assert_eq!(
            (&answer["error"], &answer["response_metadata"]["messages"][0]),
            (&json!("invalid_blocks"), &json!(because))
        );
        assert_eq!(
            bot.slack.violations().last(),
            answer["response_metadata"]["messages"]
                .as_array()
                .and_then(|it| it.last()?.as_str())
                .map(|it| format!("chat.postMessage: {it}"))
                .as_ref()
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_just_fits_is_taken() -> Result<()> {
    let bot = Bot::start().await?;
    let full = with(
        with(with(button(), "text", text(75)), "value", json!("x".repeat(2_000))),
        "confirm",
        confirm(100),
    );
    let blocks = json!([section(3_000), { "type": "header", "text": text(150) }, actions(&[full, menu(5)]), section(3_000), input(&words(3_000))]);
    let metadata = json!({ "event_type": "signoff", "event_payload": { "key": "run-1/card" } });
    let answer =
        bot.calls("chat.postMessage", json!({ "channel": "C01DEV", "text": "x".repeat(40_000), "blocks": blocks, "metadata": metadata })).await?;
    assert_eq!((answer["ok"] == true, bot.slack.violations()), (true, vec![]));
    Ok(())
}

#[tokio::test]
async fn messages_that_slack_refuses_are_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let ts =
        bot.calls("chat.postMessage", json!({ "channel": "C01DEV", "text": "x" })).await?["ts"]
            .clone();
    let metadata = |payload: Value| json!({ "text": "x", "metadata": { "event_type": "signoff", "event_payload": payload } });
    for (method, more, error) in [
        (
            "chat.postMessage",
            json!({ "text": "x", "blocks": vec![section(2_401); 5] }),
            "msg_blocks_too_long",
        ),
        ("chat.postMessage", json!({ "text": "x".repeat(40_001) }), "msg_too_long"),
        ("chat.update", json!({ "text": "x".repeat(4_001) }), "msg_too_long"),
        ("chat.update", json!({ "text": "x", "blocks": [section(3_001)] }), "invalid_blocks"),
        ("chat.postMessage", metadata(json!({ "n": 1 })), "invalid_metadata_format"),
        (
            "chat.postMessage",
            metadata(json!({ "key": "x".repeat(1_000) })),
            "invalid_metadata_format",
        ),
        ("chat.postMessage", json!({}), "no_text"),
        (
            "chat.postEphemeral",
            json!({ "user": "U01ANA", "text": "x", "blocks": [section(0)] }),
            "invalid_blocks",
        ),
    ] {
        let arguments = with(with(more, "channel", json!("C01DEV")), "ts", ts.clone());
        assert_eq!(bot.calls(method, arguments).await?["error"], error);
    }
    assert_eq!(bot.slack.shown(ts.as_str().unwrap_or_default()), "x", "nothing was changed");
    Ok(())
}

#[tokio::test]
async fn forms_and_home_tabs_that_slack_refuses_are_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let modal = json!({ "type": "modal", "title": text(24), "blocks": [section(1)] });
    for (view, because) in [
        (with(modal.clone(), "title", text(25)), "25 characters of title, at most 24"),
        (with(modal.clone(), "blocks", json!(vec![section(1); 101])), "101 blocks, at most 100"),
        (with(modal.clone(), "blocks", json!([input(&words(5))])), "submit has no text"),
        (with(modal.clone(), "submit", text(25)), "25 characters of submit, at most 24"),
        (
            with(modal.clone(), "private_metadata", json!("x".repeat(3_001))),
            "3001 characters of private_metadata, at most 3000",
        ),
        (
            with(modal.clone(), "callback_id", json!("x".repeat(256))),
            "256 characters of callback_id, at most 255",
        ),
        (
            with(modal.clone(), "blocks", json!([actions(&[button(), button()])])),
            "two elements are called a",
        ),
        (json!({ "type": "home", "blocks": [] }), "a modal was expected"),
    ] {
        let trigger = bot.slack.shared.change(|state| state.trigger("U01ANA"));
        let answer =
            bot.calls("views.open", json!({ "trigger_id": trigger, "view": view })).await?;
        assert_eq!(
            (&answer["error"], &answer["response_metadata"]["messages"][0]),
            (&json!("invalid_arguments"), &json!(because))
        );
    }
    // In a view, what is pressed is told apart by its block.
    let home = json!({ "type": "home", "blocks": [actions(&[button()]), actions(&[button()])] });
    assert_eq!(
        bot.calls("views.publish", json!({ "user_id": "U01ANA", "view": home })).await?["ok"],
        true
    );
    let titled = json!({ "type": "home", "title": text(1), "blocks": [] });
    assert_eq!(
        bot.calls("views.publish", json!({ "user_id": "U01ANA", "view": titled })).await?["error"],
        "invalid_arguments"
    );
    Ok(())
}
