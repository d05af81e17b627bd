//! The text of a report: in which encoding is it written?
//! UTF-8, UTF-16 by its first bytes, or what an XML declaration names; what cannot be read is marked, and the rest still counts.

use crate::run::foreign_text::{Encoding, decode};

/// How far a declaration reaches.
const DECLARATION_BYTES: usize = 200;

/// Encodings of one byte each, whose letters stand where they stand in Unicode.
const LATIN: [&str; 6] =
    ["iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "iso-8859-15"];

pub(super) fn text_of(bytes: &[u8]) -> String {
    if Encoding::of(bytes) == Encoding::Utf8
        && std::str::from_utf8(bytes).is_err()
        && declared(bytes).is_some_and(|name| LATIN.contains(&name.as_str()))
    {
        return bytes.iter().copied().map(char::from).collect();
    }
    decode(bytes)
}

/// The encoding that `<?xml … encoding="…"?>` names, in small letters.
fn declared(bytes: &[u8]) -> Option<String> {
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES)]);
    let (declaration, _) = begin.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_encoding_is_believed_where_it_can_be() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><testcase name='caf\xe9'/>";
        assert!(text_of(latin).ends_with("<testcase name='caf\u{e9}'/>"));
        let wrong = "<?xml version=\"1.0\" encoding=\"latin1\"?><testcase name='é'/>";
        assert_eq!(text_of(wrong.as_bytes()), wrong, "it is UTF-8 all the same");
        assert_eq!(text_of(b"<testcase name='\xe9'/>"), "<testcase name='\u{fffd}'/>");
        let utf16: Vec<u8> =
            "\u{feff}<testcase/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text_of(&utf16), "<testcase/>");
    }
}
