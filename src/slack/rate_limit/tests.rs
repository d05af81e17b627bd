//! Do calls keep to Slack's limits, and does what matters find room?

use super::limits::SLACKS_PACE;
use super::*;

fn post(channel: &str, priority: Priority) -> ApiCall<'_> {
    ApiCall::new("chat.postMessage", priority).to(channel)
}

fn edit(priority: Priority) -> ApiCall<'static> {
    ApiCall::new("chat.update", priority).to("C1")
}

fn seconds(result: Result<Duration, Duration>) -> Result<u64, u64> {
    result.map(|wait| wait.as_secs()).map_err(|wait| wait.as_secs())
}

#[test]
fn a_channel_takes_three_posts_at_once_then_one_a_second() {
    let limiter = RateLimiter::new(RateLimits::slack());
    let now = Instant::now();
    let waits: Vec<_> =
        (0..7).map(|_| seconds(limiter.reserve(post("C1", Priority::Milestone), now))).collect();
    assert_eq!(waits, [Ok(0), Ok(0), Ok(0), Ok(1), Ok(2), Ok(3), Err(4)]);
    assert_eq!(
        seconds(limiter.reserve(post("C2", Priority::Milestone), now)),
        Ok(0),
        "another channel is free"
    );
    assert_eq!(
        seconds(limiter.reserve(post("C1", Priority::Milestone), now + Duration::from_secs(6))),
        Ok(0),
        "time makes room"
    );
}

#[test]
fn ticks_are_turned_away_while_gates_still_find_room() {
    let limiter = RateLimiter::new(RateLimits::slack());
    let now = Instant::now();
    let ticks = (0..50).take_while(|_| limiter.reserve(edit(Priority::Tick), now).is_ok()).count();
    assert_eq!(ticks, 5);
    assert!(limiter.reserve(edit(Priority::Tick), now).is_err_and(|wait| wait > Duration::ZERO));
    let milestones = (0..50)
        .take_while(|_| limiter.reserve(edit(Priority::Milestone), now) == Ok(Duration::ZERO))
        .count();
    assert_eq!(milestones, 3);
    assert_eq!(
        limiter.reserve(edit(Priority::Call), now).map(|wait| wait < Duration::from_secs(3)),
        Ok(true)
    );
}

#[test]
fn a_minute_of_edits_stays_below_slacks_limit() {
    let limiter = RateLimiter::new(RateLimits::slack());
    let start = Instant::now();
    let edits = (0..600u64)
        .filter(|tenth| {
            limiter
                .reserve(edit(Priority::Tick), start + Duration::from_millis(tenth * 100))
                .is_ok()
        })
        .count();
    assert!((40..=50).contains(&edits), "{edits} edits in a minute");
}

#[test]
fn retry_after_closes_the_method_for_everybody() {
    let limiter = RateLimiter::new(RateLimits::slack());
    let now = Instant::now();
    limiter.retry_after("chat.update", Duration::from_secs(30), now);
    limiter.retry_after("chat.update", Duration::from_secs(5), now);
    assert_eq!(seconds(limiter.reserve(edit(Priority::Call), now)), Err(30));
    assert_eq!(
        seconds(limiter.reserve(post("C1", Priority::Call), now)),
        Ok(0),
        "another method is open"
    );
    assert_eq!(
        seconds(limiter.reserve(edit(Priority::Call), now + Duration::from_secs(28))),
        Ok(2)
    );
    assert_eq!(
        seconds(limiter.reserve(edit(Priority::Tick), now + Duration::from_secs(31))),
        Ok(0)
    );
}

#[test]
fn channels_do_not_pile_up() {
    let limiter = RateLimiter::new(RateLimits::at_pace(60_000));
    let now = Instant::now();
    for n in 0..3_000u64 {
        let _ =
            limiter.reserve(post(&format!("C{n}"), Priority::Call), now + Duration::from_secs(n));
    }
    assert!(limiter.lock().channels.len() <= CHANNELS_REMEMBERED + 1);
}

fn turn(shown_at: u32) -> Turn {
    Turn { happened: false, shown_at: chrono::DateTime::from_timestamp(shown_at.into(), 0) }
}

fn step(message: &str, turn: Turn) -> ApiCall<'_> {
    edit(Priority::Tick).of(message, turn)
}

/// Takes all the room there is for ticks.
fn full(now: Instant) -> RateLimiter {
    let limiter = RateLimiter::new(RateLimits::slack());
    while limiter.reserve(edit(Priority::Tick), now).is_ok() {}
    limiter
}

#[test]
fn what_happened_goes_first_and_then_the_longest_unshown() {
    let now = Instant::now();
    let limiter = full(now);
    let happened = Turn { happened: true, ..turn(900) };
    let asked = [("new", turn(800)), ("old", turn(100)), ("happened", happened)];
    for (message, turn) in asked {
        assert!(limiter.reserve(step(message, turn), now).is_err());
    }
    let later = now + Duration::from_millis(1_400);
    assert!(limiter.reserve(step("new", turn(800)), later).is_err(), "two go before it");
    assert!(limiter.reserve(step("old", turn(100)), later).is_err(), "one goes before it");
    let known_no_more = Turn { happened: false, ..happened };
    assert!(limiter.reserve(step("happened", known_no_more), later).is_ok(), "it kept its place");
    let later = later + Duration::from_millis(1_400);
    assert!(limiter.reserve(step("new", turn(800)), later).is_err());
    assert!(limiter.reserve(step("old", turn(100)), later).is_ok());
    let later = later + Duration::from_millis(1_400);
    assert!(limiter.reserve(step("new", turn(800)), later).is_ok());
}

#[test]
fn a_clock_takes_no_edit_that_a_step_waits_for() {
    let now = Instant::now();
    let limiter = full(now);
    assert!(limiter.reserve(step("a", turn(1)), now).is_err());
    let later = now + Duration::from_secs(8);
    assert!(limiter.reserve(step("b", turn(2)), later).is_ok(), "there is room for both");
    assert!(limiter.reserve(edit(Priority::Clock), later).is_err(), "a still waits");
    let long_after = now + Duration::from_secs(30);
    assert!(limiter.reserve(edit(Priority::Clock), long_after).is_ok(), "nobody asked any more");
}

/// How many seconds the steps of so many runs are unshown at most, once all have had their turn, and how many edits a minute it took.
/// Each run gets on every second, and is looked at when its turn should come, or every two seconds.
fn staleness(runs: u32) -> (f64, u64) {
    const MINUTES: u64 = 10;
    let limiter = RateLimiter::new(RateLimits::slack());
    let start = Instant::now();
    let names: Vec<String> = (0..runs).map(|n| format!("run {n}")).collect();
    let mut shown = vec![0_u64; names.len()];
    let mut looks = vec![0_u64; names.len()];
    let (mut worst, mut edits) = (0, 0);
    for tenths in (0..MINUTES * 600).step_by(5) {
        let now = start + Duration::from_millis(tenths * 100);
        for i in 0..names.len() {
            if looks[i] > tenths {
                continue;
            }
            // A card's clock asks first, as it is drawn first.
            let clock = limiter.reserve(edit(Priority::Clock), now).is_ok();
            let turn = turn(u32::try_from(shown[i]).unwrap());
            looks[i] = tenths + 20;
            match limiter.reserve(step(&names[i], turn), now) {
                Ok(_) => {
                    if shown[i] > 0 && tenths > 600 * MINUTES / 2 {
                        worst = worst.max(tenths - shown[i]);
                    }
                    shown[i] = tenths.max(1);
                    edits += 1;
                }
                Err(wait) => {
                    let wait = wait.min(Duration::from_secs(5)).as_millis().div_ceil(100);
                    looks[i] = tenths + u64::try_from(wait).unwrap();
                }
            }
            edits += u64::from(clock);
        }
    }
    (f64::from(u32::try_from(worst).unwrap()) / 10.0, edits / MINUTES)
}

#[test]
fn the_staleness_of_many_runs_is_their_share_of_slacks_edits() {
    for runs in [6, 20, 50] {
        let (worst, a_minute) = staleness(runs);
        let share = f64::from(runs) * 60.0 / f64::from(SLACKS_PACE);
        assert!(worst <= 1.2 * share, "{runs} runs: {worst} s unshown, their share is {share} s");
        assert!(a_minute <= 50, "{runs} runs: {a_minute} edits a minute");
    }
}
