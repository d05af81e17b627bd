//! How is a setting taken out of what somebody typed?
//! What is left keeps its lines and their indentation: it may be code, a list or a stack trace. Pure.

use std::ops::Range;

/// Quotation marks that may stand around more than the setting.
const QUOTES: [char; 8] = ['"', '“', '”', '„', '\'', '‘', '’', '`'];

/// A text without this part of it, and where that stood in what is left. Of the spaces around it those stay that break the line.
pub(super) fn cut(text: &str, part: Range<usize>) -> (String, usize) {
    let (front, behind) = (&text[..part.start], &text[part.end..]);
    let (before, after) = (front.trim_end(), behind.trim_start());
    let (gap_before, gap_after) = (&front[before.len()..], &behind[..behind.len() - after.len()]);
    let gap = match (before, gap_after.rfind('\n')) {
        (_, _) if after.is_empty() => "",
        ("", Some(line)) => &gap_after[line + 1..],
        ("", None) => "",
        (_, None) if gap_before.contains('\n') => gap_before,
        _ => gap_after,
    };
    (format!("{before}{gap}{after}"), before.len())
}

/// The same part without a quotation mark that belongs to other words: that of `"a page budget=$5"`.
pub(super) fn without_lone_quote(text: &str, part: Range<usize>) -> Range<usize> {
    let words = &text[part.clone()];
    if words.matches(QUOTES).count() != 1 {
        return part;
    }
    let end = part.start + words.trim_end_matches(QUOTES).len();
    let start = part.end - words.trim_start_matches(QUOTES).len();
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_keeps_its_lines() {
        for (text, left) in [
            ("a X b", "a b"),
            ("X", ""),
            ("X a", "a"),
            ("a X", "a"),
            ("a: X\n    b", "a:\n    b"),
            ("a:\nX b", "a:\nb"),
            ("a\n  X\n    b", "a\n    b"),
            ("X\n  a\n  b", "  a\n  b"),
            ("a X. b", "a. b"),
        ] {
            let at = text.find('X').expect("the part");
            let (rest, stood) = cut(text, at..at + 1);
            assert_eq!(rest, left, "{text:?}");
            assert!(rest.is_char_boundary(stood), "{text:?}");
        }
    }

    #[test]
    fn a_quote_around_more_stays() {
        for (text, part) in [("X\"", "X"), ("\"X", "X"), ("\"X\"", "\"X\""), ("“X", "X")] {
            assert_eq!(&text[without_lone_quote(text, 0..text.len())], part);
        }
    }
}
