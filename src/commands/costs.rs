//! What was spent?
//! Of a time and a project, by all that whoever asks may see; the same sums as the ledger.

use chrono::{DateTime, TimeDelta, Utc};

use super::misunderstood::Misunderstood;
use super::{Asker, Reply, ReplyKind, Services, Sight, is_visible_to};
use crate::run::{
    Calibration, CostReport, Hindsight, Outcome, Part, PersonId, ProjectName, Run, RunCosts, Usd,
};
use crate::slack::Mrkdwn;
use crate::store::StoreError;
use crate::thread::{self, figures};

/// What is looked at unless somebody says otherwise.
const DAYS: u32 = 30;
/// As far back as anybody can ask.
const MOST_DAYS: u32 = 3_650;
/// Parts of a kind that are named; the rest is summed.
const NAMED: usize = 8;
/// Longest name.
const NAME: usize = 60;
/// Estimates that are looked back at: more than are judged, as some were cut short.
const LOOKED_BACK_AT: i64 = 200;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostsOf {
    /// None for all.
    pub project: Option<ProjectName>,
    pub days: u32,
}

impl CostsOf {
    /// `llm-wrapper 30d`, in any order.
    ///
    /// # Errors
    /// It is something else: in a thread, `costs are too high` is said to the agent.
    pub fn read(words: &str) -> Result<Self, Misunderstood> {
        let mut of = Self { project: None, days: DAYS };
        for word in words.split_whitespace() {
            if let Some(days) = days(word) {
                of.days = days;
            } else if let (None, Ok(project)) = (&of.project, word.to_lowercase().parse()) {
                of.project = Some(project);
            } else {
                let text = format!(
                    "`{}` is no time and no project: `costs llm-wrapper 30d`, or `costs 2w`.",
                    word.replace('`', "'")
                );
                return Err(Misunderstood { text, nearly: false });
            }
        }
        Ok(of)
    }
}

/// `30d`, `2w`.
fn days(word: &str) -> Option<u32> {
    let (n, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let each = match unit {
        "d" | "D" => 1,
        "w" | "W" => 7,
        _ => return None,
    };
    let days = n.parse::<u32>().ok()?.checked_mul(each)?;
    (1..=MOST_DAYS).contains(&days).then_some(days)
}

/// The report, and how it reads.
pub async fn costs(
    services: &Services,
    asker: &Asker,
    of: &CostsOf,
) -> Result<(CostReport, Reply), StoreError> {
    let since = since(asker.said.at, of.days);
    let mut runs = services.store.costs_since(since).await?;
    runs.retain(|run| is_of(run, of) && is_visible_to(&Run::fold(run.request.clone(), &[]), asker));
    let report = CostReport::of(&runs);
    let mut text = in_words(&report, of);
    if asker.sight.doubt {
        text.push_str(Sight::DOUBT);
    }
    Ok((report, Reply::new(ReplyKind::Done, text)))
}

fn since(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now - TimeDelta::days(days.into())
}

fn is_of(run: &RunCosts, of: &CostsOf) -> bool {
    of.project.as_ref().is_none_or(|project| run.request.project == *project)
}

fn in_words(report: &CostReport, of: &CostsOf) -> String {
    let what = of.project.as_ref().map(|project| format!(" for {project}")).unwrap_or_default();
    let time = format!("in the last {}", figures::plural(of.days.into(), "day"));
    let rehearsals = (report.rehearsals > 0).then(|| {
        format!(
            "{}, which cost nothing, not counted.",
            figures::plural(report.rehearsals as u64, "rehearsal")
        )
    });
    if report.runs == 0 {
        let nothing = format!("Nothing was spent{what} {time}.");
        return [Some(nothing), rehearsals].into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    let of = |parts, name| listed(parts, report.total, name);
    let parts = [
        format!("*projects*: {}", of(&report.projects, plainly)),
        format!("*stages*: {}", of(&report.stages, plainly)),
        format!("*models*: {}", of(&report.models, plainly)),
        format!("*people*: {}", of(&report.people, person)),
    ];
    let head = [format!("*{}*{what} {time}.", report.total), ends(report)];
    let lines = head.into_iter().chain(rehearsals).collect::<Vec<_>>().join(" ");
    [lines].into_iter().chain(parts).collect::<Vec<_>>().join("\n")
}

/// `14 runs: 12 over, 9 of them well (75 %), $1.03 for each of these; attempts that were tried again took $2.10 (17 %).`
fn ends(report: &CostReport) -> String {
    let well = match report.for_each_done {
        Some(each) => {
            let share = report.done * 100 / report.ended.max(1);
            format!(", {} of them well ({share} %), {each} for each of these", report.done)
        }
        None => String::new(),
    };
    let again = format!(
        "; attempts that were tried again took {} ({})",
        report.tried_again,
        share(report.tried_again, report.total)
    );
    let runs = figures::plural(report.runs as u64, "run");
    format!("{runs}: {} over{well}{again}.", report.ended)
}

fn listed(parts: &[Part], total: Usd, name: fn(&str) -> Mrkdwn) -> String {
    let parts: Vec<&Part> = parts.iter().filter(|part| part.cost > Usd::ZERO).collect();
    let named = parts.iter().take(NAMED).map(|part| {
        format!("{} {} ({})", name(&part.name).as_str(), part.cost, share(part.cost, total))
    });
    let rest: Usd = parts.iter().skip(NAMED).map(|part| part.cost).sum();
    let others = parts.len().saturating_sub(NAMED);
    let others = (others > 0).then(|| format!("{others} more {rest}"));
    named.chain(others).collect::<Vec<_>>().join(" · ")
}

/// Models are named by whoever asks them.
fn plainly(name: &str) -> Mrkdwn {
    Mrkdwn::line(name, NAME)
}

fn person(name: &str) -> Mrkdwn {
    name.parse::<PersonId>().map_or_else(|_| plainly(name), |person| thread::mention(&person))
}

fn share(part: Usd, total: Usd) -> String {
    let percent = i128::from(part.nanos()) * 100;
    format!("{} %", (percent / i128::from(total.nanos().max(1))).clamp(0, 100))
}

/// How the newest estimates came out.
pub async fn calibration(services: &Services) -> Result<(Calibration, Reply), StoreError> {
    let ended = services.store.ended_runs(None, LOOKED_BACK_AT).await?;
    let looked_back: Vec<Hindsight> = ended.iter().filter_map(hindsight).collect();
    let calibration = Calibration::of(&looked_back);
    let text = match calibration.runs {
        0 => "No estimate can be judged yet.".to_owned(),
        runs => format!(
            "Of the last {} {} cost what was said before, within the interval ({} %; 80 % is right), and {} more.",
            figures::plural(runs as u64, "run"),
            calibration.inside,
            calibration.inside * 100 / runs,
            calibration.above
        ),
    };
    Ok((calibration, Reply::new(ReplyKind::Done, text)))
}

fn hindsight(run: &Run) -> Option<Hindsight> {
    let said = run.request.estimate.as_ref()?.whole.clone();
    let whole = run.outcome == Some(Outcome::Done);
    Some(Hindsight { said, actual: run.spent(), whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_a_project_are_told_apart() {
        let of = |words| CostsOf::read(words);
        let project: ProjectName = "llm-wrapper".parse().unwrap();
        assert_eq!(of(""), Ok(CostsOf { project: None, days: 30 }));
        for words in ["llm-wrapper 2w", "2W LLM-wrapper"] {
            assert_eq!(of(words), Ok(CostsOf { project: Some(project.clone()), days: 14 }));
        }
        assert!(of("llm-wrapper orders").unwrap_err().text.contains("`orders` is no time"));
    }
}
