//! The shown version of a message: what does Slack show, as far as we know?
//! One column of text; whoever edits the message compares it with the drawing that should be there.

use std::fmt;

/// Before the digest of a drawing in place of which a plainer one is shown.
const PLAINER: &str = "plain:";
/// Before the digest of a drawing in place of which there are words only.
const WORDS: &str = "words:";
/// Before the digest of a drawing that Slack took in no form.
const UNFIT: &str = "unfit:";
const DELETED: &str = "deleted";
const GONE: &str = "gone";

/// What Slack shows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nobody knows: it is not posted yet, or was found in Slack, or somebody deleted it.
    Unknown,
    /// The drawing with this digest; of a reaction, its emoji.
    Drawing(String),
    /// A plainer drawing in place of the one with this digest.
    Plainer(String),
    /// Nothing but words in place of it.
    Words(String),
    /// Slack took the drawing with this digest in no form, so it still shows the one before.
    Unfit(String),
    /// Somebody deleted it, and the thread was not looked at since.
    Deleted,
    /// Nothing: it was found to be deleted, and nothing more is ever edited there.
    Gone,
}

impl Shown {
    /// Whether nothing more can be done to make it show the drawing with this digest.
    #[must_use]
    pub fn is_right_for(&self, drawing: &str) -> bool {
        match self {
            Self::Drawing(digest)
            | Self::Plainer(digest)
            | Self::Words(digest)
            | Self::Unfit(digest) => digest == drawing,
            Self::Gone => true,
            Self::Unknown | Self::Deleted => false,
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        if let Some(digest) = text.strip_prefix(PLAINER) {
            return Self::Plainer(digest.to_owned());
        }
        if let Some(digest) = text.strip_prefix(WORDS) {
            return Self::Words(digest.to_owned());
        }
        if let Some(digest) = text.strip_prefix(UNFIT) {
            return Self::Unfit(digest.to_owned());
        }
        match text {
            "" => Self::Unknown,
            DELETED => Self::Deleted,
            GONE => Self::Gone,
            digest => Self::Drawing(digest.to_owned()),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Drawing(digest) => f.write_str(digest),
            Self::Plainer(digest) => write!(f, "{PLAINER}{digest}"),
            Self::Words(digest) => write!(f, "{WORDS}{digest}"),
            Self::Unfit(digest) => write!(f, "{UNFIT}{digest}"),
            Self::Deleted => f.write_str(DELETED),
            Self::Gone => f.write_str(GONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_in_the_column_are_read_and_written() {
        for (text, shown) in [
            ("", Shown::Unknown),
            ("d1", Shown::Drawing("d1".to_owned())),
            ("plain:d1", Shown::Plainer("d1".to_owned())),
            ("words:d1", Shown::Words("d1".to_owned())),
            ("unfit:d1", Shown::Unfit("d1".to_owned())),
            ("deleted", Shown::Deleted),
            ("gone", Shown::Gone),
        ] {
            assert_eq!((Shown::parse(text), shown.to_string().as_str()), (shown, text));
        }
    }

    #[test]
    fn a_drawing_that_slack_refused_is_not_tried_again_as_it_is() {
        for shown in ["d1", "plain:d1", "words:d1", "unfit:d1", "gone"] {
            assert!(Shown::parse(shown).is_right_for("d1"), "{shown}");
        }
        for shown in ["", "d2", "plain:d2", "unfit:", "deleted"] {
            assert!(!Shown::parse(shown).is_right_for("d1"), "{shown}");
        }
    }
}
