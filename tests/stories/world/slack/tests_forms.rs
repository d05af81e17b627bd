//! Do forms behave as Slack's do?

use anyhow::{Context, Result};
use serde_json::{Value, json};
use signoff::slack::Inbound;

use super::tests::Bot;

fn text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

/// What should change, and from where to start.
fn changes() -> Value {
    let start = |name: &str, value: &str| json!({ "text": text(name), "value": value });
    let options = [start("On top of it", "top"), start("From its base", "base")];
    json!({ "type": "modal", "callback_id": "changes", "title": text("Request changes"), "submit": text("Send"), "blocks": [
        { "type": "input", "block_id": "words", "label": text("What should change?"),
          "element": { "type": "plain_text_input", "action_id": "words", "max_length": 20 } },
        { "type": "input", "block_id": "start", "label": text("Start"),
          "element": { "type": "radio_buttons", "action_id": "start", "options": options, "initial_option": options[0] } },
    ] })
}

/// One page of something.
fn page(n: u32) -> Value {
    let next = json!({ "type": "button", "action_id": "diff.page", "value": (n + 1).to_string(), "text": text("Next") });
    let blocks = json!([{ "type": "section", "text": text(&format!("page {n}")) }, { "type": "actions", "block_id": "pages", "elements": [next] }]);
    json!({ "type": "modal", "title": text("What changed"), "close": text("Close"), "blocks": blocks })
}

/// A person presses a button of a gate; the trigger that came of it.
async fn trigger(bot: &Bot) -> Result<String> {
    let gate = bot.gate().await?;
    bot.slack.person("ana").presses("Request changes", &gate).await?;
    let Inbound::Click(click) = bot.last() else { panic!("a click") };
    Ok(click.trigger_id)
}

async fn opened(bot: &Bot, view: Value) -> Result<Value> {
    let trigger = trigger(bot).await?;
    bot.calls("views.open", json!({ "trigger_id": trigger, "view": view })).await
}

#[tokio::test]
async fn a_form_reads_as_people_see_it() -> Result<()> {
    let bot = Bot::start().await?;
    opened(&bot, changes()).await?;
    let form = bot.slack.person("ana").sees_form("Request changes").await?;
    insta::assert_snapshot!(bot.slack.peek(|state| state.shown_view(&form.content)), @r"
    == Request changes ==
    What should change?: [____]
    Start: <On top of it / From its base>
    [Send]
    ");
    Ok(())
}

#[tokio::test]
async fn a_form_is_filled_in_corrected_and_sent() -> Result<()> {
    let bot = Bot::start().await?;
    opened(&bot, changes()).await?;
    let ana = bot.slack.person("ana");
    ana.sees_form("Request changes").await?;
    assert!(
        ana.sends_the_form()
            .await
            .is_err_and(|it| it.to_string().contains("words filled in first"))
    );
    ana.fills("words", "far too many letters for this")?;
    assert!(ana.sends_the_form().await.is_err(), "the client counts");
    ana.fills("What should change?", "use retries")?;
    ana.chooses("start", "From its base")?;
    assert!(ana.chooses("start", "From nothing").is_err() && ana.fills("budget", "5").is_err());
    bot.answers(r#"{"response_action":"errors","errors":{"words":"say more"}}"#);
    ana.sends_the_form().await?;
    ana.is_corrected("words", "say more").await?;
    bot.answers("");
    ana.sends_the_form().await?;
    let Inbound::Submission(sent) = bot.last() else { panic!("a submission") };
    assert_eq!(
        (sent.text("words", "words"), sent.text("start", "start")),
        (Some("use retries"), Some("base")),
        "it was kept"
    );
    ana.sees_no_form().await?;
    assert_eq!(bot.slack.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_error_for_no_field_and_an_unknown_answer_are_noted() -> Result<()> {
    let bot = Bot::start().await?;
    opened(&bot, changes()).await?;
    let ana = bot.slack.person("ana");
    ana.fills("words", "more")?;
    for (answer, noted) in [
        (
            r#"{"response_action":"errors","errors":{"verdict":"no"}}"#,
            "which is no field of the form",
        ),
        (r#"{"response_action":"errors","errors":{}}"#, "refused without errors"),
        (r#"{"text":"thank you"}"#, "a form was answered with"),
        (
            r#"{"response_action":"update","view":{"type":"modal","blocks":[]}}"#,
            "title has no text",
        ),
    ] {
        bot.answers(answer);
        ana.sends_the_form().await?;
        let violations = bot.slack.violations();
        assert!(violations.last().is_some_and(|it| it.contains(noted)), "{violations:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_can_change_a_form_lay_one_on_it_and_clear_all() -> Result<()> {
    let bot = Bot::start().await?;
    opened(&bot, changes()).await?;
    let ana = bot.slack.person("ana");
    ana.fills("words", "more")?;
    let mut other = changes();
    other["title"] = text("Are you sure?");
    bot.answers(&json!({ "response_action": "update", "view": other }).to_string());
    ana.sends_the_form().await?;
    ana.sees_form("Are you sure?").await?;
    bot.answers(&json!({ "response_action": "push", "view": page(1) }).to_string());
    ana.sends_the_form().await?;
    ana.sees_form("What changed").await?;
    assert!(ana.sends_the_form().await.is_err(), "it has no button for that");
    ana.closes_the_form().await?;
    ana.sees_form("Are you sure?").await?;
    bot.answers(r#"{"response_action":"clear"}"#);
    ana.sends_the_form().await?;
    ana.sees_no_form().await?;
    assert_eq!(bot.slack.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_page_is_turned_by_the_hash_that_was_pressed() -> Result<()> {
    let bot = Bot::start().await?;
    opened(&bot, page(1)).await?;
    let ana = bot.slack.person("ana");
    ana.presses_in_form("Next").await?;
    let pressed = bot.slack.sent_last().context("sent")?;
    assert!(
        pressed.get("channel").is_none()
            && pressed.get("response_url").is_none()
            && pressed["actions"][0]["value"] == "2"
    );
    let (id, hash) = (&pressed["view"]["id"], &pressed["view"]["hash"]);
    assert_eq!(pressed["container"], json!({ "type": "view", "view_id": id }));
    let turned = json!({ "view_id": id, "hash": hash, "view": page(2) });
    let answer = bot.calls("views.update", turned.clone()).await?;
    assert!(answer["ok"] == true && answer["view"]["hash"] != *hash);
    ana.sees_form("page 2").await?;
    assert_eq!(bot.calls("views.update", turned).await?["error"], "hash_conflict");
    ana.closes_the_form().await?;
    assert_eq!(
        bot.calls("views.update", json!({ "view_id": id, "view": page(3) })).await?["error"],
        "not_found"
    );
    Ok(())
}

#[tokio::test]
async fn three_forms_lie_on_each_other_at_most() -> Result<()> {
    let bot = Bot::start().await?;
    let alone = trigger(&bot).await?;
    assert_eq!(
        bot.calls("views.push", json!({ "trigger_id": alone, "view": page(1) })).await?["error"],
        "not_found",
        "on no form"
    );
    let first = opened(&bot, page(1)).await?;
    let ana = bot.slack.person("ana");
    for n in 2..=4 {
        ana.presses_in_form("Next").await?;
        let trigger = bot.slack.sent_last().context("sent")?["trigger_id"].clone();
        let pushed =
            bot.calls("views.push", json!({ "trigger_id": trigger, "view": page(n) })).await?;
        assert_eq!(pushed["error"].as_str(), (n == 4).then_some("push_limit_reached"));
        assert!(n > 2 || pushed["view"]["previous_view_id"] == first["view"]["id"]);
    }
    ana.sees_form("page 3").await?;
    Ok(())
}

#[tokio::test]
async fn a_trigger_works_once_and_not_for_long() -> Result<()> {
    let bot = Bot::start().await?;
    let first = trigger(&bot).await?;
    let open = async |trigger: &str| {
        bot.calls("views.open", json!({ "trigger_id": trigger, "view": page(1) })).await
    };
    assert_eq!(open(&first).await?["ok"], true);
    assert_eq!(open(&first).await?["error"], "exchanged_trigger_id");
    let late = trigger(&bot).await?;
    bot.slack.lets_triggers_expire();
    assert_eq!(open(&late).await?["error"], "expired_trigger_id");
    assert_eq!(open("1.2.3").await?["error"], "invalid_trigger_id");
    Ok(())
}

#[tokio::test]
async fn who_wants_to_know_is_told_that_a_form_was_closed() -> Result<()> {
    let bot = Bot::start().await?;
    let mut view = page(1);
    view["notify_on_close"] = json!(true);
    opened(&bot, view).await?;
    bot.slack.person("ana").closes_the_form().await?;
    let closed = bot.slack.sent_last().context("sent")?;
    assert_eq!((&closed["type"], closed.get("trigger_id")), (&json!("view_closed"), None));
    Ok(())
}
