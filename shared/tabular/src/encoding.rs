//! How letters are written as bytes.

use std::borrow::Cow;
use std::fmt;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use kernel::{Error, Result};

/// How archives and other files begin that are no text, whatever they are called.
const NO_TEXT: [&[u8]; 7] =
    [b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\xd0\xcf\x11\xe0", b"%PDF-"];

/// An encoding of the WHATWG Encoding Standard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// UTF-8, with or without a byte-order mark.
    pub const UTF_8: Self = Self(UTF_8);

    /// The encoding of a label such as `utf-8`, `windows-1251`, `cp1252`. `None` where nobody calls one so.
    #[must_use]
    pub fn named(label: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).map(Self)
    }

    /// Its name in the standard: `UTF-16LE`, `windows-1252`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The encoding of a file that begins like this. `is_all`: there is no more of it.
    ///
    /// A byte-order mark decides; else bytes of zero, which text has in UTF-16 alone; else whether it is UTF-8; else what the
    /// letters would be that way is weighed, as browsers do for old pages.
    ///
    /// # Errors
    /// A violation at `/file` when it is no text: an archive, a workbook.
    pub fn guess(start: &[u8], is_all: bool) -> Result<Self> {
        if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(start) {
            return Ok(Self(encoding));
        }
        if NO_TEXT.iter().any(|magic| start.starts_with(magic)) {
            return Err(no_text());
        }
        if start.contains(&0) {
            return of_zeros(start).map(Self);
        }
        match std::str::from_utf8(start) {
            Ok(_) => return Ok(Self::UTF_8),
            // A character that the beginning was cut in.
            Err(error) if error.error_len().is_none() && !is_all => return Ok(Self::UTF_8),
            Err(_) => {}
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(start, is_all);
        Ok(Self(detector.guess(None, Utf8Detection::Deny)))
    }

    /// The text of a file's beginning, as far as it is one.
    pub(crate) fn text(self, start: &[u8]) -> Cow<'_, str> {
        self.0.decode_without_bom_handling(start).0
    }

    /// A decoder of a file from its beginning on.
    pub(crate) fn decoder(self) -> encoding_rs::Decoder {
        self.0.new_decoder_with_bom_removal()
    }

    /// A decoder from a later place on, where a byte-order mark is a letter.
    pub(crate) fn decoder_within(self) -> encoding_rs::Decoder {
        self.0.new_decoder_without_bom_handling()
    }
}

/// How an end of a line is written, behind which reading can begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// As this byte, on its own. In none of the standard's encodings of several bytes can it be a later byte of a letter: a decoder
    /// that meets it there gives a replacement for what came before, and reads it anew.
    Byte(u8),
    /// As two bytes, the first at an even offset.
    Pair([u8; 2]),
    /// In a way that depends on all that came before.
    Stateful,
}

impl LineEnds {
    /// Those of an encoding, where lines end with a character of ASCII.
    pub(crate) fn of(encoding: Encoding, end: u8) -> Self {
        match encoding.0 {
            encoding if encoding == UTF_16LE => Self::Pair([end, 0]),
            encoding if encoding == UTF_16BE => Self::Pair([0, end]),
            // Whether bytes are Japanese or ASCII is switched by sequences on the way.
            encoding if encoding == ISO_2022_JP => Self::Stateful,
            _ => Self::Byte(end),
        }
    }

    /// Where the first line ends in bytes that stand at an offset, behind the byte `before`: the index after its end.
    pub(crate) fn first(self, bytes: &[u8], offset: u64, before: u8) -> Option<usize> {
        match self {
            Self::Byte(end) => bytes.iter().position(|byte| *byte == end).map(|index| index + 1),
            Self::Pair(pair) => {
                let halved = if offset.is_multiple_of(2) { 0 } else { 1 };
                if let (1, Some(second)) = (halved, bytes.first())
                    && pair == [before, *second]
                {
                    return Some(1);
                }
                let mut pairs = bytes.get(halved..)?.chunks_exact(2);
                pairs.position(|two| two == pair).map(|index| halved + (index + 1) * 2)
            }
            Self::Stateful => None,
        }
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// UTF-16 without a mark: blanks, digits, delimiters and ends of lines have a byte of zero, and always on the same side.
fn of_zeros(start: &[u8]) -> Result<&'static encoding_rs::Encoding> {
    let (mut even, mut odd) = (0_usize, 0_usize);
    for pair in start.chunks_exact(2) {
        even += usize::from(pair.first() == Some(&0));
        odd += usize::from(pair.last() == Some(&0));
    }
    match (even, odd) {
        (0, 1..) => Ok(UTF_16LE),
        (1.., 0) => Ok(UTF_16BE),
        _ => Err(no_text()),
    }
}

fn no_text() -> Error {
    let detail = "is no text: bring the rows as CSV, unpacked. Programs for spreadsheets can save them so";
    Error::invalid("/file", "not_text", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(bytes: &[u8]) -> &'static str {
        Encoding::guess(bytes, true).unwrap().name()
    }

    fn utf16(text: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn an_encoding_is_found() {
        let text = "Имя;Компания;Город\r\nАлёна;Ромашка;Москва\r\nИван;Берёзка и сыновья;Санкт-Петербург\r\n";
        let (russian, _, is_lossy) = encoding_rs::WINDOWS_1251.encode(text);
        assert!(!is_lossy);
        assert_eq!(guessed(&russian), "windows-1251");
        let (french, ..) = encoding_rs::WINDOWS_1252.encode("Prénom,Société\nZoë,Crédit général à Besançon\n");
        assert_eq!(guessed(&french), "windows-1252");
        assert_eq!(guessed(text.as_bytes()), "UTF-8");
        assert_eq!(guessed(&[b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat()), "UTF-8");
        for text in [text, "\u{feff}Name,City\nAda,London\n"] {
            assert_eq!(guessed(&utf16(text, u16::to_le_bytes)), "UTF-16LE");
            assert_eq!(guessed(&utf16(text, u16::to_be_bytes)), "UTF-16BE");
        }
        assert_eq!(guessed(b""), "UTF-8");
    }

    #[test]
    fn a_letter_that_the_beginning_was_cut_in_is_no_fault() {
        let text = "Ада".as_bytes();
        let cut = text.get(..5).unwrap();
        assert_eq!(Encoding::guess(cut, false).unwrap().name(), "UTF-8");
        assert_ne!(guessed(cut), "UTF-8");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [b"PK\x03\x04rest".as_slice(), b"\x1f\x8b\x08", b"a\0\0b,\0c\0\0", b"%PDF-1.7"] {
            assert_eq!(Encoding::guess(bytes, true).unwrap_err().code(), "invalid", "{bytes:?}");
        }
    }
}
