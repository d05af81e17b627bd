//! The questions of a batch's features, or of stages beside others: what do all of them ask together?
//! Those that are open at the same time stand in one message, a row each: a batch calls people as often as one run does. A new message calls
//! again, where nothing was open any more.

use std::cmp::{Reverse, max};

use chrono::{DateTime, Utc};

use crate::run::{Approver, OpenGate, Run, StageState};
use crate::slack::{Button, Mrkdwn, SlackBlock, actions, context, section};
use crate::thread::gate::{GateView, SnoozeButton};
use crate::thread::people::{called_by, row};
use crate::thread::{Message, MessageKey, RenderContext, To, clock};

/// Buttons of one row that fit beside each other on a phone.
const BUTTONS: usize = 4;
/// Slack takes fifty blocks; each question has three.
const ROWS: usize = 14;

/// A question of a feature, and how long it was open.
pub(super) struct Asked<'a> {
    pub run: &'a Run,
    pub gate: &'a OpenGate,
    pub closed_at: Option<DateTime<Utc>>,
}

impl Asked<'_> {
    /// Whom it calls.
    fn calls(&self) -> Vec<Approver> {
        let spec = self.run.spec_of(&self.gate.id);
        spec.map(|spec| called_by(self.run, &self.gate.id, spec)).unwrap_or_default()
    }
}

/// One message for each time in which something was open.
pub(in crate::thread) fn questions(
    features: &[Run],
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<Message> {
    let groups = groups(features);
    groups.iter().zip(1..).map(|(group, n)| message(n, group, now, render)).collect()
}

/// What a batch asks about this feature, for that one's own card: it does not merge, or is not good.
pub(in crate::thread) fn asked_about(
    batch: &Run,
    feature: &Run,
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    let slug = feature.request.part_of.as_ref().map(|member| &member.slug);
    let open = batch.gate.as_ref().filter(|open| Some(&open.id.stage) == slug);
    let asked = open.map(|gate| Asked { run: batch, gate, closed_at: None });
    asked.map(|asked| row_of((&asked, 1), now, render)).unwrap_or_default()
}

/// What was open at the same time, in the order in which it was asked.
pub(super) fn groups(features: &[Run]) -> Vec<Vec<Asked<'_>>> {
    let mut asked: Vec<Asked<'_>> = features.iter().flat_map(asked_by).collect();
    asked.sort_by_key(|it| it.gate.opened_at);
    let mut groups: Vec<Vec<Asked<'_>>> = Vec::new();
    // Until when something of the newest group was open; none = it still is.
    let mut open_until = Some(DateTime::<Utc>::MIN_UTC);
    let mut called: Vec<Approver> = Vec::new();
    for it in asked {
        // An edit calls nobody: whoever was not called yet needs a message.
        let calls = it.calls();
        let is_new = open_until.is_some_and(|until| it.gate.opened_at > until)
            || calls.iter().any(|who| !called.contains(who));
        if is_new {
            called = calls;
        }
        open_until = if is_new {
            it.closed_at
        } else {
            open_until.zip(it.closed_at).map(|(until, closed)| max(until, closed))
        };
        match groups.last_mut().filter(|_| !is_new) {
            Some(group) => group.push(it),
            None => groups.push(vec![it]),
        }
    }
    groups
}

fn asked_by(run: &Run) -> impl Iterator<Item = Asked<'_>> {
    let closed = run.stages.iter().flat_map(StageState::closed_questions);
    let closed = closed.map(move |it| Asked { run, gate: &it.gate, closed_at: Some(it.closed_at) });
    let open = run.gate.iter().map(move |gate| Asked { run, gate, closed_at: None });
    closed.chain(open)
}

fn message(n: usize, group: &[Asked<'_>], now: DateTime<Utc>, render: &RenderContext) -> Message {
    let head = head(group);
    let mut blocks = vec![section(head.clone())];
    let shown = with_room(group.iter());
    for (it, n) in shown.iter().zip(1..) {
        blocks.extend(row_of((it, n), now, render));
    }
    let more = group.len() - shown.len();
    if more > 0 && shown.iter().all(|it| it.closed_at.is_none()) {
        blocks.push(context(format!("… and {more} more: `/develop waiting` names what is open")));
    } else if more > 0 {
        blocks.push(context(format!("… and {more} more that are answered")));
    }
    Message::new(MessageKey::Questions(n), To::Thread, &head, blocks)
}

/// As many as there is room for: those that are open, then those that were answered last; in the order in which they were asked.
pub(super) fn with_room<'a>(group: impl Iterator<Item = &'a Asked<'a>>) -> Vec<&'a Asked<'a>> {
    let mut shown: Vec<(usize, &Asked<'_>)> = group.enumerate().collect();
    shown.sort_by_key(|(_, it)| Reverse(it.closed_at.unwrap_or(DateTime::<Utc>::MAX_UTC)));
    shown.truncate(ROWS);
    shown.sort_by_key(|(at, _)| *at);
    shown.into_iter().map(|(_, it)| it).collect()
}

/// Who is asked how much; nobody any more once all is answered.
fn head(group: &[Asked<'_>]) -> Mrkdwn {
    let open: Vec<&Asked<'_>> = group.iter().filter(|it| it.closed_at.is_none()).collect();
    if open.is_empty() {
        return "*Answered*".into();
    }
    let mut called: Vec<Approver> = Vec::new();
    for it in &open {
        for approver in it.calls() {
            if !called.contains(&approver) {
                called.push(approver);
            }
        }
    }
    Mrkdwn::from(what_asks(&open)) + " " + row(&called)
}

/// `*2 features ask something.*`.
pub(super) fn what_asks(open: &[&Asked<'_>]) -> String {
    let is_stage = open.iter().any(|it| it.run.request.is_side_run());
    match (open.len(), is_stage) {
        (1, false) => "*A feature asks something.*".to_owned(),
        (1, true) => "*A stage asks something.*".to_owned(),
        (many, false) => format!("*{many} features ask something.*"),
        (many, true) => format!("*{many} stages ask something.*"),
    }
}

/// A question, with its buttons while it is open; `n` tells them apart from those of others.
pub(super) fn row_of(
    (asked, n): (&Asked<'_>, usize),
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    let run = asked.run;
    let name = run.request.part_of.as_ref().map(|it| format!("*{} {}* · ", it.n, it.slug));
    let name = Mrkdwn::from(name.unwrap_or_default());
    let Some(question) = GateView::all(run).find(|it| it.gate.id == asked.gate.id) else {
        return Vec::new();
    };
    if asked.closed_at.is_some() {
        return vec![section(name + question.outcome())];
    }
    let said = Mrkdwn::from(question.asked()) + "\n" + Mrkdwn::line(&question.figures(), 300);
    let mut blocks = vec![section(name + said)];
    if !clock::is_over(question.gate, question.spec, now) {
        let buttons = question.buttons(render, SnoozeButton::NotOffered).into_iter().take(BUTTONS);
        let buttons: Vec<Button> = buttons.map(|button| button.numbered(n)).collect();
        blocks.push(actions(&format!("{} {}", run.id(), question.key()), buttons));
        let until = clock::left_at_most(question.gate, question.spec, now);
        blocks.push(context(until));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{BatchMember, Verdict};
    use crate::thread::samples::{Tale, ben, name, no_pages};
    use crate::thread::transcript;

    fn feature(tale: Tale, n: usize) -> Run {
        let batch = "llm-wrapper-batch22".parse().expect("an id");
        let mut run = tale.run;
        run.request.run = format!("llm-wrapper-part{n}").parse().expect("an id");
        let slug = name(&format!("f{n}"));
        run.request.part_of = Some(BatchMember { batch, is_stage: false, n, of: 20, slug });
        run
    }

    fn shown(features: &[Run]) -> String {
        transcript(&questions(features, Tale::waiting().now, &no_pages()))
    }

    #[test]
    fn what_is_open_is_shown_before_what_is_answered() {
        let tale = |n: usize| Tale::waiting().after(60 * i64::try_from(n).expect("few"));
        let answered = |n| feature(tale(n).decides(ben(), Verdict::Approve, None), n);
        let waits = |n| feature(Tale::waiting(), n);
        let mut features: Vec<Run> = (1..=15).map(answered).collect();
        features.extend([waits(16), waits(17)]);
        let text = shown(&features);
        assert!(text.contains("*16 f16* · *Keep") && text.contains("*17 f17* · *Keep"), "{text}");
        assert!(text.contains("*15 f15*") && !text.contains("*3 f3*"), "the newest: {text}");
        assert!(text.contains("… and 3 more that are answered"), "{text}");
        let text = shown(&(1..=16).map(waits).collect::<Vec<_>>());
        assert!(text.contains("… and 2 more: `/develop waiting` names what is open"), "{text}");
    }

    #[test]
    fn a_failed_stage_offers_every_way_out_in_one_row() {
        let failed =
            Tale::rolled_back().recovers("streaming").errs("streaming", 2).errs("streaming", 3);
        let text = shown(&[feature(failed.follows(), 1)]);
        assert!(
            text.contains("[Retry] [Retry with a note] [Skip] [Take over by hand]\n"),
            "{text}"
        );
    }
}
