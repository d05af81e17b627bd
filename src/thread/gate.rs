//! What does a person read before they sign off?
//! One card per question. Facts come from our own code; the agent's words are quoted, labelled and cut.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use slack_morphism::prelude::{SlackBlock, SlackBlockButtonElement};
use url::Url;

use crate::run::{Attempt, AttemptOutcome, Decided, Digest, GateId, GateKind, OpenGate, Run, RunId, StageName, StageState, Usd, Verdict};

use super::blocks::{actions, button, context, danger, link, link_button, primary, section};
use super::people::{may_answer, mention, mentions};
use super::text::{NOTICE, bare, code, inline, quote};
use super::{Message, Place, To, clock, figures};

/// `action_id`s of the buttons. `DIFF_LINK` opens a page by itself: its click needs an acknowledgement and nothing else.
pub const APPROVE: &str = "gate.approve";
pub const REJECT: &str = "gate.reject";
pub const DIFF: &str = "gate.diff";
pub const DIFF_LINK: &str = "gate.diff_link";

const WORDS: usize = 400;
const PATH: usize = 80;

/// What a button carries: all that an answer must name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateValue {
    pub run: RunId,
    pub stage: StageName,
    pub round: u32,
    pub digest: Digest,
}

impl GateValue {
    /// The gate that is answered.
    #[must_use]
    pub fn gate(&self) -> GateId {
        GateId { kind: GateKind::Approve, stage: self.stage.clone(), round: self.round, digest: self.digest.clone() }
    }
}

/// What became of a question.
enum Answer<'a> {
    Open(&'a OpenGate),
    Given(&'a Decided),
    /// The run was stopped while it was asked.
    Stopped(&'a Decided),
    Missed,
    /// The run ended otherwise.
    Dropped,
}

/// One question and the work it asks about.
struct Question<'a> {
    run: &'a Run,
    stage: &'a StageState,
    round: u32,
    work: &'a Attempt,
    answer: Answer<'a>,
}

/// Every question the run has asked, in order.
pub(super) fn gates(run: &Run, now: DateTime<Utc>, place: &Place) -> Vec<Message> {
    let rounds = run.stages.iter().flat_map(|stage| (1..=stage.rounds).map(move |round| (stage, round)));
    rounds.filter_map(|(stage, round)| Question::find(run, stage, round)).map(|question| question.draw(now, place)).collect()
}

impl<'a> Question<'a> {
    fn find(run: &'a Run, stage: &'a StageState, round: u32) -> Option<Self> {
        // Each round asks about the next good attempt.
        let nth = stage.attempts.iter().filter(|a| a.outcome == AttemptOutcome::Good).nth(round as usize - 1);
        let asks = |gate: &GateId| &gate.stage == stage.name() && gate.round == round;
        let given = run.decisions.iter().find(|d| d.gate.as_ref().is_some_and(asks));
        let open = run.gate.as_ref().filter(|open| asks(&open.id));
        let answer = match (open, given) {
            (Some(open), _) => Answer::Open(open),
            (_, Some(given)) => Answer::Given(given),
            _ if stage.missed_deadline => Answer::Missed,
            _ => run.decisions.iter().find(|d| d.verdict == Verdict::Stop).map_or(Answer::Dropped, Answer::Stopped),
        };
        Some(Self { run, stage, round, work: nth.or_else(|| stage.good_attempt())?, answer })
    }

    fn draw(&self, now: DateTime<Utc>, place: &Place) -> Message {
        let mut blocks = vec![section(&self.headline())];
        blocks.extend(self.words_of_the_answer().map(|words| section(&words)));
        blocks.push(section(&self.facts()));
        blocks.extend(self.words_of_the_agent().map(|words| section(&words)));
        blocks.extend(match &self.answer {
            Answer::Open(open) => self.ask(open, now, place),
            _ => self.small_print(place).map(|text| context(&text)).into_iter().collect(),
        });
        let key = format!("gate:{}:{}", self.stage.name(), self.round);
        Message { key, to: To::Thread, text: self.notice(), blocks }
    }

    /// What is asked, or what was answered, in one line.
    fn headline(&self) -> String {
        let (stage, project) = (self.stage.name(), &self.run.request.project);
        match &self.answer {
            Answer::Open(_) => format!("*Keep {stage} of {project}?* {}", mentions(&may_answer(&self.run.request))),
            Answer::Given(d) => {
                format!("*{stage} of {project}* · {} by {} {}", verdict(d.verdict), mention(&d.by), figures::after(d.waited_seconds))
            }
            Answer::Stopped(d) => format!("*{stage} of {project}* · not decided: the run was stopped by {}", mention(&d.by)),
            Answer::Missed => format!("*{stage} of {project}* · nobody answered in time, so its work was not kept"),
            Answer::Dropped => format!("*{stage} of {project}* · not decided: the run is over"),
        }
    }

    fn words_of_the_answer(&self) -> Option<String> {
        let (Answer::Given(decided) | Answer::Stopped(decided)) = &self.answer else { return None };
        quote(decided.words.as_deref()?, WORDS)
    }

    fn facts(&self) -> String {
        let mut parts = figures::achieved(self.work);
        parts.rotate_right(usize::from(self.work.diff.is_some()));
        parts.push(format!("{} so far", figures::of_budget(self.run, self.spent())));
        let Some(diff) = &self.work.diff else { return parts.join(" · ") };
        let biggest = diff.biggest.iter().map(|f| format!("\n• {} {}", code(&f.path, PATH), figures::lines(f.added, f.removed)));
        let others = u64::from(diff.files).saturating_sub(diff.biggest.len() as u64);
        let others = (others > 0).then(|| format!("\n• {}", figures::plural(others, "smaller file")));
        biggest.chain(others).fold(parts.join(" · "), |text, file| text + &file)
    }

    /// The money up to this question: what came after it does not change its card.
    fn spent(&self) -> Usd {
        let later = self.run.stages.iter().skip_while(|s| s.name() != self.stage.name()).skip(1);
        self.run.spent().minus(later.map(StageState::cost).sum())
    }

    fn words_of_the_agent(&self) -> Option<String> {
        let words = quote(self.work.words.as_deref()?, WORDS)?;
        Some(format!("_In the agent's own words:_\n{words}"))
    }

    /// The buttons, what they do, and how long they are there.
    fn ask(&self, open: &OpenGate, now: DateTime<Utc>, place: &Place) -> Vec<SlackBlock> {
        let after = self.run.stages.iter().skip_while(|s| s.name() != self.stage.name()).nth(1);
        let goes_on = after.map_or_else(|| "finishes the run".to_owned(), |next| format!("goes on with {}", next.name()));
        let id = &open.id;
        let value = json!({ "run": self.run.id(), "stage": id.stage, "round": id.round, "digest": id.digest }).to_string();
        let buttons = vec![primary(button(APPROVE, "Approve", &value)), danger(button(REJECT, "Reject", &value)), self.diff_button(&value, place)];
        let mut effect = vec![format!("Approving {goes_on}, rejecting ends the run without this work"), clock::left(open, now)];
        // Not every client opens a button's address.
        effect.extend(self.diff_url(place).map(|url| link(&url, "View diff")));
        if clock::is_over(open, now) {
            return vec![context(&effect[1..].join(" · "))];
        }
        vec![actions(&format!("gate:{}:{}", id.stage, id.round), buttons), context(&effect.join(" · "))]
    }

    /// When it was answered, and what it was about.
    fn small_print(&self, place: &Place) -> Option<String> {
        let at = match &self.answer {
            Answer::Given(d) | Answer::Stopped(d) => Some(format!("Decided {}", clock::stamp(d.at, place.clock_zone))),
            Answer::Open(_) | Answer::Missed | Answer::Dropped => None,
        };
        let parts: Vec<String> = at.into_iter().chain(self.diff_url(place).map(|url| link(&url, "View diff"))).collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn diff_button(&self, value: &str, place: &Place) -> SlackBlockButtonElement {
        match self.diff_url(place) {
            Some(url) => link_button(DIFF_LINK, "View diff", url),
            None => button(DIFF, "View diff", value),
        }
    }

    fn diff_url(&self, place: &Place) -> Option<Url> {
        diff_url(self.run, self.stage, self.work, place)
    }

    fn notice(&self) -> String {
        let (stage, project) = (self.stage.name(), &self.run.request.project);
        let what = match &self.answer {
            Answer::Open(_) => format!("Keep {stage} of {project}?"),
            Answer::Given(d) => format!("{stage} of {project}: {}", verdict(d.verdict)),
            Answer::Stopped(_) => format!("{stage} of {project}: stopped"),
            Answer::Missed | Answer::Dropped => format!("{stage} of {project}: not decided"),
        };
        let mut parts: Vec<String> = self.work.diff.as_ref().map(figures::diff).into_iter().collect();
        parts.extend(self.work.tests.map(figures::tests));
        parts.push(self.spent().to_string());
        // The figures stay whole, whatever the names are.
        let figures = parts.join(" · ");
        inline(&format!("{} {figures}", bare(&what, NOTICE - figures.chars().count() - 1)), NOTICE)
    }
}

/// The page that shows what this attempt changed; none where no browser can reach us.
#[must_use]
pub fn diff_url(run: &Run, stage: &StageState, work: &Attempt, place: &Place) -> Option<Url> {
    Some(place.links.as_ref()?.diff(run.id(), stage.name(), clock::ended_at(work)))
}

/// What an answer did.
pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Changes => "asked for changes to",
        Verdict::Reject => "rejected",
        Verdict::Stop => "stopped",
        Verdict::Extend => "extended",
        Verdict::Snooze => "snoozed",
        Verdict::Note => "noted",
    }
}

#[cfg(test)]
mod tests;
