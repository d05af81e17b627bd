//! Would Slack take every card?
//! Reads what `src/thread/tests/goldens` writes. Says of each file that is wrong where it is.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use slackblocks::{HomeTabView, MessagePayload, ModalView};

fn cards() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/cards");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("a folder of cards").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

/// Why Slack would refuse it, if so.
fn refused(card: &str) -> Option<String> {
    let Value::Object(card) = serde_json::from_str(card).expect("a card is JSON") else { return Some("no object".to_owned()) };
    let (kind, sent) = card.into_iter().next().expect("a card has a kind");
    let refused = match kind.as_str() {
        "message" => MessagePayload::try_from(sent).err(),
        "modal" => ModalView::try_from(sent).err(),
        "home" => HomeTabView::try_from(sent).err(),
        _ => return Some(format!("{kind} is no kind of card")),
    };
    refused.map(|e| e.to_string())
}

#[test]
fn slack_would_take_every_card() {
    let cards = cards();
    assert!(cards.len() > 40, "only {} cards", cards.len());
    let read = |file: &PathBuf| refused(&fs::read_to_string(file).expect("a card is text"));
    let wrong: Vec<String> = cards.iter().filter_map(|file| Some(format!("{}: {}", file.display(), read(file)?))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_card_is_noticed() {
    let long = "x".repeat(3_001);
    for blocks in [
        format!(r#"[{{"type":"section","text":{{"type":"mrkdwn","text":"{long}"}}}}]"#),
        r#"[{"type":"section","text":{"type":"mrkdwn","text":""}}]"#.to_owned(),
        r#"[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]"#.to_owned(),
        r#"[{"type":"section","txt":"x"}]"#.to_owned(),
    ] {
        assert!(refused(&format!(r#"{{"message":{{"channel":"C1","text":"x","blocks":{blocks}}}}}"#)).is_some(), "{blocks}");
    }
}
