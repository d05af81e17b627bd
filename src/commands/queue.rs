//! Who is at work, who waits for a slot, and why?
//! The JSON is a door: scripts rely on its fields, and a changed one is told in the README.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Asker, Reply, ReplyKind, Services, is_visible_to};
use crate::run::{Queue, QueueEntry, QueuePlace, QueuedAttempt, Run, RunId, SlotLimits};
use crate::store::{StoreError, WorkerProcess};
use crate::thread::{self, figures};

/// Most lines of each kind.
const LISTED: usize = 20;

/// The queue at one moment, as far as somebody may see it.
pub struct QueueLook {
    queue: Queue,
    workers: Vec<WorkerProcess>,
    /// The runs of those that are listed; of others only that they are there.
    visible: BTreeMap<RunId, bool>,
}

/// The queue.
pub async fn queue_look(services: &Services, asker: &Asker) -> Result<QueueLook, StoreError> {
    let queue = read_queue(services).await?;
    let mut visible = BTreeMap::new();
    let listed = queue.holders().into_iter().take(LISTED);
    let waiting = in_order(&queue).into_iter().take(LISTED).map(|(entry, _)| entry);
    for entry in listed.chain(waiting) {
        let run = services.store.run(&entry.asks.run).await?;
        let seen = run.is_some_and(|run| is_visible_to(&run, asker));
        visible.insert(entry.asks.run.clone(), seen);
    }
    Ok(QueueLook { workers: services.store.workers().await?, queue, visible })
}

/// Where a run stands in the queue; none where it waits for no slot.
pub async fn queued_attempt(
    services: &Services,
    run: &Run,
) -> Result<Option<QueuedAttempt>, StoreError> {
    if !run.request.queued || run.outcome.is_some() {
        return Ok(None);
    }
    let mut queued = all_queued(services).await?;
    Ok(queued.remove(run.id()).filter(|it| run.wants_slot(it)))
}

/// Where each run stands that waits for a slot.
pub(super) async fn all_queued(
    services: &Services,
) -> Result<BTreeMap<RunId, QueuedAttempt>, StoreError> {
    Ok(read_queue(services).await?.queued())
}

async fn read_queue(services: &Services) -> Result<Queue, StoreError> {
    services.store.queue_with_spans(&services.projects.current().queue.slots).await
}

/// `Waiting for a slot: 3rd of 12, because all 4 slots are busy, about 4 min.`
pub(super) fn queued_line(queued: &QueuedAttempt) -> String {
    format!("Waiting for a slot: {}.", thread::queue_place(&queued.at))
}

/// Those that wait, in the order of their turns.
fn in_order(queue: &Queue) -> Vec<(&QueueEntry, QueuePlace)> {
    let mut places = queue.places();
    let waiting = queue.entries.iter().filter_map(|entry| Some((entry, places.remove(&entry.id)?)));
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_by_key(|(_, place)| place.place);
    waiting
}

impl QueueLook {
    /// For people, a line for each attempt.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let (holders, waiting) = (self.queue.holders(), in_order(&self.queue));
        let mut lines = vec![self.headline()];
        if !holders.is_empty() {
            lines.push("*At work*".to_owned());
            lines.extend(holders.iter().take(LISTED).map(|entry| self.holder(entry)));
            lines.extend(more(holders.len()));
        }
        if !waiting.is_empty() {
            lines.push("*Waiting*".to_owned());
            lines.extend(waiting.iter().take(LISTED).map(|(entry, at)| self.waiter(entry, at)));
            lines.extend(more(waiting.len()));
        }
        Reply::new(ReplyKind::Done, lines.join("\n"))
    }

    /// `2 of 4 slots taken on 2 workers, 12 wait · at most 2 of a project`
    fn headline(&self) -> String {
        let Queue { limits, .. } = &self.queue;
        let head = slots_line(&self.queue, self.workers.len());
        let limits = limits_line(limits);
        if limits.is_empty() { head } else { format!("{head} · {limits}") }
    }

    fn holder(&self, entry: &QueueEntry) -> String {
        let since = entry.granted_at.map_or(0, |at| figures::seconds(at, self.queue.now));
        format!("{} · {}", self.attempt(entry), figures::span(since))
    }

    fn waiter(&self, entry: &QueueEntry, at: &QueuePlace) -> String {
        let because = thread::queue_reason(&at.because);
        let about = at.seconds.map(|it| format!(" · {}", thread::about(it))).unwrap_or_default();
        format!("{} {} · {because}{about}", thread::ordinal(at.place), self.attempt(entry))
    }

    fn attempt(&self, QueueEntry { asks, .. }: &QueueEntry) -> String {
        if self.visible.get(&asks.run).copied().unwrap_or(false) {
            format!("`{}` · {} · attempt {}", asks.run, asks.stage, asks.attempt)
        } else {
            "a run that you do not see".to_owned()
        }
    }

    /// `queue --json`.
    #[must_use]
    pub fn json(&self) -> Value {
        let SlotLimits { at_once, per_project, by_project, per_person, per_workspace } =
            &self.queue.limits;
        let at_work = self.queue.holders().into_iter().map(|entry| {
            let mut it = entry_json(entry);
            it["since"] = json!(entry.granted_at);
            it
        });
        let waiting = in_order(&self.queue).into_iter().map(|(entry, at)| {
            let mut it = entry_json(entry);
            it["place"] = json!(at.place);
            it["because"] = json!(at.because);
            it["seconds"] = json!(at.seconds);
            it
        });
        json!({
            "slots": self.queue.slots(),
            "workers": self.workers.iter().map(|it| json!({
                "host": it.host, "process": it.process, "slots": it.slots,
            })).collect::<Vec<_>>(),
            "limits": {
                "at_once": at_once, "per_project": per_project, "by_project": by_project,
                "per_person": per_person, "per_workspace": per_workspace,
            },
            "at_work": at_work.collect::<Vec<_>>(),
            "waiting": waiting.collect::<Vec<_>>(),
        })
    }
}

fn entry_json(QueueEntry { asks, asked_at, .. }: &QueueEntry) -> Value {
    json!({
        "run": asks.run, "stage": asks.stage, "attempt": asks.attempt, "project": asks.project,
        "person": asks.person, "asked_at": asked_at,
    })
}

fn more(all: usize) -> Option<String> {
    (all > LISTED).then(|| format!("… and {} more", all - LISTED))
}

/// `2 of 4 slots taken on 2 workers, 12 wait`.
#[must_use]
pub fn slots_line(queue: &Queue, workers: usize) -> String {
    if workers == 0 {
        let waits = queue.waiting();
        let verb = if waits == 1 { "waits" } else { "wait" };
        return format!("No worker is there: {waits} {verb}");
    }
    let waiting = match queue.waiting() {
        0 => "nobody waits".to_owned(),
        1 => "1 waits".to_owned(),
        n => format!("{n} wait"),
    };
    let slots = figures::plural(queue.slots().into(), "slot");
    let workers = figures::plural(workers as u64, "worker");
    format!("{} of {slots} taken on {workers}, {waiting}", queue.holders().len())
}

/// `at most 4 at once, 2 of a project, 3 of shop`; empty where nothing is limited.
#[must_use]
pub fn limits_line(limits: &SlotLimits) -> String {
    let SlotLimits { at_once, per_project, by_project, per_person, per_workspace } = limits;
    let of = |limit: &Option<u32>, what: &str| limit.map(|limit| format!("{limit} {what}"));
    let general = [
        of(at_once, "at once"),
        of(per_project, "of a project"),
        of(per_person, "of a person"),
        of(per_workspace, "of a workspace"),
    ];
    let own = by_project.iter().map(|(project, limit)| format!("{limit} of {project}"));
    let all: Vec<String> = general.into_iter().flatten().chain(own).collect();
    if all.is_empty() { String::new() } else { format!("at most {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_a_line() {
        assert_eq!(limits_line(&SlotLimits::default()), "");
        let limits = SlotLimits {
            at_once: Some(4),
            per_project: Some(2),
            by_project: [("shop".parse().expect("a name"), 3)].into(),
            ..SlotLimits::default()
        };
        assert_eq!(limits_line(&limits), "at most 4 at once, 2 of a project, 3 of shop");
    }
}
