//! Prometheus metrics: what do machines watch? Counts and gauges of this process, as `/metrics` shows them.
//! Never names of people, runs or channels: each value of a label is a series that is kept for ever.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// What the text is to a browser or a scraper.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

static ALL: LazyLock<Registry> = LazyLock::new(Registry::new);

static SLACK_REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let opts =
        Opts::new("signoff_slack_requests_total", "Requests from Slack that were understood.");
    listed(IntCounterVec::new(opts, &["kind", "transport"]))
});

static GATE_CARDS_UNPOSTED: LazyLock<IntCounter> = LazyLock::new(|| {
    listed(IntCounter::new(
        "signoff_gate_cards_unposted_total",
        "Gate cards that Slack did not take, so that people had to be told otherwise.",
    ))
});

static MESSAGES_DRAWN_PLAINLY: LazyLock<IntCounter> = LazyLock::new(|| {
    listed(IntCounter::new(
        "signoff_messages_drawn_plainly_total",
        "Drawings of messages that Slack did not take, so that plainer ones were tried.",
    ))
});

static SOCKET_CONNECTIONS: LazyLock<IntGauge> = LazyLock::new(|| {
    listed(IntGauge::new(
        "signoff_slack_socket_connections",
        "Connections of Socket Mode that are up; two when all is well.",
    ))
});

static SOCKET_HELLO_AGE: LazyLock<Gauge> = LazyLock::new(|| {
    listed(Gauge::new(
        "signoff_slack_socket_hello_age_seconds",
        "Time since Slack last said hello on a new connection.",
    ))
});

/// A request from Slack arrived and was understood.
pub fn slack_request(kind: &str, transport: &str) {
    SLACK_REQUESTS.with_label_values(&[kind, transport]).inc();
}

/// A gate's card could not be posted.
pub fn gate_card_unposted() {
    GATE_CARDS_UNPOSTED.inc();
}

/// Slack refused the blocks of a message.
pub fn message_drawn_plainly() {
    MESSAGES_DRAWN_PLAINLY.inc();
}

/// How Socket Mode stands; told before each look at [`text`].
pub fn slack_socket(connections: usize, hello_age: Option<Duration>) {
    SOCKET_CONNECTIONS.set(i64::try_from(connections).unwrap_or(i64::MAX));
    if let Some(age) = hello_age {
        SOCKET_HELLO_AGE.set(age.as_secs_f64());
    }
}

/// Everything, as Prometheus reads it.
pub fn text() -> String {
    // A counter that nobody touched yet is there, at zero: else its first step cannot be seen.
    LazyLock::force(&GATE_CARDS_UNPOSTED);
    LazyLock::force(&MESSAGES_DRAWN_PLAINLY);
    LazyLock::force(&SLACK_REQUESTS);
    TextEncoder::new().encode_to_string(&ALL.gather()).unwrap_or_else(|e| {
        tracing::error!(error = %e, "the metrics cannot be written");
        String::new()
    })
}

fn listed<T: Collector + Clone + 'static>(made: prometheus::Result<T>) -> T {
    let made = made.expect("the names are good");
    ALL.register(Box::new(made.clone())).expect("each name is there once");
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_and_what_was_not_is_zero() {
        slack_request("click", "socket");
        slack_socket(2, Some(Duration::from_millis(1_500)));
        let text = text();
        for line in [
            "signoff_slack_requests_total{kind=\"click\",transport=\"socket\"} 1",
            "signoff_gate_cards_unposted_total 0",
            "signoff_slack_socket_connections 2",
            "signoff_slack_socket_hello_age_seconds 1.5",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
        }
    }
}
