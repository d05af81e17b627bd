//! What was spent?
//! Of a time and a project, by all that whoever asks may see; the same sums as the ledger.

use super::look_back::LookBack;
use super::{Asker, Reply, ReplyKind, Services, Sight, is_visible_to};
use crate::run::{Calibration, CostReport, Hindsight, Outcome, Part, PersonId, Run, Usd};
use crate::slack::Mrkdwn;
use crate::store::StoreError;
use crate::thread::{self, figures};

/// Parts of a kind that are named; the rest is summed.
const NAMED: usize = 8;
/// Longest name.
const NAME: usize = 60;
/// Estimates that are looked back at: more than are judged, as some were cut short.
const LOOKED_BACK_AT: i64 = 200;

/// The report, and how it reads.
pub async fn costs(
    services: &Services,
    asker: &Asker,
    of: &LookBack,
) -> Result<(CostReport, Reply), StoreError> {
    let mut runs = services.store.costs_since(of.since(asker.said.at)).await?;
    runs.retain(|run| {
        of.holds(&run.request) && is_visible_to(&Run::fold(run.request.clone(), &[]), asker)
    });
    let report = CostReport::of(&runs);
    let mut text = in_words(&report, of);
    if asker.sight.doubt {
        text.push_str(Sight::DOUBT);
    }
    Ok((report, Reply::new(ReplyKind::Done, text)))
}

fn in_words(report: &CostReport, of: &LookBack) -> String {
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
