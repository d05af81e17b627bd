//! The settings of checks: what decides which tests are run, and what passes for a green one?
//! Whoever changes them can make any check green, so a reader is told.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::manifest::{Manifest, is_hook};
use super::paths;

/// Files that runners of tests and builds read by themselves, by the beginnings of their names in small letters.
const NAMES: [&str; 36] = [
    "makefile",
    "gnumakefile",
    "justfile",
    "taskfile.",
    "rakefile",
    "noxfile.py",
    "tox.ini",
    "pytest.ini",
    "setup.cfg",
    "conftest.py",
    ".coveragerc",
    "jest.config",
    "jest.setup",
    "vitest.config",
    "vitest.workspace",
    "vite.config",
    "playwright.config",
    "cypress.config",
    "karma.conf",
    ".mocharc",
    "ava.config",
    ".nycrc",
    ".c8rc",
    "web-test-runner.config",
    ".taprc",
    "nextest.toml",
    "tarpaulin.toml",
    "phpunit.xml",
    ".rspec",
    "build.gradle",
    "settings.gradle",
    "gradle.properties",
    "pom.xml",
    "ctestconfig",
    "cmakelists.txt",
    "runtests",
];

/// What of a manifest decides about checks: its keys, with a dot for each step.
const fn keys(manifest: Manifest) -> &'static [&'static str] {
    match manifest {
        Manifest::Npm => &["scripts", "jest", "vitest", "mocha", "ava", "nyc", "c8", "tap"],
        Manifest::Deno => &["tasks", "test"],
        Manifest::Composer => &["scripts"],
        Manifest::Cargo => &["test", "lib", "package.autotests"],
        Manifest::Pyproject => {
            &["tool.pytest", "tool.tox", "tool.coverage", "tool.nox", "tool.poe", "tool.hatch"]
        }
        _ => &[],
    }
}

pub(super) fn is_check_settings(path: &str) -> bool {
    let name = paths::name(path).to_lowercase();
    NAMES.iter().any(|begin| name.starts_with(begin))
        || name.rsplit_once('.').is_some_and(|(_, end)| end == "mk")
}

/// The settings of checks that are others now, as `scripts.test`. None that can be read: none.
pub(super) fn changed_keys(manifest: Manifest, before: &str, now: &str) -> Vec<String> {
    let (Some(before), Some(now)) = (read(manifest, before), read(manifest, now)) else {
        return Vec::new();
    };
    keys(manifest)
        .iter()
        .flat_map(|key| differences(key, at(&before, key), at(&now, key)))
        .collect()
}

fn read(manifest: Manifest, text: &str) -> Option<Value> {
    match manifest {
        Manifest::Cargo | Manifest::Pyproject => toml::from_str(text).ok(),
        _ => serde_json::from_str(text).ok(),
    }
}

fn at<'v>(value: &'v Value, key: &str) -> &'v Value {
    key.split('.').fold(value, |value, step| value.get(step).unwrap_or(&Value::Null))
}

/// One level deeper where both are tables, so that the name says which script it is.
fn differences(key: &str, before: &Value, now: &Value) -> Vec<String> {
    if before == now {
        return Vec::new();
    }
    let none = Map::new();
    let (Some(old), Some(new)) = (table(before, &none), table(now, &none)) else {
        return vec![key.to_owned()];
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    // What an installation runs unasked is told as that.
    changed.filter(|name| !is_hook(name)).map(|name| format!("{key}.{name}")).collect()
}

fn table<'v>(value: &'v Value, none: &'v Map<String, Value>) -> Option<&'v Map<String, Value>> {
    if value.is_null() { Some(none) } else { value.as_object() }
}

/// The paths that commands name, as `sh ./tests/run.sh` does.
pub(super) fn called_paths(commands: &[String]) -> BTreeSet<String> {
    let ends = |c: char| c.is_whitespace() || ";|&()<>\"'`=,".contains(c);
    let words = commands.iter().flat_map(|command| command.split(ends));
    let named = words.map(|word| word.trim_start_matches("./").trim_end_matches('/'));
    named.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_changed_are_named_and_others_are_not() {
        let (before, now) = (
            r#"{"scripts":{"test":"jest","lint":"eslint ."},"version":"1.0.0"}"#,
            r#"{"scripts":{"test":"true","lint":"eslint ."},"version":"1.1.0"}"#,
        );
        assert_eq!(changed_keys(Manifest::Npm, before, now), ["scripts.test"]);
        assert_eq!(changed_keys(Manifest::Npm, before, before), Vec::<String>::new());
        let without = r#"{"version":"1.0.0"}"#;
        assert_eq!(changed_keys(Manifest::Npm, before, without), ["scripts.lint", "scripts.test"]);
    }

    #[test]
    fn settings_in_tables_are_found() {
        let (before, now) = (
            "[tool.pytest.ini_options]\naddopts = \"-ra\"\n[project]\nversion = \"1\"\n",
            "[tool.pytest.ini_options]\naddopts = \"-k nothing\"\n[project]\nversion = \"2\"\n",
        );
        assert_eq!(changed_keys(Manifest::Pyproject, before, now), ["tool.pytest.ini_options"]);
    }

    #[test]
    fn what_a_check_calls_is_known_by_its_path() {
        let commands = ["CI=1 sh ./tests/run.sh --all && node 'tools/check.js'".to_owned()];
        let called = called_paths(&commands);
        assert!(called.contains("tests/run.sh") && called.contains("tools/check.js"));
    }

    #[test]
    fn files_that_runners_read_are_known_by_name() {
        for path in ["Makefile", "a/jest.config.ts", ".config/nextest.toml", "tox.ini", "pom.xml"] {
            assert!(is_check_settings(path), "{path}");
        }
        for path in ["src/make.rs", "docs/Makefile.md.txt.d/a.md", "src/jest.js"] {
            assert!(!is_check_settings(path), "{path}");
        }
    }
}
