//! The buttons of a question: how is it answered?
//! What they do, and how long they are there.

use chrono::{DateTime, Utc};

use super::{GateValue, GateView};
use crate::run::{GateKind, OnReject};
use crate::slack::{Button, Mrkdwn, SlackBlock, actions, context};
use crate::thread::people::mention;
use crate::thread::{ActionId, RenderContext, RunValue, clock};

/// Whether a row of buttons offers silence: only a reminder can be silenced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::thread) enum SnoozeButton {
    Offered,
    NotOffered,
}

impl GateView<'_> {
    pub(super) fn ask(&self, now: DateTime<Utc>, render: &RenderContext) -> Vec<SlackBlock> {
        let time = Mrkdwn::from(clock::left_at_most(self.gate, self.spec, now));
        if clock::is_over(self.gate, self.spec, now) {
            let diff = self.diff_link(render);
            return vec![context(Mrkdwn::join([time].into_iter().chain(diff), " · "))];
        }
        let until = time + " (" + clock::moment(self.gate.deadline, render) + ")";
        let small = [
            Some(self.effect().into()),
            Some(until),
            self.extended(),
            self.escalated(render),
            self.diff_link_below_button(render),
        ];
        vec![
            actions(&self.key().to_string(), self.buttons(render, SnoozeButton::NotOffered)),
            context(Mrkdwn::join(small.into_iter().flatten(), " · ")),
        ]
    }

    fn escalated(&self, render: &RenderContext) -> Option<Mrkdwn> {
        let at = self.gate.escalated_at?;
        Some("others are asked as well since " + clock::moment(at, render))
    }

    /// Every way to answer.
    pub(in crate::thread) fn buttons(
        &self,
        render: &RenderContext,
        silence: SnoozeButton,
    ) -> Vec<Button> {
        match self.gate.id.kind {
            GateKind::Approve => {}
            GateKind::Budget => return self.money_buttons(silence),
            GateKind::Recovery => return self.recovery_buttons(silence),
        }
        let value = GateValue::of(self.run, &self.gate.id).json();
        let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
        let mut buttons = vec![
            button("Approve", ActionId::Approve).primary(),
            button("Request changes", ActionId::Changes),
            button("Reject", ActionId::Reject).danger(),
            match self.diff_url(render) {
                Some(url) => Button::link("View diff", ActionId::DiffLink.as_str(), url),
                None => button("View diff", ActionId::Diff),
            },
            button("Extend", ActionId::Extend),
        ];
        if silence == SnoozeButton::Offered {
            buttons.push(button("Snooze", ActionId::Snooze));
        }
        buttons
    }

    /// How a question ends that is not about work: with the run, or later.
    pub(super) fn last_buttons(&self, silence: SnoozeButton) -> Vec<Button> {
        let value = GateValue::of(self.run, &self.gate.id).json();
        let stop = RunValue { run: self.run.id().clone() }.json();
        let mut buttons = vec![
            Button::new("Stop here", ActionId::Stop.as_str(), &stop).danger(),
            Button::new("Extend", ActionId::Extend.as_str(), &value),
        ];
        if silence == SnoozeButton::Offered {
            buttons.push(Button::new("Snooze", ActionId::Snooze.as_str(), &value));
        }
        buttons
    }

    /// What an answer sets going.
    pub(in crate::thread) fn effect(&self) -> String {
        if !self.is_about_work() {
            return "Stopping keeps what is good".to_owned();
        }
        let after = self.run.stages.iter().skip_while(|s| s.name() != self.stage.name()).nth(1);
        let approving = after.map_or_else(
            || "finishes the run".to_owned(),
            |next| format!("goes on with {}", next.name()),
        );
        let rejecting = match self.spec.on_reject {
            OnReject::End => "ends the run without this work",
            OnReject::Skip => "goes on without this work",
        };
        format!("Approving {approving}, rejecting {rejecting}")
    }

    /// Who gave it more time.
    pub(in crate::thread) fn extended(&self) -> Option<Mrkdwn> {
        let last = self.gate.extensions.last()?;
        Some("extended by " + mention(&last.by))
    }
}
