//! Does our end of a socket behave, whatever Slack does?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::FutureExt;
use secrecy::SecretString;
use serde_json::json;
use signoff::slack::{
    Ack, Inbound, RateLimits, SlackApi, SlackApiConfig, SocketHealth, SocketMode, SocketPatience,
    Take,
};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{APP_TOKEN, FakeSlack};

/// A bot with nothing but an ear.
struct Bot {
    slack: FakeSlack,
    health: SocketHealth,
    ear: Ear,
    _end: DropGuard,
}

/// Keeps what it hears: `slow` when the test says so, `no` at its second coming.
#[derive(Clone, Default)]
struct Ear {
    heard: Arc<Mutex<Vec<String>>>,
    slow_came: Arc<Notify>,
    slow_ends: Arc<Notify>,
}

impl Bot {
    async fn start() -> Result<Self> {
        Ok(Self::with_token(FakeSlack::start().await?, APP_TOKEN, &SocketPatience::default()))
    }

    fn with_token(slack: FakeSlack, token: &str, patience: &SocketPatience) -> Self {
        slack.delivers_by_sockets();
        let config = SlackApiConfig::new(Some(slack.api_url()), SecretString::from(token));
        let (ear, end, health) =
            (Ear::default(), CancellationToken::new(), SocketHealth::default());
        let mode = SocketMode {
            api: SlackApi::new(SlackApiConfig {
                rate_limits: RateLimits::at_pace(60_000),
                ..config
            }),
            api_url: Some(slack.api_url()),
            take: ear.take(),
            health: health.clone(),
            patience: SocketPatience {
                pause: (Duration::from_millis(100), Duration::from_millis(400)),
                ..patience.clone()
            },
        };
        tokio::spawn(mode.run(end.clone()));
        Self { slack, health, ear, _end: end.drop_guard() }
    }

    fn heard(&self) -> Vec<String> {
        self.ear.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asserts that it asks for no more lines, for longer than its pauses are.
    async fn asks_for_no_line(&self) -> Result<()> {
        let calls = self.slack.calls("apps.connections.open").len();
        let one_more = self.slack.called("apps.connections.open", calls + 1);
        ensure!(timeout(Duration::from_secs(1), one_more).await.is_err(), "it asked again");
        Ok(())
    }
}

impl Ear {
    fn take(&self) -> Take {
        let ear = self.clone();
        Arc::new(move |inbound, delivered| {
            let words = match &inbound {
                Inbound::Command(it) => it.text.clone(),
                Inbound::Message(it) => it.text.clone(),
                other => format!("{other:?}"),
            };
            let ear = ear.clone();
            async move { ear.hears(words, delivered.again).await }.boxed()
        })
    }

    async fn hears(&self, words: String, again: bool) -> Ack {
        if words == "slow" {
            self.slow_came.notify_one();
            self.slow_ends.notified().await;
        }
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(words.clone());
        match words.as_str() {
            "no" if !again => Ack::NotKept,
            "words" => Ack::Answered(json!({ "text": "well" })),
            _ => Ack::Kept,
        }
    }
}

#[tokio::test]
async fn two_lines_are_kept_and_requests_come_by_any() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    for words in ["/develop one", "/develop two", "three"] {
        assert_eq!(bot.slack.person("ana").says(words).await?.heard.status, 200);
    }
    assert_eq!(
        bot.slack.person("ana").says("/develop words").await?.heard.body,
        r#"{"text":"well"}"#
    );
    assert_eq!(bot.heard(), ["one", "two", "three", "words"]);
    assert_eq!((bot.health.connections(), bot.health.is_well()), (2, true));
    assert_eq!((bot.slack.missed_acks(), bot.slack.violations()), (vec![], vec![]));
    Ok(())
}

#[tokio::test]
async fn what_is_not_kept_is_not_acknowledged_and_comes_again() -> Result<()> {
    let bot = Bot::start().await?;
    let ana = bot.slack.person("ana");
    let (said, missed) = tokio::join!(ana.says("/develop no"), bot.slack.misses_an_ack());
    said.and(missed)?;
    assert_eq!((bot.heard(), bot.slack.missed_acks().len()), (vec!["no".to_owned(); 2], 1));
    Ok(())
}

#[tokio::test]
async fn a_slow_request_holds_nobody_up() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    let (ana, ben) = (bot.slack.person("ana"), bot.slack.person("ben"));
    let meanwhile = async {
        bot.ear.slow_came.notified().await;
        for line in ["one", "the other"] {
            ben.says(&format!("/develop on {line}")).await?;
        }
        bot.ear.slow_ends.notify_one();
        anyhow::Ok(())
    };
    let (slow, quick) = tokio::join!(ana.says("/develop slow"), meanwhile);
    quick?;
    assert_eq!((slow?.heard.status, bot.slack.missed_acks()), (200, vec![]));
    assert_eq!(bot.heard(), ["on one", "on the other", "slow"]);
    Ok(())
}

#[tokio::test]
async fn a_refresh_is_never_without_a_line_and_what_is_in_work_is_acknowledged() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    bot.slack.fewest_lines();
    let (ana, ben) = (bot.slack.person("ana"), bot.slack.person("ben"));
    let opened = || bot.slack.peek(|state| state.sockets.opened);
    let refresh = async {
        bot.ear.slow_came.notified().await;
        bot.slack.refreshes();
        while opened() < 4 {
            ben.says("/develop quick").await?;
        }
        bot.ear.slow_ends.notify_one();
        bot.slack.has_opened(4).await
    };
    let (slow, refreshed) = tokio::join!(ana.says("/develop slow"), refresh);
    refreshed?;
    assert_eq!((slow?.heard.status, bot.slack.missed_acks()), (200, vec![]));
    assert!(bot.heard().contains(&"quick".to_owned()) && bot.slack.fewest_lines() >= 2);
    assert_eq!((bot.health.connections(), opened()), (2, 4));
    Ok(())
}

#[tokio::test]
async fn lines_that_are_cut_are_opened_anew_and_a_lost_acknowledgement_is_given_again() -> Result<()>
{
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    bot.slack.drops_all_lines();
    bot.slack.has_opened(4).await?;
    bot.slack.loses_next_ack();
    assert_eq!(
        bot.slack.person("ana").says("/develop words").await?.heard.body,
        r#"{"text":"well"}"#
    );
    assert_eq!((bot.heard(), bot.slack.missed_acks().len()), (vec!["words".to_owned()], 1));
    bot.slack.has_opened(5).await
}

#[tokio::test]
async fn a_line_that_is_dead_without_a_word_is_found_out() -> Result<()> {
    let patience = SocketPatience {
        ping_after: Duration::from_millis(300),
        dead_after: Duration::from_secs(1),
        ..SocketPatience::default()
    };
    let bot = Bot::with_token(FakeSlack::start().await?, APP_TOKEN, &patience);
    bot.slack.has_lines(2).await?;
    // Five on each line take longer than a line may be dead.
    bot.slack.until("pings", |state| (state.sockets.pings >= 10).then_some(())).await?;
    assert_eq!(bot.slack.peek(|state| state.sockets.opened), 2, "a quiet line is not a dead one");
    bot.slack.freezes_all_lines();
    bot.slack.until("new lines", |state| (state.sockets.opened == 4).then_some(())).await?;
    Ok(())
}

#[tokio::test]
async fn what_nobody_knows_is_acknowledged_or_passed_over() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    for frame in [
        json!({ "type": "tomorrow" }),
        json!(null),
        json!({ "type": "hello" }),
        json!({ "type": "events_api", "payload": {} }),
    ] {
        bot.slack.says_on_all_lines(&frame);
    }
    bot.slack.says_on_all_lines(&json!({ "type": "interactive", "envelope_id": "odd", "payload": { "type": "block_actions" } }));
    bot.slack
        .until("two acknowledgements", |state| (state.violations.len() == 2).then_some(()))
        .await?;
    assert_eq!(
        bot.slack.violations(),
        vec![r#"socket: nobody asked for {"envelope_id":"odd"}"#; 2]
    );
    assert_eq!((bot.heard(), bot.slack.peek(|state| state.sockets.opened)), (vec![], 2));
    Ok(())
}

#[tokio::test]
async fn without_a_good_token_there_is_no_line_and_we_are_not_well() -> Result<()> {
    let bot = Bot::with_token(FakeSlack::start().await?, "xapp-other", &SocketPatience::default());
    bot.slack.called("apps.connections.open", 2).await?;
    // A person has to change something first: that takes a while.
    bot.asks_for_no_line().await?;
    assert!(!bot.health.is_well());
    Ok(())
}

#[tokio::test]
async fn socket_mode_that_is_switched_off_is_not_called_again_and_again() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    bot.slack.switches_sockets_off();
    bot.slack.has_lines(0).await?;
    bot.asks_for_no_line().await?;
    assert_eq!((bot.slack.calls("apps.connections.open").len(), bot.health.connections()), (2, 0));
    Ok(())
}
