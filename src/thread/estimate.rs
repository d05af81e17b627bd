//! Estimates in words: what will a run probably cost and take?
//! Always as an interval, with how much is behind it; rounded outward, so that it promises no more than is known.

use super::figures;
use crate::run::{Estimate, Run};

/// `It will probably cost about $1.40, 8 of 10 runs between $0.50 and $4.00 (11 similar runs), and take about 25 min.`
#[must_use]
pub fn estimated(estimate: &Estimate) -> String {
    let cost = estimate.cost.rounded();
    let behind = match estimate.runs {
        0 => "no similar run yet: what is typical for stages of these sizes".to_owned(),
        n => figures::plural(n.into(), "similar run"),
    };
    let about = if estimate.seconds.middle < 60 { "" } else { "about " };
    format!(
        "It will probably cost about {}, 8 of 10 runs between {} and {} ({behind}), and take {about}{}.",
        cost.middle,
        cost.low,
        cost.high,
        figures::wait(estimate.seconds.middle)
    )
}

/// `estimated $0.50–$4.00`; with what it came to, once it is over.
pub(super) fn in_short(run: &Run) -> Option<String> {
    let cost = run.request.estimate.as_ref()?.whole.cost.rounded();
    let estimated = format!("estimated {}–{}", cost.low, cost.high);
    Some(match run.outcome {
        Some(_) => format!("{estimated}, was {}", run.spent()),
        None => estimated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Interval, RunEstimate, Usd};
    use crate::thread::samples::Tale;

    fn estimate(runs: u32) -> Estimate {
        let usd = |cents: i64| Usd::from_nanos(cents * 10_000_000);
        Estimate {
            cost: Interval { low: usd(51), middle: usd(140), high: usd(398) },
            seconds: Interval { low: 600, middle: 1_500, high: 4_000 },
            runs,
            widen: 1.0,
        }
    }

    #[test]
    fn an_estimate_says_what_is_behind_it() {
        assert_eq!(
            estimated(&estimate(11)),
            "It will probably cost about $1.40, 8 of 10 runs between $0.51 and $4.00 (11 similar runs), and take about 25 min."
        );
        assert!(estimated(&estimate(0)).contains("(no similar run yet: "));
    }

    #[test]
    fn afterwards_it_stands_beside_what_it_was() {
        let mut tale = Tale::done();
        tale.run.request.estimate =
            Some(RunEstimate { whole: estimate(3), stages: vec![], forecasts: vec![] });
        assert_eq!(in_short(&tale.run).as_deref(), Some("estimated $0.51–$4.00, was $0.88"));
    }
}
