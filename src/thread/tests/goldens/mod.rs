//! Everything that Slack is ever sent, as it is sent: `tests/data/cards/*.json`.
//! Kept in files because another program reads them: `tests/blockkit` holds them against Slack's own schema.

mod questions;
mod runs;
mod views;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::run::{Approver, GateSpec, Usd};
use crate::slack::SlackBlock;
use crate::thread::samples::{More, Tale, ana, ben, group, request, with_pages, work};
use crate::thread::{Groups, Message, RenderContext, RenderInput, render, slack_limits};

const STAGE: &str = "core-implementation";

/// Something that is sent, and what it is known by.
type Golden = (String, Value);

#[test]
fn every_card_is_what_it_was() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cards"));
    let goldens = goldens();
    let changed: Vec<&str> = goldens
        .iter()
        .filter(|golden| !is_kept(&folder, golden))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        changed.is_empty(),
        "these cards look different now and are written anew, look at them: {changed:?}"
    );
    let kept =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let stray: Vec<String> = kept
        .filter(|file| !goldens.iter().any(|(name, _)| *file == format!("{name}.json")))
        .collect();
    assert!(stray.is_empty(), "nothing draws these any more: {stray:?}");
}

/// Whether a file says the same; if not, it is written anew.
fn is_kept(folder: &std::path::Path, (name, sent): &Golden) -> bool {
    let (path, text) = (
        folder.join(format!("{name}.json")),
        format!("{}\n", serde_json::to_string_pretty(sent).unwrap()),
    );
    let same = fs::read_to_string(&path).is_ok_and(|kept| kept == text);
    if !same {
        fs::create_dir_all(folder).unwrap();
        fs::write(path, text).unwrap();
    }
    same
}

fn goldens() -> Vec<Golden> {
    [
        runs::runs(),
        questions::questions(),
        questions::answers(),
        questions::calls(),
        views::modals(),
        views::homes(),
    ]
    .concat()
}

/// The newest message of a run whose key begins like this; whole, and as it is sent when Slack refuses it.
fn drawn(name: &str, tale: &Tale, key: &str) -> Vec<Golden> {
    let groups = Groups([(group(), vec!["UCLEO".to_owned()])].into());
    let input = RenderInput {
        run: &tale.run,
        progress: None,
        groups: &groups,
        children: &[],
        children_queued: &[],
        children_progress: &[],
        batch: None,
        queued: None,
    };
    let in_slack = RenderContext { real_slack: true, ..with_pages() };
    let message = render(input, tale.now, &in_slack)
        .into_iter()
        .rfind(|m| m.key.to_string().starts_with(key))
        .unwrap();
    sent(name, &message)
}

fn sent(name: &str, message: &Message) -> Vec<Golden> {
    slack_limits::message(message);
    let payload = |blocks: &[SlackBlock]| json!({ "message": { "channel": "C1", "text": message.text, "blocks": blocks } });
    // Of the plainer ones, the usual and the worst are enough to look at.
    let plainer =
        [name == "gate", name.ends_with("-largest"), name.ends_with("-odd")].contains(&true);
    let plainer = plainer.then(|| (format!("{name}-plainer"), payload(&message.plainer())));
    [(name.to_owned(), payload(&message.blocks))].into_iter().chain(plainer).collect()
}

/// Right to left and back, marks on marks, markup of every kind.
const ODD: &str = "שלום \u{202e}gnp.exe\u{202c} `code` *bold* _it_ ~no~ | > quote\n>>> all <!here> @here <#C1|x> https://evil.example\n```\nfence & e\u{301}\u{301}\u{301} 👩‍💻";

/// A run whose words are odd, and whose names are as long as they can be.
fn odd() -> Tale {
    let mut request = request();
    request.brief = ODD.to_owned();
    request.project = "p".repeat(64).parse().unwrap();
    request.run = "r".repeat(64).parse().unwrap();
    request.budget_usd = Some(Usd::from_nanos(i64::MAX / 2));
    let more = More { words: Some(ODD.to_owned()), ..More::risky(ODD) };
    let tale = Tale::of(request)
        .started()
        .works("scaffold", 1, work(1, 1, 1))
        .keeps("scaffold")
        .with(more)
        .works(STAGE, 1, work(1, 1, 1));
    tale.notes(ana(), "\u{200b}").notes(ben(), ODD).asks(STAGE)
}

fn spec() -> GateSpec {
    GateSpec { approvers: vec![ben().into(), Approver::Group(group())], ..GateSpec::usual(3_600) }
}
