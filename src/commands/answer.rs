//! What does somebody answer, and to which question?
//! Only what they say: whether they may is asked by [`super::admit`].

use super::asker::CLOCKS_DIFFER;
use super::{Asker, Misunderstood, Terms, Verb};
use crate::run::{
    Decision, GateId, GateKind, OpenGate, PersonId, Raise, RequestId, Run, StageState, Verdict,
    Zone,
};
use crate::thread::figures;

/// An answer, and who gives it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    /// The gate on the card that was pressed; none = whatever is asked now.
    pub gate: Option<GateId>,
    pub terms: Terms,
    /// Of a note: the message that says it.
    pub message: Option<String>,
    pub asker: Asker,
    pub key: RequestId,
}

impl Answer {
    /// An answer without words.
    #[must_use]
    pub fn new(verdict: Verdict, asker: Asker, key: RequestId) -> Self {
        Self { verdict, gate: None, terms: Terms::default(), message: None, asker, key }
    }

    /// A yes to what this run asks: to find out whether somebody may say it.
    #[must_use]
    pub fn agreement(run: &Run, asker: Asker, key: RequestId) -> Self {
        let kind = run.gate.as_ref().map_or(GateKind::Approve, |open| open.id.kind);
        let terms = Terms { raise: Some(Raise::LEAST), ..Terms::default() };
        Self { terms, ..Self::new(kind.agreement(), asker, key) }
    }

    /// With what is said beside the verdict.
    pub fn saying(self, said: &str) -> Result<Self, Misunderstood> {
        Ok(Self { terms: Terms::read(self.verdict, said)?, ..self })
    }

    /// Whether a press alone cannot say it: its button opens a form, unless a menu said how much more time.
    #[must_use]
    pub fn needs_form(&self) -> bool {
        let form = Verb::of_verdict(self.verdict).and_then(|verb| verb.form);
        form.is_some() && self.terms.more.is_none() && self.terms.retry.is_none()
    }

    /// The workspace whose full member it takes to give it: that of the run; where it has none, that in which it is said.
    #[must_use]
    pub fn workspace<'a>(&'a self, run: &'a Run) -> Option<&'a str> {
        let channel = run.request.channel.as_ref().or(self.asker.channel.as_ref());
        channel.map(|channel| channel.team.as_str())
    }

    /// What it says to this run, given by this person, on their clock.
    pub(super) fn decision(&self, run: &Run, by: &PersonId, zone: Zone) -> Decision {
        let said_at = self.asker.said.at;
        let working = |open: &OpenGate| run.spec_of(&open.id).and_then(|spec| spec.hours.as_ref());
        let until = self
            .terms
            .more
            .zip(run.gate.as_ref())
            .map(|(more, open)| more.until(open.deadline, said_at, zone, working(open)));
        Decision {
            gate: self.gate_of(run),
            words: self.terms.words.clone(),
            rework: self.terms.rework,
            until,
            message: self.message.clone(),
            raise: self.terms.raise,
            retry: self.terms.retry.clone(),
            rollback: self.terms.snapshot.as_ref().and_then(|name| run.find_snapshot(name)),
            ..Decision::new(self.key.clone(), self.verdict, by.clone(), self.asker.via)
        }
    }

    /// Whoever names no gate answers what was asked when they spoke, never what is asked by the time we act on it.
    fn gate_of(&self, run: &Run) -> Option<GateId> {
        let shown = || run.gate.as_ref().filter(|open| self.asker.was_shown(open));
        let about_money = |gate: &GateId| gate.kind == GateKind::Budget;
        match self.verdict {
            verdict if verdict.needs_no_gate() => None,
            // Outside of a question about money it is about the run.
            Verdict::Raise => self
                .gate
                .clone()
                .or_else(|| shown().map(|open| open.id.clone()).filter(about_money)),
            _ => self
                .gate
                .clone()
                .or_else(|| self.closed_meanwhile(run))
                .or_else(|| shown().map(|open| open.id.clone())),
        }
    }

    /// The question before the one that is open, where that one came only after they spoke and the other was closed at about that time: then
    /// they may have meant it, and clocks that differ do not tell.
    fn closed_meanwhile(&self, run: &Run) -> Option<GateId> {
        let open = run.gate.as_ref().filter(|open| self.asker.said.at < open.opened_at)?;
        let others = run.stages.iter().flat_map(StageState::closed_questions);
        let others = others.filter(|asked| asked.gate.id != open.id);
        let last = others.max_by_key(|asked| asked.closed_at)?;
        (last.closed_at >= self.asker.said.at - CLOCKS_DIFFER).then(|| last.gate.id.clone())
    }

    /// Whether it names no question, and so may be about another than the one that is open.
    #[must_use]
    pub const fn names_no_question(&self) -> bool {
        self.gate.is_none()
            && !(self.verdict.needs_no_gate() || matches!(self.verdict, Verdict::Raise))
    }

    /// What is missing in what was said, or too much of it. Nothing is cut: it would be lost silently.
    pub(super) fn unfit(&self) -> Option<String> {
        let words = self.terms.words.as_deref().unwrap_or_default();
        if self.verdict == Verdict::Changes && words.trim().is_empty() {
            return Some("Please say what should be different, such as `changes: keep the public names`. Nothing was recorded.".to_owned());
        }
        (words.chars().count() > Decision::WORDS).then(|| format!(
            "That is longer than {} characters, so nothing was recorded. Put the long part into a file of the repository and name it.",
            figures::count(Decision::WORDS as u64)
        ))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::commands::Moment;
    use crate::run::{Asked, Via};
    use crate::thread::samples::Tale;

    /// An answer without a gate, given so many seconds after the question was asked.
    fn said(run: &Run, verdict: Verdict, seconds_after: i64) -> Answer {
        let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
        let said = Moment { at: asked_at + TimeDelta::seconds(seconds_after), retried: true };
        let asker = Asker::new(run.request.starter.clone(), Via::Thread, said);
        Answer::new(verdict, asker, RequestId("k".to_owned()))
    }

    #[test]
    fn words_answer_what_was_asked_when_they_were_said() {
        let run = Tale::waiting().run;
        let asked = run.gate.as_ref().map(|open| open.id.clone());
        assert_eq!(said(&run, Verdict::Approve, 60).gate_of(&run), asked);
    }

    #[test]
    fn words_about_older_work_never_answer_a_newer_question() {
        let run = Tale::waiting().run;
        assert_eq!(said(&run, Verdict::Approve, -60).gate_of(&run), None);
    }

    #[test]
    fn words_said_just_before_a_question_do_not_answer_it_where_another_was_closed_then() {
        let mut run = Tale::waiting().run;
        let open = run.gate.clone().expect("a run that waits");
        let before = OpenGate { id: GateId { round: 7, ..open.id.clone() }, ..open.clone() };
        let mut closed_before = |seconds: i64| {
            let closed_at = open.opened_at - TimeDelta::seconds(seconds);
            run.stages[0].asked = vec![Asked { gate: before.clone(), closed_at }];
            run.clone()
        };
        let asked = |run: &Run, seconds| said(run, Verdict::Approve, seconds).gate_of(run);
        let lately = closed_before(2);
        assert_eq!(asked(&lately, -3), Some(before.id.clone()));
        assert_eq!(asked(&lately, 1), Some(open.id.clone()), "it was there when they spoke");
        assert_eq!(asked(&closed_before(60), -3), Some(open.id.clone()), "only clocks differ");
    }

    #[test]
    fn changes_without_words_and_words_without_end_are_not_taken() {
        let run = Tale::waiting().run;
        let with = |verdict, words: &str| {
            let terms = Terms { words: Some(words.to_owned()), ..Terms::default() };
            Answer { terms, ..said(&run, verdict, 60) }.unfit()
        };
        assert!(
            with(Verdict::Changes, " \n")
                .is_some_and(|why| why.contains("what should be different"))
        );
        assert!(
            with(Verdict::Note, &"ü".repeat(Decision::WORDS + 1))
                .is_some_and(|why| why.contains("longer than 3,000 characters"))
        );
        assert_eq!(with(Verdict::Changes, &"ü".repeat(Decision::WORDS)), None);
    }
}
