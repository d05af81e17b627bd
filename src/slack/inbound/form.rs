//! Form-encoded bodies: is it a slash command, or an interaction?

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::fields::FormFields;
use super::key::{key, key_of_content};
use super::{Frame, Inbound, Malformed, SlashCommand, readable};
use crate::run::{RequestId, foreign_text};
use crate::slack::response_url::ResponseUrl;

pub(super) fn parse(body: &[u8], emulator: Option<&Url>) -> Result<Inbound, Malformed> {
    let form: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    if let Some(payload) = form.get("payload").and_then(Value::as_str) {
        let payload = foreign_text::read_json(payload.as_bytes())
            .ok_or_else(|| Malformed("the payload is not JSON".to_owned()))?;
        return Inbound::from_frame(Frame::Interaction, &payload, emulator);
    }
    command(FormFields::of(&readable(&Value::Object(form))), emulator)
}

/// Slack probes a command's address with `ssl_check=1`.
pub(super) fn command(
    fields: FormFields<'_>,
    emulator: Option<&Url>,
) -> Result<Inbound, Malformed> {
    if fields.text("/ssl_check").is_some() {
        return Ok(Inbound::SslCheck);
    }
    let command = fields.need(&["/command"])?;
    let team = fields.need(&["/team_id", "/enterprise_id"])?;
    let response_url = fields.text("/response_url");
    Ok(Inbound::Command(SlashCommand {
        user_team: team.clone(),
        channel: fields.need(&["/channel_id"])?,
        user: fields.need(&["/user_id"])?,
        text: fields.text("/text").unwrap_or_default().to_owned(),
        trigger_id: fields.text("/trigger_id").unwrap_or_default().to_owned(),
        response_url: response_url.and_then(|url| ResponseUrl::parse(url, emulator)),
        key: command_key(fields, &team, &command),
        team,
        command,
    }))
}

fn command_key(fields: FormFields<'_>, team: &str, command: &str) -> RequestId {
    if let Some(trigger_id) = fields.text("/trigger_id") {
        return key("command", &[trigger_id]);
    }
    let of = |pointer| fields.text(pointer).unwrap_or_default();
    let parts =
        [team, of("/user_id"), of("/channel_id"), command, of("/text"), of("/response_url")];
    key_of_content("command", &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_command_is_read() {
        let body = b"token=t&team_id=T1&team_domain=acme&enterprise_id=E1&channel_id=C1&channel_name=g&user_id=U1&user_name=a\
            &command=%2Fdevelop&text=llm-wrapper+budget%3D%245&api_app_id=A1&is_enterprise_install=true\
            &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F1&trigger_id=1.2.3";
        let Ok(Inbound::Command(it)) = Inbound::parse(FORM, body, None) else {
            panic!("a command")
        };
        assert_eq!((it.team.as_str(), it.channel.as_str(), it.user.as_str()), ("T1", "C1", "U1"));
        assert_eq!(
            (it.command.as_str(), it.text.as_str(), it.key.0.as_str()),
            ("/develop", "llm-wrapper budget=$5", "command:1.2.3")
        );
        assert!(it.response_url.is_some());
    }

    #[test]
    fn what_was_typed_hides_nothing() {
        let body = b"team_id=T1&channel_id=C1&user_id=U1&command=/develop&trigger_id=1%00.2&text=shop%00+keep%E2%80%AE+it%0Asmall%FF";
        let Ok(Inbound::Command(it)) = Inbound::parse(FORM, body, None) else {
            panic!("a command")
        };
        assert_eq!(
            (it.text.as_str(), it.key.0.as_str()),
            ("shop keep it\nsmall\u{fffd}", "command:1.2")
        );
        let event = b"{\"type\":\"event_callback\",\"team_id\":\"T1\",\"event\":{\"type\":\"message\",\"user\":\"U1\",\"channel\":\"C1\",\"ts\":\"1.2\",\"text\":\"half \\ud83d\\u0000\"}}";
        let Ok(Inbound::Message(it)) = Inbound::parse("application/json", event, None) else {
            panic!("a message")
        };
        assert_eq!(it.text, "half \u{fffd}");
    }

    #[test]
    fn without_a_trigger_the_words_are_the_key() {
        let body = |text: &str| {
            format!(
                "team_id=T1&channel_id=C1&user_id=U1&command=/develop&text={text}&response_url=https://evil.example/"
            )
        };
        let read =
            |text: &str| Inbound::parse(FORM, body(text).as_bytes(), None).expect("a command");
        assert_eq!(read("a").key(), read("a").key());
        assert_ne!(read("a").key(), read("b").key());
        let Inbound::Command(it) = read("a") else { panic!("a command") };
        assert_eq!(it.response_url, None, "not Slack's");
    }

    #[test]
    fn probes_and_nonsense_are_told_apart() {
        assert_eq!(Inbound::parse(FORM, b"token=x&ssl_check=1", None), Ok(Inbound::SslCheck));
        assert_eq!(
            Inbound::parse(FORM, b"", None),
            Err(Malformed("/command is missing".to_owned()))
        );
        assert_eq!(
            Inbound::parse(FORM, b"payload=%7B", None),
            Err(Malformed("the payload is not JSON".to_owned()))
        );
        assert_eq!(
            Inbound::parse("application/json", b"\xff", None),
            Err(Malformed("the body is not JSON".to_owned()))
        );
    }
}
