//! Does our end of a socket behave, whatever Slack does?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use secrecy::SecretString;
use serde_json::json;
use signoff::slack::{
    Ack, Inbound, Pacing, SlackApi, SlackApiConfig, SocketHealth, SocketMode, SocketPatience, Take,
};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{APP_TOKEN, FakeSlack};

/// A bot that keeps what it hears: a slow one where it is told so, and at first not at all where it is told that.
struct Bot {
    slack: FakeSlack,
    health: SocketHealth,
    heard: Arc<Mutex<Vec<String>>>,
    _end: DropGuard,
}

impl Bot {
    async fn start() -> Result<Self> {
        Ok(Self::with_token(FakeSlack::start().await?, APP_TOKEN, &SocketPatience::default()))
    }

    fn with_token(slack: FakeSlack, token: &str, patience: &SocketPatience) -> Self {
        slack.delivers_by_sockets();
        let config = SlackApiConfig::new(Some(slack.api_url()), SecretString::from(token));
        let (heard, end, health) = (
            Arc::<Mutex<Vec<String>>>::default(),
            CancellationToken::new(),
            SocketHealth::default(),
        );
        let mode = SocketMode {
            api: SlackApi::new(SlackApiConfig { pacing: Pacing::generous(), ..config }),
            api_url: Some(slack.api_url()),
            take: take(Arc::clone(&heard)),
            health: health.clone(),
            patience: SocketPatience {
                pause: (Duration::from_millis(100), Duration::from_millis(400)),
                ..patience.clone()
            },
        };
        tokio::spawn(mode.run(end.clone()));
        Self { slack, health, heard, _end: end.drop_guard() }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `slow` is kept after two seconds, `no` at its second coming.
fn take(heard: Arc<Mutex<Vec<String>>>) -> Take {
    Arc::new(move |inbound, delivered| {
        let heard = Arc::clone(&heard);
        async move {
            let words = match &inbound {
                Inbound::Command(it) => it.text.clone(),
                Inbound::Message(it) => it.text.clone(),
                other => format!("{other:?}"),
            };
            if words == "slow" {
                sleep(Duration::from_secs(2)).await;
            }
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(words.clone());
            match words.as_str() {
                "no" if !delivered.again => Ack::NotKept,
                "words" => Ack::Answered(json!({ "text": "well" })),
                _ => Ack::Kept,
            }
        }
        .boxed()
    })
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
    let quick = async {
        sleep(Duration::from_millis(100)).await;
        let mut took = vec![];
        for _ in 0..4 {
            took.push(bot.slack.person("ben").says("/develop quick").await?.heard.took);
        }
        anyhow::Ok(took)
    };
    let ana = bot.slack.person("ana");
    let (slow, quick) = tokio::join!(ana.says("/develop slow"), quick);
    assert!(slow?.heard.took >= Duration::from_secs(2));
    assert!(quick?.iter().all(|took| *took < Duration::from_millis(500)), "on both lines");
    assert_eq!(bot.heard().last().map(String::as_str), Some("slow"));
    Ok(())
}

#[tokio::test]
async fn a_refresh_is_never_without_a_line_and_what_is_in_work_is_acknowledged() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    bot.slack.fewest_lines();
    let ana = bot.slack.person("ana");
    let slow = ana.says("/develop slow");
    let refresh = async {
        sleep(Duration::from_millis(300)).await;
        bot.slack.refreshes();
        for _ in 0..20 {
            bot.slack.person("ben").says("/develop quick").await?;
            sleep(Duration::from_millis(50)).await;
        }
        bot.slack.has_opened(4).await
    };
    let (slow, refreshed) = tokio::join!(slow, refresh);
    refreshed?;
    assert_eq!((slow?.heard.status, bot.heard().len(), bot.slack.missed_acks()), (200, 21, vec![]));
    assert!(bot.slack.fewest_lines() >= 2);
    assert_eq!((bot.health.connections(), bot.slack.peek(|state| state.sockets.opened)), (2, 4));
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
    sleep(Duration::from_millis(1_500)).await;
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
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        bot.slack.calls("apps.connections.open").len(),
        2,
        "a person has to change something first: that takes a while"
    );
    assert!(!bot.health.is_well());
    Ok(())
}

#[tokio::test]
async fn socket_mode_that_is_switched_off_is_not_called_again_and_again() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.has_lines(2).await?;
    bot.slack.switches_sockets_off();
    bot.slack.has_lines(0).await?;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((bot.slack.calls("apps.connections.open").len(), bot.health.connections()), (2, 0));
    Ok(())
}
