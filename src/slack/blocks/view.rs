//! What opens over a conversation, and what can be filled in there?

use slack_morphism::prelude::{
    SlackBlock, SlackBlockPlainTextInputElement, SlackBlockRadioButtonsElement, SlackBlockStaticSelectElement, SlackInputBlock,
    SlackInputBlockElement, SlackModalView, SlackView,
};

use super::element::whole;
use super::{Choice, ID, fit_view, plain};
use crate::slack::cut::cut;

const TITLE: usize = 24;
const METADATA: usize = 3_000;
const LABEL: usize = 2_000;
const PLACEHOLDER: usize = 150;
const WORDS: u16 = 3_000;
const RADIO: usize = 10;
const SELECT: usize = 100;

/// A form, or something to read.
#[derive(Clone, Debug)]
pub struct Modal<'a> {
    pub title: &'a str,
    /// Comes back with what was filled in and pressed.
    pub callback_id: &'a str,
    /// The same; at most 3,000 characters, else it is left out: half of it would mean something else.
    pub private_metadata: &'a str,
    /// What sends it; none where there is nothing to send.
    pub submit: Option<&'a str>,
    pub blocks: Vec<SlackBlock>,
}

impl Modal<'_> {
    /// As Slack wants it. A form without a button to send it is refused there, so it gets one.
    #[must_use]
    pub fn view(self) -> SlackView {
        let blocks = fit_view(self.blocks);
        let form = blocks.iter().any(|block| matches!(block, SlackBlock::Input(_)));
        let submit = self.submit.or(form.then_some("Send"));
        let view = SlackModalView::new(plain(self.title, TITLE), blocks)
            .with_close(plain(if submit.is_some() { "Cancel" } else { "Close" }, TITLE))
            .opt_submit(submit.map(|submit| plain(submit, TITLE)))
            .opt_callback_id(whole(self.callback_id.to_owned(), ID).map(Into::into))
            .opt_private_metadata(whole(self.private_metadata.to_owned(), METADATA));
        SlackView::Modal(view)
    }
}

/// Something to fill in. `id` names its block and its element alike.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    pub id: &'a str,
    pub label: &'a str,
    pub optional: bool,
}

impl Field<'_> {
    fn block(self, element: SlackInputBlockElement) -> SlackBlock {
        let block = SlackInputBlock::new(plain(self.label, LABEL), element).with_block_id(self.id().into());
        block.with_optional(self.optional).into()
    }

    fn id(self) -> String {
        cut(self.id, ID)
    }
}

/// Words to type.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    pub placeholder: &'a str,
    pub many_lines: bool,
    /// At most so many characters; 3,000 is Slack's own limit.
    pub most: u16,
}

/// Words to type.
#[must_use]
pub fn text_input(field: Field<'_>, words: Words<'_>) -> SlackBlock {
    let element = SlackBlockPlainTextInputElement::new()
        .with_action_id(field.id().into())
        .with_multiline(words.many_lines)
        .with_max_length(words.most.clamp(1, WORDS).into())
        .with_placeholder(plain(words.placeholder, PLACEHOLDER));
    field.block(element.into())
}

/// One of at most ten, all in sight; the first is chosen already. None where there is nothing to choose.
#[must_use]
pub fn radio(field: Field<'_>, choices: &[Choice]) -> Option<SlackBlock> {
    let options: Vec<_> = choices.iter().take(RADIO).map(Choice::radio_item).collect();
    let first = options.first()?.clone();
    Some(field.block(SlackBlockRadioButtonsElement::new(options).with_action_id(field.id().into()).with_initial_option(first).into()))
}

/// One of at most a hundred, in a list that opens; the first is chosen already. None where there is nothing to choose.
#[must_use]
pub fn select(field: Field<'_>, choices: &[Choice]) -> Option<SlackBlock> {
    let options: Vec<_> = choices.iter().take(SELECT).map(Choice::item).collect();
    let first = options.first()?.clone();
    let element = SlackBlockStaticSelectElement::new().with_action_id(field.id().into()).with_options(options).with_initial_option(first);
    Some(field.block(element.into()))
}
