//! Is something pressed as Slack tells of it?

use anyhow::{Context, Result};
use serde_json::{Value, json};
use signoff::slack::{Inbound, Surface};

use super::tests::Bot;

fn text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn button(name: &str, action: &str, value: &str) -> Value {
    json!({ "type": "button", "text": text(name), "action_id": action, "value": value })
}

fn section(words: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": words } })
}

async fn posted(bot: &Bot, elements: Value) -> Result<String> {
    let blocks = json!([{ "type": "actions", "block_id": "b", "elements": elements }]);
    let answer = bot
        .calls("chat.postMessage", json!({ "channel": "C01DEV", "text": "card", "blocks": blocks }))
        .await?;
    Ok(answer["ts"].as_str().with_context(|| answer.to_string())?.to_owned())
}

#[tokio::test]
async fn a_menu_is_picked_from_and_no_button() -> Result<()> {
    let bot = Bot::start().await?;
    let option = |name: &str, value: &str| json!({ "text": text(name), "value": value });
    let menu = json!({ "type": "overflow", "action_id": "gate.extend", "options": [option("+1 h", "1h"), option("+8 h", "8h")] });
    let card = posted(&bot, json!([button("Approve", "gate.approve", "v"), menu])).await?;
    let ana = bot.slack.person("ana");
    ana.picks("+1 h", &card).await?;
    assert!(
        matches!(bot.last(), Inbound::Click(it) if it.action_id == "gate.extend" && it.value == "1h")
    );
    let sent = bot.slack.sent_last().context("sent")?;
    let at = &sent["actions"][0]["action_ts"];
    let expected = json!({ "type": "overflow", "action_id": "gate.extend", "block_id": "b", "selected_option": option("+1 h", "1h"), "action_ts": at });
    assert_eq!(sent["actions"], json!([expected]));
    assert!(
        ana.picks("Approve", &card).await.is_err() && ana.presses("+8 h", &card).await.is_err()
    );
    assert_eq!(bot.slack.shown(&card), "[Approve] <+1 h / +8 h>");
    Ok(())
}

#[tokio::test]
async fn who_is_asked_has_to_answer() -> Result<()> {
    let bot = Bot::start().await?;
    let mut stop = button("Stop", "run.stop", "run-1");
    stop["confirm"] = json!({ "title": text("Stop this run?"), "text": text("Its work is kept."), "confirm": text("Stop"), "deny": text("Go on") });
    let card = posted(&bot, json!([stop])).await?;
    let ana = bot.slack.person("ana");
    assert!(ana.confirms().await.is_err(), "nothing was asked");
    assert_eq!(ana.presses("Stop", &card).await?.status, 0);
    ana.is_asked("Its work is kept.").await?;
    assert_eq!(
        bot.slack.violations(),
        ["ana did not answer: Stop this run? Its work is kept. [Stop] [Go on]"]
    );
    assert!(
        ana.presses("Stop", &card)
            .await
            .is_err_and(|it| it.to_string().contains("has to answer first"))
    );
    assert!(ana.says("hello").await.is_err());
    ana.declines().await?;
    assert!(bot.heard.lock().expect("whole").is_empty() && bot.slack.violations().is_empty());
    ana.presses("Stop", &card).await?;
    ana.confirms().await?;
    assert!(
        matches!(bot.last(), Inbound::Click(it) if it.action_id == "run.stop" && it.user == "U01ANA")
    );
    Ok(())
}

#[tokio::test]
async fn an_old_card_can_be_pressed_by_who_still_sees_it() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.slack.at(&bot.gate().await?);
    gate.offers("Approve").await?;
    let card = gate.saved()?;
    bot.calls(
        "chat.update",
        json!({ "channel": "C01DEV", "ts": gate.ts, "text": "approved", "blocks": [] }),
    )
    .await?;
    gate.offers_nothing().await?;
    gate.shows("approved").await?;
    assert_eq!(gate.shown(), "approved");
    let ben = bot.slack.person("ben");
    assert!(ben.presses("Approve", &gate).await.is_err());
    ben.presses("Approve", &card).await?;
    assert!(matches!(bot.last(), Inbound::Click(it) if it.value == "run-1" && it.user == "U02BEN"));
    assert_eq!(bot.slack.sent_last().context("sent")?["message"]["text"], "Approve?");
    Ok(())
}

#[tokio::test]
async fn home_is_kept_for_each_person_and_pressed_near_words() -> Result<()> {
    let bot = Bot::start().await?;
    let ana = bot.slack.person("ana");
    ana.opens_home().await?;
    assert_eq!(
        (ana.home()?, bot.slack.sent_last().context("sent")?["event"].get("view").is_some()),
        (String::new(), false)
    );
    let waiting = |run: &str| {
        [
            section(&format!("draft of {run}")),
            json!({ "type": "actions", "elements": [button("Approve", "gate.approve", run)] }),
        ]
    };
    let blocks = [waiting("tale"), waiting("poem")].concat();
    let view = json!({ "type": "home", "blocks": blocks });
    let publish = async |hash: Option<&str>| {
        bot.calls("views.publish", json!({ "user_id": "U01ANA", "view": view, "hash": hash })).await
    };
    let first = publish(None).await?["view"].clone();
    let second = publish(first["hash"].as_str()).await?["view"].clone();
    assert_eq!((&second["id"], second["hash"] == first["hash"]), (&first["id"], false));
    assert_eq!(publish(first["hash"].as_str()).await?["error"], "hash_conflict");
    ana.sees_home("draft of poem").await?;
    assert!(bot.slack.person("ben").home()?.is_empty());
    assert!(ana.presses_at_home("Approve", "").await.is_err(), "there are two");
    ana.presses_at_home("Approve", "draft of poem").await?;
    let Inbound::Click(click) = bot.last() else { panic!("a click") };
    assert_eq!(
        (click.surface, click.value.as_str(), click.channel, click.response_url),
        (Surface::Home, "poem", None, None)
    );
    let sent = bot.slack.sent_last().context("sent")?;
    assert_eq!(
        (&sent["view"]["hash"], &sent["container"]),
        (&second["hash"], &json!({ "type": "view", "view_id": first["id"] }))
    );
    ana.opens_home().await?;
    assert_eq!(bot.slack.sent_last().context("sent")?["event"]["view"]["id"], first["id"]);
    Ok(())
}

#[tokio::test]
async fn a_menu_at_home_is_picked_from() -> Result<()> {
    let bot = Bot::start().await?;
    let options = json!([{ "text": text("Remind me"), "value": "on" }, { "text": text("Leave me alone"), "value": "off" }]);
    let menu =
        json!({ "type": "static_select", "action_id": "home.reminders", "options": options });
    let view = json!({ "type": "home", "blocks": [section("Reminders"), { "type": "actions", "elements": [menu] }] });
    bot.calls("views.publish", json!({ "user_id": "U02BEN", "view": view })).await?;
    bot.slack.person("ben").picks_at_home("Leave me alone", "Reminders").await?;
    assert!(matches!(bot.last(), Inbound::Click(it) if it.value == "off"));
    Ok(())
}
