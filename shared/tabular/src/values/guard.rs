//! Cells that a spreadsheet would run.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or an end of a line is a formula to some spreadsheet, wherever the text came
//! from: "CSV injection" by OWASP's name. An apostrophe before it makes it text. It has to come off again when the file is
//! read, and an apostrophe that was there all along has to stay: so one is put before texts, too, that begin with
//! apostrophes and such a sign after them.
//!
//! Where lists are written with semicolons, spreadsheets part a file's cells at those and at ends of lines, quotation marks or not. So
//! each piece of a text is guarded as if it was a cell.

use std::borrow::Cow;

const APOSTROPHE: char = '\'';
/// It is written twice, which is an empty quotation to a spreadsheet that begins a cell there: what follows is the cell.
const QUOTATION_MARK: char = '"';
/// Signs that formulas begin with, also in the width of East Asian letters.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Blanks that some spreadsheets split cells at, or drop together with what stands before them.
const BLANKS: [char; 3] = ['\t', '\r', '\n'];
/// Where a spreadsheet may part a cell.
const SEAMS: [char; 4] = [';', '\t', '\r', '\n'];

/// A text as it is safe to write into a cell. [`unguard_cell`] gives exactly the text back.
///
/// A plain number stays as it is, such as `-5`, `+4930123` and `-1234.56`: it is a sign, digits and at most one point, which no
/// spreadsheet computes anything from, and numbers would be text else. `+1-555-123` is not plain: it would be computed.
#[must_use]
pub fn guard_cell(text: &str) -> Cow<'_, str> {
    let guard = |piece: Piece<'_>, to: &mut String| {
        if piece.is_like_formula() && !is_plain(piece.text) {
            to.push(APOSTROPHE);
        }
        to.push_str(piece.text);
    };
    // Most texts have none of it, and are not copied.
    if text.contains(SIGNS) || text.contains(BLANKS) { by_pieces(text, guard) } else { Cow::Borrowed(text) }
}

/// The text of a cell that may have been guarded, by [`guard_cell`] or by another program that does the same. An apostrophe that
/// guards nothing is part of the text.
#[must_use]
pub fn unguard_cell(cell: &str) -> Cow<'_, str> {
    let unguard = |piece: Piece<'_>, to: &mut String| {
        let text = piece.text.strip_prefix(APOSTROPHE).filter(|_| piece.is_like_formula());
        to.push_str(text.unwrap_or(piece.text));
    };
    if cell.contains(APOSTROPHE) { by_pieces(cell, unguard) } else { Cow::Borrowed(cell) }
}

/// A text whose pieces are each written anew. What they are parted by stays.
fn by_pieces(text: &str, write: impl Fn(Piece<'_>, &mut String)) -> Cow<'_, str> {
    let mut whole = String::with_capacity(text.len() + 1);
    for (number, piece) in text.split_inclusive(SEAMS).enumerate() {
        let text = piece.trim_end_matches(SEAMS);
        let seam = piece.get(text.len()..).unwrap_or_default();
        write(Piece { text, is_before_blank: number == 0 && seam.starts_with(BLANKS) }, &mut whole);
        whole.push_str(seam);
    }
    if whole == text { Cow::Borrowed(text) } else { Cow::Owned(whole) }
}

/// What may come to stand in a cell of its own.
struct Piece<'a> {
    text: &'a str,
    /// Whether it is the first one and a blank comes next, at which a cell may begin if nothing else stands there.
    is_before_blank: bool,
}

impl Piece<'_> {
    /// Whether there is a formula in it, behind any apostrophes.
    fn is_like_formula(&self) -> bool {
        let bare = self.text.trim_start_matches(APOSTROPHE);
        let shown = bare.trim_start_matches(|letter: char| letter.is_whitespace() || letter == QUOTATION_MARK);
        (bare.is_empty() && self.is_before_blank) || shown.starts_with(SIGNS)
    }
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
            ["=1+1", "+A1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1", " =1+1", "-", "+1-555"]
        {
            assert_eq!(guard_cell(text), format!("'{text}"));
            assert_eq!(unguard_cell(&guard_cell(text)), text);
        }
    }

    #[test]
    fn so_it_is_where_a_spreadsheet_would_part_a_cell() {
        for (text, guarded) in [
            ("a;=1+1", "a;'=1+1"),
            ("two\n=1+1", "two\n'=1+1"),
            ("two\r\n @SUM(A1);-5;+A1", "two\r\n' @SUM(A1);-5;'+A1"),
            ("a\t=1", "a\t'=1"),
            ("\n=1", "'\n'=1"),
            ("a;'=1", "a;''=1"),
            ("a;\"=1\";b", "a;'\"=1\";b"),
        ] {
            assert_eq!(guard_cell(text), guarded);
            assert_eq!(unguard_cell(guarded), text);
        }
        for text in ["a; b", "a;'b", "x\ny", "a;-5", "it's;fine"] {
            assert_eq!(guard_cell(text), text);
            assert_eq!(unguard_cell(text), text);
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
        fn a_guarded_text_comes_back(text in prop_oneof!["['\"=+@;\t\r\n＝ 0-9.a-]{0,8}", any::<String>()]) {
            let guarded = guard_cell(&text);
            prop_assert_eq!(unguard_cell(&guarded), text.as_str());
            prop_assert!(!guarded.starts_with(BLANKS));
            for piece in guarded.split(SEAMS) {
                let shown = piece.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '"');
                prop_assert!(!shown.starts_with(SIGNS) || is_plain(piece));
            }
        }
    }
}
