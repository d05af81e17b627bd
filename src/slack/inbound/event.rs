//! Events: what happened in a workspace, as the Events API tells it?

use super::fields::FormFields;
use super::key::{key, key_of_content};
use super::{Deleted, HomeOpened, Inbound, Malformed, ThreadMessage, Uninstalled};
use crate::run::RequestId;
use crate::slack::ts::Ts;

/// Slackbot, whose messages have a user's id and no mark of a bot.
const SLACKBOT: &str = "USLACKBOT";
/// Messages of a person that are more than plain words. All other subtypes are edits, deletions, bots and noise.
const STILL_A_PERSON: &[&str] = &["thread_broadcast", "file_share", "me_message"];

pub(super) fn parse(envelope: FormFields<'_>) -> Result<Inbound, Malformed> {
    match envelope.need(&["/type"])?.as_str() {
        "url_verification" => {
            Ok(Inbound::UrlVerification { challenge: envelope.need(&["/challenge"])? })
        }
        "event_callback" => event(envelope),
        other => Ok(Inbound::ignored(other)),
    }
}

fn event(envelope: FormFields<'_>) -> Result<Inbound, Malformed> {
    let team = envelope.need(&[
        "/team_id",
        "/authorizations/0/team_id",
        "/event/team",
        "/enterprise_id",
    ])?;
    match envelope.need(&["/event/type"])?.as_str() {
        "message" => message(envelope, team),
        "app_mention" => mention(envelope, team),
        "app_home_opened" if envelope.text("/event/tab") == Some("home") => {
            home_opened(envelope, team)
        }
        "app_uninstalled" => Ok(uninstalled(envelope, team)),
        "tokens_revoked" if envelope.list("/event/tokens/bot").next().is_some() => {
            Ok(uninstalled(envelope, team))
        }
        other => Ok(Inbound::ignored(other)),
    }
}

fn home_opened(envelope: FormFields<'_>, team: String) -> Result<Inbound, Malformed> {
    let (user, key) = (envelope.need(&["/event/user"])?, event_key(envelope, &team));
    Ok(Inbound::HomeOpened(HomeOpened { team, user, key }))
}

fn uninstalled(envelope: FormFields<'_>, team: String) -> Inbound {
    let key = event_key(envelope, &team);
    Inbound::Uninstalled(Uninstalled { team, key })
}

/// Slack tells of a message that names us twice, as a message and as a mention; the mention is the one that counts.
/// In a direct conversation there are no mentions.
fn message(envelope: FormFields<'_>, team: String) -> Result<Inbound, Malformed> {
    let subtype = envelope.text("/event/subtype");
    if subtype == Some("message_deleted") && envelope.has("/event/previous_message/bot_id") {
        return deleted(envelope, team);
    }
    if let Some(now) = subtype.and_then(now_stands_at) {
        return changed(envelope, team, now);
    }
    if let Some(subtype) = subtype.filter(|it| !STILL_A_PERSON.contains(it)) {
        return Ok(Inbound::ignored(subtype));
    }
    Ok(match spoken(envelope, team)? {
        Spoken::ByPerson(said) if names_us(envelope, &said) && !said.direct => {
            Inbound::ignored("also told as a mention")
        }
        Spoken::ByPerson(said) => Inbound::Message(said),
        Spoken::Ignored(why) => Inbound::ignored(why),
    })
}

fn mention(envelope: FormFields<'_>, team: String) -> Result<Inbound, Malformed> {
    Ok(match spoken(envelope, team)? {
        Spoken::ByPerson(said) => Inbound::Mention(said),
        Spoken::Ignored(why) => Inbound::ignored(why),
    })
}

fn deleted(envelope: FormFields<'_>, team: String) -> Result<Inbound, Malformed> {
    Ok(Inbound::Deleted(Deleted {
        team,
        channel: envelope.need(&["/event/channel"])?,
        ts: Ts(envelope.need(&["/event/deleted_ts"])?),
    }))
}

/// Where it stands what a message says since it was edited, or said before it was taken back.
fn now_stands_at(subtype: &str) -> Option<&'static str> {
    match subtype {
        "message_changed" => Some("/event/message"),
        "message_deleted" => Some("/event/previous_message"),
        _ => None,
    }
}

/// A person changed or took back what they said in a thread. Links that are unfolded, and reactions, change no words.
fn changed(
    envelope: FormFields<'_>,
    team: String,
    now: &'static str,
) -> Result<Inbound, Malformed> {
    let at = |field: &str| envelope.text(&format!("{now}{field}"));
    let taken_back = now == "/event/previous_message";
    let text = if taken_back { "" } else { at("/text").unwrap_or_default() };
    let same = !taken_back && envelope.text("/event/previous_message/text") == Some(text);
    let (Some(user), Some(ts), Some(root)) = (at("/user"), at("/ts"), at("/thread_ts")) else {
        return Ok(Inbound::ignored("changed, in no thread"));
    };
    if same || root == ts || envelope.has(&format!("{now}/bot_id")) || is_us(envelope, user) {
        return Ok(Inbound::ignored("no person's words changed"));
    }
    Ok(Inbound::Changed(ThreadMessage {
        user_team: at("/user_team").or_else(|| at("/team")).unwrap_or(&team).to_owned(),
        text: text.to_owned(),
        ts: Ts::from(ts),
        thread_ts: Some(Ts::from(root)),
        direct: false,
        key: event_key(envelope, &team),
        channel: envelope.need(&["/event/channel"])?,
        user: user.to_owned(),
        team,
    }))
}

fn names_us(envelope: FormFields<'_>, said: &ThreadMessage) -> bool {
    let us = envelope.text("/authorizations/0/user_id");
    us.is_some_and(|us| {
        said.text.contains(&format!("<@{us}>")) || said.text.contains(&format!("<@{us}|"))
    })
}

/// What somebody said.
enum Spoken {
    ByPerson(ThreadMessage),
    /// Nothing to us, and why.
    Ignored(&'static str),
}

/// What a person said. Our own words come back too, and must not start a loop.
fn spoken(envelope: FormFields<'_>, team: String) -> Result<Spoken, Malformed> {
    if let Some(why) = nothing_to_us(envelope) {
        return Ok(Spoken::Ignored(why));
    }
    let user = envelope.need(&["/event/user"])?;
    if user == SLACKBOT {
        return Ok(Spoken::Ignored("said by a bot"));
    }
    if is_us(envelope, &user) {
        return Ok(Spoken::Ignored("said by us"));
    }
    Ok(Spoken::ByPerson(person_message(envelope, team, user)?))
}

fn person_message(
    envelope: FormFields<'_>,
    team: String,
    user: String,
) -> Result<ThreadMessage, Malformed> {
    let ts = Ts(envelope.need(&["/event/ts"])?);
    let channel = envelope.need(&["/event/channel"])?;
    let user_team = envelope.first(&["/event/user_team", "/event/source_team", "/event/team"]);
    Ok(ThreadMessage {
        user_team: user_team.unwrap_or(&team).to_owned(),
        text: envelope.text("/event/text").unwrap_or_default().to_owned(),
        thread_ts: envelope.text("/event/thread_ts").map(Ts::from).filter(|root| *root != ts),
        direct: envelope.text("/event/channel_type") == Some("im") || channel.starts_with('D'),
        key: event_key(envelope, &team),
        team,
        channel,
        user,
        ts,
    })
}

fn nothing_to_us(envelope: FormFields<'_>) -> Option<&'static str> {
    let marks = ["/event/bot_id", "/event/bot_profile", "/event/app_id"];
    if marks.iter().any(|mark| envelope.has(mark)) {
        return Some("said by a bot");
    }
    if envelope.is_true("/event/hidden") {
        return Some("hidden");
    }
    // An answer counts for what was asked when it was said: changing old words into one is no answer.
    if envelope.has("/event/edited") {
        return Some("edited");
    }
    no_own_words(envelope).then_some("nothing said")
}

fn is_us(envelope: FormFields<'_>, user: &str) -> bool {
    envelope.is_true("/authorizations/0/is_bot")
        && envelope.text("/authorizations/0/user_id") == Some(user)
}

/// A file, or somebody else's message passed on: forwarding a card or an answer says nothing by itself.
fn no_own_words(envelope: FormFields<'_>) -> bool {
    let own = envelope.text("/event/text").map(str::trim).unwrap_or_default();
    let shared = envelope
        .list("/event/attachments")
        .filter(|it| it.is_true("/is_share") || it.is_true("/is_msg_unfurl"));
    own.is_empty()
        || shared
            .flat_map(|it| [it.text("/text"), it.text("/fallback")])
            .flatten()
            .any(|theirs| theirs.trim() == own)
}

/// Every retry carries the same event id.
fn event_key(envelope: FormFields<'_>, team: &str) -> RequestId {
    if let Some(id) = envelope.text("/event_id") {
        return key("event", &[id]);
    }
    let of = |pointer| envelope.text(pointer).unwrap_or_default();
    key_of_content(
        "event",
        &[
            team,
            of("/event/type"),
            of("/event/channel"),
            of("/event/user"),
            of("/event/ts"),
            of("/event/event_ts"),
        ],
    )
}

#[cfg(test)]
mod tests;
