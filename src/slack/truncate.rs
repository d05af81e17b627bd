//! Truncates text: how much of it fits?
//! Counts as the strictest of Slack's clients could (UTF-16). What is left of markup has no half entity, half link or open code span.

const MORE: &str = "…";

/// Markup if it fits, else its beginning and `…`, together at most `max_chars` long.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> String {
    if length(text) <= max_chars {
        return text.to_owned();
    }
    if max_chars == 0 {
        return String::new();
    }
    let room = max_chars - 1;
    let mut kept = Kept::default();
    let mut rest = text;
    while let Some(atom) = first_atom(rest) {
        if !kept.take(atom, room) {
            break;
        }
        rest = &rest[atom.len()..];
    }
    let closing = kept.code.closing();
    format!("{}{MORE}{closing}", kept.text)
}

/// The same for text that is no markup, so that every character of it counts alike.
#[must_use]
pub fn truncate_plain(text: &str, max_chars: usize) -> String {
    if length(text) <= max_chars {
        return text.to_owned();
    }
    let mut room = max_chars.saturating_sub(1);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}{MORE}", kept.trim_end())
}

/// How long Slack thinks a text is, at worst.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// What must not be torn apart at the beginning of `text`: an entity, a `<…>` reference, a code fence, else a character.
fn first_atom(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let entity =
        ["&amp;", "&lt;", "&gt;", "```"].into_iter().find(|it| text.starts_with(it)).map(str::len);
    Some(&text[..entity.or_else(|| reference(text)).unwrap_or(first.len_utf8())])
}

/// How long a `<…>` is; a `<` that nothing closes is only a character.
fn reference(text: &str) -> Option<usize> {
    let inside =
        text.strip_prefix('<').filter(|inside| !inside.starts_with(char::is_whitespace))?;
    let end = inside.find(['<', '>', '\n'])?;
    inside[end..].starts_with('>').then_some(end + 2)
}

#[derive(Clone, Copy, Default)]
enum Code {
    #[default]
    Outside,
    Span,
    Fence,
}

impl Code {
    fn after(self, atom: &str) -> Self {
        match (self, atom) {
            (Self::Outside, "```") => Self::Fence,
            (Self::Outside, "`") => Self::Span,
            (Self::Fence, "```") | (Self::Span, "`" | "\n") => Self::Outside,
            (same, _) => same,
        }
    }

    fn closing(self) -> &'static str {
        match self {
            Self::Outside => "",
            Self::Span => "`",
            Self::Fence => "```",
        }
    }
}

#[derive(Default)]
struct Kept {
    text: String,
    used: usize,
    code: Code,
}

impl Kept {
    /// Takes the atom if it, and what then has to be closed, fits.
    fn take(&mut self, atom: &str, room: usize) -> bool {
        let used = self.used + length(atom);
        let code = self.code.after(atom);
        if used + code.closing().len() > room {
            return false;
        }
        self.text.push_str(atom);
        self.used = used;
        self.code = code;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::slack::escape::escape;

    #[test]
    fn entities_links_and_code_stay_whole() {
        for (text, max, shown) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("a &amp; b", 5, "a …"),
            ("a &amp; b", 8, "a &amp;…"),
            ("see <https://example.com|the diff> now", 20, "see …"),
            ("a < b and c > d", 8, "a < b a…"),
            ("run `cargo test` now", 10, "run `car…`"),
            ("```one two```", 9, "```on…```"),
            ("😀😀😀", 5, "😀😀…"),
            ("x", 0, ""),
        ] {
            assert_eq!(truncate(text, max), shown, "{text:?} in {max}");
        }
    }

    proptest! {
        #[test]
        fn what_was_truncated_fits_and_no_entity_is_torn(text in "[a-z&<>`\n 😀é]{0,60}", max in 0usize..50) {
            let safe = escape(&text);
            let shown = truncate(&safe, max);
            prop_assert!(length(&shown) <= max);
            let bare = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            prop_assert!(!bare.contains(['&', '<', '>']), "{shown:?}");
        }

        #[test]
        fn what_fits_is_left_alone(text in "\\PC{0,40}") {
            prop_assert_eq!(truncate(&text, length(&text)), text);
        }

        #[test]
        fn anything_can_be_truncated(text in "\\PC*", max in 0usize..100) {
            prop_assert!(length(&truncate(&text, max)) <= max);
            prop_assert!(length(&truncate_plain(&text, max)) <= max.max(1));
        }
    }
}
