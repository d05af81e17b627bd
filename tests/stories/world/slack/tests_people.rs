//! Do people of our Slack do what people do?

use anyhow::{Context, Result};
use serde_json::{Value, json};
use signoff::slack::Inbound;

use super::FakeSlack;
use super::signed::Heard;
use super::tests::Bot;

/// What was sent last, as it was written.
fn event(slack: &FakeSlack) -> Value {
    slack.sent_last().expect("something was sent")["event"].clone()
}

#[tokio::test]
async fn groups_and_clocks_are_those_of_today() -> Result<()> {
    let bot = Bot::start().await?;
    let leads =
        async || bot.calls("usergroups.users.list", json!({ "usergroup": "S0LEADS" })).await;
    assert_eq!(leads().await?, json!({ "ok": true, "users": ["U02BEN", "U03CLEO"] }));
    bot.slack.adds_to_group("leads", "dan")?;
    bot.slack.removes_from_group("leads", "ben")?;
    assert_eq!(leads().await?["users"], json!(["U03CLEO", "U08DAN"]));
    let unknown = bot.calls("usergroups.users.list", json!({ "usergroup": "S9" })).await?;
    assert_eq!(unknown["error"], "no_such_subteam");
    let zone = async |user: &str| {
        bot.calls("users.info", json!({ "user": user })).await.map(|it| it["user"].clone())
    };
    assert_eq!(
        (zone("U01ANA").await?["tz_offset"].clone(), zone("U02BEN").await?["tz"].clone()),
        (json!(3600), json!("America/New_York"))
    );
    bot.slack.deactivates("ben")?;
    bot.slack.makes_guest("cleo")?;
    let (ben, cleo) = (zone("U02BEN").await?, zone("U03CLEO").await?);
    assert_eq!(
        (&ben["deleted"], ben.get("tz"), &cleo["is_restricted"]),
        (&json!(true), None, &json!(true))
    );
    bot.slack.hires("zoe");
    let hired = bot.slack.user("zoe")?;
    assert_eq!(zone(&hired).await?["name"], "zoe");
    Ok(())
}

#[tokio::test]
async fn what_the_bot_may_not_is_refused_with_the_scope_it_lacks() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.gate().await?;
    bot.slack.withholds_scope("reactions:write");
    let refused = bot
        .calls("reactions.add", json!({ "channel": "C01DEV", "timestamp": gate, "name": "memo" }))
        .await?;
    assert_eq!(
        (&refused["error"], &refused["needed"]),
        (&json!("missing_scope"), &json!("reactions:write"))
    );
    assert!(
        refused["provided"]
            .as_str()
            .is_some_and(|it| it.contains("chat:write") && !it.contains("reactions"))
    );
    let url = format!("{}/auth.test", bot.slack.api_url());
    let answer = bot.slack.shared.http.post(url).bearer_auth(super::BOT_TOKEN).send().await?;
    assert!(answer.headers()["x-oauth-scopes"].to_str()?.contains("usergroups:read,users:read"));
    Ok(())
}

#[tokio::test]
async fn one_reaction_is_enough() -> Result<()> {
    let bot = Bot::start().await?;
    let note = bot.slack.person("ana").says("please no unwrap").await?;
    bot.slack.at(&note.ts).has_no_reaction()?;
    let memo = json!({ "channel": "C01DEV", "timestamp": note.ts, "name": "memo" });
    assert_eq!(bot.calls("reactions.add", memo.clone()).await?["ok"], true);
    assert_eq!(bot.calls("reactions.add", memo).await?["error"], "already_reacted");
    let elsewhere = json!({ "channel": "G02SECRET", "timestamp": note.ts, "name": "memo" });
    assert_eq!(bot.calls("reactions.add", elsewhere).await?["error"], "message_not_found");
    bot.slack.at(&note.ts).has_reaction("memo").await?;
    assert_eq!(bot.slack.transcript(), "#dev\n  ana: please no unwrap (:memo:)");
    Ok(())
}

#[tokio::test]
async fn who_calls_the_bot_is_told_of_twice_and_in_a_direct_conversation_once() -> Result<()> {
    let bot = Bot::start().await?;
    let ana = bot.slack.person("ana");
    let root = ana.says("shall we?").await?;
    let call = ana.says_in(&root, "@signoff status").await?;
    assert_eq!(bot.slack.message(&call.ts).context("said")?.thread_ts, Some(root.ts.clone()));
    assert!(
        matches!(bot.last(), Inbound::Mention(it) if it.thread_ts.as_ref().is_some_and(|ts| ts.0 == root.ts))
    );
    let mention = event(&bot.slack);
    assert_eq!(
        (&mention["type"], mention.get("channel_type"), &mention["parent_user_id"]),
        (&json!("app_mention"), None, &json!("U01ANA"))
    );
    assert_eq!(bot.heard.lock().expect("whole").len(), 3);
    ana.says_directly("@signoff status").await?;
    assert!(matches!(bot.last(), Inbound::Message(it) if it.direct && it.channel == "D01ANA"));
    assert_eq!(
        (bot.heard.lock().expect("whole").len(), event(&bot.slack)["channel_type"].clone()),
        (4, json!("im"))
    );
    assert!(
        ana.says_in(&root, "/develop list").await.is_err(),
        "Slack takes no commands in threads"
    );
    assert!(ana.says("/develop list").await?.heard.status == 200);
    assert!(ana.says_in("nowhere", "hello").await.is_err());
    Ok(())
}

#[tokio::test]
async fn what_was_said_can_be_changed_and_taken_back() -> Result<()> {
    let bot = Bot::start().await?;
    let (ana, ben) = (bot.slack.person("ana"), bot.slack.person("ben"));
    let said = ana.says("hmm").await?;
    ana.edits(&said, "approve").await?;
    let changed = event(&bot.slack);
    assert_eq!((&changed["subtype"], changed.get("text")), (&json!("message_changed"), None));
    assert_eq!(
        (&changed["message"]["text"], &changed["previous_message"]["text"]),
        (&json!("approve"), &json!("hmm"))
    );
    assert!(
        changed["ts"] != json!(said.ts)
            && changed["message"]["ts"] == json!(said.ts)
            && changed["message"]["edited"]["user"] == "U01ANA"
    );
    assert!(matches!(bot.last(), Inbound::Ignored { .. }));
    ana.edits(&said, "@signoff approve").await?;
    let mention = event(&bot.slack);
    assert_eq!(
        (&mention["type"], &mention["ts"], &mention["edited"]["user"]),
        (&json!("app_mention"), &json!(said.ts), &json!("U01ANA"))
    );
    assert!(ben.edits(&said, "reject").await.is_err(), "it is not his");
    ana.deletes(&said).await?;
    assert_eq!(
        (event(&bot.slack)["deleted_ts"].clone(), bot.slack.message(&said.ts).is_none()),
        (json!(said.ts), true)
    );
    assert!(matches!(bot.last(), Inbound::Ignored { .. }));
    Ok(())
}

#[tokio::test]
async fn an_emoji_and_another_bot_are_told_of_too() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.gate().await?;
    bot.slack.person("ana").reacts(&gate, "+1").await?;
    let reaction = event(&bot.slack);
    assert_eq!(
        (&reaction["type"], &reaction["item"]["ts"]),
        (&json!("reaction_added"), &json!(gate))
    );
    assert!(matches!(bot.last(), Inbound::Ignored { .. }));
    bot.slack.person("robo").says_in(&gate, "approve").await?;
    let said = event(&bot.slack);
    assert_eq!(
        (&said["bot_id"], &said["user"], said.get("subtype")),
        (&json!("B05ROBO"), &json!("U05ROBO"), None)
    );
    assert!(matches!(bot.last(), Inbound::Ignored { .. }));
    Ok(())
}

#[tokio::test]
async fn a_forwarded_card_is_pressed_where_it_was_forwarded_to() -> Result<()> {
    let bot = Bot::start().await?;
    let gate = bot.gate().await?;
    let ana = bot.slack.person("ana");
    let copy = ana.forwards(&gate, "secret").await?;
    let told = event(&bot.slack);
    assert_eq!((&told["text"], &told["attachments"][0]["is_share"]), (&json!(""), &json!(true)));
    ana.presses("Approve", &copy).await?;
    let Inbound::Click(click) = bot.last() else { panic!("a click") };
    assert_eq!(
        (click.channel.as_deref(), click.message_ts.map(|it| it.0)),
        (Some("G02SECRET"), Some(copy.ts.clone()))
    );
    assert_eq!((click.thread_ts, click.value.as_str()), (None, "run-1"));
    let payload = bot.slack.sent_last().context("sent")?;
    assert_eq!(
        (&payload["container"]["type"], &payload["message"]["user"]),
        (&json!("message_attachment"), &json!("U01ANA"))
    );
    ana.forwards(&gate, "lonely").await?;
    assert_eq!(
        bot.slack.sent_last().context("sent")?,
        payload,
        "where we are not, we are not told"
    );
    Ok(())
}

#[tokio::test]
async fn a_direct_message_has_buttons_too() -> Result<()> {
    let bot = Bot::start().await?;
    let open = async |user: &str| bot.calls("conversations.open", json!({ "users": user })).await;
    assert_eq!(open("U01ANA").await?["channel"]["id"], "D01ANA");
    for (user, error) in
        [("U06DORA", "user_disabled"), ("ana", "user_not_found"), ("U99", "user_not_found")]
    {
        assert_eq!(open(user).await?["error"], error);
    }
    let ana = bot.slack.person("ana");
    assert!(ana.direct_messages()?.is_empty());
    let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "Keep draft of tale?" } }, { "type": "actions", "elements":
        [{ "type": "button", "action_id": "gate.approve", "value": "run-2", "text": { "type": "plain_text", "text": "Approve" } }] }]);
    bot.calls(
        "chat.postMessage",
        json!({ "channel": "D01ANA", "text": "Keep?", "blocks": blocks }),
    )
    .await?;
    ana.presses("Approve", &ana.is_sent_directly("Keep draft").await?).await?;
    assert!(
        matches!(bot.last(), Inbound::Click(it) if it.channel.as_deref() == Some("D01ANA") && it.value == "run-2")
    );
    assert_eq!(
        (ana.direct_messages()?.len(), bot.slack.person("ben").direct_messages()?.len()),
        (1, 0)
    );
    assert!(bot.slack.transcript().starts_with("@ana\n  signoff:"));
    Ok(())
}

#[tokio::test]
async fn everybody_reads_a_date_in_their_own_clock_and_a_group_by_its_name() -> Result<()> {
    let bot = Bot::start().await?;
    let text =
        "<!subteam^S0LEADS>: until <!date^1700000000^{date_short} {time}|2023-11-14 22:13 UTC>";
    let ts =
        bot.calls("chat.postMessage", json!({ "channel": "C01DEV", "text": text })).await?["ts"]
            .clone();
    let ts = ts.as_str().context("a ts")?;
    assert_eq!(bot.slack.person("ben").reads(ts).await?, "@leads: until Nov 14, 2023 17:13");
    assert_eq!(bot.slack.person("cleo").reads(ts).await?, "@leads: until Nov 15, 2023 03:43");
    assert_eq!(bot.slack.shown(ts), "@leads: until 2023-11-14 22:13 UTC");
    Ok(())
}

#[tokio::test]
async fn channels_and_messages_can_be_refused() -> Result<()> {
    let bot = Bot::start().await?;
    let post = async |text: &str| {
        bot.calls("chat.postMessage", json!({ "channel": "C01DEV", "text": text })).await
    };
    bot.slack.refuses_message("Keep", "invalid_blocks", 1);
    assert_eq!(post("hello").await?["ok"], true);
    assert_eq!(post("Keep draft?").await?["error"], "invalid_blocks");
    let kept = post("Keep draft?").await?["ts"].clone();
    for error in ["not_in_channel", "is_archived", "channel_is_archived"] {
        bot.slack.refuses_in("dev", error)?;
        assert_eq!(post("hello").await?["error"], error);
        let history = bot.calls("conversations.history", json!({ "channel": "C01DEV" })).await?;
        assert_eq!(history["ok"] == true, error.ends_with("archived"), "{error}");
    }
    bot.slack.lets_in("dev")?;
    bot.slack.fails("usergroups.users.list", super::Fault::Refuses("fatal_error"), 1);
    assert_eq!(
        bot.calls("usergroups.users.list", json!({ "usergroup": "S0LEADS" })).await?["error"],
        "fatal_error"
    );
    let update = json!({ "channel": "C01DEV", "ts": kept, "text": "kept" });
    assert_eq!(bot.calls("chat.update", update).await?["ok"], true);
    assert_eq!(bot.slack.violations(), Vec::<String>::new());
    let told: Heard = bot.slack.person("robo").posts("dev", "approve").await?;
    assert_eq!(told.status, 200);
    Ok(())
}
