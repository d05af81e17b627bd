//! Is a limit understood or refused, however somebody writes it?

use super::*;

fn read(said: &str) -> Result<(Option<String>, String), String> {
    BudgetWords::read(said)
        .map(|it| (it.budget.map(|budget| budget.to_string()), it.rest))
        .map_err(|wrong| wrong.text)
}

#[test]
fn a_budget_is_understood_however_it_is_typed() {
    for said in [
        "budget=5",
        "budget=$5",
        "Budget=5",
        "BUDGET=$5.00",
        "budget: $5",
        "budget:$5",
        "budget:5",
        "budget $5",
        "budget 5",
        "--budget 5",
        "--budget=5",
        "—budget 5",
        "–budget=$5",
        "-budget 5",
        "budget＝5",
        "budget＝＄５",
        "budget = 5",
        "budget =5",
        "budget= 5",
        "budget : $5",
        "budget=5$",
        "budget=5,00",
        "budget=$5,",
        "budget=5.",
        "budget=\"5\"",
        "“budget=5”",
        "`budget=5`",
        "(budget=5)",
        "budget$5",
        "budget5",
        "budget=5usd",
        "budget=5 dollars",
        "budget $ 5",
        "budget 5 USD",
        "budget=US$5",
        "budget\u{a0}=\u{a0}5",
        "budget=$5!",
        "budget=$5 budget=5",
        "budget -> 5",
    ] {
        let kept = |rest: &str| Ok((Some("$5.00".to_owned()), rest.to_owned()));
        assert_eq!(read(said), kept(""), "{said}");
        assert_eq!(read(&format!("keep it small {said}")), kept("keep it small"), "{said}");
        assert_eq!(read(&format!("{said} keep it small")), kept("keep it small"), "{said}");
    }
    assert_eq!(read("budget=5,50"), Ok((Some("$5.50".to_owned()), String::new())));
}

#[test]
fn a_limit_that_is_not_understood_starts_nothing() {
    for said in [
        "budget=",
        "budget:",
        "--budget",
        "budget=lots",
        "budget=5,500",
        "budget=1 000",
        "budget=5k",
        "budget=€5",
        "budget=5€",
        "budget=-5",
        "budget=0",
        "budget=5/day",
        "budget=5-10",
        "budget=5 budget=10",
        "budget five dollars",
        "budget of 5",
        "budget of $5",
        "budget up to 5",
        "budget max $5",
        "a budget of about $5",
        "bugdet=5",
        "bugdet: 5",
        "--bugdet 5",
        "bugdet $5",
        "max $5",
        "max=5",
        "max=$5",
        "limit=5",
        "limit: $5",
        "cap $5",
        "at most $5",
        "no more than $5",
        "--max-budget 5$",
        "--max-budget=5",
        "--budget-usd=5",
        "$5",
        "5$",
        "5 dollars",
        "$5 keep it small",
        "keep it small, $5",
        "keep it small for $5",
        "keep it small under $5",
        "$5 max",
        "with a $5 budget",
        "small;budget=5",
        "spend $5",
        "spend at most 5 dollars",
        "budget-5",
        "budget=5 €",
        "budget=5 EUR",
        "limit: 5",
        "limit 5",
        "max 5",
        "maximum 5",
        "usd 5",
        "up to 5 dollars",
        "5€ budget",
        "budget≤5",
        "budget[5]",
        "budget٥",
        "cost: 5",
        "cost<5",
        "money=5",
        "keep it small, max 5",
    ] {
        assert!(read(said).is_err(), "{said}: {:?}", read(said));
    }
}

#[test]
fn what_is_no_limit_is_only_words() {
    for said in [
        "",
        "with x=1 retries",
        "add a budget page with 3 columns",
        "show the max of 5 values",
        "read src/budget.rs",
        "make the price $5 again",
        "budgets are shown in the list",
        "retry 5 times at most",
        "free shipping from $50 on",
        "a limit for uploads",
        "read budget_2024.csv",
        "for 3 users",
        "limit 5 requests a second",
        "show at most 5 of them",
    ] {
        assert_eq!(read(said), Ok((None, said.to_owned())), "{said}");
    }
    let said = "a $5 max for coupons budget=$2";
    assert_eq!(read(said), Ok((Some("$2.00".to_owned()), "a $5 max for coupons".to_owned())));
}

#[test]
fn all_else_keeps_its_lines() {
    let code = "Add this:\n    def f(x):\n        return x";
    let with = |rest: &str| Ok((Some("$5.00".to_owned()), rest.to_owned()));
    for said in [
        format!("{code} budget=$5"),
        format!("budget=$5 {code}"),
        format!("{code}\nbudget: 5"),
        code.replace(":\n    def", ": budget=$5\n    def"),
        code.replace("\n        return", "\n  budget 5\n        return"),
    ] {
        assert_eq!(read(&said), with(code), "{said}");
    }
    assert_eq!(read(code), Ok((None, code.to_owned())));
    assert_eq!(
        read("add a budget\n5 columns wide"),
        Ok((None, "add a budget\n5 columns wide".to_owned()))
    );
    assert_eq!(read("\"a page budget=$5\" \"a list\""), with("\"a page\" \"a list\""));
}

#[test]
fn lines_have_one_budget_together_and_without_one_each_is_asked() {
    let lines = |said: &str, named: Option<&str>| {
        let named = named.map(|named| named.parse().expect("an amount"));
        BudgetWords::read_lines(said, named)
            .map(|it| (it.budget.map(|budget| budget.to_string()), it.rest))
            .map_err(|wrong| wrong.text)
    };
    let eight = |rest: &str| Ok((Some("$8.00".to_owned()), rest.to_owned()));
    assert_eq!(lines("Warn at max $5\nCLI\nbudget=$8", None), eight("Warn at max $5\nCLI"));
    assert_eq!(lines("Warn at max $5\nCLI budget=8", Some("8")), eight("Warn at max $5\nCLI"));
    for (said, named) in [("A budget=$2\nB budget=$5", None), ("A\nB budget=$2", Some("5"))] {
        assert!(lines(said, named).is_err_and(|told| told.contains("two budgets")), "{said}");
    }
    assert!(
        lines("CLI for $5\nToken counting", None).is_err_and(|told| told.contains("sounds like"))
    );
}

#[test]
fn it_is_told_how_to_write_it() {
    assert!(read("max $5").is_err_and(|told| told.contains("`budget=$5`")));
    assert!(read("budget=lots").is_err_and(|told| told.contains("`budget=lots` is no amount")));
    assert!(read("bugdet=5").is_err_and(|told| told.contains("Did you mean `budget=$5`?")));
}
