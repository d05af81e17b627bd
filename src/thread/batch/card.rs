//! The card of a batch: how are its features?
//! The root message in the channel, one phone screen: a row for each feature, what all of them took, and what does not fit together.

use chrono::{DateTime, Utc};

use super::feature::{FeatureRow, FeatureState};
use crate::run::{Overlap, Phase, QueuedAttempt, Run, RunId, StageName, StageState, Usd};
use crate::slack::{Mrkdwn, context, header, one_line, section};
use crate::thread::card::{banners, notice, places, steer};
use crate::thread::queued::queue_place;
use crate::thread::sections::in_sections;
use crate::thread::{Message, MessageKey, RenderContext, To, clock, figures};

/// Longest reason in a row.
const WHY: usize = 100;
/// Pairs of features that touch the same files, of which a line is shown.
const PAIRS: usize = 3;

pub(in crate::thread) fn batch_card(
    run: &Run,
    (features, queued): (&[Run], &[(RunId, QueuedAttempt)]),
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Message {
    let mut rows = FeatureRow::all(run, features, clock_of(run, now));
    for row in &mut rows {
        let place = queued.iter().find(|(of, _)| *of == row.run).map(|(_, it)| it.at.clone());
        row.queue = place;
    }
    let mut blocks = vec![header(&title(run, &rows))];
    blocks.extend(in_sections(rows.iter().map(row)));
    blocks.extend(asked(run, &rows).map(section));
    blocks.push(context(totals(run, &rows, now)));
    blocks.extend(Mrkdwn::join(overlaps(run, &rows), "\n").non_empty().map(context));
    blocks.extend(Mrkdwn::join(banners(run), "\n").non_empty().map(context));
    blocks.extend(branches(run, render).map(context));
    blocks.extend(steer(run));
    Message::new(MessageKey::Card, To::Channel, &notice(run, features), blocks)
}

/// Whole minutes while it is under way, so that time alone seldom redraws it; each event shows its own moment.
fn clock_of(run: &Run, now: DateTime<Utc>) -> DateTime<Utc> {
    run.ended_at.unwrap_or_else(|| clock::minute(now))
}

fn title(run: &Run, rows: &[FeatureRow]) -> String {
    let features = figures::plural(rows.len() as u64, "feature");
    format!("{} · {features} · {}", run.request.project, figures::phase(run))
}

/// `✓ *1 gemini-provider* · merged · 50/50 tests · $0.22 · 2m 10s`.
fn row(row: &FeatureRow) -> Mrkdwn {
    let name = format!("{} *{} {}*", glyph(row.state), row.n, row.name);
    Mrkdwn::from(name) + " · " + Mrkdwn::line(&figures_of(row), 300)
}

fn figures_of(row: &FeatureRow) -> String {
    let mut parts = vec![state(row)];
    parts.extend(row.tests.map(figures::tests));
    if row.cost_usd > Usd::ZERO {
        parts.push(row.cost_usd.to_string());
    }
    if row.seconds > 0 {
        parts.push(figures::span(row.seconds));
    }
    parts.join(" · ")
}

impl FeatureRow {
    /// Whether nothing more becomes of it.
    const fn is_over(&self) -> bool {
        matches!(self.state, FeatureState::Merged | FeatureState::LeftOut | FeatureState::Stopped)
    }

    /// `✓ 1 gemini-provider · merged · 50/50 tests · $0.22 · 2m 10s`, without any mark-up.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        format!("{} {} {} · {}", glyph(self.state), self.n, self.name, figures_of(self))
    }
}

const fn glyph(state: FeatureState) -> &'static str {
    match state {
        FeatureState::Starting | FeatureState::Good => "○",
        FeatureState::Developing | FeatureState::Merging => "◐",
        FeatureState::Asking | FeatureState::MergeAsks => "◆",
        FeatureState::Merged => "✓",
        FeatureState::NotGood => "✗",
        FeatureState::Stopped | FeatureState::LeftOut => "↺",
    }
}

fn state(row: &FeatureRow) -> String {
    let why = row.why.as_deref().map(|why| format!(": {}", one_line(why, WHY))).unwrap_or_default();
    match row.state {
        FeatureState::Starting | FeatureState::Developing if let Some(place) = &row.queue => {
            format!("waits for a slot: {}", queue_place(place))
        }
        FeatureState::Starting => "waiting for a worker".to_owned(),
        FeatureState::Developing => match &row.at {
            Some((stage, attempt)) if *attempt > 1 => format!("{stage}, attempt {attempt}"),
            Some((stage, _)) => stage.to_string(),
            None => "developing".to_owned(),
        },
        FeatureState::Asking => "asks in the thread".to_owned(),
        FeatureState::Good => "good, not merged yet".to_owned(),
        FeatureState::Merging => "merging".to_owned(),
        FeatureState::MergeAsks => format!("asks what becomes of it{why}"),
        FeatureState::Merged => "merged".to_owned(),
        FeatureState::NotGood => format!("not good{why}"),
        FeatureState::Stopped => format!("stopped{why}"),
        FeatureState::LeftOut => format!("left out{why}"),
    }
}

/// That somebody is waited for.
fn asked(run: &Run, rows: &[FeatureRow]) -> Option<Mrkdwn> {
    let open = rows.iter().filter(|row| row.state == FeatureState::Asking).count() as u64;
    let own = u64::from(run.gate.is_some());
    let questions = figures::plural(open + own, "question");
    let (waits, an_answer) =
        if open + own == 1 { ("waits", "an answer") } else { ("wait", "answers") };
    (open + own > 0).then(|| format!("*{questions} {waits} for {an_answer}* in the thread").into())
}

/// `$0.60 of $4.00 · 5m 33s, one after another 15m 13s, 2.7x`.
fn totals(run: &Run, rows: &[FeatureRow], now: DateTime<Utc>) -> Mrkdwn {
    let mut parts = vec![Mrkdwn::code(run.id().as_str(), 80)];
    let spent = rows.iter().map(|row| row.cost_usd).sum::<Usd>()
        + run.stages.last().map(StageState::cost).unwrap_or_default();
    parts.push(figures::of_budget(run, spent).into());
    parts.extend(side_by_side(run, rows, now).map(Mrkdwn::from));
    parts.extend(run.agent.as_ref().map(|info| Mrkdwn::line(&figures::agent(info), 160)));
    parts.extend(run.request.again.as_ref().map(|it| Mrkdwn::line(&figures::again(it), 160)));
    Mrkdwn::join(parts, " · ")
}

/// What it took to develop all of them, and what it would have taken one after the other.
fn side_by_side(run: &Run, rows: &[FeatureRow], now: DateTime<Utc>) -> Option<String> {
    let began = run.started_at?;
    let took = run.developed_at.map_or_else(
        || figures::seconds(began, clock_of(run, now)),
        |ended| figures::seconds(began, ended),
    );
    let one_after_another: u64 = rows.iter().map(|row| row.seconds).sum();
    if run.developed_at.is_none() {
        return (run.phase() == Phase::Running).then(|| figures::wait(took));
    }
    let tenths = (one_after_another * 10 + took / 2).checked_div(took).unwrap_or(10);
    let times = format!("{}.{}x", tenths / 10, tenths % 10);
    Some(format!(
        "{}, one after another {}, {times}",
        figures::span(took),
        figures::span(one_after_another)
    ))
}

/// Which features touch the same files, those first that conflict; until it is known what becomes of both.
fn overlaps(run: &Run, rows: &[FeatureRow]) -> Vec<Mrkdwn> {
    let Some(preview) = &run.preview else { return Vec::new() };
    let is_over = |n: usize| rows.get(n - 1).is_none_or(FeatureRow::is_over);
    let matters = |it: &&Overlap| !(is_over(it.pair.0) && is_over(it.pair.1));
    let mut pairs: Vec<&Overlap> = preview.overlaps.iter().filter(matters).collect();
    pairs.sort_by_key(|it| it.conflicts.is_empty());
    let name = |n: usize| rows.get(n - 1).map(|row| row.name.clone());
    let line = |it: &&Overlap| {
        let (one, two) = (name(it.pair.0)?, name(it.pair.1)?);
        Some(pair_line((&one, &two), it))
    };
    let mut lines: Vec<Mrkdwn> = pairs.iter().take(PAIRS).filter_map(line).collect();
    if pairs.len() > PAIRS {
        let more = figures::plural((pairs.len() - PAIRS) as u64, "more pair");
        lines.push(format!("… {more}").into());
    }
    lines
}

fn pair_line((one, two): (&StageName, &StageName), it: &Overlap) -> Mrkdwn {
    let conflict = !it.conflicts.is_empty();
    let (what, paths) =
        if conflict { ("conflict in ", &it.conflicts) } else { ("both change ", &it.files) };
    let named: Vec<Mrkdwn> = paths.iter().take(2).map(|path| Mrkdwn::code(path, 80)).collect();
    let more = it.count.saturating_sub(named.len());
    let more = if !conflict && more > 0 { format!(" and {more} more") } else { String::new() };
    Mrkdwn::from(format!("{one} and {two} {what}")) + Mrkdwn::join(named, ", ") + more
}

fn branches(run: &Run, render: &RenderContext) -> Option<Mrkdwn> {
    let below = format!("signoff/{}/", run.id());
    let each = "Each is on a branch below " + Mrkdwn::code(&below, 120);
    Mrkdwn::join([each].into_iter().chain(places(run, render).non_empty()), " · ").non_empty()
}

/// Where a feature's run is asked about instead of in its own thread.
pub(in crate::thread) fn is_asked_in_batch(run: &Run) -> bool {
    run.request.part_of.is_some()
}
