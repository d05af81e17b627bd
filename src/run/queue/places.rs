//! Places in the queue: who is how far from a slot, why, and about when?
//! The queue is played on: slots come back when attempts usually end, and go to whoever is next then. Runs ask again for the stages that follow.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::line::{Full, Line};
use super::{Queue, QueueEntry};
use crate::run::{PersonId, ProjectName, RunId, StageName};

/// How long slots are held where nothing is known of that: only the order follows from it.
const UNKNOWN_SPAN: u64 = 600;

/// Where an attempt stands in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePlace {
    /// From 1.
    pub place: usize,
    /// Of how many that wait.
    pub of: usize,
    pub because: WaitsBecause,
    /// About how long it will wait; none where nothing is known of how long attempts take.
    pub seconds: Option<u64>,
}

/// Why an attempt waits for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub enum WaitsBecause {
    /// All slots are taken.
    Busy { slots: u32 },
    /// No worker lives.
    NoWorker,
    /// Its project has all that it may have.
    Project { project: ProjectName, slots: u32 },
    /// Whoever started it has.
    Person { person: PersonId, slots: u32 },
    /// Its workspace has.
    Workspace { slots: u32 },
}

/// An attempt that waits for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedAttempt {
    pub stage: StageName,
    pub attempt: u32,
    #[serde(flatten)]
    pub at: QueuePlace,
}

/// When a slot will have come back, and whose.
type End = Reverse<(u64, usize)>;

impl Queue {
    /// The places of all that wait, by their ids.
    #[must_use]
    pub fn places(&self) -> BTreeMap<i64, QueuePlace> {
        let line = Line::new(self);
        let because: BTreeMap<usize, WaitsBecause> =
            line.waiting().map(|index| (index, self.because(&line, index))).collect();
        let of = because.len();
        let turns = self.turns(line);
        let places = turns.into_iter().enumerate().filter_map(|(n, (index, seconds))| {
            let because = because.get(&index)?.clone();
            let place = QueuePlace { place: n + 1, of, because, seconds };
            Some((self.entries[index].id, place))
        });
        places.collect()
    }

    /// Of each run the attempt that waits; of several the one whose turn comes first.
    #[must_use]
    pub fn queued(&self) -> BTreeMap<RunId, QueuedAttempt> {
        let mut places = self.places();
        let mut queued: Vec<(&RunId, QueuedAttempt)> = self
            .entries
            .iter()
            .filter_map(|QueueEntry { id, asks, .. }| {
                let (stage, attempt) = (asks.stage.clone(), asks.attempt);
                Some((&asks.run, QueuedAttempt { stage, attempt, at: places.remove(id)? }))
            })
            .collect();
        // What comes later takes the place of what came before.
        queued.sort_by_key(|(_, queued)| Reverse(queued.at.place));
        queued.into_iter().map(|(run, queued)| (run.clone(), queued)).collect()
    }

    fn because(&self, line: &Line, index: usize) -> WaitsBecause {
        let asks = &self.entries[index].asks;
        match line.full(index) {
            _ if self.on_hosts == 0 => WaitsBecause::NoWorker,
            Some(Full::Project(slots)) => {
                WaitsBecause::Project { project: asks.project.clone(), slots }
            }
            Some(Full::Person(slots)) => {
                WaitsBecause::Person { person: asks.person.clone(), slots }
            }
            Some(Full::Workspace(slots)) => WaitsBecause::Workspace { slots },
            None => WaitsBecause::Busy { slots: self.slots() },
        }
    }

    /// Whoever waits, in the order of their turns, and in about how many seconds that is.
    fn turns(&self, line: Line) -> Vec<(usize, Option<u64>)> {
        // Where nobody works, at least the order is known.
        let mut line = line.with_slots(self.slots().max(1));
        let is_known = self.slots() > 0 && self.all_spans_are_known();
        let mut waits: BTreeSet<usize> = line.waiting().collect();
        // Which stage each is at, from the one that it waits for or works in now.
        let mut stages = vec![0; self.entries.len()];
        let mut ends: BinaryHeap<End> = self.held_until();
        let (mut turns, mut now) = (Vec::new(), 0);
        loop {
            while let Some(index) = line.serve_next() {
                let span = self.span(index, stages[index]).unwrap_or(UNKNOWN_SPAN).max(1);
                ends.push(Reverse((now + span, index)));
                if waits.remove(&index) {
                    turns.push((index, is_known.then_some(now)));
                }
            }
            if waits.is_empty() {
                break;
            }
            let Some(Reverse((end, index))) = ends.pop() else { break };
            now = end;
            line.give_back(index);
            stages[index] += 1;
            if self.entries[index].stage(stages[index]).is_some() {
                line.ask_again(index, self.in_seconds(now));
            }
        }
        // A limit of nothing keeps them where they are.
        turns.extend(waits.into_iter().map(|index| (index, None)));
        turns
    }

    fn in_seconds(&self, seconds: u64) -> DateTime<Utc> {
        let span = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
        span.and_then(|span| self.now.checked_add_signed(span)).unwrap_or(self.now)
    }

    /// How long a stage of an entry holds a slot.
    fn span(&self, index: usize, stage: usize) -> Option<u64> {
        let entry = &self.entries[index];
        self.spans.of(&entry.asks.project, entry.stage(stage)?)
    }

    fn all_spans_are_known(&self) -> bool {
        let mut stages = self.entries.iter().flat_map(|entry| {
            let project = &entry.asks.project;
            (0..).map_while(|n| entry.stage(n)).map(move |stage| (project, stage))
        });
        stages.all(|(project, stage)| self.spans.of(project, stage).is_some())
    }

    /// Of those at work. What takes longer than usual ends soon, as far as anybody knows.
    fn held_until(&self) -> BinaryHeap<End> {
        let held = self.entries.iter().enumerate().filter_map(|(index, entry)| {
            let since = (self.now - entry.granted_at?).num_seconds();
            let span = self.span(index, 0).unwrap_or(UNKNOWN_SPAN);
            let left = span.saturating_sub(u64::try_from(since).unwrap_or(0));
            Some(Reverse((left.max(1), index)))
        });
        held.collect()
    }
}

impl QueueEntry {
    /// The stage that it asks for, and those that its run asks for then.
    fn stage(&self, n: usize) -> Option<&StageName> {
        n.checked_sub(1).map_or(Some(&self.asks.stage), |n| self.asks.next_stages.get(n))
    }
}
