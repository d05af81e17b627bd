//! Batches: how are several features of one project developed side by side?
//! A batch is a run of its own. Each feature is another run, its child; the batch's own stages merge what they made, one after the other,
//! and the last of them asks for all of it together. So a merge is an attempt like others: snapshot in, snapshot out, judged by the checks.

mod merge_order;
mod pipelines;
mod preview;
mod side_run;

use std::iter;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use super::{Outcome, Pipeline, Request, RunId, SNAPSHOT_WORDS, Snapshot, StageName, Tokens, Usd};

pub use pipelines::BatchPipelines;
pub use preview::{MergePreview, Overlap};
pub(in crate::run) use side_run::BESIDE;
pub use side_run::{SideRun, StageRun};

/// What a run develops that has features instead of stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub features: Vec<Feature>,
    /// What is done for each feature.
    pub pipeline: Pipeline,
}

/// One of the things that are developed side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name in the batch, and the name of the stage that merges it.
    pub slug: StageName,
    /// What was asked for.
    pub brief: String,
    /// The run that develops it.
    pub run: RunId,
}

/// To which batch a run belongs, or which run it does a stage of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchMember {
    pub batch: RunId,
    /// Whether it does a stage of that run, and is no feature.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_stage: bool,
    /// From 1, of so many.
    pub n: usize,
    pub of: usize,
    pub slug: StageName,
}

/// How a feature's run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureEnd {
    pub outcome: Outcome,
    pub why: Option<String>,
    /// What it made; none where it ended otherwise than well.
    pub work: Option<Snapshot>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    /// What people added to its share of the money.
    #[serde(default)]
    pub raised_usd: Usd,
    /// The same, to what the stage might spend that it did beside others.
    #[serde(default, skip_serializing_if = "Usd::is_zero")]
    pub raised_for_stage_usd: Usd,
    /// Whether people took the limit away.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub no_limit: bool,
    /// Whether they let it go on beyond the budget of a month.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub beyond_months: bool,
    /// What was said last of work that was not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    pub seconds: u64,
}

impl FeatureEnd {
    /// Of a run that made nothing, and for which nothing was used.
    #[must_use]
    pub const fn nothing(outcome: Outcome, why: String) -> Self {
        Self {
            outcome,
            why: Some(why),
            work: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            raised_usd: Usd::ZERO,
            raised_for_stage_usd: Usd::ZERO,
            no_limit: false,
            beyond_months: false,
            feedback: None,
            seconds: 0,
        }
    }
}

/// What an attempt puts together, instead of letting an agent write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum MergeStep {
    /// A feature's work with what was merged before.
    Feature { n: usize, run: RunId, work: Snapshot },
    /// Everything that was merged, as it is.
    All,
}

impl Batch {
    /// The stage in which all that was merged is asked about.
    pub const TOGETHER: &str = "together";
    /// Fewer than this are no batch.
    pub const LEAST: usize = 2;
    pub const MOST: usize = 20;
    /// Longest description of one feature, in characters.
    pub const BRIEF_CHARS: usize = 500;
    /// The variable that says which ports a feature's programs have to themselves.
    pub const PORTS_VARIABLE: &str = "SIGNOFF_PORTS";
    /// First port of all, and how many each feature has.
    const FIRST_PORT: usize = 10_000;
    const PORTS: usize = 100;
    /// So many batches at the same time may have ports apart: all below those that Linux gives out by itself.
    const RANGES: usize = 10;

    /// The features that this text asks for: one a line, or each in quotation marks.
    #[must_use]
    pub fn briefs(text: &str) -> Vec<String> {
        let straight = text.replace(['“', '”', '„'], "\"");
        let lines = straight.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.flat_map(in_a_line).filter(|brief| !brief.is_empty()).collect()
    }

    /// A name for each of these, no two alike: of its first words.
    #[must_use]
    pub fn slugs(briefs: &[String]) -> Vec<StageName> {
        let mut slugs: Vec<StageName> = Vec::new();
        for (brief, n) in briefs.iter().zip(1..) {
            let name = slug(brief);
            let is_taken = |name: &str| {
                name == Self::TOGETHER
                    || SNAPSHOT_WORDS.contains(&name)
                    || slugs.iter().any(|it| it.as_str() == name)
            };
            let name = if name.is_empty() { format!("feature-{n}") } else { name };
            let numbered = (n..).map(|n| format!("{name}-{n}"));
            let free = iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name));
            slugs.extend(free.and_then(|name| name.parse().ok()));
        }
        slugs
    }

    /// The ports of the feature with this number, from 1; of the merges, the one behind the last.
    #[must_use]
    pub fn ports(batch: &RunId, n: usize) -> String {
        let sum: usize = batch.as_str().bytes().map(usize::from).sum();
        let range = sum % Self::RANGES * (Self::MOST + 1);
        let within = n.saturating_sub(1) % (Self::MOST + 1);
        let first = Self::FIRST_PORT + (range + within) * Self::PORTS;
        format!("{first}-{}", first + Self::PORTS - 1)
    }

    /// Which feature this stage merges, and its number from 1.
    #[must_use]
    pub fn merged_by(&self, stage: &StageName) -> Option<(usize, &Feature)> {
        (1..).zip(&self.features).find(|(_, feature)| &feature.slug == stage)
    }
}

/// What a line asks for: the words in each pair of quotation marks, where nothing else stands there; else the whole line, without the mark of
/// a list.
fn in_a_line(line: &str) -> Vec<String> {
    let is_mark = |words: &&str| line.starts_with('•') || words.starts_with(char::is_whitespace);
    let line = line.strip_prefix(['-', '*', '•']).filter(is_mark).unwrap_or(line).trim();
    quoted(line).unwrap_or_else(|| vec![without_number(line).to_owned()])
}

/// `"A" "B"`, `"A", "B" and "C"`: words in quotation marks, and nothing between them that says more.
fn quoted(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('"')?.strip_suffix('"')?;
    let between =
        |part: &str| part.split([' ', ',', '\t', '\u{a0}']).all(|it| ["", "and"].contains(&it));
    let parts: Vec<&str> = inner.split('"').collect();
    let listed = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|it| between(it));
    listed.then(|| parts.iter().step_by(2).map(|part| part.trim().to_owned()).collect())
}

/// `1. Gemini provider` and `2) CLI` are the same without their numbers.
fn without_number(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let marked = rest.strip_prefix(['.', ')']).filter(|_| rest.len() < line.len());
    marked.and_then(|words| words.strip_prefix(' ')).map_or(line, str::trim)
}

/// Longest name of a feature: it stands in branches, and in a row on a phone.
const SLUG: usize = 32;

fn slug(brief: &str) -> String {
    let mut slug = String::new();
    for word in brief.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        let longer = slug.len() + usize::from(!slug.is_empty()) + word.len();
        if longer > SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    slug
}

impl Request {
    /// What the feature of this number, from 1, is in its batch.
    #[must_use]
    pub fn member(&self, n: usize) -> Option<BatchMember> {
        let features = &self.batch.as_ref()?.features;
        let slug = features.get(n.checked_sub(1)?)?.slug.clone();
        let batch = self.run.clone();
        Some(BatchMember { batch, is_stage: false, n, of: features.len(), slug })
    }

    /// What is asked of the run that develops the feature of this number, from 1: the same terms, and an equal share of the money.
    #[must_use]
    pub fn feature(&self, n: usize) -> Option<Self> {
        let batch = self.batch.as_ref()?;
        let feature = batch.features.get(n.checked_sub(1)?)?;
        let member = self.member(n)?;
        let mut pipeline = batch.pipeline.clone();
        let ports = Batch::ports(&self.run, n);
        for stage in &mut pipeline.stages {
            stage.env.insert(Batch::PORTS_VARIABLE.to_owned(), ports.clone());
            // What failed is asked about by the batch, once all others are merged: one failing feature stops nobody.
            stage.recovery = None;
        }
        Some(Self {
            run: feature.run.clone(),
            pipeline,
            brief: feature.brief.clone(),
            budget_usd: self.budget_usd.map(|all| all.share(member.of)),
            estimate: None,
            again: None,
            batch: None,
            part_of: Some(member),
            ..self.clone()
        })
    }
}

impl BatchMember {
    /// The branch that carries the feature: beside those of the others.
    #[must_use]
    pub fn branch(&self) -> String {
        format!("signoff/{}/{}-{}", self.batch, self.n, self.slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(briefs: &[&str]) -> Vec<String> {
        let briefs: Vec<String> = briefs.iter().map(|&brief| brief.to_owned()).collect();
        Batch::slugs(&briefs).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn features_are_lines_or_quoted() {
        let four = ["Gemini provider", "Token counting", "Request caching", "CLI"];
        assert_eq!(Batch::briefs(&four.join("\n")), four);
        assert_eq!(
            Batch::briefs("- Gemini provider\n\n* Token counting\n• Request caching\r\n 4. CLI"),
            four
        );
        assert_eq!(
            Batch::briefs("\"Gemini provider\" \"Token counting\" “Request caching” \"CLI\""),
            four
        );
        assert_eq!(Batch::briefs("Say \"hello\" at the door"), ["Say \"hello\" at the door"]);
        assert_eq!(Batch::briefs("  \n "), [""; 0]);
        assert_eq!(Batch::briefs("2.5 times faster"), ["2.5 times faster"]);
        assert_eq!(Batch::briefs("\"A\", \"B\" and \"C\""), ["A", "B", "C"]);
    }

    #[test]
    fn a_line_loses_none_of_its_words() {
        for line in [
            "\"Save\" button next to \"Cancel\"",
            "\"Save\" and \"Cancel",
            "--json for list",
            "*.log files are ignored",
            "-1 is no index",
        ] {
            assert_eq!(Batch::briefs(line), [line]);
        }
    }

    #[test]
    fn names_are_short_and_no_two_are_alike() {
        assert_eq!(slugs(&["Gemini provider", "CLI"]), ["gemini-provider", "cli"]);
        assert_eq!(
            slugs(&["CLI!", "cli", "ключ", "together"]),
            ["cli", "cli-2", "feature-3", "together-4"]
        );
        assert_eq!(slugs(&["CLI 3", "CLI", "cli"]), ["cli-3", "cli", "cli-4"]);
        assert_eq!(slugs(&["feature 2", "ключ"]), ["feature-2", "feature-2-2"]);
        assert_eq!(slugs(&["Undo", "Start"]), ["undo-1", "start-2"], "they mean something else");
        let long = slugs(&["A way to count the tokens of every request that is ever made"]);
        assert_eq!(long, ["a-way-to-count-the-tokens-of"]);
        assert_eq!(slugs(&[&"x".repeat(80)]), ["feature-1"]);
    }
}
