//! How much more money does somebody give?
//! An amount on top of the budget, or no limit any more. Nothing is guessed: what is no amount is asked for again. Pure.

use super::Misunderstood;
use super::budget_words::read_budget;
use super::typing::plain;
use crate::run::Raise;

/// What takes the limit away.
const NO_LIMIT: [&str; 4] = ["no limit", "nolimit", "no-limit", "unlimited"];

/// What lets a run go on with what it has.
const NOTHING: [&str; 3] = ["nothing", "by nothing", "nothing more"];

/// Reads `$5`, `by $5`, `+5`, `no limit` or `nothing`.
pub(super) fn read(said: &str) -> Result<Raise, Misunderstood> {
    let said = plain(said);
    let said = said.trim().trim_end_matches(['.', '!']);
    if NO_LIMIT.contains(&said) {
        return Ok(Raise::NoLimit);
    }
    if NOTHING.contains(&said) {
        return Ok(Raise::NOTHING);
    }
    let amount = said.strip_prefix("by ").unwrap_or(said).trim().trim_start_matches('+');
    if amount.is_empty() || said.starts_with("to ") {
        return Err(Misunderstood::wrong(
            "How much more may it spend? Say `raise $5`, which is on top of its budget, `raise no limit`, or `raise nothing` to let it go on with what there is. Nothing was recorded.",
        ));
    }
    read_budget(amount).map(Raise::By)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Usd;

    #[test]
    fn an_amount_is_on_top_and_all_else_is_asked_again() {
        let five = Raise::By(Usd::from_nanos(5_000_000_000));
        for said in ["$5", "5", "+$5", "by $5", "＄5", "$5.00", "5 usd", "$5!"] {
            assert_eq!(read(said).ok(), Some(five), "{said}");
        }
        for said in ["no limit", "No limit!", "unlimited"] {
            assert_eq!(read(said).ok(), Some(Raise::NoLimit), "{said}");
        }
        assert_eq!(read("Nothing.").ok(), Some(Raise::By(Usd::ZERO)));
        for said in ["", "to $5", "a bit", "$0", "-5", "5€", "lots"] {
            assert!(read(said).is_err(), "{said}");
        }
    }
}
