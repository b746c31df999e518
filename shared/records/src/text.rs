//! Lines of text.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::value::{Refusal, refuse};

/// A line of text without blanks around it; `None` when nothing is left.
///
/// # Errors
/// Too long, or characters that no line has.
pub(crate) fn parse_line(text: &str, max: usize) -> Result<Option<String>, Refusal> {
    let text = composed(text.trim());
    if text.chars().any(|char| char.is_control() || is_forbidden(char)) {
        return refuse("control_character", "must be a line of text without control characters");
    }
    limited(text.into_owned(), max)
}

/// Text of several lines, parted by line feeds, without blanks around it; `None` when nothing is left.
///
/// # Errors
/// Too long, or characters that no text has.
pub(crate) fn parse_lines(text: &str, max: usize) -> Result<Option<String>, Refusal> {
    let text = text.trim().replace("\r\n", "\n");
    let text = composed(&text);
    if text.chars().any(|char| (char.is_control() && !matches!(char, '\n' | '\t')) || is_forbidden(char)) {
        return refuse("control_character", "must be text without control characters");
    }
    limited(text.into_owned(), max)
}

/// Text in canonical composition: the same letters are the same text, however they were typed (Unicode Annex 15).
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Format characters (zero-width joiners) are part of names in several scripts; these are not part of any.
const fn is_forbidden(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
}

fn limited(text: String, max: usize) -> Result<Option<String>, Refusal> {
    if text.chars().count() > max {
        return refuse("too_long", format!("must have at most {max} characters"));
    }
    Ok((!text.is_empty()).then_some(text))
}
