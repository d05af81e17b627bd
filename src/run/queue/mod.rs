//! The queue of attempts: who gets the next slot, and who waits for how long?
//! A slot is held by one attempt of a run while its agent writes, its checks judge and a second reader reads. Pure: the store says who asks, and keeps who got one.

mod limits;
mod line;
mod places;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PersonId, Plan, ProjectName, Run, RunId, StageName, StagePhase};

pub use limits::SlotLimits;
pub use places::{QueuePlace, QueuedAttempt, WaitsBecause};

/// What an attempt asks a slot for: all that its turn hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRequest {
    pub run: RunId,
    pub stage: StageName,
    pub attempt: u32,
    pub project: ProjectName,
    pub person: PersonId,
    /// The workspace of its thread; none for a run from a command line without a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether the run had a slot before: what is begun goes first.
    #[serde(default)]
    pub begun: bool,
    /// What the run asks for next, as far as no person is asked before. Unknown of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_stages: Vec<StageName>,
}

impl SlotRequest {
    /// For this attempt of the run.
    #[must_use]
    pub fn new(run: &Run, plan: &Plan) -> Self {
        let request = &run.request;
        let of_starter = match &request.starter {
            PersonId::Slack { team, .. } => Some(team.clone()),
            PersonId::Cli { .. } => None,
        };
        let attempts: usize = run.stages.iter().map(|stage| stage.attempts.len()).sum();
        Self {
            run: request.run.clone(),
            stage: plan.stage.name.clone(),
            attempt: plan.attempt,
            project: request.project.clone(),
            person: request.starter.clone(),
            team: request.channel.as_ref().map(|channel| channel.team.clone()).or(of_starter),
            begun: run.start.is_some() || attempts > 1 || goes_on(run),
            next_stages: next_stages(run, &plan.stage.name),
        }
    }
}

/// Whether other runs worked for it, or it works for another: what was begun there goes on here.
fn goes_on(run: &Run) -> bool {
    run.request.is_side_run() || !run.features.is_empty()
}

/// The stages that follow without a question in between. What only may be asked, such as for more money, nobody knows before.
fn next_stages(run: &Run, stage: &StageName) -> Vec<StageName> {
    let from_here = run.stages.iter().skip_while(|it| it.name() != stage);
    let (mut next, mut asks) = (Vec::new(), false);
    for it in from_here {
        if it.name() != stage && it.phase == StagePhase::Todo {
            next.push(it.name().clone());
        }
        asks |= it.stage.gate.is_some();
        if asks {
            break;
        }
    }
    next
}

/// An attempt that holds a slot or waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// In the order in which they asked.
    pub id: i64,
    pub asks: SlotRequest,
    pub asked_at: DateTime<Utc>,
    /// None while it waits.
    pub granted_at: Option<DateTime<Utc>>,
}

/// All that hold slots or wait, and what is known of slots at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub entries: Vec<QueueEntry>,
    pub limits: SlotLimits,
    /// The slots of all worker hosts that live.
    pub on_hosts: u32,
    /// When each project was served last.
    pub served: BTreeMap<ProjectName, DateTime<Utc>>,
    /// How long slots were held lately.
    pub spans: SlotSpans,
    pub now: DateTime<Utc>,
}

/// How many seconds a slot is held, as a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSpans {
    pub by_stage: BTreeMap<(ProjectName, StageName), u64>,
    /// Of all; none where no slot was given back yet.
    pub usual: Option<u64>,
}

impl SlotSpans {
    fn of(&self, project: &ProjectName, stage: &StageName) -> Option<u64> {
        self.by_stage.get(&(project.clone(), stage.clone())).copied().or(self.usual)
    }
}

impl Queue {
    /// How many attempts may be at work at once.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.limits.at_once.map_or(self.on_hosts, |at_once| at_once.min(self.on_hosts))
    }

    /// Those that get a slot now, by their ids, in the order of their turns.
    #[must_use]
    pub fn grants(&self) -> Vec<i64> {
        let mut line = line::Line::new(self);
        std::iter::from_fn(|| line.serve_next()).map(|index| self.entries[index].id).collect()
    }

    /// Those at work, the longest first.
    #[must_use]
    pub fn holders(&self) -> Vec<&QueueEntry> {
        let mut holders: Vec<_> =
            self.entries.iter().filter(|entry| entry.granted_at.is_some()).collect();
        holders.sort_by_key(|entry| (entry.granted_at, entry.id));
        holders
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.granted_at.is_none()).count()
    }
}

impl Run {
    /// Whether this attempt of it may still wait: it goes on, and nothing of it is at work yet.
    #[must_use]
    pub fn wants_slot(&self, queued: &QueuedAttempt) -> bool {
        let open = self.outcome.is_none() && !self.was_stopped();
        let of = self.attempt(&queued.stage, queued.attempt).filter(|_| open);
        of.is_some_and(|it| !it.is_over() && it.paused.is_none() && it.snapshot.is_none())
    }
}

#[cfg(test)]
mod tests;
