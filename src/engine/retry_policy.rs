//! Timeouts and retry policies: how long does the engine wait, and how often does it try again?
//! All those of this room are here, in one place.

use std::time::Duration;

use temporalio_common::RetryPolicy;

use crate::run::{Plan, Stage};

/// To start or signal a run: Slack waits three seconds in all.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_millis(2_200);
/// To read all of a run's history, page by page.
pub(super) const HISTORY_TIMEOUT: Duration = Duration::from_secs(30);
/// To open a connection to Temporal.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A worker that is silent for longer is dead, and its activity is taken over.
pub(super) const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between heartbeats, and between looks at an agent's progress.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// A cancelled activity learns of it with a heartbeat's answer: this bounds how long a stop takes.
pub(super) const HEARTBEAT_THROTTLE: Duration = Duration::from_secs(1);
/// After a request to end, agents get this long before they are interrupted; their runs go on elsewhere.
pub(super) const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// After this, a record is tried again by any worker that lives.
pub(super) const RECORD_TIMEOUT: Duration = Duration::from_secs(5);
/// For putting the result where people can fetch it.
pub(super) const DELIVER_TIMEOUT: Duration = Duration::from_mins(3);
/// For pushing the work of one attempt; the next one waits for it.
pub(super) const ATTEMPT_PUSH_TIMEOUT: Duration = Duration::from_secs(30);
/// A worker that lacks something gives others this long to take the work.
pub(super) const HAND_BACK_INTERVAL: Duration = Duration::from_secs(1);
/// After so many tries it is told that no worker can do it, and waited for one.
pub(super) const HAND_BACKS: u32 = 5;
/// For waiting for a slot. Whoever still waits then goes on waiting in the same place.
pub(super) const SLOT_TIMEOUT: Duration = Duration::from_hours(24);
/// Whoever waits is spoken for once a minute, by any worker; where none lives, it asks again for its place in the database.
pub(super) const SLOT_HEARTBEAT_TIMEOUT: Duration = Duration::from_mins(3);
/// To tell Temporal of a wait that it goes on, or is over. The next look tells it again.
pub(super) const SLOT_CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// For handing out what somebody does by hand: it may have to be fetched first, and the repository may be far away.
pub(super) const HAND_OUT_TIMEOUT: Duration = Duration::from_mins(15);
/// After so many tries, whoever waits for it is told why it cannot be handed out.
const HAND_OUTS: u32 = 20;
/// For one look whether somebody pushed. Where the worker dies in it, the next look comes after this.
pub(super) const AWAIT_PUSH_TIMEOUT: Duration = Duration::from_secs(20);
/// To try the merge of every pair of features: of big ones each takes seconds.
pub(super) const PREVIEW_TIMEOUT: Duration = Duration::from_mins(15);
/// After so many tries it is merged without knowing.
const PREVIEWS: u32 = 3;
/// To say whether a worker could do it.
pub(super) const FIND_WORKER_TIMEOUT: Duration = Duration::from_secs(30);
/// Before what failed on a worker is tried there again: at first, and at most.
pub(super) const FIRST_CIRCUIT_BACKOFF: Duration = Duration::from_secs(30);
pub(super) const LONGEST_CIRCUIT_BACKOFF: Duration = Duration::from_mins(10);
/// How often a dead worker's attempt is taken over before the attempt counts as lost.
const TAKEOVERS: u32 = 30;
/// After so many tries, work that cannot be kept for a reason that nobody knows is given up, and the next attempt is told.
pub(super) const STORE_TRIES: u32 = 5;
/// Before a step whose disk was full is tried again, at most.
const LONGEST_DISK_FULL_BACKOFF: Duration = Duration::from_mins(5);
/// A second reader that takes longer has lost its way.
const LONGEST_REVIEW: Duration = Duration::from_mins(10);
/// After so many workers that died or hung, the work goes on unread.
const REVIEWS: u32 = 5;
/// Added to the stage's own timeout, which comes first: this one is for a worker that hangs.
const ATTEMPT_GRACE_SECONDS: u64 = 120;

/// Pauses before a setup that failed is tried again: what it fetches may be there then.
pub(super) const SETUP_BACKOFFS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// How many times the stage's own timeout an activity may take: the first checks also run on what was there before, and a setup that fails
/// is compared too.
const TIMES: u64 = 2;
const TIMES_WITH_SETUP: u64 = 5;
/// And once more where new tests also run on the code before.
const TIMES_RED_GREEN: u64 = 1;
/// So many times as long as the checks took, new tests may take on the code before: they set it up and run it once or twice.
const RED_GREEN_FACTOR: u64 = 2;
/// Short checks get at least this: a machine may be busy.
const LEAST_RED_GREEN: Duration = Duration::from_secs(30);

/// Pause before a database that is away is asked again.
pub(super) const DATABASE_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Progress that takes longer to write is dropped: heartbeats must go on.
pub(super) const PROGRESS_TIMEOUT: Duration = Duration::from_secs(2);
/// Progress that did not change is written again after this, to show that it is alive.
pub(super) const PROGRESS_REPEAT: Duration = Duration::from_secs(15);
/// A database that takes longer is not waited for when a run was stopped.
pub(super) const STOPPED_DATABASE_TIMEOUT: Duration = Duration::from_secs(2);
/// A person who stops a run waits for it: work that takes longer to keep is given up.
pub(super) const STOPPED_SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(10);

/// For one activity of an attempt, from its start to its end.
pub(super) const fn attempt_timeout(plan: &Plan) -> Duration {
    let times = if plan.stage.setup.is_empty() { TIMES } else { TIMES_WITH_SETUP };
    let times = if plan.stage.red_green { times + TIMES_RED_GREEN } else { times };
    Duration::from_secs(plan.stage.timeout_seconds * times + ATTEMPT_GRACE_SECONDS)
}

/// For new tests on the code before, after checks that took so long; never more than the stage's own timeout.
pub(super) fn red_green_timeout(stage: &Stage, checks_seconds: u64) -> Duration {
    let longest = Duration::from_secs(stage.timeout_seconds);
    let usual = Duration::from_secs(checks_seconds.saturating_mul(RED_GREEN_FACTOR));
    usual.max(LEAST_RED_GREEN).min(longest)
}

/// For an agent, as its stage says.
pub(super) const fn agent_timeout(stage: &Stage) -> Duration {
    Duration::from_secs(stage.timeout_seconds)
}

/// For a second reader: it only reads, and a person waits for it.
pub(super) fn review_timeout(stage: &Stage) -> Duration {
    agent_timeout(stage).min(LONGEST_REVIEW)
}

/// The same, with what comes before and after it: this one is for a worker that hangs.
pub(super) fn whole_review_timeout(stage: &Stage) -> Duration {
    review_timeout(stage) + Duration::from_secs(ATTEMPT_GRACE_SECONDS)
}

/// Before an attempt begins, as the rules say.
pub(super) const fn backoff(plan: &Plan) -> Duration {
    Duration::from_secs(plan.backoff_seconds)
}

/// Before the next try after so many that found the disk full: about two hours in all.
pub(super) fn disk_full_backoff(tries: u32) -> Duration {
    let doubled = Duration::from_secs(15).saturating_mul(1 << tries.saturating_sub(1).min(10));
    doubled.min(LONGEST_DISK_FULL_BACKOFF)
}

/// For activities that a worker may die in: another worker takes over, about thirty times.
pub(super) fn takeover_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(500))
        .maximum_interval(Duration::from_secs(10))
        .maximum_attempts(TAKEOVERS)
        // The SDK reports a result that is too large as retryable: the agent would be paid again.
        .non_retryable_error_types(["PayloadsTooLarge"])
        .build()
}

/// For a review: nobody waits for long.
pub(super) fn review_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(500))
        .maximum_interval(Duration::from_secs(5))
        .maximum_attempts(REVIEWS)
        .build()
}

/// For trying merges before they are made: what cannot be known is not waited for, and they are made all the same.
pub(super) fn preview_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .maximum_interval(Duration::from_secs(10))
        .maximum_attempts(PREVIEWS)
        .build()
}

/// For looking for a worker: without end, because an operator may come on Monday; soon, because people wait for the run.
pub(super) fn find_worker_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .maximum_interval(Duration::from_secs(10))
        .build()
}

/// For waiting for a slot: without end, and soon, because a place is kept for it.
pub(super) fn await_slot_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(200))
        .maximum_interval(Duration::from_secs(5))
        .build()
}

/// For handing work out: a few minutes, then the person who waits is told why not.
pub(super) fn hand_out_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .maximum_interval(Duration::from_secs(10))
        .maximum_attempts(HAND_OUTS)
        .build()
}

/// For looking whether somebody pushed: without end, and not so often that their host minds.
pub(super) fn await_push_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(2))
        .backoff_coefficient(1.2)
        .maximum_interval(Duration::from_secs(30))
        .build()
}

/// For records: without end, because nothing may happen that was not recorded, and a database comes back.
pub(super) fn record_policy() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(200))
        .maximum_interval(Duration::from_secs(10))
        .build()
}
