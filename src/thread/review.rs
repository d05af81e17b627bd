//! The second reader: how does what it found read?
//! An agent's words, under a heading that says so, each with the place that it points at; and what that cost, as what it is.

use crate::run::{Attempt, Finding, Review, StagePhase, StageState};
use crate::slack::{Mrkdwn, one_line};

use super::figures;

/// Longest path and reason, in characters.
const FILE: usize = 80;
const WHY: usize = 160;

/// For a question about the work; at most as much as five sentences.
pub(super) fn on_card(review: &Review) -> Mrkdwn {
    let cost = review.cost_usd;
    if let Some(why) = &review.why {
        return format!("_No second reader has read it ({cost}):_ {}", one_line(why, WHY)).into();
    }
    let lines: Vec<String> = review.findings.iter().map(line).collect();
    let most = Review::FINDINGS * (FILE + Finding::SAYS + 20);
    match Mrkdwn::excerpt(&lines.join("\n"), most) {
        Some(said) => {
            Mrkdwn::from(format!("_A second reader, an agent too, objects ({cost}):_\n")) + said
        }
        None => format!("_A second reader, an agent too, found nothing ({cost})._").into(),
    }
}

fn line(finding: &Finding) -> String {
    let place = finding.place(&one_line(&finding.file, FILE));
    format!("{place}: {}", one_line(&finding.says, Finding::SAYS))
}

/// `○ draft · second reader of attempt 1: 2 findings · $0.02 · 5s`; none where nobody has read it.
pub(super) fn in_a_line(stage: &StageState, attempt: &Attempt) -> Option<String> {
    let review = attempt.review.as_ref()?;
    let found = match &review.why {
        Some(why) => format!("not read, {}", one_line(why, WHY)),
        None => figures::plural(review.findings.len() as u64, "finding"),
    };
    Some(format!(
        "{} {} · second reader of {}: {found}{} · {} · {}",
        figures::glyph(StagePhase::Todo),
        stage.name(),
        figures::attempt(stage, attempt.n),
        if stage.was_sent_back(attempt) { " → sent back" } else { "" },
        review.cost_usd,
        figures::span(review.seconds)
    ))
}

/// Whether somebody reads its work now.
pub(super) fn is_at_work(stage: &StageState) -> bool {
    let unread = |last: &Attempt| stage.is_good_as_a_whole(last) && last.review.is_none();
    stage.stage.review.is_some()
        && stage.phase == StagePhase::Running
        && stage.attempts_now().last().is_some_and(unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{NotFound, Usd};

    fn card(review: &Review) -> String {
        on_card(review).as_str().to_owned()
    }

    #[test]
    fn what_an_agent_says_is_quoted_below_a_heading_that_says_so() {
        let finding = |line, says: &str| Finding::at("src/a.js", line, says);
        let cost_usd = Usd::from_nanos(20_000_000);
        let findings = vec![
            finding(12, "it never ends"),
            finding(40, "<!channel> *all* of it"),
            Finding { not_found: Some(NotFound::Line), ..finding(0, "nobody tests it") },
            Finding { not_found: Some(NotFound::File), ..finding(0, "it is missing") },
        ];
        insta::assert_snapshot!(card(&Review { findings, cost_usd, ..Review::default() }), @r"
        _A second reader, an agent too, objects ($0.02):_
        > src/a.js:12: it never ends
        > src/a.js:40: &lt;!channel&gt; *all* of it
        > src/a.js (line not found): nobody tests it
        > src/a.js (file not found): it is missing
        ");
        insta::assert_snapshot!(card(&Review { cost_usd, ..Review::default() }), @"_A second reader, an agent too, found nothing ($0.02)._");
        insta::assert_snapshot!(card(&Review::none("no money is left for it")), @"_No second reader has read it ($0.00):_ no money is left for it");
    }
}
