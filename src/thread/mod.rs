//! Renders runs as Slack messages: what do people see?
//! Pure drawing: the same run, progress and minute give the same messages. The room `publisher` makes Slack agree with them.

mod action_id;
mod agent_lines;
mod batch;
mod card;
mod chart;
mod cli_lines;
pub(crate) mod clock;
mod closing;
mod diff_address;
mod direct;
mod estimate;
pub(crate) mod figures;
mod gate;
mod home;
mod ledger;
mod links;
mod low_budget;
mod message;
mod message_key;
mod modal;
mod people;
mod plain_text;
mod private_question;
mod queued;
mod red_green;
mod review;
mod sections;
mod side_run;
mod snapshots;
pub(crate) mod table;
pub mod words;
mod worker_wait;

use chrono::{DateTime, FixedOffset, Utc};
use url::Url;

use crate::run::{Progress, QueuedAttempt, Run, RunId};
use crate::slack::Mrkdwn;

pub use action_id::ActionId;
pub use agent_lines::agent_line;
pub use batch::{FeatureRow, FeatureState};
pub use chart::{ChartError, StageBar, StageChart, Theme};
pub use cli_lines::{CliLine, cli_lines, feature_lines};
pub use clock::redraw_at;
pub use closing::{fetch_of_pushed, shell as shell_word};
pub use diff_address::{BadDiffAddress, DiffAddress, DiffPart, WorkId};
pub use direct::unposted;
pub use estimate::estimated;
pub use figures::{glyph, not_here, phase, start};
pub use gate::{
    GateValue, MoneyQuestion, RunValue, diff_url, failure_class, fetch_by_hand, standing,
};
pub use home::home;
pub use links::{LinkError, Links, logs_path};
pub use message::{Groups, Message, Reaction, To};
pub use message_key::{GateKey, MessageKey};
pub use modal::{
    AGAIN_FORM, AgainForm, CHANGES_FORM, DEVELOP, DIFF_FORM, DevelopForm, DiffPlace, DiffTurn,
    EXTEND_FORM, FEATURES_FORM, FROM_START, ModalDiff, REJECT_FORM, RETRY_FORM, ROLLBACK_FORM,
    again_modal, changes_modal, develop_modal, diff_modal, extend_modal, reject_modal, retry_modal,
    rollback_modal,
};
pub use people::mention;
#[cfg(test)]
pub(crate) use plain_text::blocks_as_text;
pub use plain_text::{plain_text, shell_text, transcript};
pub use private_question::PrivateQuestion;
pub use queued::{about, ordinal, queue_place, queue_reason};
pub use snapshots::{SnapshotLine, snapshot_lines};

/// "Noted, from the next attempt".
const NOTED: &str = "memo";

/// What a drawing knows of the world around a run.
#[derive(Clone, Debug)]
pub struct RenderContext {
    /// Signs links to pages; none where no browser can reach us.
    pub links: Option<Links>,
    /// The clock of those who see plain text.
    pub clock_zone: FixedOffset,
    /// Whether Slack's own clients show it: they draw Slack's dates, in their reader's zone, and blocks of
    /// code, and open what a button links to. Emulators do none of it.
    pub real_slack: bool,
    /// The thread of the run that is drawn, for messages that are not in it; set by whoever knows it.
    pub thread: Option<Url>,
}

impl RenderContext {
    /// Lines as they stand.
    fn code_block(&self, text: &str) -> Mrkdwn {
        if self.real_slack { Mrkdwn::code_block(text) } else { Mrkdwn::code_lines(text) }
    }

    fn run_page(&self, run: &Run) -> Option<Mrkdwn> {
        let page = self.links.as_ref()?.run(run.id(), run.started_at?);
        Some(Mrkdwn::link(&page, "Run page"))
    }
}

/// What is drawn: a run, how far its current attempt is, and who is in the groups that it names.
#[derive(Clone, Copy, Debug)]
pub struct RenderInput<'a> {
    pub run: &'a Run,
    pub progress: Option<&'a Progress>,
    pub groups: &'a Groups,
    /// The runs that are part of it: of features, or of stages beside others.
    pub children: &'a [Run],
    /// Those of them that wait for a slot.
    pub children_queued: &'a [(RunId, QueuedAttempt)],
    /// How far their attempts are.
    pub children_progress: &'a [(RunId, Progress)],
    /// The batch of a feature that is over: it may ask what becomes of it.
    pub batch: Option<&'a Run>,
    /// Its place in the queue, while it waits for a slot.
    pub queued: Option<&'a QueuedAttempt>,
}

/// The messages that should exist, in the order they are posted: first those of the thread, then those to people directly.
#[must_use]
pub fn render(input: RenderInput<'_>, now: DateTime<Utc>, render: &RenderContext) -> Vec<Message> {
    let RenderInput {
        run,
        progress,
        groups,
        children,
        children_queued,
        children_progress,
        batch,
        queued,
    } = input;
    let beside =
        side_run::Beside { runs: children, queued: children_queued, progress: children_progress };
    let asked = batch.into_iter().flat_map(|batch| batch::asked_about(batch, run, now, render));
    let card = match &run.request.batch {
        Some(_) => batch::batch_card(run, (children, children_queued), now, render),
        None => card::card((run, queued), beside, now, render).with(asked),
    };
    let mut messages = vec![card];
    messages.extend(ledger::ledger(run, ledger::AtWork { progress, queued, beside }));
    messages.extend(low_budget::low_budget(run, progress, beside));
    messages.extend(worker_wait::worker_waits(run, now, render));
    let without_thread = children.iter().filter(|it| it.request.is_side_run());
    messages.extend(without_thread.flat_map(|it| worker_wait::worker_waits(it, now, render)));
    messages.extend(batch::questions(children, now, render));
    messages.extend(gate::gates(run, now, render));
    messages.extend(closing::closing(run, render));
    messages.extend(direct::direct(run, groups, render));
    messages.extend(batch::reminders(children, groups, now, render));
    messages
}

/// The reactions that should be on people's messages.
#[must_use]
pub fn reactions(run: &Run) -> Vec<Reaction> {
    run.notes
        .iter()
        .filter_map(|note| note.message.clone())
        .map(|message| Reaction { message, emoji: NOTED })
        .collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::{samples, slack_limits};
