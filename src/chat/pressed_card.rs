//! Whose card was pressed: ours, or a copy of it?
//! Copies are not redrawn, so they go on asking what was answered long ago. A card of ours that is only older is refused by the rules of
//! `run/`: its button names the work that it asked about.

use super::Actor;
use crate::run::{Run, RunId};
use crate::slack::{Click, Surface};
use crate::store::StoreError;
use crate::thread::PrivateQuestion;

const A_COPY: &str =
    "This is a copy of a card, so nothing was recorded. Please answer in the run's thread.";
pub(super) const NOT_KNOWN: &str = "This run is not known here any more.";

/// The run of the card that was pressed.
pub(super) enum Pressed {
    Run(Box<Run>),
    /// Not ours to act on; what who pressed it is told.
    Refused(&'static str),
}

impl Actor {
    /// The run of the card that was pressed, if the card is ours.
    pub(super) async fn run_pressed(&self, it: &Click, run: &RunId) -> Result<Pressed, StoreError> {
        let Some(run) = self.services.store.run(run).await? else {
            return Ok(Pressed::Refused(NOT_KNOWN));
        };
        // A view is only ever ours, and so is what only one person sees.
        let private = it.ephemeral || PrivateQuestion::is_block(&it.block_id);
        let ours = it.surface != Surface::Message
            || private
            || self.is_our_message(run.id(), it).await?
            || self.is_of_its_batch(&run, it).await?
            || self.is_of_its_feature(&run, it).await?;
        Ok(if ours { Pressed::Run(Box::new(run)) } else { Pressed::Refused(A_COPY) })
    }

    /// What a feature asks stands in the thread of its batch, too.
    async fn is_of_its_batch(&self, run: &Run, it: &Click) -> Result<bool, StoreError> {
        match &run.request.part_of {
            Some(member) => self.is_our_message(&member.batch, it).await,
            None => Ok(false),
        }
    }

    /// What a batch asks about a feature stands on the card of that one, too.
    async fn is_of_its_feature(&self, run: &Run, it: &Click) -> Result<bool, StoreError> {
        for feature in run.request.batch.iter().flat_map(|batch| &batch.features) {
            if self.is_our_message(&feature.run, it).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what was pressed is a message that we posted for this run. Channels have one name in all workspaces, and a click may name another
    /// workspace of the organisation than the thread has.
    async fn is_our_message(&self, run: &RunId, it: &Click) -> Result<bool, StoreError> {
        let (Some(channel), Some(ts)) = (&it.channel, &it.message_ts) else { return Ok(false) };
        let Some((home, root)) = self.services.store.thread(run).await? else {
            return Ok(false);
        };
        let messages = self.services.store.messages(run).await?;
        let mut here = messages
            .iter()
            .filter(|message| message.channel.as_ref().unwrap_or(&home.channel) == channel);
        // Slack shows what we post a moment before it tells us its name: then it has to stand in our thread, or in our conversation.
        let may_be_new = it.is_direct() || is_in_thread(it, root.as_deref());
        Ok(here.any(|message| match message.ts.as_deref() {
            Some(posted) => posted == ts.as_str(),
            None => may_be_new && message.given_up.is_none(),
        }))
    }
}

/// Whether it was pressed in the thread with this root; without one, Slack has not told us its name yet.
fn is_in_thread(it: &Click, root: Option<&str>) -> bool {
    let mut names = [&it.thread_ts, &it.message_ts].into_iter().flatten();
    root.is_none_or(|root| names.any(|ts| ts.as_str() == root))
}
