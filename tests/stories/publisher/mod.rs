//! What the only writer to Slack keeps, whatever happens to it and to Slack: every message once, nobody forgotten, nothing in the way.

mod desk;
mod store;

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::TimeDelta;
use serde_json::json;
use signoff::run::Happened;
use signoff::slack::{Rate, RateLimits};

use crate::world::now;
use crate::world::slack::Fault;
use desk::Desk;

#[tokio::test]
async fn several_publishers_post_each_message_once() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:U02BEN"]).await?;
    let _all = (desk.draws().await?, desk.draws().await?, desk.draws().await?);
    desk.slack.fails("chat.postMessage", Fault::DoesSlowly(Duration::from_millis(600)), 2);
    desk.asks().await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    let direct = desk.shows("reminder:draft:1:half:1:U02BEN", "Keep draft").await?;
    desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    desk.slack.at(&direct).offers_nothing().await?;
    for key in ["card", "ledger", "gate:draft:1", "reminder:draft:1:half:1:U02BEN"] {
        assert_eq!(desk.there_are(key), 1, "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn a_direct_message_whose_answer_is_lost_is_found_and_not_posted_again() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:U02BEN"]).await?;
    let first = desk.draws().await?;
    desk.asks().await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    desk.slack.fails("chat.postMessage", Fault::DoesThenHangsUp, 1);
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    desk.shows("reminder:draft:1:half:1:U02BEN", "Keep draft").await?;
    drop(first);
    let _second = desk.draws().await?;
    desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
    desk.shows("reminder:draft:1:half:1:U02BEN", "approved by").await?;
    assert_eq!(desk.there_are("reminder:draft:1:half:1:U02BEN"), 1);
    Ok(())
}

#[tokio::test]
async fn a_note_has_one_reaction_even_if_its_publisher_dies_in_between() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let first = desk.draws().await?;
    desk.works().await?;
    let card = desk.shows("card", "tale").await?;
    let note = desk.is_told(&card, "use retries").await?;
    desk.slack.fails("reactions.add", Fault::DoesThenHangs, 1);
    desk.event(json!({ "kind": "noted", "request": "n1", "by": "slack:T01ACME:U01ANA", "via": "thread", "words": "use retries", "message": note }))
        .await?;
    desk.slack.at(&note).has_reaction("memo").await?;
    drop(first);
    let _second = desk.draws().await?;
    desk.slack.called("reactions.add", 2).await?;
    desk.happens(Happened::GateOpened {
        gate: desk.gate(),
        attempt: 1,
        deadline: now() + TimeDelta::hours(1),
    })
    .await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    assert_eq!(desk.slack.message(&note).map(|it| it.reactions), Some(vec!["memo".to_owned()]));
    assert_eq!(desk.slack.calls("reactions.add").len(), 2, "it is known to be there");
    Ok(())
}

#[tokio::test]
async fn a_note_that_takes_no_reaction_is_in_nobodys_way() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.slack.withholds_scope("reactions:write");
    let _drawing = desk.draws().await?;
    desk.event(json!({ "kind": "noted", "request": "n1", "by": "slack:T01ACME:U01ANA", "via": "thread", "words": "x", "message": "1.000001" }))
        .await?;
    desk.asks().await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    desk.is_decided("slack:T01ACME:U01ANA", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    assert_eq!(desk.slack.calls("reactions.add").len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_question_in_blocks_that_slack_refuses_has_its_buttons_all_the_same() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let _drawing = desk.draws().await?;
    desk.slack.refuses_message("gate:draft:1", "invalid_blocks", 1);
    desk.asks().await?;
    let card = desk.shows("gate:draft:1", "Approve").await?;
    let posted = desk.slack.calls("chat.postMessage").len();
    // Whatever else happens, the same drawing is not tried again.
    desk.event(json!({ "kind": "noted", "request": "n1", "by": "slack:T01ACME:U01ANA", "via": "thread", "words": "x", "message": null })).await?;
    desk.is_quiet().await?;
    assert_eq!(desk.slack.calls("chat.postMessage").len(), posted);
    assert!(desk.slack.calls("chat.update").iter().all(|call| call.arguments["ts"] != json!(card)));
    desk.is_decided("slack:T01ACME:U01ANA", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    assert_eq!(desk.there_are("gate:draft:1"), 1);
    Ok(())
}

#[tokio::test]
async fn a_question_that_slack_takes_in_no_form_reaches_its_people_directly() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:S0LEADS"]).await?;
    let _drawing = desk.draws().await?;
    desk.slack.refuses_message("gate:draft:1", "invalid_blocks", 3);
    desk.asks().await?;
    for user in ["U01ANA", "U02BEN", "U03CLEO"] {
        desk.shows(&format!("unposted:draft:1:{user}"), "Approve").await?;
    }
    desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
    desk.shows("unposted:draft:1:U03CLEO", "approved by").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    Ok(())
}

#[tokio::test]
async fn a_question_that_slack_takes_in_words_only_says_how_to_answer_and_is_drawn_later()
-> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let _drawing = desk.draws().await?;
    desk.slack.refuses_message("gate:draft:1", "invalid_blocks", 2);
    desk.asks().await?;
    let card = desk.shows("gate:draft:1", "To answer, reply in this thread").await?;
    desk.is_quiet().await?;
    desk.sql("update messages set doubtful_until = now() where key = 'gate:draft:1'; update threads set redraw_at = now()").await?;
    assert_eq!(desk.shows("gate:draft:1", "[Approve").await?, card);
    Ok(())
}

#[tokio::test]
async fn an_edit_that_slack_applies_after_all_does_not_stay() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let _drawing = desk.draws_within(Duration::from_secs(1)).await?;
    desk.asks().await?;
    let card = desk.shows("gate:draft:1", "Approve").await?;
    desk.is_quiet().await?;
    let edited = desk.slack.calls("chat.update").len();
    desk.slack.fails("chat.update", Fault::DoesLate(Duration::from_secs(5)), 1);
    desk.event(json!({ "kind": "escalated", "gate": desk.gate() })).await?;
    desk.slack.called("chat.update", edited + 1).await?;
    desk.is_decided("slack:T01ACME:U01ANA", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    desk.slack.at(&card).offers("Approve").await?;
    desk.slack.at(&card).offers_nothing().await?;
    Ok(())
}

#[tokio::test]
async fn a_post_that_slack_takes_after_our_time_out_is_not_posted_twice() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let _drawing = desk.draws_within(Duration::from_secs(1)).await?;
    desk.slack.fails("chat.postMessage", Fault::DoesLate(Duration::from_secs(13)), 1);
    desk.asks().await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    assert_eq!((desk.there_are("card"), desk.there_are("gate:draft:1")), (1, 1));
    Ok(())
}

#[tokio::test]
async fn a_message_that_slack_once_does_not_find_goes_on_being_edited() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let _drawing = desk.draws().await?;
    desk.asks().await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    desk.slack.fails("chat.update", Fault::Refuses("message_not_found"), 2);
    desk.is_decided("slack:T01ACME:U01ANA", "approve").await?;
    desk.ends().await?;
    desk.shows("gate:draft:1", "approved by").await?;
    desk.shows("card", "done").await?;
    assert_eq!((desk.there_are("card"), desk.there_are("gate:draft:1")), (1, 1));
    Ok(())
}

#[tokio::test]
async fn groups_that_slack_is_silent_about_keep_no_question_from_its_thread() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:S0LEADS", "slack:T01ACME:S0OTHERS"]).await?;
    desk.slack.fails("usergroups.users.list", Fault::Hangs, 1_000);
    let _drawing = desk.draws().await?;
    desk.works().await?;
    desk.shows("card", "tale").await?;
    desk.happens(Happened::GateOpened {
        gate: desk.gate(),
        attempt: 1,
        deadline: now() + TimeDelta::hours(1),
    })
    .await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    Ok(())
}

#[tokio::test]
async fn a_question_in_a_closed_channel_reaches_its_people_directly_and_comes_back() -> Result<()> {
    for closed in ["is_archived", "not_in_channel", "channel_not_found", "restricted_action"] {
        let desk = Desk::asking(&["slack:T01ACME:U02BEN"]).await?;
        desk.slack.refuses_in("dev", closed)?;
        let _drawing = desk.draws().await?;
        desk.asks().await?;
        let ana = desk.shows("unposted:draft:1:U01ANA", "Approve").await?;
        let ben = desk.shows("unposted:draft:1:U02BEN", "Approve").await?;
        assert_eq!(desk.there_are("card"), 0);
        desk.slack.lets_in("dev")?;
        desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
        desk.shows("gate:draft:1", "approved by").await?;
        for direct in [ana, ben] {
            desk.slack.at(&direct).offers_nothing().await?;
        }
        for key in ["card", "gate:draft:1", "unposted:draft:1:U01ANA", "unposted:draft:1:U02BEN"] {
            assert_eq!(desk.there_are(key), 1, "{closed}: {key}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_cannot_be_reached_holds_up_nobody() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:U02BEN", "slack:T01ACME:U03CLEO"]).await?;
    desk.slack.deactivates("ben")?;
    let _drawing = desk.draws().await?;
    desk.asks().await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    desk.shows("reminder:draft:1:half:1:U03CLEO", "Keep draft").await?;
    desk.is_decided("slack:T01ACME:U03CLEO", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    desk.shows("reminder:draft:1:half:1:U03CLEO", "approved by").await?;
    assert_eq!(
        desk.slack
            .calls("conversations.open")
            .iter()
            .filter(|call| call.arguments["users"] == "U02BEN")
            .count(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn without_a_scope_for_direct_messages_the_thread_is_drawn() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:U02BEN"]).await?;
    desk.slack.withholds_scope("im:write");
    let _drawing = desk.draws().await?;
    desk.asks().await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    desk.slack.called("conversations.open", 1).await?;
    desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    Ok(())
}

#[tokio::test]
async fn whoever_is_in_a_group_is_reminded_once_slack_says_who_that_is() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:S0LEADS"]).await?;
    desk.slack.fails("usergroups.users.list", Fault::ServerError, 1);
    let _drawing = desk.draws().await?;
    desk.asks().await?;
    assert_eq!(desk.slack.calls("usergroups.users.list").len(), 0, "nobody is to be called yet");
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    let ben = desk.shows("reminder:draft:1:half:1:U02BEN", "Keep draft").await?;
    desk.shows("reminder:draft:1:half:1:U03CLEO", "Keep draft").await?;
    desk.is_decided("slack:T01ACME:U03CLEO", "reject").await?;
    desk.slack.at(&ben).offers_nothing().await?;
    Ok(())
}

#[tokio::test]
async fn a_reminder_that_is_deleted_when_nobody_draws_it_any_more_is_let_go() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:S0LEADS"]).await?;
    let _drawing = desk.draws().await?;
    desk.asks().await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    let ben = desk.shows("reminder:draft:1:half:1:U02BEN", "Keep draft").await?;
    desk.is_decided("slack:T01ACME:U03CLEO", "approve").await?;
    desk.slack.at(&ben).offers_nothing().await?;
    desk.ends().await?;
    desk.is_quiet().await?;
    desk.is_deleted(&ben).await?;
    desk.is_quiet().await
}

#[tokio::test]
async fn a_question_of_a_thread_that_fails_for_a_minute_is_asked_directly() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:U02BEN"]).await?;
    desk.slack.refuses_message("/card", "some_new_error", 1_000);
    desk.asks().await?;
    desk.failed_since(now() - TimeDelta::seconds(61)).await?;
    let _drawing = desk.draws().await?;
    desk.shows("unposted:draft:1:U02BEN", "Approve").await?;
    desk.slack.recovers();
    desk.is_decided("slack:T01ACME:U02BEN", "approve").await?;
    desk.shows("gate:draft:1", "approved by").await?;
    Ok(())
}

#[tokio::test]
async fn a_restart_redraws_nothing_that_is_right() -> Result<()> {
    let desk = Desk::asking(&["slack:T01ACME:S0LEADS"]).await?;
    let first = desk.draws().await?;
    desk.asks().await?;
    desk.event(json!({ "kind": "reminded", "gate": desk.gate(), "reminder": "half" })).await?;
    desk.event(json!({ "kind": "noted", "request": "n1", "by": "slack:T01ACME:U01ANA", "via": "thread", "words": "x", "message": "1.000001" }))
        .await?;
    desk.shows("reminder:draft:1:half:1:U03CLEO", "Keep draft").await?;
    desk.is_quiet().await?;
    drop(first);
    let said = || {
        ["chat.postMessage", "chat.update", "reactions.add"]
            .map(|method| desk.slack.calls(method).len())
    };
    let before = said();
    let _second = desk.draws().await?;
    // It looks at all of it once more.
    desk.sql("update threads set drawn_seq = -1").await?;
    desk.is_quiet().await?;
    assert_eq!(said(), before);
    Ok(())
}

/// The clocks of ten thousand waiting questions have come, and Slack has no room for any of them.
#[tokio::test]
async fn ten_thousand_clocks_delay_no_question() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let first = desk.draws().await?;
    desk.asks().await?;
    desk.shows("gate:draft:1", "Keep draft").await?;
    desk.is_quiet().await?;
    drop(first);
    let edited = desk.slack.calls("chat.update").len();
    desk.is_one_of(10_000).await?;
    let nothing = Rate { per_minute: 0.001, burst: 0.0 };
    let _second =
        desk.draws_at(RateLimits { edits: nothing, ..RateLimits::at_pace(60_000) }).await?;
    desk.all_look_again(500).await?;
    let new = desk::request("tale-9999999", &[])?;
    let begun = Instant::now();
    desk.asks_for(&new).await?;
    desk.slack
        .until("a new card", |state| state.with_key("tale-9999999/card").first().map(|_| ()))
        .await?;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    assert_eq!(desk.slack.calls("chat.update").len(), edited);
    Ok(())
}
