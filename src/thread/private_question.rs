//! The private question: what is somebody asked who may have meant an answer?
//! The question that is open, with the buttons of its card: pressed late, they are refused as those are.

use super::ActionId;
use super::gate::{GateValue, GateView, MoneyQuestion, SnoozeButton};
use crate::run::{GateKind, Run};
use crate::slack::{Button, Mrkdwn, SlackBlock, actions, section};

/// Behind the name of a block that one person alone sees.
const PRIVATE: &str = ":private";

/// What one person alone sees.
#[derive(Clone, Debug)]
pub struct PrivateQuestion {
    pub text: Mrkdwn,
    /// How it is answered where no buttons can be shown.
    pub how: String,
    pub blocks: Vec<SlackBlock>,
}

impl PrivateQuestion {
    /// Whether a block with this id is one that only its reader sees; emulators do not say it of the message.
    #[must_use]
    pub fn is_block(id: &str) -> bool {
        id.ends_with(PRIVATE)
    }

    /// `Approve draft of tale?` behind what is said first; none where nothing is asked.
    #[must_use]
    pub fn of(run: &Run, first: Mrkdwn) -> Option<Self> {
        let question = GateView::open(run)?;
        let id = run.id();
        let (asked, buttons, how) = match question.gate.id.kind {
            GateKind::Approve => {
                let asked =
                    format!("*Approve {} of {}?*", question.stage.name(), run.request.project);
                let how =
                    format!("Say `approve {id}`, `changes {id}: …` or `reject {id} because …`.");
                (asked, approval_buttons(run, &question), how)
            }
            GateKind::Budget => {
                let raise = MoneyQuestion::of(question.gate).map_or("$5", |money| money.raise);
                let how = format!("Say `raise {id} {raise}` or `stop {id}`.");
                (question.asked(), question.money_buttons(SnoozeButton::NotOffered), how)
            }
            GateKind::Recovery => {
                let how = match question.gate.by_hand {
                    Some(_) => format!("Say `done {id}`, `retry {id}` or `stop {id}`."),
                    None => format!(
                        "Say `retry {id}`, `retry {id}: …`, `skip {id}`, `takeover {id}` or `stop {id}`."
                    ),
                };
                (question.asked(), question.recovery_buttons(SnoozeButton::NotOffered), how)
            }
        };
        let text = Mrkdwn::join(first.non_empty().into_iter().chain([asked.into()]), "\n");
        let block = format!("{id}:{}{PRIVATE}", question.key());
        let blocks = vec![section(text.clone()), actions(&block, buttons)];
        Some(Self { text, how, blocks })
    }
}

fn approval_buttons(run: &Run, question: &GateView<'_>) -> Vec<Button> {
    let value = GateValue::of(run, &question.gate.id).json();
    let button = |text: &str, id: ActionId| Button::new(text, id.as_str(), &value);
    vec![
        button("Approve", ActionId::Approve).primary(),
        button("Request changes", ActionId::Changes),
        button("Reject", ActionId::Reject).danger(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::blocks_as_text;
    use crate::thread::samples::Tale;

    #[test]
    fn it_asks_what_is_open_and_nothing_else() {
        let mut tale = Tale::waiting();
        let asked = PrivateQuestion::of(&tale.run, "Hm.".into()).expect("something is asked");
        let shown = blocks_as_text(&asked.blocks);
        assert!(
            shown.starts_with("Hm.\n*Approve ")
                && shown.ends_with("[Approve] [Request changes] [Reject]"),
            "{shown}"
        );
        tale.run.gate = None;
        assert!(PrivateQuestion::of(&tale.run, Mrkdwn::default()).is_none());
    }
}
