//! The proof of new tests: what do people read of it?
//! Counts of tests by our own code; a test that cannot fail is a warning, and what is not known is said to be so.

use super::figures::plural;
use crate::run::{NotKnown, RedGreen};
use crate::slack::Mrkdwn;

/// Longest name of a test.
const NAME: usize = 80;

/// `4 new tests; 4 fail without the change`.
pub(super) fn in_full(told: &RedGreen) -> String {
    let older = told.older_fail;
    match told.new {
        0 => format!("{} {} without the change", plural(older.into(), "older test"), fail(older)),
        new if told.untold() == new => {
            let why = told.not_known.map_or("", why_not_known);
            let whether = format!("whether {} without the change is not known", they_fail(new));
            format!("{}; {whether}: {why}", plural(new.into(), "new test"))
        }
        new => {
            let older = (older > 0).then(|| {
                format!(
                    "; so {} {}",
                    if older == 1 { "does" } else { "do" },
                    plural(older.into(), "older one")
                )
            });
            let outcomes = [Some(failing(told)), passing(told), untold(told)];
            let outcomes: Vec<String> = outcomes.into_iter().flatten().collect();
            let new = plural(new.into(), "new test");
            format!("{new}; {}{}", outcomes.join(", "), older.unwrap_or_default())
        }
    }
}

/// For a row: `4 new, 4 fail without the change`. What cannot fail goes before what does.
pub(super) fn in_short(told: &RedGreen) -> Option<String> {
    if !told.says_something() || (told.new > 0 && told.untold() == told.new) {
        return None;
    }
    Some(match (told.new, told.pass) {
        (0, _) => in_full(told),
        (new, 0) => format!("{new} new, {}", failing(told)),
        (new, pass) => format!("{new} new, {pass} {} without the change", passes(pass)),
    })
}

/// Tests that prove nothing, by name; none where there are none.
pub(super) fn warning(told: &RedGreen) -> Option<Mrkdwn> {
    let (new, pass) = (told.new, told.pass);
    if pass == 0 {
        return None;
    }
    let mut names: Vec<Mrkdwn> =
        told.names.iter().take(RedGreen::NAMES).map(|name| Mrkdwn::code(name, NAME)).collect();
    if !names.is_empty() && pass as usize > names.len() {
        names.push("…".into());
    }
    let what =
        format!("{pass} of {} {} without the change", plural(new.into(), "new test"), passes(pass));
    let names = Mrkdwn::join(names, ", ").non_empty().map(|names| ": " + names);
    Some(Mrkdwn::from(what) + names.unwrap_or_default())
}

fn failing(told: &RedGreen) -> String {
    format!("{} {} without the change", told.fail, fail(told.fail))
}

fn passing(told: &RedGreen) -> Option<String> {
    (told.pass > 0).then(|| format!("{} {}", told.pass, passes(told.pass)))
}

fn untold(told: &RedGreen) -> Option<String> {
    let why = told.not_known.filter(|_| told.untold() > 0)?;
    Some(format!("of {} it is not known: {}", told.untold(), why_not_known(why)))
}

const fn fail(n: u32) -> &'static str {
    if n == 1 { "fails" } else { "fail" }
}

const fn passes(n: u32) -> &'static str {
    if n == 1 { "passes" } else { "pass" }
}

const fn they_fail(n: u32) -> &'static str {
    if n == 1 { "it fails" } else { "they fail" }
}

const fn why_not_known(why: NotKnown) -> &'static str {
    match why {
        NotKnown::AmongTheCode => "they stand among the code they test",
        NotKnown::OnlyTests => "nothing but tests changed",
        NotKnown::OutOfTime => "it took too long",
        NotKnown::Setup => "the code before cannot be set up",
        NotKnown::NoReport => "the checks left no whole report there",
        NotKnown::Unknown => "it could not be tried",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(new: u32, fail: u32, pass: u32) -> RedGreen {
        RedGreen { new, fail, pass, ..RedGreen::default() }
    }

    fn read(told: &RedGreen) -> String {
        let warning = warning(told).map(|words| serde_json::json!(words));
        let warning = warning.as_ref().and_then(|words| words.as_str()).unwrap_or_default();
        format!("{}\n{}\n{warning}", in_full(told), in_short(told).unwrap_or_default())
    }

    #[test]
    fn tests_that_can_fail() {
        insta::assert_snapshot!(read(&told(4, 4, 0)), @"
        4 new tests; 4 fail without the change
        4 new, 4 fail without the change
        ");
        insta::assert_snapshot!(read(&RedGreen { older_fail: 1, ..told(1, 1, 0) }), @"
        1 new test; 1 fails without the change; so does 1 older one
        1 new, 1 fails without the change
        ");
        insta::assert_snapshot!(read(&RedGreen { older_fail: 2, ..told(0, 0, 0) }), @"
        2 older tests fail without the change
        2 older tests fail without the change
        ");
    }

    #[test]
    fn a_test_that_cannot_fail_is_a_warning() {
        let names = vec!["is <there>".to_owned(), "is `here`".to_owned()];
        insta::assert_snapshot!(read(&RedGreen { names, ..told(4, 1, 3) }), @"
        4 new tests; 1 fails without the change, 3 pass
        4 new, 3 pass without the change
        3 of 4 new tests pass without the change: `is &lt;there&gt;`, `is 'here'`, …
        ");
    }

    #[test]
    fn what_is_not_known_is_said_to_be_so() {
        let some = RedGreen { not_known: Some(NotKnown::AmongTheCode), ..told(6, 2, 1) };
        insta::assert_snapshot!(read(&some), @"
        6 new tests; 2 fail without the change, 1 passes, of 3 it is not known: they stand among the code they test
        6 new, 1 passes without the change
        1 of 6 new tests passes without the change
        ");
        let nothing = RedGreen::not_known(3, NotKnown::OutOfTime);
        insta::assert_snapshot!(read(&nothing), @"3 new tests; whether they fail without the change is not known: it took too long");
    }
}
