//! Inline tests: which lines of a file of code are its tests?
//! Told apart only where that is certain: in Rust, where a formatted file keeps them in a module of their own. Elsewhere they are only noticed.

use std::collections::HashSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Lines by which a test, or a part of a file that is only compiled for tests, begins.
static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) \#\[\s*(?:\w+::)*(?:test|rstest|test_case|quickcheck)\b | cfg\(\s*(?:all\()?\s*test\b
        | ^\s*(?:async\s+)?def\s+test_ | ^\s*func\s+Test\w*\( | ^\s*@Test\b
        | ^TEST(?:_[FP])?\( | import\.meta\.vitest | ^\s*test\s+"[^"]*"\s*(?:\{|do\b) | ^\s*unittest\b"#,
    )
    .expect("a pattern of ours")
});

/// Kinds of files in which tests may stand beside the code.
const KINDS: [&str; 18] = [
    "rs", "py", "go", "js", "ts", "jsx", "tsx", "mjs", "mts", "java", "kt", "cc", "cpp", "cxx",
    "zig", "d", "ex", "exs",
];

/// Whether tests may stand beside the code of this file.
pub(super) fn may_hold_tests(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind))
}

/// What a change of one file of code is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InlineTests {
    /// No test of it changed.
    Untouched,
    /// Nothing but its tests changed.
    Alone,
    /// Both did: the code before with the tests of now.
    Apart(String),
    /// Tests changed, and nobody can tell them from the code by lines.
    AmongTheCode,
}

impl InlineTests {
    pub fn of(path: &str, before: &str, now: &str) -> Self {
        let (old, new) = (RustFile::read(before), RustFile::read(now));
        let tests = |file: &Option<RustFile>| file.as_ref().map(|file| file.tests.clone());
        if !begins_a_test(before, now) && tests(&old) == tests(&new) {
            return Self::Untouched;
        }
        let is_rust = Path::new(path).extension().is_some_and(|kind| kind == "rs");
        let (Some(old), Some(new)) = (old, new) else {
            return Self::AmongTheCode;
        };
        // A file that is new has no code before that its tests could be put beside.
        if !is_rust || before.is_empty() {
            Self::AmongTheCode
        } else if old.code.trim_end() == new.code.trim_end() {
            Self::Alone
        } else {
            Self::Apart(format!("{}\n\n{}", old.code.trim_end(), new.tests))
        }
    }
}

/// Whether one of the lines that are new begins a test.
fn begins_a_test(before: &str, now: &str) -> bool {
    let old: HashSet<&str> = before.lines().map(str::trim).collect();
    let is_new_mark = |line: &str| !old.contains(line.trim()) && MARK.is_match(line);
    now.lines().any(is_new_mark)
}

/// A Rust file in two parts.
struct RustFile {
    code: String,
    /// Modules behind `#[cfg(test)]`, from the first column to the brace that closes them there.
    tests: String,
}

impl RustFile {
    /// None where a test stands elsewhere than in such a module, or one does not end.
    fn read(text: &str) -> Option<Self> {
        let (mut code, mut tests) = (String::new(), String::new());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let begins = line == "#[cfg(test)]"
                && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
            if !begins {
                code = code + line + "\n";
                continue;
            }
            tests = tests + line + "\n";
            loop {
                let line = lines.next()?;
                tests = tests + line + "\n";
                if line == "}" {
                    break;
                }
            }
        }
        (!code.lines().any(|line| MARK.is_match(line))).then_some(Self { code, tests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str =
        "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn one() {}\n}\n";

    #[test]
    fn the_tests_of_now_stand_beside_the_code_before() {
        let now =
            "fn a() { new() }\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {}\n}\n";
        let apart =
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {}\n}\n".to_owned();
        assert_eq!(InlineTests::of("src/a.rs", BEFORE, now), InlineTests::Apart(apart));
    }

    #[test]
    fn a_change_of_one_part_alone_is_known() {
        let code = BEFORE.replace("fn a() {}", "fn a() { x }");
        assert_eq!(InlineTests::of("src/a.rs", BEFORE, &code), InlineTests::Untouched);
        let tests = BEFORE.replace("fn one() {}", "fn one() { x }");
        assert_eq!(InlineTests::of("src/a.rs", BEFORE, &tests), InlineTests::Alone);
    }

    #[test]
    fn what_cannot_be_told_apart_is_not_guessed() {
        let outside = "#[test]\nfn one() {}\n";
        assert_eq!(InlineTests::of("a.rs", "fn a() {}\n", outside), InlineTests::AmongTheCode);
        let python = "def add(): pass\ndef test_add(): pass\n";
        assert_eq!(InlineTests::of("a.py", "x = 1\n", python), InlineTests::AmongTheCode);
        assert_eq!(InlineTests::of("new.rs", "", BEFORE), InlineTests::AmongTheCode);
        let endless = "#[cfg(test)]\nmod tests {\n";
        assert_eq!(InlineTests::of("a.rs", "fn a() {}\n", endless), InlineTests::AmongTheCode);
    }

    #[test]
    fn code_without_tests_is_untouched() {
        assert_eq!(InlineTests::of("a.js", "1\n", "const latest = 2\n"), InlineTests::Untouched);
    }
}
