//! Cells that a spreadsheet would run.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or an end of a line is a formula to some spreadsheet, wherever the text came
//! from: "CSV injection" by OWASP's name. An apostrophe before it makes it text. It has to come off again when the file is
//! read, and an apostrophe that was there all along has to stay: so one is put before texts, too, that begin with
//! apostrophes and such a sign after them.

use std::borrow::Cow;

const APOSTROPHE: char = '\'';
/// Signs that formulas begin with, also in the width of East Asian letters.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Blanks that some spreadsheets split cells at, or drop together with what stands before them.
const BLANKS: [char; 3] = ['\t', '\r', '\n'];

/// A text as it is safe to write into a cell. [`unguard_cell`] gives exactly the text back.
///
/// A plain number stays as it is, such as `-5`, `+4930123` and `-1234.56`: it is a sign, digits and at most one point, which no
/// spreadsheet computes anything from, and numbers would be text else. `+1-555-123` is not plain: it would be computed.
#[must_use]
pub fn guard_cell(text: &str) -> Cow<'_, str> {
    if is_like_formula(text.trim_start_matches(APOSTROPHE)) && !is_plain(text) {
        Cow::Owned(format!("{APOSTROPHE}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that may have been guarded, by [`guard_cell`] or by another program that does the same. An apostrophe that
/// guards nothing is part of the text.
#[must_use]
pub fn unguard_cell(cell: &str) -> &str {
    match cell.strip_prefix(APOSTROPHE) {
        Some(text) if is_like_formula(text.trim_start_matches(APOSTROPHE)) => text,
        _ => cell,
    }
}

fn is_like_formula(text: &str) -> bool {
    text.starts_with(BLANKS) || text.trim_start().starts_with(SIGNS)
}

/// Whether it is a sign, digits, and perhaps a point and more digits.
fn is_plain(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return false };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for text in
            ["=1+1", "+A1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", " =1+1", "-", "+1-555"]
        {
            assert_eq!(guard_cell(text), format!("'{text}"));
            assert_eq!(unguard_cell(&guard_cell(text)), text);
        }
    }

    #[test]
    fn what_is_no_formula_stays_as_it_is() {
        for text in ["", "Acme", "a=b", "-5", "+4930123", "-1234.56", "'Tis", "'", "1-2", " x"] {
            assert_eq!(guard_cell(text), text);
            assert_eq!(unguard_cell(text), text);
        }
        for text in ["-5.", "-.5", "-5.5.5", "-5 000", "--5", "-٥"] {
            assert_eq!(guard_cell(text), format!("'{text}"));
        }
    }

    #[test]
    fn what_others_guard_is_read() {
        assert_eq!(unguard_cell("'+4930123"), "+4930123");
        assert_eq!(unguard_cell("'=1"), "=1");
    }

    proptest! {
        #[test]
        fn a_guarded_text_comes_back(text in prop_oneof!["['=+@\t\r\n＝ 0-9.a-]{0,6}", any::<String>()]) {
            let guarded = guard_cell(&text);
            prop_assert_eq!(unguard_cell(&guarded), &text);
            prop_assert!(!is_like_formula(&guarded) || is_plain(&guarded));
        }
    }
}
