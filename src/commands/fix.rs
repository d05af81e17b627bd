//! What is fixed?
//! `PROJECT what is wrong [attempts=5] [until="npm run e2e"] [budget=$5]`: a loop that tries until the project's checks are green, and that
//! command with them. A command of several words stands between quotes, so that nobody runs half of one. Pure.

use super::cut::cut;
use super::misunderstood::{Misunderstood, code_safe, first_word};
use super::start_run::{StartRun, project_named, read_brief};
use super::typing;
use crate::config::Projects;
use crate::run::{Fix, ProjectName, foreign_text};

/// Most iterations that somebody may ask for: as many as a stage may have attempts.
const MOST: u32 = 10;
const UNTIL: &str = "until";
const ATTEMPTS: &str = "attempts";
/// What may stand before a value and behind it; a phone writes other ones.
const QUOTES: [(char, char); 7] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('”', '”'), ('„', '“'), ('‘', '’')];

const WHICH: &str = "Fix what? Say `fix PROJECT what is wrong`, and `until=\"npm run e2e\"` where a command shows it. Nothing was started.";
const BETWEEN_QUOTES: &str = "Put the command that has to pass between quotes, so that it is clear where it ends: `until=\"npm run e2e\"`. Nothing was started.";

/// Reads what follows the verb; none where the first word is no project's name.
pub(super) fn read(rest: &str, projects: &Projects) -> Result<Option<StartRun>, Misunderstood> {
    let (first, rest) = first_word(rest);
    if first.is_empty() {
        return Err(Misunderstood::wrong(WHICH));
    }
    project_named(first, projects).map(|project| fix_of(project.clone(), rest)).transpose()
}

fn fix_of(project: ProjectName, said: &str) -> Result<StartRun, Misunderstood> {
    let (until, rest) = take_once(said, UNTIL)?;
    let until = until.map(|value| value.command(&rest)).transpose()?;
    let (attempts, rest) = take_once(&rest, ATTEMPTS)?;
    let attempts = attempts.map(|value| number(&value.text)).transpose()?;
    let start = StartRun::read(project, &rest)?;
    let said = unquoted(&start.brief).to_owned();
    let brief = match (said.is_empty(), &until) {
        (false, _) => said,
        (true, Some(until)) => read_brief(&format!("make `{until}` pass"))?,
        (true, None) => return Err(Misunderstood::wrong(WHICH)),
    };
    let fix = Fix { attempts: attempts.unwrap_or(Fix::ATTEMPTS), until };
    Ok(StartRun { brief, fix: Some(fix), ..start })
}

/// Words of a shell as they have to stand in a line: a shell has taken the quotes away.
#[must_use]
pub fn requoted(words: &[String]) -> Vec<String> {
    let mut awaited = false;
    let mut lines = Vec::with_capacity(words.len());
    for word in words {
        let flag = word.trim_start_matches('-').eq_ignore_ascii_case(UNTIL);
        lines.push(match until_of(word).or_else(|| awaited.then_some(("", word))) {
            Some((key, command)) => {
                let command = command.replace('\\', "\\\\").replace('"', "\\\"");
                format!("{key}\"{command}\"")
            }
            None => word.clone(),
        });
        awaited = flag && word.starts_with('-');
    }
    lines
}

/// `until=`, `--until=`, and the command behind it.
fn until_of(word: &str) -> Option<(&str, &str)> {
    let at = word.find('=')? + 1;
    let (key, command) = word.split_at(at);
    let name = key.trim_start_matches('-').trim_end_matches('=');
    (name.eq_ignore_ascii_case(UNTIL) && !command.is_empty()).then_some((key, command))
}

/// What stands behind a setting's sign.
#[derive(Debug, PartialEq, Eq)]
struct Value {
    text: String,
    /// Where it stood in what is left.
    at: usize,
    quoted: bool,
}

impl Value {
    fn command(self, rest: &str) -> Result<String, Misunderstood> {
        // A phone and a web page write spaces that no shell knows.
        let text = foreign_text::printable(&self.text).replace('\u{a0}', " ");
        let text = text.trim();
        let is_open = !self.quoted && QUOTES.iter().any(|(open, _)| text.starts_with(*open));
        // What follows a bare word may be the rest of the command.
        let alone = || rest.get(self.at..).unwrap_or_default().trim().is_empty();
        let settings = || {
            let mut behind = rest.get(self.at..).unwrap_or_default().split_whitespace();
            behind.all(|word| word.contains('='))
        };
        if text.is_empty() || is_open || !self.quoted && !alone() && !settings() {
            return Err(Misunderstood::wrong(BETWEEN_QUOTES));
        }
        Ok(text.to_owned())
    }
}

fn number(text: &str) -> Result<u32, Misunderstood> {
    let wrong = || {
        let said = code_safe(text);
        Misunderstood::wrong(format!(
            "`attempts={said}`: a fix takes 1 to {MOST} attempts. Nothing was started."
        ))
    };
    let plain = typing::plain(text);
    plain.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(wrong)
}

/// The same of one that may stand there once: nobody knows which of two is meant.
fn take_once(said: &str, key: &str) -> Result<(Option<Value>, String), Misunderstood> {
    let (value, rest) = take(said, key);
    match value {
        Some(_) if find(&rest, key).is_some() => Err(Misunderstood::wrong(format!(
            "`{key}` stands there more than once. Say it once; several commands are one with `&&` between them. Nothing was started."
        ))),
        value => Ok((value, rest)),
    }
}

/// The value of a setting, and the words without it.
fn take(said: &str, key: &str) -> (Option<Value>, String) {
    let Some((from, begins)) = find(said, key) else { return (None, said.to_owned()) };
    let behind = &said[begins..];
    let bare = || {
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        (behind[..end].to_owned(), end)
    };
    let inside = quoted_value(behind);
    let quoted = inside.is_some();
    let (text, length) = inside.unwrap_or_else(bare);
    let (rest, at) = cut(said, from..begins + length);
    (Some(Value { text, at, quoted }), rest)
}

/// Where a setting begins, and where its value does: `until=`, `--until=`, `--until `.
fn find(said: &str, key: &str) -> Option<(usize, usize)> {
    // Each letter stays where it was.
    let lower = said.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find(key).map(|at| at + from) {
        let (before, behind) = (&lower[..at], &lower[at + key.len()..]);
        let dashes = before.trim_end_matches(['-', '—', '–']);
        let flag = dashes.len() < before.len();
        let apart = dashes.is_empty() || dashes.ends_with(char::is_whitespace);
        let sign = ["=", "＝", "﹦"].iter().find(|sign| behind.starts_with(**sign));
        let begins = at + key.len();
        if apart && let Some(sign) = sign {
            return Some((dashes.len(), begins + sign.len()));
        }
        if apart && flag && behind.starts_with(char::is_whitespace) {
            let gap = behind.len() - behind.trim_start().len();
            return Some((dashes.len(), begins + gap));
        }
        from = at + key.len();
    }
    None
}

/// What stands between quotes at the beginning of a text, and how long that is with them. A backslash takes its meaning from a quote.
fn quoted_value(text: &str) -> Option<(String, usize)> {
    let opened = text.chars().next()?;
    let closes: Vec<char> =
        QUOTES.iter().filter(|(open, _)| *open == opened).map(|(_, close)| *close).collect();
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                if c != '\\' && !closes.contains(&c) {
                    value.push('\\');
                }
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if closes.contains(&c) => return Some((value, at + c.len_utf8())),
            c => value.push(c),
        }
    }
    None
}

/// Words without the quotes around all of them.
fn unquoted(words: &str) -> &str {
    let Some(opened) = words.chars().next() else { return words };
    let mut pairs = QUOTES.iter().filter(|(open, _)| *open == opened);
    let inside = pairs.find_map(|(open, close)| {
        words.strip_prefix(*open)?.strip_suffix(*close).filter(|it| !it.contains(*close))
    });
    inside.unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{Command, Place};

    fn typed(line: &str, place: Place) -> Result<Command, Misunderstood> {
        let projects = Projects::built_in().expect("the built-in pipelines are valid");
        crate::commands::read(line, place, &projects)
    }

    fn start(line: &str) -> StartRun {
        match typed(line, Place::Slash) {
            Ok(Command::Start(start)) => start,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn told(line: &str) -> String {
        typed(line, Place::Slash).expect_err("not understood").text
    }

    fn fix(attempts: u32, until: Option<&str>) -> Fix {
        Fix { attempts, until: until.map(str::to_owned) }
    }

    #[test]
    fn what_is_wrong_how_often_and_until_when_may_be_said_in_any_order() {
        let all = "Fix rate limiting in OpenAI provider";
        for line in [
            "fix llm-wrapper \"Fix rate limiting in OpenAI provider\" attempts=3 budget=$5 until=\"npm run e2e\"",
            "Fix LLM-wrapper until=“npm run e2e” Fix rate limiting in OpenAI provider attempts=3 budget=5",
            "fix llm-wrapper --attempts 3 --until 'npm run e2e' --budget=5 Fix rate limiting in OpenAI provider",
        ] {
            let read = start(line);
            assert_eq!(
                (read.brief.as_str(), read.fix),
                (all, Some(fix(3, Some("npm run e2e")))),
                "{line}"
            );
            assert_eq!(read.budget, Some("5".parse().expect("an amount")), "{line}");
        }
        let read = start("fix llm-wrapper retry until it works");
        assert_eq!((read.brief.as_str(), read.fix), ("retry until it works", Some(fix(5, None))));
        let read =
            start("fix llm-wrapper größe & <b> 日本語 «x» until=\"npm\u{a0}run\u{200b} e2e\"");
        assert_eq!(
            (read.brief.as_str(), read.fix),
            ("größe & <b> 日本語 «x»", Some(fix(5, Some("npm run e2e"))))
        );
        let trace = "this fails:\n  at f (a.js:3)\n    at g";
        for line in [
            format!("fix llm-wrapper until=\"make\" {trace}"),
            format!("fix llm-wrapper {trace}\nattempts=5 until=make"),
            format!("fix llm-wrapper {}", trace.replace(":\n", ": until=\"make\" budget=$5\n")),
        ] {
            let read = start(&line);
            assert_eq!((read.brief.as_str(), read.fix), (trace, Some(fix(5, Some("make")))));
        }
        let read = start("fix llm-wrapper until=make");
        assert_eq!(
            (read.brief.as_str(), read.fix),
            ("make `make` pass", Some(fix(5, Some("make"))))
        );
    }

    #[test]
    fn a_command_comes_through_a_shell_and_a_line_as_it_was_typed() {
        for command in ["npm test", "'x'", r#"sh -c "a && b""#, r"grep '\.js' x", r#"echo \"x\" y"#]
        {
            let whole = ["until", "--until", "UNTIL"].map(|key| vec![format!("{key}={command}")]);
            for words in whole.into_iter().chain([vec!["--until".to_owned(), command.to_owned()]]) {
                let line = format!("fix llm-wrapper mend it {}", requoted(&words).join(" "));
                assert_eq!(start(&line).fix, Some(fix(5, Some(command))), "{line}");
            }
        }
        let plain = ["retry", "until", "it=works", "until="].map(str::to_owned);
        assert_eq!(requoted(&plain), plain);
    }

    #[test]
    fn what_cannot_be_meant_starts_nothing() {
        assert!(told("fix").contains("Fix what?"));
        assert!(told("fix llm-wrapper").contains("Fix what?"));
        assert!(told("fix llm-wrapper it until=npm run e2e").contains("between quotes"));
        assert!(told("fix llm-wrapper it until=\"\"").contains("between quotes"));
        assert!(told("fix llm-wrapper it until=\"npm").contains("between quotes"));
        assert!(told("fix llm-wrapper it until=\"npm run e2e").contains("between quotes"));
        assert!(told("fix llm-wrapper it until=make until=test").contains("more than once"));
        assert!(
            told("fix llm-wrapper \"keep until=done\" until=\"make\"").contains("more than once")
        );
        assert!(told("fix llm-wrapper it attempts=2 attempts=3").contains("more than once"));
        for attempts in ["0", "11", "50", "1000", "99999999999", "-1", "two", "\"\"", ""] {
            let told = told(&format!("fix llm-wrapper it attempts={attempts}"));
            assert!(told.contains("1 to 10"), "{attempts}: {told}");
        }
        assert!(told("fix llm-wraper it").contains("Did you mean `/develop llm-wrapper`?"));
        assert!(told("fix llm-wrapper it max $5").contains("sounds like a limit"));
    }

    #[test]
    fn words_in_a_thread_that_begin_so_are_a_note() {
        let note = typed("fix the tests, please", Place::MentionInThread);
        assert!(matches!(note, Ok(Command::Note(_))), "{note:?}");
        let note = typed("fix llm-wrapper soon", Place::Thread);
        assert!(matches!(note, Ok(Command::Note(_))), "{note:?}");
    }
}
