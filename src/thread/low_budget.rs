//! A budget that runs low: when is the starter told?
//! Once for each budget, while there is still time to add to it without anybody waiting.

use crate::run::{Phase, Progress, Run, Usd};
use crate::slack::section;

use super::people::to_starter;
use super::side_run::Beside;
use super::{Message, MessageKey, To};

/// Percent of the budget.
const LOW: i64 = 80;

/// None while enough is left, or where the run already waits for money.
pub(super) fn low_budget(
    run: &Run,
    progress: Option<&Progress>,
    beside: Beside<'_>,
) -> Option<Message> {
    let budget = run.budget().filter(|_| run.request.money.is_some())?;
    let is_open = matches!(run.phase(), Phase::Running | Phase::Waiting);
    let parts: Vec<&Run> = run.open_children(beside.runs).collect();
    let asks = |run: &Run| run.gate.as_ref().is_some_and(|gate| gate.money.is_some());
    let asks_for_money = asks(run) || parts.iter().any(|part| asks(part));
    let used = spent_by_now(run, progress, beside).nanos().saturating_mul(100);
    // What somebody added to a part is known to the whole when that is over.
    let may = budget + parts.iter().map(|part| part.raised()).sum();
    if !is_open || asks_for_money || used < may.nanos().saturating_mul(LOW) {
        return None;
    }
    let how = match parts.first() {
        Some(part) => format!(
            "Parts at work keep their shares: whoever may approve adds to one by `raise {} $5`, and to the rest by `raise $5` here",
            part.id()
        ),
        None => "Whoever may approve adds to it by `raise $5`, here and while it works".to_owned(),
    };
    let said = to_starter(
        run,
        format!(
            "{LOW} % of the {budget} that {} may spend is used. {how}; when all is spent, the run stands still and asks.",
            run.request.project
        )
        .into(),
    );
    let key = MessageKey::LowBudget(budget.nanos());
    Some(Message::new(key, To::Thread, &said.clone(), vec![section(said)]))
}

/// With what the attempts at work have spent, its own and those of the runs that are part of it.
fn spent_by_now(run: &Run, progress: Option<&Progress>, beside: Beside<'_>) -> Usd {
    let children = beside.runs.iter().map(|child| more(child, beside.progress(child.id())));
    run.spent_with(beside.runs) + more(run, progress) + children.sum()
}

/// What the attempt at work has spent beyond what its run knows of it.
fn more(run: &Run, progress: Option<&Progress>) -> Usd {
    let at_work = progress.filter(|it| run.works_on(&it.stage, it.attempt));
    at_work.map_or(Usd::ZERO, |it| {
        let known = run.attempt(&it.stage, it.attempt).map_or(Usd::ZERO, |a| a.cost_usd);
        it.cost_usd.minus(known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::{Tale, cents, request};

    fn told(budget: i64) -> Option<String> {
        let mut request = request();
        request.budget_usd = Some(cents(budget));
        let tale = Tale::of(request).started().begins("scaffold", 1);
        let progress = tale.progress("scaffold", 1, "Write package.json");
        low_budget(&tale.run, Some(&progress), Beside::default())
            .map(|message| message.text.as_str().to_owned())
    }

    #[test]
    fn the_starter_is_told_before_all_is_spent() {
        insta::assert_snapshot!(told(3).unwrap(), @"<@UANA>, 80 % of the $0.03 that llm-wrapper may spend is used. Whoever may approve adds to it by `raise $5`, here and while it works; when all is spe…");
        assert_eq!(told(4), None);
    }

    #[test]
    fn what_is_spent_beside_the_run_counts_before_it_is_over() {
        let mut tale = Tale::beside();
        tale.run.request.budget_usd = Some(cents(100));
        let begins = |stage: &str| Tale::side_run(&tale.run, stage).begins(stage, 1);
        let children = ["streaming", "structured-logging"].map(begins);
        let spends = |(child, stage): (&Tale, &str)| {
            let mut progress = child.progress(stage, 1, "Write index.js");
            progress.cost_usd = cents(40);
            (child.run.id().clone(), progress)
        };
        let progress =
            [(&children[0], "streaming"), (&children[1], "structured-logging")].map(spends);
        let runs = children.map(|child| child.run);
        let told = |n| {
            let beside = Beside { runs: &runs, progress: &progress[..n], ..Beside::default() };
            low_budget(&tale.run, None, beside).is_some()
        };
        assert!(!told(1), "48 cents of a dollar");
        assert!(told(2), "88 cents of a dollar");
    }
}
