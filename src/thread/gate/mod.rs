//! The gate card: what does a person read before they sign off?
//! One card per question, one phone screen. Facts come from our own code; the agent's words are quoted, labelled and cut.

mod answer;
mod ask;
mod by_hand;
mod facts;
mod money;
mod recovery;
mod risks;
mod value;

use chrono::{DateTime, Utc};
use url::Url;

use super::message::NOTICE;
use super::{
    DiffAddress, DiffPart, GateKey, Message, MessageKey, RenderContext, To, WorkId, clock, figures,
    review,
};
use crate::run::{Attempt, GateKind, GateSpec, OpenGate, Run, StageState};
use crate::slack::{Mrkdwn, SlackBlock, context, one_line, section};
use crate::thread::batch::what_goes_in;

use answer::GateOutcome;

pub use answer::standing;
pub(super) use answer::was;
pub(super) use ask::SnoozeButton;
pub use by_hand::fetch_by_hand;
pub use money::MoneyQuestion;
pub use recovery::failure_class;
pub use value::{GateValue, RunValue};

/// How much of an agent's words, and of a person's, a card shows. A person's stand whole in the ledger where an attempt reads them.
const WORDS: usize = 400;

/// One question and the work it asks about.
#[derive(Clone, Copy)]
pub(super) struct GateView<'a> {
    pub run: &'a Run,
    pub stage: &'a StageState,
    pub gate: &'a OpenGate,
    pub spec: &'a GateSpec,
    pub work: &'a Attempt,
    pub answer: GateOutcome<'a>,
}

/// Every question the run has asked, in order, as a card.
pub(super) fn gates(run: &Run, now: DateTime<Utc>, render: &RenderContext) -> Vec<Message> {
    GateView::all(run).map(|question| question.card(now, render)).collect()
}

impl<'a> GateView<'a> {
    /// Every question the run has asked, in order.
    pub(super) fn all(run: &'a Run) -> impl Iterator<Item = Self> {
        run.stages.iter().flat_map(move |stage| {
            let open = run.gate.iter().filter(move |open| &open.id.stage == stage.name());
            let closed = stage.closed_questions().map(|asked| &asked.gate);
            let mut all: Vec<&OpenGate> = closed.chain(open).collect();
            all.sort_by_key(|gate| gate.opened_at);
            all.into_iter().filter_map(move |gate| Self::find(run, stage, gate))
        })
    }

    /// The question that is open.
    pub(super) fn open(run: &'a Run) -> Option<Self> {
        let gate = run.gate.as_ref()?;
        Self::find(run, run.stage(&gate.id.stage)?, gate)
    }

    fn find(run: &'a Run, stage: &'a StageState, gate: &'a OpenGate) -> Option<Self> {
        let work =
            stage.attempts.iter().find(|a| a.n == gate.attempt).or_else(|| stage.good_attempt())?;
        Some(Self {
            run,
            stage,
            gate,
            spec: run.spec_of(&gate.id)?,
            work,
            answer: GateOutcome::find(run, stage, gate),
        })
    }

    pub(super) fn gate_key(&self) -> GateKey {
        GateKey::from(&self.gate.id)
    }

    pub(super) fn key(&self) -> MessageKey {
        MessageKey::Gate(self.gate_key())
    }

    /// Where the run's thread is, as a link.
    pub(super) fn channel(&self) -> Mrkdwn {
        let channel =
            self.run.request.channel.as_ref().and_then(|home| Mrkdwn::channel(&home.channel));
        channel.unwrap_or_else(|| "the run's thread".into())
    }

    pub(super) fn is_about_work(&self) -> bool {
        self.gate.id.kind == GateKind::Approve
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.answer, GateOutcome::Open)
    }

    fn card(&self, now: DateTime<Utc>, render: &RenderContext) -> Message {
        match self.gate.id.kind {
            GateKind::Approve => self.work_card(now, render),
            GateKind::Budget => self.short_card(vec![section(self.money_facts())], now, render),
            GateKind::Recovery => self.short_card(self.failure(render), now, render),
        }
    }

    fn work_card(&self, now: DateTime<Utc>, render: &RenderContext) -> Message {
        let mut blocks = vec![section(self.headline())];
        blocks.extend(self.answered().into_iter().chain(self.asked_again()).map(section));
        blocks.push(section(self.facts()));
        blocks.extend(what_goes_in(self.run, self.stage.name()));
        blocks.extend(self.since(render).map(section));
        blocks.extend(self.look_twice().into_iter().chain(self.words_of_the_agent()).map(section));
        blocks.extend(self.work.review.as_ref().map(review::on_card).map(section));
        blocks.extend(if self.is_open() {
            self.ask(now, render)
        } else {
            self.small_print(render).into_iter().collect()
        });
        Message::new(self.key(), To::Thread, &self.notice(), blocks)
    }

    /// Of a question that is not about work: with these facts.
    fn short_card(
        &self,
        facts: Vec<SlackBlock>,
        now: DateTime<Utc>,
        render: &RenderContext,
    ) -> Message {
        let mut blocks = vec![section(self.headline())];
        blocks.extend(self.answered().map(section));
        blocks.extend(facts);
        blocks.extend(if self.is_open() {
            self.ask(now, render)
        } else {
            self.answered_at()
                .map(|at| context("Decided " + clock::moment(at, render)))
                .into_iter()
                .collect()
        });
        Message::new(self.key(), To::Thread, &self.notice(), blocks)
    }

    fn words_of_the_agent(&self) -> Option<Mrkdwn> {
        let words = Mrkdwn::excerpt(self.work.words.as_deref()?, WORDS)?;
        Some("_In the agent's own words:_\n" + words)
    }

    /// When it was answered, and what it was about.
    fn small_print(&self, render: &RenderContext) -> Option<SlackBlock> {
        let at = self.answered_at().map(|at| "Decided " + clock::moment(at, render));
        Mrkdwn::join(at.into_iter().chain(self.diff_link(render)), " · ").non_empty().map(context)
    }

    pub(super) fn diff_url(&self, render: &RenderContext) -> Option<Url> {
        self.diff_part(DiffPart::default(), render)
    }

    /// The page of what changed since the round before.
    fn since_url(&self, render: &RenderContext) -> Option<Url> {
        self.diff_part(DiffPart { since_round: true, file: None }, render)
    }

    fn diff_part(&self, part: DiffPart, render: &RenderContext) -> Option<Url> {
        diff_url((self.run, self.stage, self.work), part, render)
    }

    pub(super) fn diff_link(&self, render: &RenderContext) -> Option<Mrkdwn> {
        self.diff_url(render)
            .filter(|_| self.gate.id.kind != GateKind::Budget && self.work.diff.is_some())
            .map(|url| Mrkdwn::link(&url, "View diff"))
    }

    /// The same below a button that opens it, where the client does not do that.
    pub(super) fn diff_link_below_button(&self, render: &RenderContext) -> Option<Mrkdwn> {
        self.diff_link(render).filter(|_| !render.real_slack && self.is_about_work())
    }

    /// For a lock screen: the decision, and the figures whole, whatever the names are.
    pub(super) fn notice(&self) -> Mrkdwn {
        match self.gate.id.kind {
            GateKind::Approve => {}
            GateKind::Budget => {
                let said = format!("{} {}.", self.in_short(), self.money_spent());
                return Mrkdwn::line(&said, NOTICE);
            }
            GateKind::Recovery => return self.failure_notice(),
        }
        let mut parts: Vec<String> =
            self.work.diff.as_ref().map(figures::diff).into_iter().collect();
        parts.extend(self.work.tests.map(figures::tests));
        parts.push(self.spent().to_string());
        let figures = parts.join(" · ");
        let room = NOTICE.saturating_sub(figures.chars().count() + 1);
        Mrkdwn::line(
            &format!("{} {figures}", one_line(&self.in_short(), room.max(NOTICE / 3))),
            NOTICE,
        )
    }
}

/// The page that shows what exactly this attempt changed; none where no browser can reach us.
#[must_use]
pub fn diff_url(
    (run, stage, attempt): (&Run, &StageState, &Attempt),
    part: DiffPart,
    render: &RenderContext,
) -> Option<Url> {
    let (run, stage) = (run.id().clone(), stage.name().clone());
    let address = DiffAddress { run, stage, work: WorkId::of(attempt), part };
    Some(render.links.as_ref()?.diff(&address, clock::ended_at(attempt)))
}

#[cfg(test)]
mod tests;
