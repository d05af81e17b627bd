//! How is a question answered?
//! The buttons, what they do, and how long they are there.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackBlock, SlackBlockButtonElement};

use super::{APPROVE, CHANGES, DIFF, DIFF_LINK, EXTEND, GateValue, Question, REJECT, SNOOZE};
use crate::run::OnReject;
use crate::thread::blocks::{actions, button, context, danger, link, link_button, primary};
use crate::thread::people::mention;
use crate::thread::{Place, clock};

/// Whether a row of buttons offers silence: only a reminder can be silenced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::thread) enum Silence {
    Offered,
    NotOffered,
}

impl Question<'_> {
    pub(super) fn ask(&self, now: DateTime<Utc>, place: &Place) -> Vec<SlackBlock> {
        let time = clock::left_at_most(self.gate, self.spec, now);
        // Not every client opens a button's address.
        let diff = self.diff_url(place).map(|url| link(&url, "View diff"));
        if clock::is_over(self.gate, self.spec, now) {
            return vec![context(&[time].into_iter().chain(diff).collect::<Vec<_>>().join(" · "))];
        }
        let mut small = vec![self.effect(), format!("{time} ({})", clock::moment(self.gate.deadline, place))];
        small.extend(self.extended());
        small.extend(self.gate.escalated_at.map(|at| format!("others are asked as well since {}", clock::moment(at, place))));
        small.extend(diff);
        vec![actions(&self.key(), self.buttons(place, Silence::NotOffered)), context(&small.join(" · "))]
    }

    /// Every way to answer.
    pub(in crate::thread) fn buttons(&self, place: &Place, silence: Silence) -> Vec<SlackBlockButtonElement> {
        let value = GateValue::of(self.run, &self.gate.id).json();
        let mut buttons = vec![
            primary(button(APPROVE, "Approve", &value)),
            button(CHANGES, "Request changes", &value),
            danger(button(REJECT, "Reject", &value)),
            match self.diff_url(place) {
                Some(url) => link_button(DIFF_LINK, "View diff", url),
                None => button(DIFF, "View diff", &value),
            },
            button(EXTEND, "Extend", &value),
        ];
        if silence == Silence::Offered {
            buttons.push(button(SNOOZE, "Snooze", &value));
        }
        buttons
    }

    /// What an answer sets going.
    pub(in crate::thread) fn effect(&self) -> String {
        let after = self.run.stages.iter().skip_while(|s| s.name() != self.stage.name()).nth(1);
        let approving = after.map_or_else(|| "finishes the run".to_owned(), |next| format!("goes on with {}", next.name()));
        let rejecting = match self.spec.on_reject {
            OnReject::End => "ends the run without this work",
            OnReject::Skip => "goes on without this work",
        };
        format!("Approving {approving}, rejecting {rejecting}")
    }

    /// Who gave it more time.
    pub(in crate::thread) fn extended(&self) -> Option<String> {
        let last = self.gate.extensions.last()?;
        Some(format!("extended by {}", mention(&last.by)))
    }
}
