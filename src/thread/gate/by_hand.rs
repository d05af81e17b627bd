//! Work by hand: what does somebody need who does a failed stage themselves?
//! The branch, the commands to fetch it and to give it back, and the buttons that say that it is ready.

use super::{GateValue, GateView, SnoozeButton};
use crate::run::{ByHand, HandBranch};
use crate::slack::{Button, Mrkdwn, SlackBlock, context, one_line, section};
use crate::thread::card::roll_back;
use crate::thread::people::mention;
use crate::thread::shell_word;
use crate::thread::{ActionId, RenderContext};

/// Longest name of a machine.
const HOST: usize = 80;
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
    let handed_in = Mrkdwn::from("The push hands it in, as `done` does; then the checks judge it");
    blocks.push(context(match &branch.not_pushed {
        None => handed_in,
        Some(why) => {
            let because = ", because it could not be pushed to the project: ";
            handed_in + ". " + on_the_workers_disk(branch) + because + one_line(why, WHY)
        }
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

fn on_the_workers_disk(branch: &HandBranch) -> Mrkdwn {
    match &branch.host {
        Some(host) => "On the disk of the worker " + Mrkdwn::code(host, HOST),
        None => "On the worker's disk".into(),
    }
}

/// What is typed in a clone of the project, to fetch the branch and to give it back.
fn commands(branch: &HandBranch) -> String {
    let (name, repository) = (&branch.name, shell_word(&branch.repository));
    format!(
        "git fetch {repository} {name}\ngit switch -c {name} FETCH_HEAD\ngit push {repository} {name}"
    )
}

/// The same in one line.
#[must_use]
pub fn fetch_by_hand(branch: &HandBranch) -> String {
    let lines = commands(branch);
    let typed = lines.lines().map(|line| format!("`{line}`")).collect::<Vec<_>>().join(", ");
    match (&branch.not_pushed, &branch.host) {
        (None, _) => typed,
        (Some(_), Some(host)) => format!("on {host}: {typed}"),
        (Some(_), None) => format!("on the worker's machine: {typed}"),
    }
}
