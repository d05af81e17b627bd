//! How do people type on a phone?
//! With a capital letter, between quotes or backticks, before a comma; a keyboard makes one dash of two and widens signs. Pure.

/// Words with the signs of a plain keyboard, in small letters: what is compared with a name or a setting. What people say stays as it is.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Full-width letters, digits and signs stand in the order of ASCII.
            '\u{ff01}'..='\u{ff5e}' => {
                plain.extend(char::from_u32(u32::from(c) - 0xfee0));
            }
            '—' | '―' => plain.push_str("--"),
            '‐' | '‑' | '‒' | '–' | '−' | '﹣' => plain.push('-'),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' => plain.push('\''),
            '﹦' => plain.push('='),
            '﹕' | '∶' => plain.push(':'),
            '﹩' => plain.push('$'),
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            c => plain.push(c),
        }
    }
    plain.to_lowercase()
}

/// A word without what stands around it.
pub(super) fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// The name that somebody typed. A dash at its end stays: the rest of a run's name was left out, and it names no project.
pub(super) fn name(word: &str) -> String {
    let plain = plain(word);
    let end = plain.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '-');
    end.trim_start_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_a_phone_writes_it() {
        for typed in ["shop", "Shop", "`shop`", "shop,", "“Shop”", "*shop*:", "ｓｈｏｐ", "(shop)!"]
        {
            assert_eq!(name(typed), "shop", "{typed}");
        }
        assert_eq!(name("My—shop–K3F9QDZ."), "my--shop-k3f9qdz");
        assert_eq!(name("`Shop-`"), "shop-");
    }

    #[test]
    fn signs_are_those_of_a_plain_keyboard() {
        assert_eq!(plain("—Budget＝＄５ ‘x’"), "--budget=$5 'x'");
    }
}
