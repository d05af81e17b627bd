//! Pipelines: what will a run do, stage by stage?
//! Without prompts: they are in the store by the pipeline's digest, so that history stays small.

mod again;
mod derived;
mod file;
mod fix;
mod host;
mod judge_together;
mod review;

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use super::{
    Approver, Batch, BatchMember, Channel, Digest, GateSpec, MoneyTerms, Note, PersonId,
    ProjectName, RollbackTo, RunEstimate, RunId, StageName, Usd,
};

pub use again::{Again, KeptStage, NotFrom};
pub use file::{
    Fields, NAME, PipelineText, Problem, Problems, approvers, did_you_mean, hosts, nearest,
    part_text, quorum, seconds,
};
pub use fix::Fix;
pub use host::{HostPattern, SetupPolicy};
pub use review::{
    ClaimedFinding, ReviewSpec, WorkFiles, findings_in, findings_text, review_prompt,
};

/// Ordered stages with needs, checks, gates and limits. Stages come after what they need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub name: String,
    /// SHA-256 of the file's text, prompts included.
    pub digest: Digest,
    pub agent: AgentSpec,
    pub stages: Vec<Stage>,
}

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub name: StageName,
    pub needs: Vec<StageName>,
    pub size: Size,
    /// Most attempts; at least 1.
    pub attempts: u32,
    /// Longest time of one agent or of one attempt's checks.
    pub timeout_seconds: u64,
    /// What its attempts may spend together, of the run's budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<Usd>,
    pub gate: Option<GateSpec>,
    /// How it asks when it has failed; none = the run fails with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<GateSpec>,
    /// Shell commands before the checks, which reach `hosts`.
    pub setup: Vec<String>,
    /// None = [`HostPattern::registries`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostPattern>>,
    /// Variables of setup and checks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Shell commands that must exit 0.
    pub checks: Vec<String>,
    pub reports: Reports,
    /// Least coverage, in percent of lines.
    pub least_coverage_percent: Option<f64>,
    /// Whether new tests are also run on the code before the stage.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub red_green: bool,
    /// Whether each attempt goes on from the work of the one before, until the checks are green; red work is never its result.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub iterates: bool,
    /// Of the checks the one that fails on what the stage begins with: that is shown before anything is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether good work is read once more before a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewSpec>,
    /// Whether it is done beside others that are marked so, as soon as what each of them needs is there.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub parallel: bool,
}

impl Stage {
    /// All that judges its work, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.setup.iter().chain(&self.checks).cloned().collect()
    }

    /// Whether work is done and judged in the same way by the other: what is only shown beside it may differ.
    #[must_use]
    pub fn works_like(&self, other: &Self) -> bool {
        let Self { red_green, review, parallel, .. } = *other;
        Self { red_green, review, parallel, ..self.clone() } == *other
    }
}

/// How big a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    S,
    M,
    L,
}

/// Where the checks leave their reports, relative to the checkout.
/// Each is a path or a pattern: `*` and `?` within a name, `**` for any folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    #[serde(with = "one_or_many", default)]
    pub junit: Vec<String>,
    #[serde(with = "one_or_many", default)]
    pub lcov: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tap: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cobertura: Vec<String>,
    #[serde(default, skip_serializing_if = "Trust::is_usual")]
    pub trust: Trust,
}

/// What is believed where a report says that tests failed and every check exited 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    #[default]
    Report,
    Exit,
}

impl Trust {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Reports {
    /// All patterns, whatever their format.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let all = [&self.junit, &self.tap, &self.lcov, &self.cobertura];
        all.into_iter().flatten().map(String::as_str)
    }
}

/// A list that was one text or nothing in earlier versions, and is written as that where it can be: old and new processes run side by side.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub fn serialize<S: Serializer>(list: &[String], out: S) -> Result<S::Ok, S::Error> {
        match list {
            [] => out.serialize_none(),
            [one] => out.serialize_str(one),
            many => many.serialize(out),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
        Ok(match Option::<OneOrMany>::deserialize(input)? {
            None => Vec::new(),
            Some(OneOrMany::One(one)) => vec![one],
            Some(OneOrMany::Many(many)) => many,
        })
    }
}

/// Which agent writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSpec {
    pub kind: AgentKind,
    /// The script agent's shell command.
    pub command: Option<String>,
    /// The model's full id; none = the agent's default.
    pub model: Option<String>,
    /// Others that a person may choose when a stage has failed, by their full ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

impl AgentSpec {
    /// The models that may be asked for, the usual one first.
    pub fn offered(&self) -> impl Iterator<Item = &str> {
        self.model.iter().chain(&self.models).map(String::as_str)
    }

    /// Whether this one may be asked for.
    #[must_use]
    pub fn offers(&self, model: &str) -> bool {
        self.offered().any(|offered| offered == model)
    }
}

/// The agents there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    Claude,
    Script,
}

/// What was asked for: the workflow's input, and the row of a run that no worker took yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a term of the run, and stands in histories"
)]
pub struct Request {
    pub run: RunId,
    pub project: ProjectName,
    pub pipeline: Pipeline,
    pub brief: String,
    pub budget_usd: Option<Usd>,
    pub starter: PersonId,
    /// The project's; who may answer a gate stands in the gate. Nobody listed anywhere = every full member of the workspace.
    pub approvers: Vec<Approver>,
    /// Where the thread is; none for a run from the command line without a channel.
    pub channel: Option<Channel>,
    /// Path or URL; none = a fresh repository of this run's own.
    pub repository: Option<String>,
    /// Of the repository; none = its default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_branch: Option<String>,
    /// A scripted model speaks instead of a real one.
    pub rehearsal: bool,
    /// How it asks for more money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<MoneyTerms>,
    /// What was said that it will probably cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<RunEstimate>,
    /// The run that it does once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
    /// Whether the work of each attempt is pushed to the repository.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub push_attempts: bool,
    /// Whether it waits where no worker can do its work, instead of failing. False in runs of older versions.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub waits_for_workers: bool,
    /// Features that are developed side by side: its stages merge them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Box<Batch>>,
    /// The batch of which it develops a feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<BatchMember>,
    /// That it fixes something, and until when: its pipeline is made of the project's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// What people had said before it began, for its first attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Whether somebody let it spend beyond the budgets of a month before it began.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub beyond_months: bool,
    /// Whether its attempts wait for a slot of the queue. False in runs of older versions.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub queued: bool,
}

impl Request {
    /// The run whose work it begins with; none where it takes nothing over.
    #[must_use]
    pub fn takes_over(&self) -> Option<&Again> {
        self.again.as_ref().filter(|again| !again.kept.is_empty())
    }

    /// The branch that carries the result.
    #[must_use]
    pub fn branch(&self) -> String {
        if let Some(member) = &self.part_of {
            return member.branch();
        }
        // git has no room for a branch beside others below the same name.
        let below = if self.push_attempts || self.batch.is_some() { "/result" } else { "" };
        format!("signoff/{}{below}", self.run)
    }
}

/// The branch that carries the work of one attempt, or what the run began with.
#[must_use]
pub fn work_branch(run: &RunId, work: &RollbackTo) -> String {
    format!("signoff/{run}/{work}")
}
