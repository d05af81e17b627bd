//! Sections: how do paragraphs become blocks, however many there are?

use crate::slack::{Mrkdwn, SlackBlock, section};

/// Most characters of one.
pub(super) const PER_SECTION: usize = 2_900;

/// As many paragraphs in each section as it takes.
pub(super) fn in_sections(paragraphs: impl Iterator<Item = Mrkdwn>) -> Vec<SlackBlock> {
    let mut texts: Vec<Mrkdwn> = Vec::new();
    for paragraph in paragraphs {
        match texts.pop() {
            Some(text) if text.length() + 1 + paragraph.length() <= PER_SECTION => {
                texts.push(text + "\n" + paragraph);
            }
            full => texts.extend(full.into_iter().chain([paragraph])),
        }
    }
    texts.into_iter().map(section).collect()
}
