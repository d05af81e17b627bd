//! Work by hand: what does somebody need who does a failed stage themselves?
//! The branch, the commands to fetch it and to give it back, and the buttons that say that it is ready.

use super::{GateValue, GateView, SnoozeButton};
use crate::run::{ByHand, HandBranch};
use crate::slack::{Button, Mrkdwn, SlackBlock, context, one_line, section};
use crate::thread::card::roll_back;
use crate::thread::people::mention;
use crate::thread::{ActionId, RenderContext};

/// Longest reason.
const WHY: usize = 160;

/// Who does it, and how they get and give back the work.
pub(super) fn done_by_hand(by_hand: &ByHand, render: &RenderContext) -> Vec<SlackBlock> {
    let who = mention(&by_hand.by) + " took it over.";
    let Some(branch) = &by_hand.branch else {
        return vec![section(who + " Its branch is on its way.")];
    };
    let begins = " It begins with what was tried last. Commit on top of it:";
    let commands = render.code_block(&commands(branch));
    let mut blocks = vec![section(who + begins + "\n" + commands)];
    blocks.push(context(match &branch.not_pushed {
        None => "The push hands it in, as `done` does; then the checks judge it".into(),
        Some(why) => Mrkdwn::from(format!(
            "On the worker's disk, because it could not be pushed to the project: {}",
            one_line(why, WHY)
        )),
    }));
    blocks
}

impl GateView<'_> {
    /// How it is handed in, or given back.
    pub(super) fn buttons_by_hand(&self, silence: SnoozeButton) -> Vec<Button> {
        let value = GateValue::of(self.run, &self.gate.id).json();
        let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
        let mut buttons = vec![
            button("I'm done", ActionId::HandIn).primary(),
            button("Give it back to the agent", ActionId::Retry),
        ];
        buttons.extend(self.run.snapshots().next().map(|_| roll_back(&value)));
        buttons.extend(self.last_buttons(silence));
        buttons
    }
}

/// What is typed in a clone of the project, to fetch the branch and to give it back.
fn commands(branch: &HandBranch) -> String {
    let HandBranch { name, repository, .. } = branch;
    format!(
        "git fetch {repository} {name}\ngit switch -c {name} FETCH_HEAD\ngit push {repository} {name}"
    )
}

/// The same in one line.
#[must_use]
pub fn fetch_by_hand(branch: &HandBranch) -> String {
    let lines = commands(branch);
    lines.lines().map(|line| format!("`{line}`")).collect::<Vec<_>>().join(", ")
}
