//! Does our client behave, whatever Slack does?

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;
use signoff::run::Zone;
use signoff::slack::{
    Edit, Post, Priority, RateLimits, ResponseUrl, SlackApi, SlackApiConfig, SlackError, Ts, Turn,
    context, header, section,
};

use super::state::now;
use super::{BOT_TOKEN, BOT_USER, FakeSlack, Fault, TEAM};

fn api(slack: &FakeSlack, timeout: Duration) -> SlackApi {
    let config = SlackApiConfig::new(Some(slack.api_url()), SecretString::from(BOT_TOKEN));
    SlackApi::new(SlackApiConfig { rate_limits: RateLimits::at_pace(60_000), timeout, ..config })
}

async fn both() -> Result<(FakeSlack, SlackApi)> {
    let slack = FakeSlack::start().await?;
    let api = api(&slack, Duration::from_secs(10));
    Ok((slack, api))
}

fn post(key: &str) -> Post<'_> {
    Post {
        channel: "C01DEV",
        thread_ts: None,
        text: "hello",
        blocks: &[],
        key,
        priority: Priority::Milestone,
    }
}

#[tokio::test]
async fn what_is_posted_can_be_changed() -> Result<()> {
    let (slack, api) = both().await?;
    let ts = api
        .post(Post {
            blocks: &[header("llm-wrapper"), section("a < b".to_owned())],
            ..post("card")
        })
        .await?;
    let reply = api.post(Post { thread_ts: Some(&ts), text: "ledger", ..post("ledger") }).await?;
    api.update(Edit {
        channel: "C01DEV",
        ts: &ts,
        text: "done",
        blocks: &[header("done")],
        priority: Priority::Call,
        turn: Turn::default(),
    })
    .await?;
    api.update(Edit {
        channel: "C01DEV",
        ts: &reply,
        text: "ledger 2",
        blocks: &[],
        priority: Priority::Tick,
        turn: Turn::default(),
    })
    .await?;
    insta::assert_snapshot!(slack.transcript(), @r"
    #dev
      signoff: # done
          signoff: ledger 2
    ");
    let card = slack.message(ts.as_str()).context("a card")?;
    assert_eq!(
        (card.key(), card.before.len(), card.before[0].0.as_str()),
        (Some("card"), 1, "hello")
    );
    assert_eq!(slack.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_post_is_found_by_its_key() -> Result<()> {
    let (slack, api) = both().await?;
    slack.answers_in_pages_of(2);
    let start = now() - TimeDelta::seconds(60);
    let card = api.post(post("card")).await?;
    for key in ["a", "b", "c", "d"] {
        api.post(Post { thread_ts: Some(&card), ..post(key) }).await?;
    }
    let last = slack.peek(|state| state.with_key("d")[0].ts.clone());
    assert_eq!(api.find("C01DEV", Some(&card), "d", start).await?, Some(Ts(last)));
    assert_eq!(api.find("C01DEV", None, "card", start).await?, Some(card.clone()));
    assert_eq!(
        api.find("C01DEV", None, "d", start).await?,
        None,
        "a reply does not stand in the channel"
    );
    assert_eq!(api.find("C01DEV", Some(&card), "e", start).await?, None);
    assert_eq!(slack.calls("auth.test").len(), 1, "we know who we are");
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_no_lost_post() -> Result<()> {
    let (slack, patient) = both().await?;
    let hasty = api(&slack, Duration::from_millis(400));
    let start = now() - TimeDelta::seconds(60);
    patient.auth_test().await?;
    for (fault, key, done) in [
        (Fault::DoesThenHangsUp, "1", true),
        (Fault::DoesThenServerError, "2", true),
        (Fault::DoesThenHangs, "3", true),
        (Fault::Hangs, "4", false),
        (Fault::HangsUp, "5", false),
        (Fault::ServerError, "6", false),
        (Fault::Refuses("internal_error"), "7", false),
    ] {
        slack.fails("chat.postMessage", fault, 1);
        let error = hasty.post(post(key)).await.expect_err("no answer");
        assert!(matches!(error, SlackError::Unknown { .. }), "{fault:?}: {error}");
        assert_eq!(patient.find("C01DEV", None, key, start).await?.is_some(), done, "{fault:?}");
    }
    assert_eq!(slack.calls("chat.postMessage").len(), 7, "nothing is sent twice behind our back");
    Ok(())
}

#[tokio::test]
async fn a_slack_without_metadata_still_knows_its_cards() -> Result<()> {
    let (slack, api) = both().await?;
    slack.fails("chat.postMessage", Fault::DoesThenHangsUp, 1);
    api.post(Post { blocks: &[header("llm-wrapper")], ..post("card") })
        .await
        .expect_err("no answer");
    slack.forgets_metadata();
    let start = now() - TimeDelta::seconds(60);
    assert!(api.find("C01DEV", None, "card", start).await?.is_some());
    assert!(api.find("C01DEV", None, "car", start).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn slow_is_not_lost() -> Result<()> {
    let (slack, api) = both().await?;
    slack.fails("*", Fault::DoesSlowly(Duration::from_millis(300)), 1);
    assert_eq!(
        api.post(post("card")).await.map(|ts| slack.message(ts.as_str()).is_some()),
        Ok(true)
    );
    Ok(())
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() -> Result<()> {
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = SlackApiConfig::new(
        Some(format!("http://{nobody}/api").parse()?),
        SecretString::from(BOT_TOKEN),
    );
    let api = SlackApi::new(config);
    let error = api.post(post("card")).await.expect_err("nobody there");
    assert!(matches!(error, SlackError::NotSent { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn wait_means_wait() -> Result<()> {
    let (slack, api) = both().await?;
    slack.fails("chat.update", Fault::RateLimited { seconds: 30 }, 1);
    let ts = api.post(post("card")).await?;
    let edit = Edit {
        channel: "C01DEV",
        ts: &ts,
        text: "more",
        blocks: &[],
        priority: Priority::Call,
        turn: Turn::default(),
    };
    let said = api.update(edit).await.expect_err("429");
    assert_eq!(
        said,
        SlackError::RateLimited { method: "chat.update", retry_after: Duration::from_secs(30) }
    );
    let again = api.update(edit).await.expect_err("too early");
    assert!(
        matches!(again, SlackError::RateLimited { retry_after, .. } if retry_after > Duration::from_secs(25)),
        "{again}"
    );
    assert_eq!(slack.calls("chat.update").len(), 1, "the second never reached Slack");
    api.post(post("other")).await?;
    Ok(())
}

#[tokio::test]
async fn a_short_wait_is_waited_out() -> Result<()> {
    let (slack, api) = both().await?;
    slack.fails("chat.postMessage", Fault::RateLimited { seconds: 1 }, 1);
    api.post(post("card")).await.expect_err("429");
    api.post(post("card")).await?;
    let calls = slack.calls("chat.postMessage");
    assert!(calls[1].at - calls[0].at >= Duration::from_millis(950));
    Ok(())
}

#[tokio::test]
async fn refusals_say_what_they_mean() -> Result<()> {
    let (slack, api) = both().await?;
    let refused = async |channel: &'static str| {
        api.post(Post { channel, ..post("card") }).await.expect_err("refused")
    };
    for (channel, error) in
        [("C04ATTIC", "is_archived"), ("C03LONELY", "not_in_channel"), ("C99", "channel_not_found")]
    {
        let it = refused(channel).await;
        assert!(it.is_permanent_for_channel() && it.to_string().contains(error), "{it}");
    }
    let no_thread = api
        .post(Post { thread_ts: Some(&Ts::from("1.1")), ..post("reply") })
        .await
        .expect_err("no such thread");
    assert!(no_thread.is_message_gone());
    let gone = Edit {
        channel: "C01DEV",
        ts: &Ts::from("1.1"),
        text: "x",
        blocks: &[],
        priority: Priority::Call,
        turn: Turn::default(),
    };
    assert!(api.update(gone).await.expect_err("gone").is_message_gone());
    slack.fails("*", Fault::Refuses("token_revoked"), 9);
    assert!(refused("C01DEV").await.is_about_us());
    slack.recovers();
    api.post(post("card")).await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_is_told() -> Result<()> {
    let slack = FakeSlack::start().await?;
    let stranger =
        SlackApi::new(SlackApiConfig::new(Some(slack.api_url()), SecretString::from("xoxb-other")));
    assert!(stranger.auth_test().await.expect_err("refused").is_about_us());
    Ok(())
}

#[tokio::test]
async fn people_are_known_for_a_while() -> Result<()> {
    let (slack, api) = both().await?;
    let us = api.auth_test().await?;
    assert_eq!(
        (us.team.as_str(), us.bot_user.as_str(), us.team_name.as_str()),
        (TEAM, BOT_USER, "Acme")
    );
    let ana = api.member("U01ANA").await?;
    assert_eq!(
        (ana.name.as_str(), ana.guest, ana.bot, ana.deactivated, ana.zone),
        ("ana", false, false, false, Zone::new("Europe/Berlin", 0))
    );
    assert!(
        api.member("U04GUS").await?.guest
            && api.member("U05ROBO").await?.bot
            && api.member("U06DORA").await?.deactivated
    );
    let eve = api.member("U07EVE").await?;
    assert!(eve.guest && eve.team != TEAM);
    api.clone().member("U01ANA").await?;
    assert_eq!(slack.calls("users.info").len(), 5, "ana was asked about once");
    assert!(
        matches!(api.member("U99").await, Err(SlackError::Refused { error, .. }) if error == "user_not_found")
    );
    Ok(())
}

#[tokio::test]
async fn a_private_word_reaches_one_person() -> Result<()> {
    let (slack, api) = both().await?;
    let root = api.post(post("card")).await?;
    api.ephemeral("C01DEV", "U02BEN", Some(&root), "Only <@U01ANA> can stop this").await?;
    assert_eq!(
        slack.person("ben").is_told("Only @ana can stop this").await?.thread_ts.as_deref(),
        Some(root.as_str())
    );
    let direct = api.direct("U03CLEO").await?;
    let ts = api.post(Post { channel: &direct, text: "psst", ..post("dm") }).await?;
    insta::assert_snapshot!(slack.peek(|state| state.thread(root.as_str())), @r"
    signoff: hello
        signoff (only to ben): Only @ana can stop this
    ");
    assert_eq!(slack.shown(ts.as_str()), "psst");
    Ok(())
}

#[tokio::test]
async fn answers_go_to_slack_and_nowhere_else() -> Result<()> {
    let (slack, api) = both().await?;
    let elsewhere =
        ResponseUrl::parse("http://127.0.0.1:9/x", Some(&"http://127.0.0.1:9/api".parse()?))
            .context("another emulator's")?;
    assert!(matches!(api.respond(&elsewhere, None, "hi").await, Err(SlackError::Refused { .. })));
    let ours = slack
        .shared
        .change(|state| state.response_url(slack.shared.address, "U01ANA", "C01DEV", None));
    let ours = ResponseUrl::parse(&ours, Some(&slack.api_url())).context("ours")?;
    for _ in 0..5 {
        api.respond(&ours, None, "nothing was recorded").await?;
    }
    assert!(api.respond(&ours, None, "a sixth time").await.is_err());
    slack.person("ana").is_told("nothing was recorded").await?;
    assert_eq!(slack.violations(), Vec::<String>::new(), "no token goes to a response address");
    Ok(())
}

#[tokio::test]
async fn a_form_opens_once_and_a_home_tab_is_drawn() -> Result<()> {
    let (slack, api) = both().await?;
    let trigger = slack.shared.change(|state| state.trigger("U01ANA"));
    let view = json!({ "type": "modal", "title": { "type": "plain_text", "text": "Changes" }, "blocks": [] });
    assert!(api.open_view(&trigger, &view).await?.starts_with('V'));
    let again = api.open_view(&trigger, &view).await.expect_err("used");
    assert!(again.to_string().contains("exchanged_trigger_id"), "{again}");
    api.publish_home("U01ANA", vec![context("no runs yet")]).await?;
    assert_eq!(slack.peek(|state| state.shown_view(&state.homes["U01ANA"])), "~ no runs yet");
    Ok(())
}

#[tokio::test]
async fn ticks_make_way_without_asking_slack() -> Result<()> {
    let slack = FakeSlack::start().await?;
    let api =
        SlackApi::new(SlackApiConfig::new(Some(slack.api_url()), SecretString::from(BOT_TOKEN)));
    let ts = api.post(post("card")).await?;
    let tick = Edit {
        channel: "C01DEV",
        ts: &ts,
        text: "tick",
        blocks: &[],
        priority: Priority::Tick,
        turn: Turn::default(),
    };
    let mut done = 0;
    while api.update(tick).await.is_ok() {
        done += 1;
    }
    assert!((5..9).contains(&done), "{done} at once, and one more every 1.5 s");
    assert_eq!(slack.calls("chat.update").len(), done);
    api.update(Edit { priority: Priority::Call, ..tick }).await?;
    Ok(())
}
