//! The layout and security headers: what do all pages share?
//! No script, nothing from elsewhere: the policy forbids what the pages do not use.

use maud::{DOCTYPE, Markup, html};

use crate::run::foreign_text::is_hidden;
use crate::thread::LinkError;

/// What `/style.css` answers.
pub const CSS: &str = include_str!("style.css");

/// `Content-Security-Policy` of every page.
pub const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page; `root` is the way from its address to the folder of `style.css`, such as `../`.
pub(super) fn page(title: &str, root: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                // The address is the key to the page: it is told to nobody.
                meta name="referrer" content="no-referrer";
                title { (title) " · Signoff" }
                link rel="stylesheet" href={ (root) "style.css" };
            }
            body { main { (body) } }
        }
    }
}

/// What a person sees whose link does not open. `root` as for a page.
#[must_use]
pub fn link_page(why: LinkError, root: &str) -> Markup {
    let (title, advice) = match why {
        LinkError::Expired => (
            "This link has expired",
            "Links open for some days only. The run's thread, or `signoff thread <run>`, has what it showed.",
        ),
        LinkError::Wrong => (
            "This link does not open anything",
            "It may have been cut off on its way. Please open it from the run's thread again.",
        ),
    };
    page(title, root, &html! { h1 { (title) } p { (advice) } })
}

/// Text in which nothing hides: characters that change how others are read are named instead.
pub(super) fn plainly(text: &str) -> Markup {
    html! {
        @for piece in pieces(text) {
            @match piece {
                PagePart::Seen(text) => (text),
                PagePart::Hidden(c) => span.hidden title="a character that cannot be seen" { "U+" (format!("{:04X}", u32::from(c))) },
            }
        }
    }
}

/// Several lines, each as it is.
pub(super) fn plainly_lines(text: &str) -> Markup {
    html! { @for line in text.trim().lines() { (plainly(line)) "\n" } }
}

enum PagePart<'a> {
    Seen(&'a str),
    Hidden(char),
}

fn pieces(text: &str) -> Vec<PagePart<'_>> {
    let hides = |c: char| c != '\t' && is_hidden(c);
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| hides(*c)) {
        pieces.push(PagePart::Seen(&rest[..at]));
        pieces.push(PagePart::Hidden(c));
        rest = &rest[at + c.len_utf8()..];
    }
    pieces.push(PagePart::Seen(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_in_a_line() {
        insta::assert_snapshot!(plainly("a\u{202e}<b>\t").into_string(), @r#"a<span class="hidden" title="a character that cannot be seen">U+202E</span>&lt;b&gt;"#);
    }

    #[test]
    fn a_link_that_does_not_open_says_what_to_do() {
        assert!(
            link_page(LinkError::Expired, "../").into_string().contains("This link has expired")
        );
        assert!(
            link_page(LinkError::Wrong, "../")
                .into_string()
                .contains("Please open it from the run's thread again.")
        );
    }

    #[test]
    fn the_style_needs_nothing_from_elsewhere() {
        assert!(!CSS.contains("url(") && !CSS.contains("@import"));
    }
}
