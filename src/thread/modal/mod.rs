//! What opens over the thread?
//! The forms behind buttons and a bare `/develop`, and the diff where no browser can reach us.

mod answer;
mod develop;
mod diff;

use slack_morphism::prelude::{
    SlackBlock, SlackBlockPlainText, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackInputBlock, SlackInputBlockElement,
    SlackModalView, SlackView,
};

use super::text::{bare, fitting};

pub use answer::{CHANGES_FORM, EXTEND_FORM, REJECT_FORM, changes_modal, extend_modal, reject_modal};
pub use develop::{DEVELOP, DevelopForm, develop_modal};
pub use diff::{DIFF_FORM, DiffPlace, ModalDiff, diff_modal};

/// Most characters of a modal's title and buttons, of a label, a placeholder, and of what comes back with a form.
const TITLE: usize = 24;
const LABEL: usize = 2_000;
const PLACEHOLDER: usize = 150;
const METADATA: usize = 3_000;

/// A form, or something to read.
struct Modal<'a> {
    title: &'a str,
    callback_id: &'a str,
    private_metadata: &'a str,
    /// What sends it; none where there is nothing to send.
    submit: Option<&'a str>,
    blocks: Vec<SlackBlock>,
}

impl Modal<'_> {
    fn view(self) -> SlackView {
        let view = SlackModalView::new(label(self.title, TITLE), self.blocks)
            .with_callback_id(self.callback_id.to_owned().into())
            .with_close(label(if self.submit.is_some() { "Cancel" } else { "Close" }, TITLE))
            .opt_submit(self.submit.map(|submit| label(submit, TITLE)))
            // Half of it would mean something else.
            .opt_private_metadata(Some(self.private_metadata).filter(|text| !text.is_empty() && fitting(text, METADATA)).map(str::to_owned));
        SlackView::Modal(view)
    }
}

fn input(id: &str, name: &str, element: SlackInputBlockElement) -> SlackInputBlock {
    SlackInputBlock::new(label(name, LABEL), element).with_block_id(id.to_owned().into())
}

fn optional(input: SlackInputBlock) -> SlackBlock {
    input.with_optional(true).into()
}

/// Some words to type; `id` names the element as well.
fn words(id: &str, placeholder: &str, most: u64) -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_action_id(id.to_owned().into())
        .with_max_length(most)
        .with_placeholder(label(placeholder, PLACEHOLDER))
}

fn label(text: &str, most: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(bare(text, most)).into()
}

#[cfg(test)]
mod tests;
