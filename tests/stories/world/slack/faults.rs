//! What goes wrong at Slack, and how often?

use std::time::Duration;

use anyhow::Result;

use super::FakeSlack;
use super::api::Arguments;
use super::state::{Message, State};

/// What happens to a call instead of an answer. Those that begin with `Does` are done first, so they show in the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, come back in so many seconds.
    RateLimited {
        seconds: u64,
    },
    /// 500, not done.
    ServerError,
    /// `{"ok": false, "error": …}`.
    Refuses(&'static str),
    /// No answer, ever; not done.
    Hangs,
    /// The connection is cut; not done.
    HangsUp,
    DoesThenServerError,
    DoesThenHangs,
    DoesThenHangsUp,
    /// Done and answered, only later.
    DoesSlowly(Duration),
    /// No answer, ever; done so much later, also when nobody waits any more.
    DoesLate(Duration),
}

/// A fault that waits for its calls.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    method: String,
    /// Only messages that show this, or are called so.
    about: Option<String>,
    fault: Fault,
    left: usize,
}

impl FakeSlack {
    /// The next `times` calls of the method (`*`: of any) meet this fault. Faults of the same method come one after another.
    pub fn fails(&self, method: &str, fault: Fault, times: usize) {
        self.shared.lock().plans.push(Plan {
            method: method.to_owned(),
            about: None,
            fault,
            left: times,
        });
    }

    /// The next `times` attempts to post or change a message whose text or key has these words are refused, as with `invalid_blocks`.
    pub fn refuses_message(&self, words: &str, error: &'static str, times: usize) {
        let plan = Plan {
            method: "chat.*".to_owned(),
            about: Some(words.to_owned()),
            fault: Fault::Refuses(error),
            left: times,
        };
        self.shared.lock().plans.push(plan);
    }

    /// From now on the bot is refused in this channel: `not_in_channel` (thrown out), `is_archived`, `channel_is_archived`, `channel_not_found`.
    pub fn refuses_in(&self, channel: &str, error: &'static str) -> Result<()> {
        self.in_channel(channel, Some(error))
    }

    /// The bot may again what it could in this channel.
    pub fn lets_in(&self, channel: &str) -> Result<()> {
        self.in_channel(channel, None)
    }

    fn in_channel(&self, channel: &str, refuses: Option<&'static str>) -> Result<()> {
        let id = self.channel(channel)?;
        self.shared.change(|state| {
            state.channels.iter_mut().filter(|it| it.id == id).for_each(|it| it.refuses = refuses);
        });
        Ok(())
    }

    /// Forgets the metadata of what was posted so far, as some emulators do.
    pub fn forgets_metadata(&self) {
        self.shared.lock().messages.iter_mut().for_each(|it| it.metadata = None);
    }

    /// Knows nothing of what was said so far, as an emulator that was started again.
    pub fn forgets_everything(&self) {
        self.shared.lock().messages.clear();
    }

    /// Forgets all faults that are still to come.
    pub fn recovers(&self) {
        self.shared.lock().plans.clear();
    }
}

/// The fault that this call meets, if any.
pub(super) fn next(state: &mut State, method: &str, arguments: &Arguments) -> Option<Fault> {
    let said = words(state, arguments);
    state.plans.retain(|plan| plan.left > 0);
    let plan = state.plans.iter_mut().find(|plan| {
        plan.is_for(method) && plan.about.as_ref().is_none_or(|it| said.contains(it))
    })?;
    plan.left -= 1;
    Some(plan.fault)
}

impl Plan {
    fn is_for(&self, method: &str) -> bool {
        self.method == method
            || self.method.strip_suffix('*').is_some_and(|family| method.starts_with(family))
    }
}

/// What a message says, and what it is called: in this call, or when it was posted.
fn words(state: &State, arguments: &Arguments) -> String {
    let key = arguments.get("metadata").and_then(|it| it.pointer("/event_payload/key")?.as_str());
    let posted = arguments.text("ts").and_then(|ts| state.message(ts)).and_then(Message::key);
    let blocks = arguments.get("blocks").map(ToString::to_string).unwrap_or_default();
    [arguments.text("text").unwrap_or_default(), key.or(posted).unwrap_or_default(), &blocks]
        .join("\n")
}
