//! The order of turns: who is next?
//! Of those whose limits allow it: the project with the fewest slots, of these the one served longest ago; in it what is begun goes
//! before what is new, then whoever asked first. No slot stays free that somebody may have: so the first new run goes before those that are
//! begun where it has as many turns ahead as all of them take together, or it would come to its last ones alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Queue, SlotLimits};
use crate::run::ProjectName;

/// A queue as it moves on: slots are given and come back. Many wait and each has several turns: so names are numbers here, and a turn looks at
/// the first of each project, not at all.
pub(super) struct Line {
    entries: Vec<Waiter>,
    /// Of each project, in order.
    waiting: Vec<BTreeSet<Place>>,
    slots: u32,
    held: u32,
    projects: Vec<Party>,
    people: Vec<Party>,
    workspaces: Vec<Party>,
    /// Slots given so far: orders the turns of this line after all before it.
    turns: u64,
    /// Slots that all of them still ask for, as far as is known.
    ahead: usize,
}

/// An entry, by the numbers of its project, person and workspace.
struct Waiter {
    id: i64,
    project: usize,
    person: usize,
    workspace: Option<usize>,
    begun: bool,
    asked_at: DateTime<Utc>,
    /// Slots that its run still asks for, with the one that it waits for.
    ahead: usize,
}

/// What orders those of one project, and which entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    is_new: bool,
    asked_at: DateTime<Utc>,
    id: i64,
    index: usize,
}

/// Slots are counted by it.
struct Party {
    held: u32,
    limit: Option<u32>,
    served: Served,
}

/// When it was served last; whoever never was comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Served {
    Never,
    At(DateTime<Utc>),
    InTurn(u64),
}

impl Party {
    const fn new(limit: Option<u32>) -> Self {
        Self { held: 0, limit, served: Served::Never }
    }

    fn project(queue: &Queue, name: &ProjectName) -> Self {
        let served = queue.served.get(name).map_or(Served::Never, |at| Served::At(*at));
        Self { served, ..Self::new(queue.limits.of_project(name)) }
    }

    fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.held >= limit)
    }
}

/// What keeps an entry from a slot, besides that all are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Project(u32),
    Person(u32),
    Workspace(u32),
}

impl Line {
    pub(super) fn new(queue: &Queue) -> Self {
        let (mut projects, mut people, mut workspaces) =
            (Numbers::default(), Numbers::default(), Numbers::default());
        let entries = queue.entries.iter().map(|entry| Waiter {
            id: entry.id,
            project: projects.of(&entry.asks.project),
            person: people.of(&entry.asks.person),
            workspace: entry.asks.team.as_ref().map(|team| workspaces.of(team)),
            begun: entry.asks.begun,
            asked_at: entry.asked_at,
            ahead: entry.asks.next_stages.len() + usize::from(entry.granted_at.is_none()),
        });
        let entries: Vec<Waiter> = entries.collect();
        let SlotLimits { per_person, per_workspace, .. } = queue.limits;
        let mut line = Self {
            ahead: entries.iter().map(|entry| entry.ahead).sum(),
            entries,
            waiting: vec![BTreeSet::new(); projects.names.len()],
            slots: queue.slots(),
            held: 0,
            projects: projects.names.into_iter().map(|name| Party::project(queue, name)).collect(),
            people: people.names.iter().map(|_| Party::new(per_person)).collect(),
            workspaces: workspaces.names.iter().map(|_| Party::new(per_workspace)).collect(),
            turns: 0,
        };
        line.take_in(queue);
        line
    }

    /// Counts who holds a slot, and lines up who waits.
    fn take_in(&mut self, queue: &Queue) {
        for (index, entry) in queue.entries.iter().enumerate() {
            match entry.granted_at {
                Some(_) => self.count(index, 1),
                None => self.line_up(index),
            }
        }
    }

    /// The same with this many slots.
    pub(super) fn with_slots(self, slots: u32) -> Self {
        Self { slots, ..self }
    }

    /// Gives a slot to whoever is next; the index of its entry.
    pub(super) fn serve_next(&mut self) -> Option<usize> {
        if self.held >= self.slots {
            return None;
        }
        let next = self.next()?;
        let entry = &mut self.entries[next.index];
        let project = entry.project;
        entry.ahead -= 1;
        self.ahead -= 1;
        self.waiting[project].remove(&next);
        self.count(next.index, 1);
        self.turns += 1;
        self.projects[project].served = Served::InTurn(self.turns);
        Some(next.index)
    }

    /// A slot comes back.
    pub(super) fn give_back(&mut self, index: usize) {
        self.count(index, -1);
    }

    /// A run that has had a slot asks for the next.
    pub(super) fn ask_again(&mut self, index: usize, at: DateTime<Utc>) {
        let entry = &mut self.entries[index];
        (entry.begun, entry.asked_at) = (true, at);
        self.line_up(index);
    }

    fn line_up(&mut self, index: usize) {
        let Waiter { id, project, begun, asked_at, .. } = self.entries[index];
        self.waiting[project].insert(Place { is_new: !begun, asked_at, id, index });
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> {
        self.waiting.iter().flatten().map(|place| place.index)
    }

    /// Which of its own limits keeps an entry from a slot.
    pub(super) fn full(&self, index: usize) -> Option<Full> {
        let of = &self.entries[index];
        let full = |party: &Party| party.limit.filter(|_| party.is_full());
        let workspace = of.workspace.and_then(|workspace| full(&self.workspaces[workspace]));
        full(&self.projects[of.project])
            .map(Full::Project)
            .or_else(|| full(&self.people[of.person]).map(Full::Person))
            .or_else(|| workspace.map(Full::Workspace))
    }

    fn next(&self) -> Option<Place> {
        let first_of = self.projects.iter().zip(&self.waiting).filter_map(|(project, waiting)| {
            Some((project.held, project.served, self.first_of(waiting)?))
        });
        first_of.min().map(|(_, _, first)| first)
    }

    /// Of one project. Whoever is new is passed by none that asked later.
    fn first_of(&self, waiting: &BTreeSet<Place>) -> Option<Place> {
        let may = || waiting.iter().filter(|place| self.full(place.index).is_none());
        let first_new = may().find(|place| place.is_new);
        let goes_first = first_new.filter(|place| self.takes_all_that_is_left(place.index));
        goes_first.or_else(|| may().next()).copied()
    }

    /// Whether the turns of this run, one after the other, take as long as everything that is ahead.
    fn takes_all_that_is_left(&self, index: usize) -> bool {
        let turns = self.entries[index].ahead;
        usize::try_from(self.slots).is_ok_and(|slots| turns.saturating_mul(slots) >= self.ahead)
    }

    fn count(&mut self, index: usize, change: i32) {
        let Waiter { project, person, workspace, .. } = self.entries[index];
        let parties = [&mut self.projects[project], &mut self.people[person]].into_iter();
        let workspace = workspace.map(|workspace| &mut self.workspaces[workspace]);
        for party in parties.chain(workspace) {
            party.held = party.held.saturating_add_signed(change);
        }
        self.held = self.held.saturating_add_signed(change);
    }
}

/// Numbers for names, in the order in which they come.
struct Numbers<'a, T> {
    known: BTreeMap<&'a T, usize>,
    names: Vec<&'a T>,
}

impl<T> Default for Numbers<'_, T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), names: Vec::new() }
    }
}

impl<'a, T: Ord> Numbers<'a, T> {
    fn of(&mut self, name: &'a T) -> usize {
        *self.known.entry(name).or_insert_with(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }
}
