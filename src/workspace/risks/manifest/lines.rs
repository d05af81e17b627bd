//! Manifests of lines: what looks like an entry is one.

use std::sync::LazyLock;

use regex::Regex;

use super::Declared;
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
pub(super) fn all(entry: &Regex, text: &str) -> Vec<Declared> {
    let name = |found: regex::Captures<'_>| {
        found.iter().skip(1).flatten().map(|part| part.as_str()).collect::<Vec<_>>().join(":")
    };
    entry.captures_iter(text).map(|found| Declared::plain(name(found))).collect()
}

pub(super) fn requirements(text: &str) -> Vec<Declared> {
    // A line may go on in the next.
    text.replace("\\\n", " ")
        .lines()
        .filter_map(|line| required(line.split(" #").next().unwrap_or_default().trim()))
        .collect()
}

fn required(line: &str) -> Option<Declared> {
    if let Some(index) = INDEX.captures(line) {
        return Some(Declared { name: index[1].to_owned(), origin: Some(index[2].to_owned()) });
    }
    let editable = line
        .strip_prefix("-e ")
        .or_else(|| line.strip_prefix("--editable"))
        .map(|rest| rest.trim_start_matches(['=', ' ']));
    let line = editable.unwrap_or(line);
    if line.starts_with(['#', '-']) {
        return None;
    }
    let named = line.split_once('@').is_some_and(|(name, _)| !name.contains(':'));
    if editable.is_some() || line.contains("://") && !named {
        let file = line
            .split(['#', '?'])
            .next()
            .unwrap_or(line)
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(line);
        let egg = line.split_once("#egg=").map(|(_, egg)| egg.split('&').next().unwrap_or(egg));
        return Some(Declared {
            name: egg.unwrap_or(file).to_owned(),
            origin: Some(line.to_owned()),
        });
    }
    requirement(line)
}

pub(super) fn go(text: &str) -> Vec<Declared> {
    let mut block = "";
    let mut declared = vec![];
    for line in text.lines().map(str::trim) {
        if let Some(word) = line.strip_suffix('(') {
            block = word.trim();
        } else if line == ")" {
            block = "";
        } else if block == "replace" || line.starts_with("replace ") {
            declared.extend(GO_REPLACED.captures(line).map(|found| Declared {
                name: found[1].to_owned(),
                origin: Some(found[2].to_owned()),
            }));
        } else if block == "require" || block == "tool" || line.starts_with("require ") {
            declared.extend(GO.captures(line).map(|found| Declared::plain(&found[1])));
        }
    }
    declared
}
