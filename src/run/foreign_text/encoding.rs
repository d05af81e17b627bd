//! Encodings: which text do these bytes mean?
//! Programs write UTF-8, UTF-16 where their shell does, and now and then something that is neither: what cannot be read is marked with �.

/// How a program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Also of what has no encoding at all.
    Utf8,
    Utf16Little,
    Utf16Big,
}

impl Encoding {
    /// By the first bytes: a byte order mark, or what two ASCII characters look like. One would not do: binary files begin like that.
    #[must_use]
    pub const fn of(begin: &[u8]) -> Self {
        match begin {
            [0xff, 0xfe, ..] => Self::Utf16Little,
            [0xfe, 0xff, ..] => Self::Utf16Big,
            [0, first, 0, second, ..] if is_ascii(*first, *second) => Self::Utf16Big,
            [first, 0, second, 0, ..] if is_ascii(*first, *second) => Self::Utf16Little,
            _ => Self::Utf8,
        }
    }

    const fn unit(self, bytes: [u8; 2]) -> u16 {
        if matches!(self, Self::Utf16Big) {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }
}

const fn is_ascii(first: u8, second: u8) -> bool {
    first.is_ascii_graphic() && second.is_ascii_graphic()
}

/// The text of a whole file, without its byte order mark.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let encoding = Encoding::of(bytes);
    let text = if encoding == Encoding::Utf8 {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        let units = bytes.chunks_exact(2).map(|pair| encoding.unit([pair[0], pair[1]]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    match text.strip_prefix('\u{feff}') {
        Some(unmarked) => unmarked.to_owned(),
        None => text,
    }
}

/// Lines of UTF-16, from bytes that come in pieces.
#[derive(Clone, Debug)]
pub struct Utf16Lines {
    encoding: Encoding,
    half: Option<u8>,
    line: Vec<u16>,
    most: usize,
}

impl Utf16Lines {
    /// Of a longer line than `most` units, the rest is dropped.
    #[must_use]
    pub const fn new(encoding: Encoding, most: usize) -> Self {
        Self { encoding, half: None, line: Vec::new(), most }
    }

    /// Takes bytes up to the end of a line; how many, and the line where it ended.
    pub fn take(&mut self, bytes: &[u8]) -> (usize, Option<String>) {
        for (at, byte) in bytes.iter().enumerate() {
            let Some(first) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            match self.encoding.unit([first, *byte]) {
                0x0a => return (at + 1, Some(self.rest())),
                unit if self.line.len() < self.most => self.line.push(unit),
                _ => {}
            }
        }
        (bytes.len(), None)
    }

    /// What is left when no more bytes come.
    pub fn rest(&mut self) -> String {
        let line = String::from_utf16_lossy(&std::mem::take(&mut self.line));
        line.trim_start_matches('\u{feff}').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, encoding: Encoding) -> Vec<u8> {
        let bytes = |unit: u16| {
            if encoding == Encoding::Utf16Big { unit.to_be_bytes() } else { unit.to_le_bytes() }
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_file_is_read_in_the_encoding_it_is_written_in() {
        assert_eq!(decode("\u{feff}<ü/>".as_bytes()), "<ü/>");
        assert_eq!(decode(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(decode(b"\0a{\"b\":1}"), "\0a{\"b\":1}", "binary, not UTF-16");
        for encoding in [Encoding::Utf16Little, Encoding::Utf16Big] {
            assert_eq!(decode(&utf16("\u{feff}<ü😀/>", encoding)), "<ü😀/>");
            assert_eq!(decode(&utf16("<a>ü😀", encoding)), "<a>ü😀");
        }
    }

    #[test]
    fn lines_of_utf_16_come_in_pieces() {
        let bytes = utf16("\u{feff}{ਊ}\r\nend", Encoding::Utf16Little);
        let mut lines = Utf16Lines::new(Encoding::of(&bytes), 100);
        assert_eq!(lines.take(&bytes[..5]), (5, None));
        assert_eq!(lines.take(&bytes[5..]), (7, Some("{ਊ}\r".to_owned())));
        assert_eq!(lines.take(&bytes[12..]), (6, None));
        assert_eq!(lines.rest(), "end");
    }
}
