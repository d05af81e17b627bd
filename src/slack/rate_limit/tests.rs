//! Do calls keep to Slack's limits, and does what matters find room?

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
    assert_eq!(ticks, 6);
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
    let limiter = RateLimiter::new(RateLimits::generous());
    let now = Instant::now();
    for n in 0..3_000u64 {
        let _ =
            limiter.reserve(post(&format!("C{n}"), Priority::Call), now + Duration::from_secs(n));
    }
    assert!(limiter.lock().channels.len() <= CHANNELS_REMEMBERED + 1);
}
