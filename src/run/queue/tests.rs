//! Is the queue fair, does it leave no slot idle, and are the places that it tells the order it keeps?

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{Queue, QueueEntry, SlotLimits, SlotRequest, SlotSpans, WaitsBecause};
use crate::run::rules::tests::request;
use crate::run::{PersonId, ProjectName, Run};

fn at(seconds: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds)
}

fn project(n: u8) -> ProjectName {
    format!("p{n}").parse().expect("a name")
}

fn person(n: u8) -> PersonId {
    PersonId::Cli { user: format!("u{n}") }
}

/// Whose an entry is.
#[derive(Clone, Copy, Debug)]
struct Of {
    project: u8,
    person: u8,
    begun: bool,
    holds: bool,
    /// How many stages follow.
    next: u8,
}

const fn of(project: u8) -> Of {
    Of { project, person: 0, begun: false, holds: false, next: 0 }
}

const fn holder(project: u8) -> Of {
    Of { holds: true, ..of(project) }
}

fn entry(id: usize, of: Of) -> QueueEntry {
    let id = i64::try_from(id).expect("few");
    let asks = SlotRequest {
        run: format!("run-{id}").parse().expect("a name"),
        stage: "only".parse().expect("a name"),
        attempt: 1,
        project: project(of.project),
        person: person(of.person),
        team: Some("T1".to_owned()),
        begun: of.begun,
        next_stages: vec!["next".parse().expect("a name"); of.next.into()],
    };
    let granted_at = of.holds.then(|| at(id));
    QueueEntry { id, asks, asked_at: at(id), granted_at }
}

fn queue(slots: u32, all: &[Of]) -> Queue {
    Queue {
        entries: all.iter().enumerate().map(|(id, of)| entry(id, *of)).collect(),
        limits: SlotLimits::default(),
        on_hosts: slots,
        served: std::collections::BTreeMap::new(),
        spans: SlotSpans { usual: Some(60), ..SlotSpans::default() },
        now: at(100),
    }
}

/// The ids of those that wait, in the order of their places.
fn order(queue: &Queue) -> Vec<i64> {
    let mut places: Vec<_> = queue.places().into_iter().map(|(id, it)| (it.place, id)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, id)| id).collect()
}

#[test]
fn projects_take_turns_however_many_runs_one_has() {
    let queue = queue(1, &[of(1), of(1), of(1), of(1), of(2), of(2)]);
    assert_eq!(queue.grants(), [0]);
    assert_eq!(order(&queue), [0, 4, 1, 5, 2, 3]);
}

#[test]
fn a_project_that_has_fewer_slots_goes_first() {
    let queue = queue(3, &[holder(1), holder(1), of(1), of(2)]);
    assert_eq!(queue.grants(), [3]);
}

#[test]
fn of_two_projects_with_as_many_slots_the_one_goes_first_that_was_served_longest_ago() {
    let mut queue = queue(1, &[of(1), of(2), of(3)]);
    queue.served = [(project(1), at(5)), (project(2), at(3)), (project(3), at(4))].into();
    assert_eq!(order(&queue), [1, 2, 0]);
}

#[test]
fn what_is_begun_goes_before_what_is_new() {
    let queue = queue(1, &[of(1), Of { begun: true, ..of(1) }]);
    assert_eq!(order(&queue), [1, 0]);
}

#[test]
fn a_run_goes_first_that_would_come_to_its_last_stages_alone() {
    let begun = Of { begun: true, ..of(1) };
    let new = Of { next: 1, ..of(1) };
    // Of two rounds that are left, what is new takes both.
    assert_eq!(queue(3, &[begun, begun, new, new]).grants(), [2, 3, 0]);
    // It passes nobody who is new and asked before.
    assert_eq!(queue(3, &[begun, begun, of(1), new, new]).grants(), [0, 1, 2]);
    // Of three it takes the last two just as well.
    assert_eq!(queue(3, &[begun, begun, begun, begun, begun, new, new]).grants(), [0, 1, 2]);
    // What those at work ask for next is ahead too.
    assert_eq!(queue(2, &[Of { next: 1, ..holder(1) }, begun, new]).grants(), [2]);
    assert_eq!(queue(2, &[Of { next: 2, ..holder(1) }, begun, new]).grants(), [1]);
}

#[test]
fn a_full_project_is_passed_over_and_says_why() {
    let mut queue = queue(4, &[holder(1), of(1), of(2), of(2)]);
    queue.limits.per_project = Some(1);
    assert_eq!(queue.grants(), [2]);
    let because = queue.places()[&1].because.clone();
    assert_eq!(because, WaitsBecause::Project { project: project(1), slots: 1 });
    queue.limits.by_project = [(project(1), 2)].into();
    assert_eq!(queue.grants(), [2, 1]);
}

#[test]
fn the_limits_of_people_and_workspaces_hold() {
    let both =
        [Of { person: 1, ..holder(1) }, Of { person: 1, ..of(2) }, Of { person: 2, ..of(1) }];
    let mut queue = queue(4, &both);
    queue.limits.per_person = Some(1);
    assert_eq!(queue.grants(), [2]);
    assert_eq!(queue.places()[&1].because, WaitsBecause::Person { person: person(1), slots: 1 });
    queue.limits.per_workspace = Some(1);
    assert_eq!(queue.grants(), [0; 0]);
    assert_eq!(queue.places()[&2].because, WaitsBecause::Workspace { slots: 1 });
}

#[test]
fn without_a_worker_the_order_is_known_and_no_time() {
    let queue = queue(0, &[of(1), of(1), of(2)]);
    assert_eq!((queue.grants(), order(&queue)), (vec![], vec![0, 2, 1]));
    let place = &queue.places()[&1];
    assert_eq!((&place.because, place.seconds), (&WaitsBecause::NoWorker, None));
}

#[test]
fn when_a_turn_comes_follows_from_how_long_slots_are_held() {
    let mut queue = queue(2, &[holder(1), holder(1), of(1), of(1), of(1)]);
    // They hold their slots for 100 and 99 seconds now.
    queue.spans.usual = Some(160);
    let seconds = |queue: &Queue| queue.places().values().map(|it| it.seconds).collect::<Vec<_>>();
    assert_eq!(seconds(&queue), [Some(60), Some(61), Some(220)]);
    queue.spans.usual = None;
    assert_eq!(seconds(&queue), [None; 3]);
    assert_eq!(order(&queue), [2, 3, 4]);
}

#[test]
fn a_run_that_has_begun_goes_first_for_each_stage_that_follows() {
    let next = |next, of| Of { next, ..of };
    // The second waits until the first has gone through its three stages, and the third until the second has gone through its two.
    let queue = queue(1, &[next(2, holder(1)), next(1, of(1)), of(1)]);
    let seconds: Vec<_> = queue.places().values().map(|it| it.seconds).collect();
    assert_eq!(seconds, [Some(121), Some(241)]);
    let place = &queue.places()[&1];
    assert_eq!((place.place, place.of), (1, 2));
}

#[test]
fn what_follows_is_foreseen_up_to_the_next_question() {
    let run = Run::starting(request(&["plan", "code", "tests?", "docs"]));
    let next = |stage: &str| {
        let next = super::next_stages(&run, &stage.parse().expect("a name"));
        next.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(next("plan"), ["code", "tests"]);
    assert_eq!(next("code"), ["tests"]);
    // A person answers first, and the slot is free meanwhile.
    assert_eq!(next("tests"), [""; 0]);
    assert_eq!(next("docs"), [""; 0]);
}

#[test]
fn stages_that_follow_hold_nobody_up_whose_project_is_next() {
    let mut queue = queue(1, &[Of { next: 5, ..holder(1) }, of(2)]);
    queue.served = [(project(1), at(0))].into();
    assert_eq!(queue.places()[&1].seconds, Some(1));
}

fn any_of() -> impl Strategy<Value = Of> {
    (0..4_u8, 0..3_u8, any::<bool>(), prop::bool::weighted(0.2), 0..4_u8).prop_map(
        |(project, person, begun, holds, next)| Of { project, person, begun, holds, next },
    )
}

fn any_limits() -> impl Strategy<Value = SlotLimits> {
    let limit = || prop::option::of(1..4_u32);
    (limit(), limit(), limit(), limit()).prop_map(
        |(at_once, per_project, per_person, per_workspace)| SlotLimits {
            at_once,
            per_project,
            per_person,
            per_workspace,
            ..SlotLimits::default()
        },
    )
}

fn any_queue() -> impl Strategy<Value = Queue> {
    (1..6_u32, prop::collection::vec(any_of(), 0..30), any_limits())
        .prop_map(|(slots, all, limits)| Queue { limits, ..queue(slots, &all) })
}

/// The most that anybody holds.
fn most_held<T: Ord>(queue: &Queue, of: impl Fn(&QueueEntry) -> T) -> u32 {
    let mut held = std::collections::BTreeMap::<T, u32>::new();
    for entry in queue.holders() {
        *held.entry(of(entry)).or_default() += 1;
    }
    held.into_values().max().unwrap_or(0)
}

fn granted(queue: &Queue) -> Queue {
    let (mut after, grants) = (queue.clone(), queue.grants());
    for (n, id) in grants.iter().enumerate() {
        let turn = at(200 + i64::try_from(n).expect("few"));
        let entry = after.entries.iter_mut().find(|entry| entry.id == *id).expect("an entry");
        entry.granted_at = Some(turn);
        after.served.insert(entry.asks.project.clone(), turn);
    }
    after
}

/// Whether its run has another stage, for which it asks at once.
fn asks_again(entry: &mut QueueEntry, now: chrono::DateTime<chrono::Utc>) -> bool {
    (entry.asks.begun, entry.asked_at, entry.granted_at) = (true, now, None);
    entry.asks.next_stages.pop().is_some()
}

fn is_within(queue: &Queue) -> bool {
    let within = |held: u32, limit: Option<u32>| limit.is_none_or(|limit| held <= limit);
    let limits = &queue.limits;
    u32::try_from(queue.holders().len()).expect("few") <= queue.slots()
        && within(most_held(queue, |entry| entry.asks.project.clone()), limits.per_project)
        && within(most_held(queue, |entry| entry.asks.person.clone()), limits.per_person)
        && within(most_held(queue, |entry| entry.asks.team.clone()), limits.per_workspace)
}

proptest! {
    #[test]
    fn places_are_one_to_as_many_as_wait(queue in any_queue()) {
        let mut places: Vec<usize> = queue.places().values().map(|it| it.place).collect();
        places.sort_unstable();
        prop_assert_eq!(places, (1..=queue.waiting()).collect::<Vec<_>>());
    }

    /// However many hold slots already: limits may have been lowered since.
    #[test]
    fn no_grant_goes_beyond_a_limit(queue in any_queue()) {
        let after = granted(&queue);
        prop_assert!(!is_within(&queue) || is_within(&after));
    }

    #[test]
    fn no_slot_stays_free_that_somebody_may_have(queue in any_queue()) {
        prop_assert_eq!(granted(&queue).grants(), Vec::<i64>::new());
        let free = u32::try_from(queue.holders().len()).expect("few") < queue.slots();
        let unlimited = SlotLimits { at_once: queue.limits.at_once, ..SlotLimits::default() };
        let queue = Queue { limits: unlimited, ..queue };
        prop_assert!(!free || queue.waiting() == 0 || !queue.grants().is_empty());
    }

    /// Whoever waits gets a slot once those before have given theirs back.
    #[test]
    fn nobody_starves(queue in any_queue()) {
        let (mut queue, mut turns) = (queue, 0);
        while queue.waiting() > 0 {
            queue = granted(&queue);
            let oldest = queue.holders().first().map(|entry| entry.id);
            queue.entries.retain(|entry| Some(entry.id) != oldest);
            turns += 1;
            prop_assert!(turns <= 60);
        }
    }

    /// And however many more a busy project asks for, others wait no longer for it than for one turn of each project.
    #[test]
    fn a_busy_project_delays_no_other(slots in 1..4_u32, crowd in 1..25_usize) {
        let mut all = vec![of(1); crowd];
        all.push(of(2));
        let place = order(&queue(slots, &all)).iter().position(|id| *id == i64::try_from(crowd).expect("few"));
        prop_assert!(place.is_some_and(|place| place <= 1));
    }

    /// Where all stages take as long, runs of two stages are done as soon as so many slots can do them.
    #[test]
    fn no_round_is_lost_at_the_end(slots in 1..6_u32, runs in 1..20_usize) {
        let least = (2 * runs).div_ceil(slots as usize).max(2);
        let (mut queue, mut rounds) = (queue(slots, &vec![Of { next: 1, ..of(1) }; runs]), 0);
        while !queue.entries.is_empty() {
            queue = granted(&queue);
            let now = at(1_000 + i64::try_from(rounds).expect("few"));
            queue.entries.retain_mut(|entry| entry.granted_at.is_none() || asks_again(entry, now));
            rounds += 1;
        }
        prop_assert_eq!(rounds, least);
    }

    /// The places that are told are the order that is kept, where slots come back as they usually do.
    #[test]
    fn turns_come_in_the_order_of_places(queue in any_queue()) {
        let told = order(&queue);
        let (mut queue, mut came, mut turns) = (queue, Vec::new(), 0);
        for second in 0.. {
            queue.now = at(100 + second);
            let usual = TimeDelta::seconds(60);
            let is_over = |entry: &QueueEntry| entry.granted_at.is_some_and(|since| since + usual <= queue.now && second > 0);
            // One after the other, as they come back to the queue.
            let over: Vec<i64> = queue.entries.iter().filter(|it| is_over(it)).map(|it| it.id).collect();
            for id in over.into_iter().map(Some).chain([None]) {
                queue.entries.retain_mut(|entry| Some(entry.id) != id || asks_again(entry, queue.now));
                for id in queue.grants() {
                    let now = queue.now;
                    let entry = queue.entries.iter_mut().find(|entry| entry.id == id).expect("an entry");
                    entry.granted_at = Some(now);
                    turns += 1;
                    queue.served.insert(entry.asks.project.clone(), now + TimeDelta::milliseconds(turns));
                    if !came.contains(&id) {
                        came.push(id);
                    }
                }
            }
            if queue.waiting() == 0 || second > 9_000 {
                break;
            }
        }
        came.retain(|id| told.contains(id));
        prop_assert_eq!(told, came);
    }

    /// With more slots the first turn, the second, and each after that comes no later. (Whose turn it is may change: who would have been
    /// second with one slot is third with two, where somebody's project has none yet. And what follows is left out: with more slots more runs
    /// are begun at once, and their next stages go before the first of others.)
    #[test]
    fn more_slots_make_no_turn_come_later(slots in 1..5_u32, all in prop::collection::vec(any_of(), 0..20)) {
        let all: Vec<Of> = all.into_iter().map(|it| Of { holds: false, next: 0, ..it }).collect();
        let turns = |slots| {
            let mut turns: Vec<_> = queue(slots, &all).places().values().map(|it| it.seconds).collect();
            turns.sort_unstable();
            turns
        };
        for (more, few) in turns(slots + 1).into_iter().zip(turns(slots)) {
            prop_assert!(more <= few);
        }
    }
}
