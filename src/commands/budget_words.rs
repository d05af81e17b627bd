//! What may a run spend, in the words in which it is asked for?
//! However somebody writes a limit, it is understood, or refused with how to write it: no run starts without the limit that was asked
//! for. Pure.

use std::ops::Range;

use super::cut::{cut, without_lone_quote};
use super::misunderstood::{Misunderstood, code_safe};
use super::typing::plain;
use crate::run::{Usd, nearest};

/// Between `budget` and its amount.
const SIGNS: [&str; 8] = ["=", ":", "-", "--", "->", "=>", "→", "=="];
/// The same, in words.
const FILLERS: [&str; 14] = [
    "of", "is", "at", "to", "max", "maximum", "limit", "about", "around", "up", "under", "below",
    "a", "the",
];
/// What an amount may be counted in.
const DOLLARS: [&str; 5] = ["$", "usd", "dollars", "dollar", "bucks"];
/// What a person may call a limit; before or behind an amount of money.
const LIMITS: [&str; 8] = ["budget", "max", "maximum", "limit", "cap", "most", "spend", "tops"];
/// What a person may call what is limited.
const MONEY: [&str; 7] = ["cost", "costs", "price", "money", "usd", "dollars", "pay"];
/// Money that we do not count in.
const OTHER_MONEY: [&str; 9] = ["€", "£", "eur", "euro", "euros", "gbp", "pounds", "chf", "cents"];
/// The same, where the amount is the last that is said.
const LAST_LIMITS: [&str; 6] = ["under", "below", "within", "for", "with", "than"];
/// Amounts that are spelled out.
const NUMBERS: [&str; 16] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
    "fifteen", "twenty", "thirty", "fifty", "hundred",
];

/// Words that start a run: what it may spend, and all else as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BudgetWords {
    pub(super) budget: Option<Usd>,
    pub(super) rest: String,
}

/// A budget at the beginning of some words.
struct Clause {
    budget: Usd,
    /// So many words say it.
    words: usize,
}

/// A word, and where it stands.
struct Word {
    plain: String,
    at: Range<usize>,
}

impl BudgetWords {
    /// Reads all that is said of a run.
    pub(super) fn read(said: &str) -> Result<Self, Misunderstood> {
        let read = Self::cut_out(said, None)?;
        read.refuse_other_limits(&read.rest)?;
        Ok(read)
    }

    /// The same of several things, one a line, for all of which a form's field may have named a budget.
    pub(super) fn read_lines(said: &str, named: Option<Usd>) -> Result<Self, Misunderstood> {
        let read = Self::cut_out(said, named)?;
        read.rest.lines().try_for_each(|line| read.refuse_other_limits(line))?;
        Ok(read)
    }

    /// Takes out what names a budget. No one stands on two lines.
    fn cut_out(said: &str, named: Option<Usd>) -> Result<Self, Misunderstood> {
        let mut budget = named;
        let mut parts = Vec::new();
        let mut from = 0;
        for line in said.split_inclusive('\n') {
            let words: Vec<Word> = words_of(line, from).collect();
            let plain: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
            let mut at = 0;
            while at < words.len() {
                let Some(clause) = clause(&plain[at..])? else {
                    at += 1;
                    continue;
                };
                if budget.is_some_and(|before| before != clause.budget) {
                    return Err(Misunderstood::wrong(
                        "That names two budgets. Say once what the run may spend: `budget=$5`.",
                    ));
                }
                budget = Some(clause.budget);
                let last = words.len().min(at + clause.words) - 1;
                parts.push(words[at].at.start..words[last].at.end);
                at += clause.words;
            }
            from += line.len();
        }
        // The last first: those before it stay where they are.
        let rest = parts
            .into_iter()
            .rev()
            .fold(said.to_owned(), |rest, part| cut(&rest, without_lone_quote(said, part)).0);
        Ok(Self { budget, rest })
    }

    /// No run starts without the limit that was asked for.
    fn refuse_other_limits(&self, words: &str) -> Result<(), Misunderstood> {
        let words: Vec<String> = words.split_whitespace().map(plain).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match sounds_like_a_limit(&words) {
            Some(asked) if self.budget.is_none() => Err(how_to_write(&asked)),
            _ => Ok(()),
        }
    }
}

/// The words of a line that stands here in a text.
fn words_of(line: &str, from: usize) -> impl Iterator<Item = Word> {
    line.split_whitespace().scan(0, move |behind, word| {
        let start = *behind + line[*behind..].find(word)?;
        *behind = start + word.len();
        Some(Word { plain: plain(word), at: from + start..from + *behind })
    })
}

/// An amount a run may spend.
pub fn read_budget(amount: &str) -> Result<Usd, Misunderstood> {
    match amount_of(amount) {
        Some(Usd::ZERO) => Err(Misunderstood::wrong(
            "A budget of nothing lets no run start. Leave it out for no limit.",
        )),
        Some(budget) => Ok(budget),
        None => Err(Misunderstood::wrong(format!(
            "`budget={}` is no amount. Write it like `budget=5` or `budget=$2.50`.",
            code_safe(amount)
        ))),
    }
}

/// An amount of money, however it is typed.
pub(super) fn amount_of(typed: &str) -> Option<Usd> {
    money(&plain(typed.trim()))
}

fn clause(words: &[&str]) -> Result<Option<Clause>, Misunderstood> {
    let first = words[0].trim_matches(['"', '\'', '`', '(', '[', '*']);
    let flag = first.trim_start_matches('-');
    let end =
        flag.find(|c: char| !(c.is_alphabetic() || c == '-' || c == '_')).unwrap_or(flag.len());
    let (key, value) = flag.split_at(end);
    let sign = value.starts_with(['=', ':']);
    if key != "budget" {
        let meant = key.chars().count() > 2 && nearest(key, ["budget"]).is_some();
        let asks = sign
            || (flag.len() < first.len() || is_marked(words.get(1))) && amount_in(words.get(1));
        return if meant && asks { Err(no_setting(key)) } else { Ok(None) };
    }
    let value = value.trim_start_matches(['=', ':']);
    if !value.is_empty()
        && (sign || value.starts_with('$') || value.starts_with(|c: char| c.is_ascii_digit()))
    {
        return in_one_word(value, words).map(Some);
    }
    let signs = usize::from(words.get(1).is_some_and(|word| SIGNS.contains(word)));
    let certain = sign || signs > 0 || flag.len() < first.len();
    match words.get(1 + signs).map(|word| word.trim_start_matches(['=', ':'])) {
        _ if !value.is_empty() => Ok(None),
        Some(amount) if certain || money(amount).is_some() || amount == "$" => {
            let behind = &words[1 + signs..];
            in_one_word(amount, behind).map(|it| Some(Clause { words: it.words + 1 + signs, ..it }))
        }
        _ if certain => Err(read_budget("").err().unwrap_or_else(|| how_to_write("budget"))),
        _ => Ok(None),
    }
}

/// An amount that `words` begin with; `$` and `dollars` may stand apart from it.
fn in_one_word(amount: &str, words: &[&str]) -> Result<Clause, Misunderstood> {
    let next = |at: usize| words.get(at).copied().unwrap_or_default();
    let (amount, mut used) =
        if DOLLARS.contains(&amount) { (next(1).to_owned(), 2) } else { (amount.to_owned(), 1) };
    let budget = read_budget(&amount)?;
    if DOLLARS.contains(&next(used).trim_end_matches(['.', ',', ';', '!'])) {
        used += 1;
    } else if is_thousands(next(used))
        || ["k", "cent"].contains(&next(used))
        || OTHER_MONEY.contains(&next(used).trim_end_matches(['.', ',', ';', '!']))
    {
        return Err(how_to_write(&format!("{amount} {}", next(used))));
    }
    Ok(Clause { budget, words: used })
}

/// The rest of `1 000`.
fn is_thousands(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit())
}

/// `5`, `$5`, `5$`, `5,50`, `usd5`, `5.`; a comma before three digits could mean anything.
fn money(word: &str) -> Option<Usd> {
    let word = word.trim_matches(['"', '\'', '`', '(', ')', ']', '*', '!', '?', ';']);
    let word = word.trim_end_matches(['.', ',']);
    let word = ["us$", "usd", "$"].iter().find_map(|it| word.strip_prefix(it)).unwrap_or(word);
    let units = ["$", "usd", "dollars", "dollar", "bucks"];
    let word = units.iter().find_map(|it| word.strip_suffix(it)).unwrap_or(word);
    match word.split_once(',') {
        Some((whole, cents)) if (1..=2).contains(&cents.len()) && !whole.contains('.') => {
            format!("{whole}.{cents}").parse().ok()
        }
        Some(_) => None,
        None if word.starts_with('$') => None,
        None => word.parse().ok(),
    }
}

/// Whether it can be nothing but money.
fn is_money(word: &str) -> bool {
    let marked = word.contains(['$', '€', '£'])
        || ["usd", "dollars", "dollar", "bucks"].iter().any(|it| word.ends_with(it));
    marked && word.contains(|c: char| c.is_ascii_digit())
}

fn is_marked(word: Option<&&str>) -> bool {
    word.is_some_and(|word| is_money(word) || SIGNS.contains(word))
}

fn amount_in(word: Option<&&str>) -> bool {
    word.is_some_and(|word| word.contains(|c: char| c.is_ascii_digit()) || SIGNS.contains(word))
}

/// Words without a budget that sound as if they named one.
fn sounds_like_a_limit(words: &[&str]) -> Option<String> {
    let at = (0..words.len()).find(|at| {
        glued_to_a_limit(words[*at])
            || spelled_out(words, *at)
            || names_a_limit(words, *at)
            || is_bare_limit(words, *at)
    })?;
    let end = if glued_to_a_limit(words[at]) { at + 1 } else { words.len().min(at + 2) };
    Some(words[at.saturating_sub(1)..end].join(" "))
}

/// Whether this word is an amount that is spoken of as a limit.
fn names_a_limit(words: &[&str], at: usize) -> bool {
    let word = bare(words[at]);
    let next = words.get(at + 1).map_or("", |next| bare(next));
    let in_dollars = money(word).is_some() && DOLLARS.contains(&next);
    if !is_money(words[at]) && !in_dollars {
        return false;
    }
    let last = at + 1 == words.len() || in_dollars && at + 2 == words.len();
    let Some(previous) = at.checked_sub(1).map(|at| words[at]) else { return true };
    let before = words[at.saturating_sub(3)..at].iter().any(|word| is_limit(word));
    let up_to = bare(previous) == "to" && at > 1 && bare(words[at - 2]) == "up";
    let at_the_end =
        up_to || LAST_LIMITS.contains(&bare(previous)) || previous.ends_with([',', ';', '.', ':']);
    before || is_limit(next) || last && at_the_end
}

/// `limit 5` where nothing follows, and `limit: 5` where nothing comes before.
fn is_bare_limit(words: &[&str], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let names = |word: &str| is_limit(word) || MONEY.contains(&bare(word));
    let is_number =
        words[at].starts_with(|c: char| c.is_ascii_digit()) && money(bare(words[at])).is_some();
    let (last, first) = (at + 1 == words.len(), before == 0);
    let marked = words[before].ends_with([':', '=', '<', '≤']);
    is_number && names(words[before]) && (last || first && marked)
}

/// `budget five`, `budget of 5`, `--max-budget 5`.
fn spelled_out(words: &[&str], at: usize) -> bool {
    let word = bare(words[at]);
    let numbered = word.starts_with(|c: char| c.is_ascii_digit());
    let budget = words[at.saturating_sub(3)..at].iter().any(|word| bare(word) == "budget");
    let flag =
        at.checked_sub(1).is_some_and(|at| words[at].starts_with('-') && is_limit(words[at]));
    NUMBERS.contains(&word) && budget || numbered && (flag || is_asked_by_filler(&words[..at]))
}

fn is_limit(word: &str) -> bool {
    word.split(|c: char| !c.is_alphabetic()).any(|part| LIMITS.contains(&part))
}

/// `budget of 5`, `budget up to 5`.
fn is_asked_by_filler(before: &[&str]) -> bool {
    let fillers = before.iter().rev().take(3).take_while(|word| FILLERS.contains(word)).count();
    fillers > 0 && before.len() > fillers && bare(before[before.len() - fillers - 1]) == "budget"
}

/// `small;budget=5`, `--max-budget=5`, `limit=5`, `cost<5`, `budget٥`: a limit and its amount in one word.
fn glued_to_a_limit(word: &str) -> bool {
    let Some(at) = word.find(char::is_numeric) else { return false };
    let key = &word[..at];
    let name = key.trim_end_matches(|c: char| !c.is_alphabetic());
    let apart = key[name.len()..].contains(['=', ':', '<', '≤', '≦', '[', '(']);
    let mut parts = name.split(|c: char| !c.is_alphabetic());
    let names = apart && parts.any(|part| LIMITS.contains(&part) || MONEY.contains(&part));
    let behind = &key[name.len()..];
    names || name.ends_with("budget") && behind.chars().all(|c| !matches!(c, '_' | '/' | '.'))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '$')
}

fn no_setting(key: &str) -> Misunderstood {
    Misunderstood::wrong(format!("`{}` is no setting. Did you mean `budget=$5`?", code_safe(key)))
}

fn how_to_write(asked: &str) -> Misunderstood {
    Misunderstood::wrong(format!(
        "`{}` sounds like a limit, so nothing was started. Write what the run may spend as `budget=$5`; with it, all other words are only words.",
        code_safe(asked)
    ))
}

#[cfg(test)]
mod tests;
