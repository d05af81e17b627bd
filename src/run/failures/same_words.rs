//! Words without their figures: which failures are the same one, told twice?
//! Digits, names of commits, paths and times differ where nothing else does.

/// Longest message that is compared, in characters.
const LONGEST: usize = 200;
/// As git abbreviates a commit's name, or longer.
const SHORTEST_HASH: usize = 7;
/// What stands around a word and is no part of it.
const AROUND: &[char] = &['`', '"', '\'', '(', ')', '[', ']', '<', '>', ',', ';', '.', ':', '!'];

/// The first line, in which `#` stands for figures, `HASH`, `PATH` and `TIME` for those.
#[must_use]
pub fn without_figures(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

fn word(word: &str) -> String {
    let core = word.trim_matches(AROUND);
    let Some(at) = word.find(core).filter(|_| !core.is_empty()) else { return word.to_owned() };
    let (before, after) = (&word[..at], &word[at + core.len()..]);
    format!("{before}{}{after}", named(core))
}

fn named(core: &str) -> String {
    if is_time(core) {
        "TIME".to_owned()
    } else if is_path(core) {
        "PATH".to_owned()
    } else if is_hash(core) {
        "HASH".to_owned()
    } else {
        figures(core)
    }
}

/// `12:03:44`, `2026-03-02`, `2026-03-02T09:00:00Z`.
fn is_time(core: &str) -> bool {
    let of_time = |c: char| c.is_ascii_digit() || "-:.+TZ".contains(c);
    let parts =
        core.split(['-', ':']).filter(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let joined = core.contains(':') || core.matches('-').count() == 2;
    core.starts_with(|c: char| c.is_ascii_digit())
        && joined
        && core.chars().all(of_time)
        && parts.count() > 1
}

/// `/srv/x.js`, `src/x.js:3`, `https://x.example/y`; `50/50` is none.
fn is_path(core: &str) -> bool {
    core.contains('/') && core.len() > 1 && core.chars().any(char::is_alphabetic)
}

/// `1a2b3c4`, and whole names of commits.
fn is_hash(core: &str) -> bool {
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    core.len() >= SHORTEST_HASH
        && core.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits > 0
        && digits < core.len()
}

/// Each number as one `#`, with its points and commas.
fn figures(core: &str) -> String {
    let mut text = String::new();
    let mut chars = core.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_digit() {
            text.push(c);
            continue;
        }
        text.push('#');
        while let Some(next) = chars.peek().copied() {
            let mut ahead = chars.clone();
            ahead.next();
            let goes_on =
                matches!(next, '.' | ',') && ahead.peek().is_some_and(char::is_ascii_digit);
            if !next.is_ascii_digit() && !goes_on {
                break;
            }
            chars.next();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_from_time_to_time_is_left_out() {
        for (told, same) in [
            ("3 of 50 tests failed", "# of # tests failed"),
            ("`npm test` exited 1", "`npm test` exited #"),
            ("coverage 71.5 % is below 90 %", "coverage # % is below # %"),
            ("ended: it used more than 1,024 MiB", "ended: it used more than # MiB"),
            ("what is at 1a2b3c4d, is not `1a2b3c4`.", "what is at HASH, is not `HASH`."),
            ("cannot read /srv/runs/x-1/a.js: gone", "cannot read PATH: gone"),
            ("`src/x.js:3` failed (50/50)", "`PATH` failed (#/#)"),
            ("no answer since 12:03:44, 2026-03-02T09:00:00Z", "no answer since TIME, TIME"),
            ("deadbeef is a word, decade too", "deadbeef is a word, decade too"),
            ("it did not finish in 20 min\nand more", "it did not finish in # min"),
            ("  ", ""),
        ] {
            assert_eq!(without_figures(told), same);
        }
    }

    proptest! {
        #[test]
        fn no_figure_is_left_and_twice_is_once(text in any::<String>()) {
            let once = without_figures(&text);
            prop_assert!(!once.contains(|c: char| c.is_ascii_digit()), "{once}");
            prop_assert!(once.chars().count() <= LONGEST);
        }
    }
}
