//! The three letters in front of an id.

use std::fmt;

use crate::{Kind, kinds};

/// The three letters in front of every id of a kind: those of a registered kind, or those of a company's own object,
/// which are an `x` and two lower-case letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix([u8; 3]);

/// What the second and third letter of a custom object's prefix are taken from, in order.
const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl Prefix {
    /// How many prefixes there are for a company's own objects.
    pub const CUSTOM: u32 = 36 * 36;

    /// The prefix of a registered kind.
    #[must_use]
    pub const fn of<K: Kind>() -> Self {
        let [a, b, c] = K::PREFIX.as_bytes() else { panic!("a kind's prefix has three letters") };
        Self([*a, *b, *c])
    }

    /// The prefix that a text is, if a registered kind has it or a company's own object may have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        let is_custom = bytes[0] == b'x' && bytes[1..].iter().all(|letter| LETTERS.contains(letter));
        let is_known = kinds::ALL.iter().any(|(known, _)| *known == text);
        (is_custom || is_known).then_some(Self(bytes))
    }

    /// The prefix of the company's own object with a number, from 0; `None` beyond [`Self::CUSTOM`].
    #[must_use]
    pub fn custom(number: u32) -> Option<Self> {
        let letter = |index: u32| LETTERS.get(usize::try_from(index).ok()?).copied();
        (number < Self::CUSTOM).then_some(())?;
        Some(Self([b'x', letter(number / 36)?, letter(number % 36)?]))
    }

    /// Whether it is one of a company's own object.
    #[must_use]
    pub const fn is_custom(self) -> bool {
        self.0[0] == b'x'
    }

    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a prefix is made of ASCII letters")
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn custom_prefixes_are_all_different_and_no_kind_has_one() {
        let custom: BTreeSet<Prefix> = (0..Prefix::CUSTOM).filter_map(Prefix::custom).collect();
        assert_eq!(custom.len(), Prefix::CUSTOM as usize);
        assert!(custom.iter().all(|prefix| prefix.is_custom() && Prefix::parse(prefix.as_str()) == Some(*prefix)));
        assert!(kinds::ALL.iter().all(|(known, _)| !known.starts_with('x')));
        assert_eq!(Prefix::custom(Prefix::CUSTOM), None);
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in ["", "co", "cont", "zzz", "x", "xAA", "x-0", "x\u{e9}", "X00"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }
}
