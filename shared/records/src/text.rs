//! Lines of text.

use kernel::{Violation, pointer};
use unicode_normalization::UnicodeNormalization;

/// A line of text without blanks around it; `None` when nothing is left.
///
/// # Errors
/// Too long, or characters that no line has.
pub(crate) fn parse_line(name: &str, text: &str, max: usize) -> Result<Option<String>, Violation> {
    // Canonical composition: the same letters are the same text, however they were typed (Unicode Annex 15).
    let text: String = text.trim().nfc().collect();
    // Format characters (zero-width joiners) are part of names in several scripts; these are not part of any.
    let forbidden = |char: char| {
        char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
    };
    if text.chars().any(forbidden) {
        return Err(violation(name, "control_character", "must be a line of text without control characters"));
    }
    if text.chars().count() > max {
        return Err(violation(name, "too_long", format!("must have at most {max} characters")));
    }
    Ok((!text.is_empty()).then_some(text))
}

pub(crate) fn violation(name: &str, code: &'static str, detail: impl Into<String>) -> Violation {
    Violation { pointer: pointer(name), code, detail: detail.into() }
}
