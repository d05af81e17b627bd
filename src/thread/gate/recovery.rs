//! The question about a stage that has failed: what is known of the failure, and how can it go on?
//! What failed is said by our own code; what checks and agents said stands quoted, the failing tests first, else the last lines.

use super::by_hand::done_by_hand;
use super::{GateValue, GateView, SnoozeButton};
use crate::run::{Attempt, Decided, FailureClass, StagePhase, StageState, Usd};
use crate::slack::{Button, Confirm, Mrkdwn, SlackBlock, context, one_line, section};
use crate::thread::card::roll_back;
use crate::thread::message::NOTICE;
use crate::thread::{ActionId, RenderContext, figures, snapshots};

const WHY: usize = 300;
const SAID: usize = 800;
/// Attempts that are listed, the newest.
const LISTED: usize = 6;
/// Longest name of a machine, and longest path.
const HOST: usize = 60;
const FOLDER: usize = 100;

impl GateView<'_> {
    /// For a lock screen: what failed, and how.
    pub(super) fn failure_notice(&self) -> Mrkdwn {
        Mrkdwn::line(&format!("{} {}", self.in_short(), self.failed_in_short()), NOTICE)
    }

    /// `The checks are red: 3 of 50 tests failed`.
    pub(super) fn failed_in_short(&self) -> String {
        format!("{}{}", class(self.work), self.why_it_failed())
    }

    /// `: 3 of 50 tests failed`; nothing where nobody knows.
    fn why_it_failed(&self) -> String {
        let why = self.work.why.as_deref().filter(|why| !why.is_empty());
        why.map(|why| format!(": {}", one_line(why, WHY))).unwrap_or_default()
    }

    /// What failed, what was said, what was tried, and what is left.
    pub(super) fn failure(&self, render: &RenderContext) -> Vec<SlackBlock> {
        let mut blocks = vec![section(format!("*{}*{}", class(self.work), self.why_it_failed()))];
        blocks.extend(self.why_it_gave_up().map(context));
        blocks.extend(self.what_was_said(render).map(section));
        blocks.push(section(Mrkdwn::join(self.what_was_tried(), "\n")));
        let left = self.what_is_left().into_iter().chain(self.diff_link(render));
        let lines = [Some(Mrkdwn::join(left, " · ")), where_it_was_made(self.work)];
        blocks.push(context(Mrkdwn::join(lines.into_iter().flatten(), "\n")));
        let not_handed_out = self.gate.not_handed_out.as_ref().filter(|_| self.is_open());
        blocks.extend(
            not_handed_out
                .map(|why| context(format!("It could not be handed out: {}", one_line(why, WHY)))),
        );
        let by_hand = self.gate.by_hand.as_ref().filter(|_| self.is_open());
        blocks.extend(by_hand.into_iter().flat_map(|it| done_by_hand(it, render)));
        blocks
    }

    /// `3 iterations failed in the same way: …`, of a stage that goes on by itself for as long as there is hope.
    fn why_it_gave_up(&self) -> Option<String> {
        let why = self.run.why_failed(self.stage).filter(|_| self.is_open());
        let why =
            why.filter(|why| self.stage.stage.iterates && self.work.why.as_ref() != Some(why));
        why.map(|why| format!("It does not go on by itself: {}.", one_line(&why, WHY)))
    }

    fn what_was_said(&self, render: &RenderContext) -> Option<Mrkdwn> {
        let feedback = self.work.feedback.as_deref()?.trim();
        let tests = self.work.tests.is_some_and(|tests| tests.failed > 0);
        let (head, said) = if tests {
            ("_The tests that failed:_\n", figures::first_lines(feedback, SAID))
        } else {
            ("_What was said last:_\n", figures::last_lines(feedback, SAID))
        };
        (!feedback.is_empty()).then(|| Mrkdwn::from(head) + render.code_block(&said))
    }

    fn what_was_tried(&self) -> Vec<Mrkdwn> {
        let tried = self.stage.attempts.iter().filter(|attempt| attempt.n <= self.work.n);
        let tried: Vec<&Attempt> = tried.collect();
        let left_out = tried.len().saturating_sub(LISTED);
        let more = (left_out > 0).then(|| format!("… {left_out} before").into());
        let lines =
            tried.iter().skip(left_out).map(|attempt| tried_line(self.stage, attempt).into());
        more.into_iter().chain(lines).collect()
    }

    fn what_is_left(&self) -> Vec<Mrkdwn> {
        let earlier: Vec<&StageState> =
            self.run.stages.iter().take_while(|it| it.name() != self.stage.name()).collect();
        let tried = self.stage.attempts.iter().filter(|attempt| attempt.n <= self.work.n);
        let before = earlier.iter().flat_map(|it| &it.attempts);
        let spent: Usd = before.chain(tried).map(Attempt::spent).sum();
        let spent = spent + self.spent_on_children();
        let spent = format!("{} so far", figures::of_budget(self.run, spent));
        let kept = match earlier.iter().rev().find(|it| it.phase == StagePhase::Good) {
            Some(good) => {
                Mrkdwn::from(format!("good is what {} left", good.name())) + good_commit(good)
            }
            None => "no stage is good yet".into(),
        };
        let time =
            format!("an attempt has {}", figures::span(self.stage.timeout_seconds(self.work.n)));
        vec![spent.into(), kept, time.into()]
    }

    /// Every way to go on.
    pub(in crate::thread) fn recovery_buttons(&self, silence: SnoozeButton) -> Vec<Button> {
        if self.gate.by_hand.is_some() {
            return self.buttons_by_hand(silence);
        }
        let gate = GateValue::of(self.run, &self.gate.id);
        let value = gate.json();
        let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
        let again = if self.run.request.batch.is_some() { "Let an agent do it" } else { "Retry" };
        // Where several questions stand in one message, the first four are shown: each is another way out.
        let mut buttons = vec![
            button(again, ActionId::Retry).primary(),
            button("Retry with a note", ActionId::RetryNote),
        ];
        if self.run.may_skip(self.stage).is_ok() {
            let asks = Confirm {
                title: "Leave it out?",
                text: &format!("The run goes on without {}.", self.stage.name()),
                yes: "Leave it out",
                no: "Cancel",
            };
            let skip = if self.run.request.batch.is_some() { "Leave it out" } else { "Skip" };
            buttons.push(button(skip, ActionId::Skip).confirmed(asks));
        }
        if self.run.may_take_over(self.stage).is_ok() {
            buttons.push(button("Take over by hand", ActionId::TakeOver));
        }
        buttons.push(button("Smaller steps", ActionId::RetrySmaller));
        buttons.push(button("Longer time-out", ActionId::RetryLonger));
        if let Some(model) = self.another_model() {
            let value = gate.with_model(model);
            let text = format!("With {model}");
            buttons.push(Button::new(&text, ActionId::RetryModel.as_str(), &value));
        }
        buttons.extend(self.run.snapshots().next().map(|_| roll_back(&value)));
        buttons.extend(self.last_buttons(silence));
        buttons
    }

    /// The next one that the pipeline offers.
    fn another_model(&self) -> Option<&str> {
        let agent = &self.run.request.pipeline.agent;
        let all: Vec<&str> = agent.offered().collect();
        let now = self.stage.model().or(agent.model.as_deref());
        let at = all.iter().position(|model| Some(*model) == now);
        let next = at.map_or(0, |at| at + 1);
        all.iter().cycle().skip(next).take(all.len()).find(|model| Some(**model) != now).copied()
    }
}

/// What kind of failure it was, by what our own code saw of it.
pub(in crate::thread) fn class(attempt: &Attempt) -> &'static str {
    failure_class(FailureClass::of(attempt).unwrap_or(FailureClass::Unknown))
}

/// The words for a kind of failure.
#[must_use]
pub const fn failure_class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Lost => "The worker was lost",
        FailureClass::Interrupted => "It was interrupted",
        FailureClass::Conflict => "It cannot be merged by itself",
        FailureClass::Checks => "The checks are red",
        FailureClass::ModelBusy => "The model's provider was busy",
        FailureClass::Agent => "The agent stumbled",
        FailureClass::Budget => "The money ran out",
        FailureClass::Setup => "The setup is not right",
        FailureClass::SignIn => "The model's provider lets nobody in",
        FailureClass::Program => "The agent's program does not work",
        FailureClass::TimeOut => "Out of time",
        FailureClass::Stall => "Stalled",
        FailureClass::NothingToFix => "Nothing to fix",
        FailureClass::Unknown => "It failed",
    }
}

/// `, commit 1a2b3c4d5e6f`: what a stage left.
fn good_commit(stage: &StageState) -> Mrkdwn {
    let commit = stage.snapshot.as_ref().map(|it| ", commit " + snapshots::commit(it));
    commit.unwrap_or_default()
}

/// For whoever can look there: `attempt 3 was made on build-3 in /srv/runs/…, its prompt 12 KB`.
fn where_it_was_made(work: &Attempt) -> Option<Mrkdwn> {
    let place = work.workplace.as_ref()?;
    let host = place.host.as_deref().map(|host| " on " + Mrkdwn::code(host, HOST));
    let prompt =
        place.prompt_bytes.map(|bytes| format!(", its prompt {} KB", bytes.div_ceil(1_000)));
    let made = Mrkdwn::from(format!("attempt {} was made", work.n)) + host.unwrap_or_default();
    let folder = Mrkdwn::code(&end_of_path(&place.folder), FOLDER);
    Some(made + " in " + folder + prompt.unwrap_or_default())
}

/// Of a path the end, which tells it apart.
fn end_of_path(path: &str) -> String {
    match path.char_indices().nth_back(FOLDER - 1) {
        Some((at, _)) if at > 0 => format!("…{}", path[at..].chars().skip(1).collect::<String>()),
        _ => path.to_owned(),
    }
}

/// `• attempt 2: 3 of 50 tests failed · 9 files +315 −4 · 9,000 tokens · $0.24 · 10s`.
fn tried_line(stage: &StageState, attempt: &Attempt) -> String {
    let why = attempt.why.as_deref().unwrap_or_else(|| class(attempt));
    let diff = attempt.diff.as_ref().map(figures::diff);
    let tokens = Some(attempt.tokens.total()).filter(|tokens| *tokens > 0);
    let tokens = tokens.map(|tokens| figures::plural(tokens, "token"));
    let parts = [one_line(why, WHY / 2)].into_iter().chain(diff).chain(tokens);
    let spent = [attempt.cost_usd.to_string(), figures::span(attempt.seconds)];
    format!(
        "• {}: {}",
        figures::attempt(stage, attempt.n),
        parts.chain(spent).collect::<Vec<_>>().join(" · ")
    )
}

/// `tried again with claude-opus-4-5 and more time by `.
pub(super) fn retried(decided: &Decided) -> String {
    let retry = decided.retry.clone().unwrap_or_default();
    let model = retry.model.map(|model| format!("with {}", one_line(&model, 60)));
    let time = retry.longer.then(|| "more time".to_owned());
    let smaller = retry.smaller.then(|| "in smaller steps".to_owned());
    let different: Vec<String> = smaller.into_iter().chain(model).chain(time).collect();
    match different.join(" and ").as_str() {
        "" => "tried again by ".to_owned(),
        "more time" => "tried again with more time by ".to_owned(),
        other => format!("tried again {other} by "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_path_the_end_is_shown() {
        assert_eq!(end_of_path("/srv/runs/tale-k3f9qdz"), "/srv/runs/tale-k3f9qdz");
        let long = end_of_path(&format!("/{}/attempts/draft-1", "é".repeat(300)));
        assert_eq!(long.chars().count(), FOLDER);
        assert!(long.starts_with("…é") && long.ends_with("/attempts/draft-1"), "{long}");
    }
}
