//! What activities bring back, made ours: which words of others may go into a run's history?
//! Facts travel in Temporal's history and in every drawing, so each text of an agent, a report or git passes here, and has a bound.

use super::{
    AgentEnd, AgentInfo, AttemptBranch, Checked, Delivered, Diff, Finding, Flag, RedGreen, Review,
    StartingPoint, TestsChanged, Work, Workplace, Written,
};
use crate::run::foreign_text::{LINE, NAME, PATH, line, prose};
use crate::run::{HandBranch, TaskPart};

/// Longest account of what went wrong on our side, in characters.
const NOTE: usize = 1_000;

/// A text that says nothing is none.
fn some(text: Option<String>, clean: impl FnOnce(&str) -> String) -> Option<String> {
    text.map(|text| clean(&text)).filter(|text| !text.is_empty())
}

/// What the next attempt reads.
fn feedback(text: &str) -> String {
    let mut text = prose(text, Checked::FEEDBACK);
    text.truncate(text.floor_char_boundary(Checked::FEEDBACK));
    text
}

impl AgentInfo {
    #[must_use]
    pub fn cleaned(self) -> Self {
        let name = |text: &str| line(text, NAME);
        Self {
            name: name(&self.name),
            version: some(self.version, name),
            model: some(self.model, name),
        }
    }
}

impl AgentEnd {
    #[must_use]
    pub fn cleaned(self) -> Self {
        match self {
            Self::Failed { trouble, why } => {
                let why = some(Some(why), |why| line(why, LINE));
                Self::Failed {
                    trouble,
                    why: why.unwrap_or_else(|| "it did not say why".to_owned()),
                }
            }
            end => end,
        }
    }
}

impl Written {
    #[must_use]
    pub fn cleaned(self) -> Self {
        Self {
            end: self.end.cleaned(),
            agent: self.agent.map(AgentInfo::cleaned),
            work: self.work.map(Work::cleaned),
            words: Self::cleaned_words(self.words),
            start: self.start.map(StartingPoint::cleaned),
            feedback: some(self.feedback, feedback),
            parts: cleaned_parts(&self.parts),
            conflicts: self.conflicts.iter().map(|path| line(path, PATH)).collect(),
            workplace: self.workplace.map(Workplace::cleaned),
            ..self
        }
    }

    /// An agent's last words; none where nothing can be seen of them.
    #[must_use]
    pub fn cleaned_words(words: Option<String>) -> Option<String> {
        some(words, |words| prose(words, Self::WORDS))
    }
}

fn cleaned_parts(parts: &[String]) -> Vec<String> {
    let said = parts.iter().map(|part| line(part, TaskPart::WORDS)).filter(|part| !part.is_empty());
    said.take(TaskPart::MOST).collect()
}

impl HandBranch {
    #[must_use]
    pub fn cleaned(self) -> Self {
        let host = some(self.host, |name| line(name, NAME));
        Self { host, not_pushed: some(self.not_pushed, |why| line(why, LINE)), ..self }
    }
}

impl Workplace {
    fn cleaned(self) -> Self {
        Self {
            host: some(self.host, |name| line(name, NAME)),
            folder: line(&self.folder, PATH),
            ..self
        }
    }
}

impl StartingPoint {
    fn cleaned(self) -> Self {
        Self { branch: some(self.branch, |name| line(name, NAME)), ..self }
    }
}

impl Work {
    fn cleaned(self) -> Self {
        Self {
            diff: self.diff.cleaned(),
            since_round: self.since_round.map(Diff::cleaned),
            since_approved: self.since_approved.map(Diff::cleaned),
            branch: self.branch.map(AttemptBranch::cleaned),
            ..self
        }
    }
}

impl AttemptBranch {
    fn cleaned(self) -> Self {
        Self { not_pushed: some(self.not_pushed, |note| line(note, NOTE)), ..self }
    }
}

impl Diff {
    fn cleaned(mut self) -> Self {
        self.biggest.truncate(Self::BIGGEST);
        for file in &mut self.biggest {
            file.path = line(&file.path, PATH);
        }
        for flag in &mut self.flags {
            flag.example = line(&flag.example, PATH);
            flag.others.truncate(Flag::NAMES - 1);
            for other in &mut flag.others {
                *other = line(other, PATH);
            }
        }
        self
    }
}

impl Checked {
    #[must_use]
    pub fn cleaned(self) -> Self {
        Self {
            why: some(self.why, |why| line(why, LINE)),
            feedback: some(self.feedback, feedback),
            coverage_percent: self.coverage_percent.filter(|percent| percent.is_finite()),
            tests_changed: self.tests_changed.map(TestsChanged::cleaned),
            red_green: self.red_green.map(RedGreen::cleaned),
            reports: some(self.reports, |reports| line(reports, LINE)),
            ..self
        }
    }
}

impl TestsChanged {
    fn cleaned(mut self) -> Self {
        self.names.truncate(Self::NAMES);
        for name in &mut self.names {
            *name = line(name, Self::NAME);
        }
        self
    }
}

impl RedGreen {
    fn cleaned(mut self) -> Self {
        self.names.truncate(Self::NAMES);
        for name in &mut self.names {
            *name = line(name, Self::NAME);
        }
        self
    }
}

impl Review {
    #[must_use]
    pub fn cleaned(mut self) -> Self {
        self.findings.truncate(Self::FINDINGS);
        for finding in &mut self.findings {
            finding.file = line(&finding.file, PATH);
            finding.says = line(&finding.says, Finding::SAYS);
        }
        let why = some(self.why, |why| line(why, LINE));
        Self { why, agent: self.agent.map(AgentInfo::cleaned), ..self }
    }
}

impl Delivered {
    #[must_use]
    pub fn cleaned(self) -> Self {
        Self { note: some(self.note, |note| prose(note, NOTE)), diff: self.diff.cleaned(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{FileDiff, NotHere, Risk, Sandboxing, Snapshot, Tokens, Trouble, Usd};

    #[test]
    fn nothing_foreign_is_long_or_steers() {
        let long = "\u{0}\u{202e}x\u{1b}[2Jy".repeat(500_000);
        let file = FileDiff { path: long.clone(), added: 1, removed: 0 };
        let flag = Flag {
            risk: Risk::Binary,
            count: 1,
            example: long.clone(),
            others: vec![long.clone(); 9],
        };
        let diff = Diff { biggest: vec![file; 9], flags: vec![flag], ..Diff::default() };
        let at = Snapshot { commit: "c".to_owned(), tree: "t".to_owned() };
        let written = Written {
            end: AgentEnd::Failed { trouble: Trouble::Agent, why: long.clone() },
            pause: None,
            agent: Some(AgentInfo { name: long.clone(), version: Some(long.clone()), model: None }),
            sandboxing: Sandboxing::Closed,
            work: Some(Work {
                base: at.clone(),
                snapshot: at,
                diff: diff.clone(),
                since_round: Some(diff.clone()),
                since_approved: None,
                branch: None,
            }),
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: Some(long.clone()),
            start: Some(StartingPoint {
                branch: Some(long.clone()),
                commit: String::new(),
                not_here: NotHere::default(),
            }),
            feedback: None,
            parts: vec![long.clone(); 9],
            conflicts: vec![long.clone(); 3],
            workplace: Some(Workplace {
                host: Some(long.clone()),
                folder: long.clone(),
                prompt_bytes: None,
            }),
        };
        let checked = Checked {
            passed: false,
            why: Some(long.clone()),
            feedback: Some(long.clone()),
            trouble: None,
            tests: None,
            coverage_percent: Some(f64::NAN),
            reports: Some(long.clone()),
            tests_changed: Some(TestsChanged {
                removed: 1,
                skipped: 0,
                names: vec![long.clone(); 9],
            }),
            red_green: Some(RedGreen { names: vec![long; 9], ..RedGreen::default() }),
            seconds: 0,
        };
        let written = serde_json::json!(written.cleaned()).to_string();
        let checked = serde_json::json!(checked.cleaned()).to_string();
        assert!(
            written.len() < 13_000 && checked.len() < 5_000,
            "{} {}",
            written.len(),
            checked.len()
        );
        for said in [written, checked] {
            assert!(
                !said.contains("\\u0000")
                    && !said.contains("\\u001b")
                    && !said.contains('\u{202e}')
            );
        }
    }
}
