//! How much more money does somebody give?
//! An amount on top of the budget, or no limit any more. Nothing is guessed: what is no amount is asked for again. Pure.

use super::Misunderstood;
use super::budget_words::amount_of;
use super::misunderstood::code_safe;
use super::typing::plain;
use crate::run::{Raise, Usd};

/// What takes the limit away.
const NO_LIMIT: [&str; 4] = ["no limit", "nolimit", "no-limit", "unlimited"];

/// What lets a run go on with what it has.
const NOTHING: [&str; 3] = ["nothing", "by nothing", "nothing more"];

/// What may stand in front of an amount, in this order.
const IN_FRONT: [&str; 6] = ["--", "budget", "=", ":", "by ", "+"];

const HOW: &str = "Say `raise $5`, which is on top of its budget, `raise no limit`, or `raise nothing` to let it go on with what there is. Nothing was recorded.";

/// Reads `$5`, `by $5`, `+5`, `budget=5`, `no limit` or `nothing`.
pub(super) fn read(said: &str) -> Result<Raise, Misunderstood> {
    let said = plain(said);
    let said = said.trim().trim_end_matches(['.', '!']);
    if NO_LIMIT.contains(&said) {
        return Ok(Raise::NoLimit);
    }
    if NOTHING.contains(&said) {
        return Ok(Raise::NOTHING);
    }
    let amount =
        IN_FRONT.iter().fold(said, |rest, it| rest.strip_prefix(it).unwrap_or(rest).trim());
    match amount_of(amount) {
        _ if amount.is_empty() || amount.starts_with("to ") => {
            Err(Misunderstood::wrong(format!("How much more may it spend? {HOW}")))
        }
        Some(Usd::ZERO) => Err(Misunderstood::wrong(format!("That adds nothing. {HOW}"))),
        Some(more) => Ok(Raise::By(more)),
        None => Err(Misunderstood::wrong(format!(
            "`{}` is no amount of money. {HOW}",
            code_safe(amount)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Usd;

    #[test]
    fn an_amount_is_on_top_and_all_else_is_asked_again() {
        let five = Raise::By(Usd::from_nanos(5_000_000_000));
        for said in [
            "$5",
            "5",
            "+$5",
            "by $5",
            "＄5",
            "$5.00",
            "5 usd",
            "$5!",
            "budget=5",
            "Budget: $5",
            "budget by $5",
        ] {
            assert_eq!(read(said).ok(), Some(five), "{said}");
        }
        for said in ["no limit", "No limit!", "unlimited"] {
            assert_eq!(read(said).ok(), Some(Raise::NoLimit), "{said}");
        }
        assert_eq!(read("Nothing.").ok(), Some(Raise::By(Usd::ZERO)));
        for said in ["", "to $5", "budget to $5", "budget", "a bit", "$0", "-5", "5€", "lots"] {
            let told = read(said).expect_err("no amount").text;
            assert!(told.contains("`raise $5`") && !told.contains("budget="), "{said}: {told}");
        }
    }
}
