//! Modals: what opens over a conversation, and what can be filled in there?

use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockPlainText, SlackBlockPlainTextInputElement,
    SlackBlockRadioButtonsElement, SlackBlockStaticSelectElement, SlackBlockText, SlackInputBlock,
    SlackInputBlockElement, SlackModalView, SlackView,
};

use super::element::whole;
use super::{ID, fit_view, plain_text_object};
use crate::slack::truncate::{length, truncate};
use crate::slack::visible::clean;

/// Most lines of a list that opens.
pub const MOST_CHOICES: usize = 100;
const TITLE: usize = 24;
const METADATA: usize = 3_000;
const LABEL: usize = 2_000;
const PLACEHOLDER: usize = 150;
const WORDS: usize = 3_000;
const RADIO: usize = 10;
const CHOICE_TEXT: usize = 75;
/// Slack's pages say 75, its newer libraries 150: so a short word, never a gate.
const CHOICE_VALUE: usize = 75;

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
        let view = SlackModalView::new(plain_text_object(self.title, TITLE).into(), blocks)
            .with_close(
                plain_text_object(if submit.is_some() { "Cancel" } else { "Close" }, TITLE).into(),
            )
            .opt_submit(submit.map(|submit| plain_text_object(submit, TITLE).into()))
            .opt_callback_id(whole(self.callback_id, ID).map(Into::into))
            .opt_private_metadata(whole(self.private_metadata, METADATA));
        SlackView::Modal(view)
    }
}

/// Something to fill in. `id` names its block and its element alike.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    id: &'a str,
    label: &'a str,
    optional: bool,
}

impl<'a> Field<'a> {
    #[must_use]
    pub const fn new(id: &'a str, label: &'a str) -> Self {
        Self { id, label, optional: false }
    }

    /// May be left empty.
    #[must_use]
    pub const fn optional(id: &'a str, label: &'a str) -> Self {
        Self { id, label, optional: true }
    }

    fn block(self, element: SlackInputBlockElement) -> SlackBlock {
        let block = SlackInputBlock::new(plain_text_object(self.label, LABEL).into(), element)
            .with_block_id(self.id().into());
        block.opt_optional(self.optional.then_some(true)).into()
    }

    fn id(self) -> String {
        truncate(self.id, ID)
    }
}

/// Words to type.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    pub placeholder: &'a str,
    pub many_lines: bool,
    /// At most so many characters; 3,000 is Slack's own limit.
    pub most: usize,
}

/// Words to type.
#[must_use]
pub fn text_input(field: Field<'_>, words: Words<'_>) -> SlackBlock {
    field.block(element(field, words).into())
}

/// Words to type, with what stands there already. None where the field does not hold that whole: half of it would be sent back as all.
#[must_use]
pub fn filled_input(field: Field<'_>, words: Words<'_>, text: &str) -> Option<SlackBlock> {
    let text = clean(text);
    let fits = length(&text) <= words.most.clamp(1, WORDS);
    let text = Some(text).filter(|text| !text.is_empty());
    fits.then(|| field.block(element(field, words).opt_initial_value(text).into()))
}

fn element(field: Field<'_>, words: Words<'_>) -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_action_id(field.id().into())
        .opt_multiline(words.many_lines.then_some(true))
        .with_max_length(words.most.clamp(1, WORDS) as u64)
        .with_placeholder(plain_text_object(words.placeholder, PLACEHOLDER).into())
}

/// One of at most ten (text, value), all in sight; the first is chosen already. None where there is nothing to choose.
#[must_use]
pub fn radio(field: Field<'_>, choices: &[(&str, &str)]) -> Option<SlackBlock> {
    radio_with(field, choices, None)
}

/// The same, with the one of that value chosen already.
#[must_use]
pub fn radio_with(
    field: Field<'_>,
    choices: &[(&str, &str)],
    chosen: Option<&str>,
) -> Option<SlackBlock> {
    let options: Vec<_> = items::<SlackBlockText>(choices).take(RADIO).collect();
    let chosen = options.iter().find(|option| Some(option.value.as_str()) == chosen);
    let first = chosen.or(options.first())?.clone();
    Some(
        field.block(
            SlackBlockRadioButtonsElement::new(options)
                .with_action_id(field.id().into())
                .with_initial_option(first)
                .into(),
        ),
    )
}

/// One of at most [`MOST_CHOICES`] (text, value), in a list that opens; `chosen` already is the one with that value, else the first. None where there
/// is nothing to choose.
#[must_use]
pub fn select(
    field: Field<'_>,
    choices: &[(&str, &str)],
    chosen: Option<&str>,
) -> Option<SlackBlock> {
    let options: Vec<_> = items(choices).take(MOST_CHOICES).collect();
    let chosen = options
        .iter()
        .find(|option| Some(option.value.as_str()) == chosen)
        .or(options.first())?
        .clone();
    let element = SlackBlockStaticSelectElement::new()
        .with_action_id(field.id().into())
        .with_options(options)
        .with_initial_option(chosen);
    Some(field.block(element.into()))
}

/// What can be chosen, without those whose value Slack does not take whole.
fn items<'a, T: From<SlackBlockPlainText> + Into<SlackBlockText>>(
    choices: &'a [(&str, &str)],
) -> impl Iterator<Item = SlackBlockChoiceItem<T>> + 'a {
    choices.iter().filter_map(|(text, value)| {
        Some(SlackBlockChoiceItem::new(
            plain_text_object(text, CHOICE_TEXT).into(),
            whole(value, CHOICE_VALUE)?,
        ))
    })
}
