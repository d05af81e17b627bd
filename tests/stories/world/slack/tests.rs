//! Does our Slack behave like Slack?

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use secrecy::SecretString;
use serde_json::{Value, json};
use signoff::slack::{
    Button, Inbound, Mrkdwn, Post, Priority, RateLimits, SIGNATURE_HEADER, SlackApi,
    SlackApiConfig, TIMESTAMP_HEADER, Turn, Verifier,
};
use signoff::slack::{actions, context, divider, header as title, section, section_with_button};
use tokio::net::TcpListener;

use super::state::now;
use super::{BOT_TOKEN, Call, FakeSlack, Heard, Message, SIGNING_SECRET, Signing};

/// A bot that writes down what it hears, and answers what it is told to.
pub(super) struct Bot {
    pub slack: FakeSlack,
    pub api: SlackApi,
    pub heard: Arc<Mutex<Vec<Inbound>>>,
    answer: Arc<Mutex<String>>,
}

impl Bot {
    pub async fn start() -> Result<Self> {
        let slack = FakeSlack::start().await?;
        let config = SlackApiConfig::new(Some(slack.api_url()), SecretString::from(BOT_TOKEN));
        let api =
            SlackApi::new(SlackApiConfig { rate_limits: RateLimits::at_pace(60_000), ..config });
        let bot = Self { slack: slack.clone(), api, heard: Arc::default(), answer: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        slack.delivers_to(format!("http://{}/slack", listener.local_addr()?).parse()?);
        let (heard, answer) = (Arc::clone(&bot.heard), Arc::clone(&bot.answer));
        let door = move |headers: HeaderMap, body: Bytes| async move {
            knocked(&slack, &heard, &answer, (&headers, &body))
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/slack", post(door))).await
        });
        Ok(bot)
    }

    pub fn answers(&self, body: &str) {
        body.clone_into(&mut self.answer.lock().expect("whole"));
    }

    pub fn last(&self) -> Inbound {
        self.heard.lock().expect("whole").last().cloned().expect("something was heard")
    }

    /// Calls a method as it stands in Slack's documentation, whether our client knows it or not.
    pub async fn calls(&self, method: &str, arguments: Value) -> Result<Value> {
        let url = format!("{}/{method}", self.slack.api_url());
        Ok(self
            .slack
            .shared
            .http
            .post(url)
            .bearer_auth(BOT_TOKEN)
            .json(&arguments)
            .send()
            .await?
            .json()
            .await?)
    }

    /// A gate in the thread of a card.
    pub async fn gate(&self) -> Result<String> {
        let message = Post {
            channel: "C01DEV",
            thread_ts: None,
            text: "card",
            blocks: &[],
            key: "card",
            priority: Priority::Call,
        };
        let card = self.api.post(message).await?;
        let approve = Button::new("Approve", "gate.approve", "run-1").primary();
        let blocks = [actions(
            "gate",
            vec![approve, Button::new("Request changes", "gate.changes", "run-1")],
        )];
        Ok(self
            .api
            .post(Post {
                thread_ts: Some(&card),
                text: "Approve?",
                blocks: &blocks,
                key: "gate",
                ..message
            })
            .await?
            .0)
    }
}

fn knocked(
    slack: &FakeSlack,
    heard: &Mutex<Vec<Inbound>>,
    answer: &Mutex<String>,
    (headers, body): (&HeaderMap, &Bytes),
) -> Response {
    let header = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let verifier = Verifier::new(vec![SecretString::from(SIGNING_SECRET)]);
    if verifier.verify(header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER), body, now()).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let kind = header("content-type").unwrap_or_default();
    match Inbound::parse(kind, body, Some(&slack.api_url())) {
        Ok(inbound) => heard.lock().expect("whole").push(inbound),
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    }
    ([(header::CONTENT_TYPE, "application/json")], answer.lock().expect("whole").clone())
        .into_response()
}

#[tokio::test]
async fn a_command_is_heard_and_answered_in_private() -> Result<()> {
    let bot = Bot::start().await?;
    bot.answers(r#"{"text":"started for <@U01ANA>"}"#);
    let heard: Heard = bot.slack.person("ana").says("/develop llm-wrapper a < b").await?.heard;
    assert!(heard.status == 200 && heard.took < Duration::from_secs(3));
    let Inbound::Command(command) = bot.last() else { panic!("a command") };
    assert_eq!(
        (command.command.as_str(), command.text.as_str(), command.channel.as_str()),
        ("/develop", "llm-wrapper a &lt; b", "C01DEV")
    );
    bot.api.respond(&command.response_url.context("an address")?, None, "*later*").await?;
    insta::assert_snapshot!(bot.slack.transcript(), @r"
    #dev
      ana: /develop llm-wrapper a < b
      signoff (only to ana): started for @ana
      signoff (only to ana): *later*
    ");
    Ok(())
}

#[tokio::test]
async fn a_press_carries_what_the_button_says_now() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.gate().await?;
    let (ben, seen) = (bot.slack.person("ben"), bot.slack.at(&gate).saved()?);
    ben.presses("Approve", &gate).await?;
    let Inbound::Click(click) = bot.last() else { panic!("a click") };
    assert_eq!(
        (click.action_id.as_str(), click.value.as_str(), click.user.as_str()),
        ("gate.approve", "run-1", "U02BEN")
    );
    assert_eq!(click.message_ts.map(|ts| ts.0), Some(gate.clone()));
    assert_eq!(
        click.thread_ts.map(|ts| ts.0),
        bot.slack.message(&gate).and_then(|it: Message| it.thread_ts)
    );
    let nothing = ben.presses("Reject", &gate).await.expect_err("no such button");
    assert_eq!(
        nothing.to_string(),
        "no [Reject] to press, or several; there is [Approve] [Request changes]"
    );
    let edit = signoff::slack::Edit {
        channel: "C01DEV",
        ts: &gate.as_str().into(),
        text: "approved",
        blocks: &[],
        priority: Priority::Call,
        turn: Turn::default(),
    };
    bot.api.update(edit).await?;
    assert!(ben.presses("Approve", &gate).await.is_err());
    bot.slack.person("cleo").presses("Appr", &seen).await?;
    assert!(matches!(bot.last(), Inbound::Click(click) if click.user == "U03CLEO"));
    Ok(())
}

#[tokio::test]
async fn people_speak_and_the_bot_hears_each_once() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.gate().await?;
    let card = bot.slack.message(&gate).context("a gate")?.root().to_owned();
    let ana = bot.slack.person("ana");
    ana.says_in(&card, "approve & go").await?;
    assert!(
        matches!(bot.last(), Inbound::Message(it) if it.text == "approve &amp; go" && it.thread_ts == Some(card.as_str().into()))
    );
    bot.slack.person("ben").says_in(&card, "@signoff stop, says @ana").await?;
    assert!(
        matches!(bot.last(), Inbound::Mention(it) if it.text == "<@U00BOT> stop, says <@U01ANA>")
    );
    assert!(
        matches!(&bot.heard.lock().expect("whole")[1], Inbound::Ignored { .. }),
        "the same words, told as a message"
    );
    bot.slack.person("cleo").says_directly("hello").await?;
    assert!(matches!(bot.last(), Inbound::Message(it) if it.direct));
    bot.slack.person("robo").posts(&card, "approve").await?;
    assert!(matches!(bot.last(), Inbound::Ignored { .. }));
    bot.slack.person("gus").opens_home().await?;
    assert!(matches!(bot.last(), Inbound::HomeOpened(it) if it.user == "U04GUS"));
    assert!(ana.says_in("lonely", "anybody?").await.is_err());
    Ok(())
}

#[tokio::test]
async fn the_same_request_can_come_again_and_wrongly() -> Result<()> {
    let bot = Bot::start().await?;
    bot.slack.person("ana").says("/develop llm-wrapper").await?;
    assert!(bot.slack.again(3).await?.iter().all(|it| it.status == 200));
    let keys: Vec<_> =
        bot.heard.lock().expect("whole").iter().map(|it| it.key().cloned()).collect();
    assert!(keys.len() == 4 && keys.iter().all(|key| *key == keys[0]));
    for signing in [
        Signing::SecondsAgo(301),
        Signing::SecondsAgo(-302),
        Signing::With("another"),
        Signing::Wrong,
        Signing::Missing,
    ] {
        assert_eq!(bot.slack.again_signed(signing).await?.status, 401, "{signing:?}");
    }
    assert_eq!(bot.slack.again_signed(Signing::SecondsAgo(290)).await?.status, 200);
    assert_eq!(bot.slack.sends("payload=%7B", Signing::Right).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn a_press_at_home_is_heard() -> Result<()> {
    let bot = Bot::start().await?;
    bot.api
        .publish_home("U01ANA", vec![actions("b", vec![Button::new("Stop", "stop", "run-1")])])
        .await?;
    bot.slack.person("ana").presses_at_home("Stop", "").await?;
    assert!(
        matches!(bot.last(), Inbound::Click(it) if it.message_ts.is_none() && it.value == "run-1")
    );
    Ok(())
}

#[tokio::test]
async fn what_slack_would_refuse_is_refused_and_noted() -> Result<()> {
    let bot = Bot::start().await?;
    let message = Post {
        channel: "C01DEV",
        thread_ts: None,
        text: "x",
        blocks: &[],
        key: "k",
        priority: Priority::Call,
    };
    let twins = vec![Button::new("a", "same", "1"), Button::new("b", "same", "2")];
    assert!(bot.api.post(Post { blocks: &vec![divider(); 51], ..message }).await.is_err());
    assert!(bot.api.post(Post { blocks: &[actions("b", twins)], ..message }).await.is_err());
    assert!(bot.api.post(Post { text: "", ..message }).await.is_err());
    let ts = bot.api.post(message).await?;
    let long = signoff::slack::Edit {
        channel: "C01DEV",
        ts: &ts,
        text: &"x".repeat(4_001),
        blocks: &[],
        priority: Priority::Call,
        turn: Turn::default(),
    };
    bot.api.update(long).await?;
    assert!(
        bot.slack.message(ts.as_str()).is_some_and(|it| it.text.len() <= 4_002),
        "our client cuts before Slack refuses"
    );
    insta::assert_snapshot!(bot.slack.violations().join("\n"), @r"
    chat.postMessage: 51 blocks, at most 50
    chat.postMessage: two elements are called same
    chat.postMessage: no text for notifications and screen readers
    ");
    assert!(bot.slack.late_acks().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_message_reads_as_people_see_it() -> Result<()> {
    let bot = Bot::start().await?;
    let buttons = vec![
        Button::new("Approve", "approve", "v").primary(),
        Button::new("Stop run", "stop", "v").danger(),
    ];
    let blocks = [
        title("llm-wrapper · waiting"),
        section_with_button(
            Mrkdwn::mention("U01ANA")
                + ", "
                + Mrkdwn::link(&"https://example.com/".parse()?, "a & b")
                + "?",
            Button::new("Diff", "diff", "v"),
        ),
        section("*50/50* " + Mrkdwn::code("x < y", 9)),
        divider(),
        context(Mrkdwn::moment(chrono::DateTime::UNIX_EPOCH, "1970-01-01 00:00 UTC") + " · $0.88"),
        actions("a", buttons),
    ];
    let ts = bot
        .api
        .post(Post {
            channel: "C01DEV",
            thread_ts: None,
            text: "t",
            blocks: &blocks,
            key: "k",
            priority: Priority::Call,
        })
        .await?;
    bot.slack.shows("dev", "Stop run").await?;
    insta::assert_snapshot!(bot.slack.shown(ts.as_str()), @r"
    # llm-wrapper · waiting
    @ana, a & b?  [Diff]
    *50/50* `x < y`
    ---
    ~ 1970-01-01 00:00 UTC · $0.88
    [Approve*] [Stop run!]
    ");
    let calls: Vec<Call> = bot.slack.calls("chat.postMessage");
    assert_eq!(
        calls[0].arguments["metadata"],
        json!({ "event_type": "signoff", "event_payload": { "key": "k" } })
    );
    assert_eq!(
        (
            calls[0].arguments["unfurl_links"].clone(),
            calls[0].answer.clone().map(|it| it["ok"].clone())
        ),
        (json!(false), Some(json!(true)))
    );
    bot.slack.called("chat.postMessage", 1).await?;
    assert_eq!(bot.slack.violations(), Vec::<String>::new());
    Ok(())
}
