//! Manifests that are read by their lines, such as requirements.txt and go.mod: what looks like an entry is one.

use std::sync::LazyLock;

use regex::Regex;

use super::Dependency;
use super::tables::requirement;

type Pattern = LazyLock<Regex>;

pub(super) static GEMS: Pattern =
    LazyLock::new(|| pattern(r#"(?m)^[ \t]*gem[ \t(]+["']([^"'\n]+)["']"#));
pub(super) static MAVEN: Pattern = LazyLock::new(|| {
    pattern(r"<groupId>\s*([^<\s]+)\s*</groupId>\s*<artifactId>\s*([^<\s]+)\s*</artifactId>")
});
pub(super) static GRADLE: Pattern =
    LazyLock::new(|| pattern(r#"["']([\w.-]+:[\w.-]+)(?::[^"'\n]*)?["']"#));
/// Options of pip that say where packages come from.
static INDEX: Pattern =
    LazyLock::new(|| pattern(r"^(--index-url|--extra-index-url|--find-links|-i|-f)[ =]\s*(\S+)"));
static GO: Pattern = LazyLock::new(|| pattern(r"^(?:require\s+)?(\S+)\s+v\d\S*"));
static GO_REPLACED: Pattern =
    LazyLock::new(|| pattern(r"^(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\S+)"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// Its groups, joined as Maven does.
pub(super) fn all_matches(entry: &Regex, text: &str) -> Vec<Dependency> {
    let name = |found: regex::Captures<'_>| {
        found.iter().skip(1).flatten().map(|part| part.as_str()).collect::<Vec<_>>().join(":")
    };
    entry.captures_iter(text).map(|found| Dependency::from_registry(name(found))).collect()
}

pub(super) fn requirements(text: &str) -> Vec<Dependency> {
    // A line may go on in the next.
    text.replace("\\\n", " ")
        .lines()
        .filter_map(|line| required(line.split(" #").next().unwrap_or_default().trim()))
        .collect()
}

fn required(line: &str) -> Option<Dependency> {
    if let Some(index) = INDEX.captures(line) {
        return Some(Dependency { name: index[1].to_owned(), origin: Some(index[2].to_owned()) });
    }
    match editable(line) {
        Some(place) if !place.starts_with(['#', '-']) => Some(from_address(place)),
        None if is_address(line) => Some(from_address(line)),
        None if !line.starts_with(['#', '-']) => requirement(line),
        _ => None,
    }
}

/// What stands after `-e`: a place, not a name.
fn editable(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable"))?;
    Some(rest.trim_start_matches(['=', ' ']))
}

/// An address alone; `name @ address` is a requirement.
fn is_address(line: &str) -> bool {
    let is_named = line.split_once('@').is_some_and(|(name, _)| !name.contains(':'));
    line.contains("://") && !is_named && !line.starts_with(['#', '-'])
}

fn from_address(address: &str) -> Dependency {
    Dependency { name: name_of_address(address).to_owned(), origin: Some(address.to_owned()) }
}

/// What `#egg=` says, else the last part of its path.
fn name_of_address(address: &str) -> &str {
    if let Some((_, egg)) = address.split_once("#egg=") {
        return egg.split('&').next().unwrap_or(egg);
    }
    let path = address.split(['#', '?']).next().unwrap_or(address).trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(address)
}

pub(super) fn go(text: &str) -> Vec<Dependency> {
    let mut block = "";
    let mut dependencies = vec![];
    for line in text.lines().map(str::trim) {
        if let Some(word) = line.strip_suffix('(') {
            block = word.trim();
        } else if line == ")" {
            block = "";
        } else if block == "replace" || line.starts_with("replace ") {
            dependencies.extend(GO_REPLACED.captures(line).map(|found| Dependency {
                name: found[1].to_owned(),
                origin: Some(found[2].to_owned()),
            }));
        } else if block == "require" || block == "tool" || line.starts_with("require ") {
            dependencies
                .extend(GO.captures(line).map(|found| Dependency::from_registry(&found[1])));
        }
    }
    dependencies
}
