//! Do the rooms keep their arrows and laws?
//! Read from the paths in `src/`: a room may use only what is to its right, and rooms in one brace never each other. No two rooms export a
//! type of the same name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// From left to right; a brace is one entry.
const ROOMS: [&[&str]; 10] = [
    &["main"],
    &["app"],
    &["web", "local"],
    &["chat"],
    &["commands"],
    &["engine", "publisher"],
    &["thread"],
    &["slack", "workspace", "agent", "checks", "meter", "forge"],
    &["store", "sandbox"],
    &["run"],
];
/// Usable by all but `run`; themselves they use only each other and `run`.
const FOR_ALL: [&str; 4] = ["config", "files", "metrics", "telemetry"];
/// What would be allowed by place and is not.
const NEVER: [(&str, &str); 2] = [("engine", "slack"), ("engine", "thread")];
/// Words, and the only rooms that may say them.
const ONLY: [(&str, &[&str]); 9] = [
    // The rehearsal is a server too: a model that is played.
    ("axum::routing", &["web", "agent"]),
    ("query!", &["store"]),
    ("query_as!", &["store"]),
    ("query_scalar!", &["store"]),
    ("sqlx::query", &["store"]),
    ("temporalio", &["engine"]),
    ("slack_morphism", &["slack"]),
    // Who may let people in: Slack's door and the shell's.
    ("FullMember::check", &["chat", "commands"]),
    ("ShellUser::new", &["app", "commands"]),
];
/// Rooms that only compute.
const PURE: [&str; 2] = ["run", "thread"];
/// What pure rooms cannot say.
const IMPURE: [&str; 11] = [
    "tokio",
    "async fn",
    "async move",
    ".await",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "Utc::now",
    "sqlx",
    "reqwest",
];

#[test]
fn every_room_keeps_its_arrows_and_laws() {
    let files = files(Path::new("src"));
    assert!(files.len() > ROOMS.len(), "only {} files were read", files.len());
    let read =
        |file: &PathBuf| broken(file, &fs::read_to_string(file).expect("a source file is text"));
    let broken: Vec<String> = files.iter().flat_map(read).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn an_arrow_that_points_left_is_seen_however_it_is_written() {
    for (file, text, what) in [
        ("src/store/runs.rs", "use crate::thread::render;", "store uses thread"),
        (
            "src/web/mod.rs",
            "use crate::{\n    config::Config,\n    local::{Up, self},\n};",
            "web uses local",
        ),
        ("src/engine/mod.rs", "let x = crate::slack::SlackApi::new();", "engine uses slack"),
        ("src/thread/mod.rs", "use super::engine::Client;", "thread uses engine"),
        ("src/agent/claude/mod.rs", "use super::super::checks::check;", "agent uses checks"),
        ("src/config/mod.rs", "use crate::store::Store;", "config uses store"),
        ("src/run/mod.rs", "use crate::config::Config;", "run uses config"),
        ("src/app.rs", "fn main() { signoff::main::go() }", "app uses main"),
        ("src/web/mod.rs", "sqlx::query(\"select 1\")", "web says sqlx::query"),
        ("src/thread/mod.rs", "use temporalio_client::Client;", "thread says temporalio"),
        ("src/run/next.rs", "let now = Utc::now();", "run says Utc::now"),
        ("src/thread/card.rs", "tokio::spawn(draw());", "thread says tokio"),
        ("src/slack/error.rs", "use axum::routing::get;", "slack says axum::routing"),
        ("src/web/mod.rs", "use crate::app::serve;", "web uses app"),
        ("src/chat/act.rs", "use crate::web::Web;", "chat uses web"),
        ("src/thread/card.rs", "use crate::publisher::Publisher;", "thread uses publisher"),
        ("src/publisher/mod.rs", "use crate::engine::Engine;", "publisher uses engine"),
        ("src/cellar/mod.rs", "", "cellar is no room"),
    ] {
        assert_eq!(broken(Path::new(file), text), [format!("{file}: {what}")]);
    }
}

#[test]
fn what_is_to_the_right_may_be_used_and_comments_and_strings_use_nothing() {
    let text = "//! Like [`crate::web`].\nuse crate::run::{Run, Stage}; // crate::app\nuse crate::{config, store::Store};\nuse super::wire;\nlet url = \"https://temporalio.example\";";
    assert_eq!(broken(Path::new("src/slack/api.rs"), text), Vec::<String>::new());
}

#[test]
fn no_two_rooms_export_a_type_of_the_same_name() {
    let files = files(Path::new("src"));
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a source file is text");
        (file, text)
    };
    let shared = shared_names(files.into_iter().map(read));
    assert!(shared.is_empty(), "{}", shared.join("\n"));
}

#[test]
fn a_name_that_two_rooms_export_is_seen() {
    let files = [
        ("src/store/messages.rs", "/// One.\npub struct Claim<'a> {\n    pub key: &'a str,\n}"),
        ("src/local/ports.rs", "pub(super) struct Row;\npub enum Claim {}"),
        ("src/local/console.rs", "pub type Claim = u8;\n// pub struct Spot;"),
        ("src/run/mod.rs", "pub trait Spot {}\npub struct Claims;\npub fn claim() {}"),
        ("src/slack/tests/mod.rs", "pub struct Spot;"),
        (
            "src/thread/table.rs",
            "pub struct Row;\n#[cfg(test)]\nmod tests {\npub struct Claims;\n}",
        ),
    ];
    let files = files.map(|(file, text)| (PathBuf::from(file), text.to_owned()));
    assert_eq!(shared_names(files), ["Claim is exported by local, store"]);
}

/// Types that several rooms export under one name, and those rooms.
fn shared_names(files: impl IntoIterator<Item = (PathBuf, String)>) -> Vec<String> {
    let exported = Regex::new(r"(?m)^pub (?:struct|enum|trait|type) (\w+)").expect("a pattern");
    let mut rooms = BTreeMap::<String, BTreeSet<String>>::new();
    for (file, text) in files {
        let code = code(&text);
        for found in exported.captures_iter(program(&file, &code)) {
            rooms.entry(found[1].to_owned()).or_default().insert(room(&file));
        }
    }
    let shared = rooms.into_iter().filter(|(_, rooms)| rooms.len() > 1);
    shared
        .map(|(name, rooms)| {
            format!("{name} is exported by {}", rooms.into_iter().collect::<Vec<_>>().join(", "))
        })
        .collect()
}

/// `store`, of `src/store/runs.rs`.
fn room(file: &Path) -> String {
    let place = file.with_extension("");
    place.iter().nth(1).map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a file does that its room may not.
fn broken(file: &Path, text: &str) -> Vec<String> {
    let place: Vec<String> = file
        .with_extension("")
        .iter()
        .skip(1)
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let room = place[0].as_str();
    let depth = place.len() - usize::from(place.last().is_some_and(|last| last == "mod"));
    let code = code(text);
    if room == "lib" {
        return Vec::new();
    }
    if rank(room).is_none() && !FOR_ALL.contains(&room) {
        return vec![format!("{}: {room} is no room", file.display())];
    }
    let used = used(&code, depth)
        .into_iter()
        .filter(|other| !may_use(room, other))
        .map(|other| format!("uses {other}"));
    let program = program(file, &code);
    let said = ONLY
        .iter()
        .filter(|(word, rooms)| program.contains(word) && !rooms.contains(&room))
        .map(|(word, _)| *word);
    let impure = IMPURE.into_iter().filter(|word| PURE.contains(&room) && program.contains(word));
    used.chain(said.chain(impure).map(|word| format!("says {word}")))
        .map(|what| format!("{}: {room} {what}", file.display()))
        .collect()
}

/// The text without comments, strings and letters in quotes.
fn code(text: &str) -> String {
    let silent = Regex::new(
        r##"(?s)//[^\n]*|/\*.*?\*/|\br#+".*?"#+|\br"[^"]*"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'"##,
    )
    .expect("a pattern");
    silent.replace_all(text, "").into_owned()
}

/// The code without its tests: those may start servers and read files.
fn program<'a>(file: &Path, code: &'a str) -> &'a str {
    let is_test = file.iter().any(|part| part == "tests")
        || file
            .file_stem()
            .is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_test"));
    if is_test { "" } else { code.split("#[cfg(test)]\nmod tests").next().unwrap_or(code) }
}

fn rank(room: &str) -> Option<usize> {
    ROOMS.iter().position(|brace| brace.contains(&room))
}

fn may_use(room: &str, other: &str) -> bool {
    let right = match (rank(room), rank(other)) {
        (Some(own), Some(others)) => own < others,
        (None, Some(_)) => other == "run",
        (_, None) => room != "run",
    };
    room == other || right && !NEVER.contains(&(room, other))
}

/// The rooms that paths from the crate's root lead to, once each.
fn used(code: &str, depth: usize) -> Vec<&str> {
    let mut used = Vec::new();
    for root in ["crate::".to_owned(), "signoff::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in code.match_indices(&root) {
            used.extend(
                heads(&code[at + root.len()..])
                    .into_iter()
                    .filter(|word| rank(word).is_some() || FOR_ALL.contains(word)),
            );
        }
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// The first word of a path; of each path where they stand in a brace.
fn heads(path: &str) -> Vec<&str> {
    let word =
        |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(inside) = path.strip_prefix('{') else { return vec![&path[..word(path)]] };
    let (mut heads, mut open, mut start) = (Vec::new(), 0_u32, true);
    for (at, letter) in inside.char_indices() {
        match letter {
            '}' if open == 0 => break,
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 0 => start = true,
            _ if start && !letter.is_whitespace() => {
                heads.push(&inside[at..][..word(&inside[at..])]);
                start = false;
            }
            _ => {}
        }
    }
    heads
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}
