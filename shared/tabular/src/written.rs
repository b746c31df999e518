//! How a file of rows is written.

use kernel::Result;

use crate::Encoding;
use crate::rows::Rows;

/// How much of a file is looked at to find that out, in bytes.
pub const START_BYTES: usize = 64 * 1024;
/// What stands between cells, the usual ones first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many rows are looked at.
const ROWS: usize = 200;

/// How a file of rows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How letters are written as bytes.
    pub encoding: Encoding,
    /// What stands between cells: an ASCII character.
    pub delimiter: u8,
    /// How lines end: with a line feed, which may have a carriage return before it, or with a carriage return alone.
    pub line_end: u8,
    /// Whether the first line is none of the rows but says `sep=;`, as Excel understands it.
    pub names_its_delimiter: bool,
}

impl Written {
    /// How a file is written that begins like this. `is_all`: there is no more of it.
    ///
    /// The delimiter is the one by which most rows have as many cells as the first one, and more than one. Some files begin with
    /// prose, whose width says nothing: so the width that most rows have counts as well, from three cells on.
    ///
    /// # Errors
    /// As [`Encoding::guess`].
    pub fn guess(start: &[u8], is_all: bool) -> Result<Self> {
        let encoding = Encoding::guess(start, is_all)?;
        Ok(Self::of_delimiter(encoding, start, is_all))
    }

    /// The same where the encoding is known.
    #[must_use]
    pub fn of_delimiter(encoding: Encoding, start: &[u8], is_all: bool) -> Self {
        let line_end = line_end(encoding, start);
        let with = |delimiter| Self { encoding, delimiter, line_end, names_its_delimiter: false };
        if let Some(delimiter) = named(&widths_and_first(with(b'\n'), start, is_all).1) {
            return Self { names_its_delimiter: true, ..with(delimiter) };
        }
        let score = |delimiter: &u8| -> (usize, usize) {
            let (widths, _) = widths_and_first(with(*delimiter), start, is_all);
            let share =
                |width: usize| (widths.iter().filter(|other| **other == width).count() * 1000 / widths.len(), width);
            let first = widths.first().copied().filter(|width| *width > 1).map(share);
            let common = widths.iter().copied().filter(|width| *width > 2).map(share).max();
            first.max(common).unwrap_or((0, 0))
        };
        // The last of equals would win.
        let best = DELIMITERS.iter().rev().max_by_key(|delimiter| score(delimiter));
        with(best.copied().unwrap_or(b','))
    }
}

/// How lines end in a file that begins like this. What stands in quotation marks is no end of one.
fn line_end(encoding: Encoding, start: &[u8]) -> u8 {
    let text = encoding.text(start);
    let bare = || text.split('"').step_by(2);
    let has = |end| bare().any(|part| part.contains(end));
    if has('\r') && !has('\n') { b'\r' } else { b'\n' }
}

/// How many cells the first rows have, and what stands in the first cell.
fn widths_and_first(written: Written, start: &[u8], is_all: bool) -> (Vec<usize>, String) {
    let (mut widths, mut first) = (Vec::new(), String::new());
    let mut rows = Rows::new(written);
    // What cannot be read that way is not written that way; it is told when the file is read.
    let _ = rows.feed(start, is_all, |row| {
        if widths.is_empty() {
            first = row.cells().next().unwrap_or_default().to_owned();
        }
        if widths.len() < ROWS && !row.is_blank() {
            widths.push(row.cells().count());
        }
        Ok(())
    });
    (widths, first)
}

/// The delimiter of a line such as `sep=;`.
fn named(line: &str) -> Option<u8> {
    let named = line.trim_end_matches('\r').strip_prefix("sep=")?;
    DELIMITERS.into_iter().find(|delimiter| named.as_bytes() == [*delimiter])
}
