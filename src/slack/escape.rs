//! Escapes: how does foreign text stop being markup? `unescape` is the way back.

use super::visible::clean;

/// Somebody's words with nothing left in them that Slack, or a reader's eye, would take for markup of ours.
#[must_use]
pub fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A fence in a text would swallow what follows it.
pub(super) fn without_fences(text: &str) -> String {
    text.replace("```", "'''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_in_the_order_it_is_written() {
        assert_eq!(escape("safe\u{202e}gnp.exe\u{0}\u{7}"), "safegnp.exe");
    }
}
