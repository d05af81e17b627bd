//! Is what was pressed or filled in read, whatever else stands around it?

use serde_json::{Value, json};

use super::*;
use crate::slack::inbound::Frame;

fn pressed() -> Value {
    json!({"type": "block_actions", "user": {"id": "U1", "username": "a", "team_id": "T1"}, "api_app_id": "A1", "token": "t",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1", "thread_ts": "1.1"}, "trigger_id": "1.2.3",
        "team": {"id": "T1", "domain": "d"}, "enterprise": null, "is_enterprise_install": false, "channel": {"id": "C1", "name": "g"},
        "message": {"type": "message", "ts": "1.2", "text": "x", "user": "U0", "bot_id": "B0"},
        "response_url": "https://hooks.slack.com/actions/1",
        "actions": [{"type": "button", "action_id": "gate.approve", "block_id": "b", "value": "run-1", "action_ts": "1700000000.123"}]})
}

fn read(payload: &Value) -> Click {
    match Inbound::from_frame(Frame::Interaction, payload, None) {
        Ok(Inbound::Click(click)) => click,
        other => panic!("a click, not {other:?}"),
    }
}

#[test]
fn a_press_in_a_thread_is_read() {
    let click = read(&pressed());
    assert_eq!(
        (click.team.as_str(), click.user.as_str(), click.channel.as_deref()),
        ("T1", "U1", Some("C1"))
    );
    assert_eq!((click.message_ts, click.thread_ts), (Some(Ts::from("1.2")), Some(Ts::from("1.1"))));
    assert_eq!(
        (click.action_id.as_str(), click.value.as_str(), click.surface),
        ("gate.approve", "run-1", Surface::Message)
    );
    assert_eq!(click.key.0, "click:1.2.3");
}

#[test]
fn what_other_apps_and_organisations_put_there_costs_nothing() {
    let mut odd = pressed();
    odd["team"] = Value::Null;
    odd["enterprise"] = json!({"id": "E1"});
    odd["message"]["metadata"] =
        json!({"event_type": "x", "event_payload": {"n": 1, "o": {"a": "b"}}});
    odd["message"]["blocks"] = json!([{"type": "brand_new_block"}]);
    odd["container"]["type"] = json!("brand_new");
    odd["actions"][0]["value"] = json!(5);
    let click = read(&odd);
    assert_eq!((click.team.as_str(), click.value.as_str()), ("T1", ""));
}

#[test]
fn a_stranger_is_told_from_a_colleague() {
    let mut shared = pressed();
    shared["user"]["team_id"] = json!("T2");
    let click = read(&shared);
    assert_eq!((click.team.as_str(), click.user_team.as_str()), ("T1", "T2"));
}

#[test]
fn a_press_on_the_home_tab_has_no_message() {
    let home = json!({"type": "block_actions", "user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "9",
        "container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "type": "home"},
        "actions": [{"type": "static_select", "action_id": "pick", "selected_option": {"value": "two"}}]});
    let click = read(&home);
    assert_eq!(
        (click.surface, click.message_ts, click.value.as_str()),
        (Surface::Home, None, "two")
    );
    assert_eq!((click.channel, click.view_id.as_deref()), (None, Some("V1")));
}

#[test]
fn what_was_chosen_is_the_value() {
    let option = json!({"text": {"type": "plain_text", "text": "Two"}, "value": "two"});
    for (kind, field, value) in [
        ("overflow", "selected_option", option.clone()),
        ("static_select", "selected_option", option.clone()),
        ("radio_buttons", "selected_option", option.clone()),
        ("checkboxes", "selected_options", json!([option])),
        ("users_select", "selected_user", json!("two")),
    ] {
        let mut chosen = pressed();
        chosen["actions"][0] =
            json!({"type": kind, "action_id": "pick", "block_id": "b", "action_ts": "1"});
        chosen["actions"][0][field] = value;
        assert_eq!(read(&chosen).value, "two", "{kind}");
    }
}

#[test]
fn a_press_in_a_form_knows_the_form() {
    let inside = json!({"type": "block_actions", "user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "9",
        "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "type": "modal", "hash": "156.abc", "callback_id": "diff", "private_metadata": "{\"run\":\"r\"}"},
        "actions": [{"type": "button", "action_id": "diff.page", "value": "2"}]});
    let click = read(&inside);
    assert_eq!(
        (click.surface, click.view_id.as_deref(), click.view_hash.as_deref()),
        (Surface::Modal, Some("V1"), Some("156.abc"))
    );
    assert_eq!(
        (click.callback_id.as_str(), click.private_metadata.as_str(), click.value.as_str()),
        ("diff", "{\"run\":\"r\"}", "2")
    );
    let bare = read(&pressed());
    assert_eq!(
        (bare.view_hash, bare.callback_id.as_str(), bare.private_metadata.as_str()),
        (None, "", "")
    );
}

#[test]
fn a_press_in_a_direct_conversation_is_one_on_a_message() {
    let mut direct = pressed();
    direct["channel"] = json!({"id": "D1", "name": "directmessage"});
    direct["container"] = json!({"type": "message", "message_ts": "1.2", "channel_id": "D1"});
    let click = read(&direct);
    assert!(click.is_direct() && !read(&pressed()).is_direct());
    assert_eq!(
        (click.surface, click.channel.as_deref(), click.thread_ts),
        (Surface::Message, Some("D1"), None)
    );
}

#[test]
fn a_form_is_read_whatever_its_fields() {
    let form = json!({"type": "view_submission", "user": {"id": "U1", "team_id": "T1"}, "team": null, "trigger_id": "4.5",
        "view": {"id": "V1", "callback_id": "changes", "private_metadata": "run-1", "hash": "h", "state": {"values": {
            "words": {"text": {"type": "plain_text_input", "value": "please\n\n  no & <no>"}},
            "start": {"start": {"type": "radio_buttons", "selected_option": {"text": {"text": "x"}, "value": "base"}}},
            "empty": {"text": {"type": "plain_text_input", "value": null}},
            "who": {"pick": {"type": "multi_users_select", "selected_users": ["U1", "U2"]}},
            "what": {"pick": {"type": "checkboxes", "selected_options": [{"value": "a"}]}}}}}});
    let Ok(Inbound::Submission(it)) = Inbound::from_frame(Frame::Interaction, &form, None) else {
        panic!("a submission")
    };
    assert_eq!(
        (it.callback_id.as_str(), it.private_metadata.as_str(), it.key.0.as_str()),
        ("changes", "run-1", "submission:V1:4.5")
    );
    assert_eq!(
        (it.text("words", "text"), it.text("empty", "text"), it.text("what", "pick")),
        (Some("please\n\n  no & <no>"), None, Some("a"))
    );
    assert_eq!((it.text("start", "start"), it.view_hash.as_deref()), (Some("base"), Some("h")));
    assert_eq!(
        it.values["who"]["pick"],
        FieldValue::Chosen(vec!["U1".to_owned(), "U2".to_owned()])
    );
}

#[test]
fn what_we_do_not_know_is_ignored_and_what_is_broken_is_refused() {
    for kind in ["shortcut", "view_closed", "block_suggestion", "workflow_step_edit"] {
        assert_eq!(
            Inbound::from_frame(Frame::Interaction, &json!({"type": kind}), None),
            Ok(Inbound::ignored(kind))
        );
    }
    let mut broken = pressed();
    broken["actions"] = json!([]);
    assert!(Inbound::from_frame(Frame::Interaction, &broken, None).is_err());
    assert!(Inbound::from_frame(Frame::Interaction, &json!({}), None).is_err());
}

#[test]
fn a_press_in_an_organisation_names_the_persons_own_workspace() {
    let mut organised = pressed();
    organised["user"] =
        json!({"id": "W012A3CDE", "username": "ana", "name": "ana", "team_id": "T0HOME"});
    organised["team"] = json!({"id": "T0WORK", "domain": "acme-work", "enterprise_id": "E0ACME", "enterprise_name": "Acme"});
    organised["enterprise"] = json!({"id": "E0ACME", "name": "Acme"});
    organised["is_enterprise_install"] = json!(true);
    let click = read(&organised);
    assert_eq!((click.team.as_str(), click.user_team.as_str()), ("T0WORK", "T0HOME"));
    organised["team"] = Value::Null;
    let click = read(&organised);
    assert_eq!((click.user.as_str(), click.user_team.as_str()), ("W012A3CDE", "T0HOME"));
}

#[test]
fn a_message_that_only_one_person_sees_says_so() {
    let mut alone = pressed();
    alone["container"]["is_ephemeral"] = json!(true);
    alone.as_object_mut().expect("fields").remove("message");
    let click = read(&alone);
    assert!(click.ephemeral && click.surface == Surface::Message && !read(&pressed()).ephemeral);
}
