//! Where the rows of a file begin.

use kernel::Result;

use crate::{Rows, Written};

/// How many rows are looked at.
const ROWS: usize = 200;

/// How a file is written, and which of its rows is the one with the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// How it is written.
    pub written: Written,
    /// The number of the row with the headers, as [`crate::Row::number`] counts. Those before it are no rows of the table.
    pub header_row: u64,
}

impl Start {
    /// What the beginning of a file says. `is_all`: there is no more of it.
    ///
    /// Reports begin with some lines of prose: a title, notes, the day. Those have text in at most half as many cells as most rows
    /// have; the first row with more is the one with the headers, unless there are numbers in it. Where that does not tell, it
    /// is the first row.
    ///
    /// # Errors
    /// As [`crate::Encoding::guess`].
    pub fn guess(start: &[u8], is_all: bool) -> Result<Self> {
        Ok(Self::of_written(Written::guess(start, is_all)?, start, is_all))
    }

    /// The same where it is known how the file is written.
    #[must_use]
    pub fn of_written(written: Written, start: &[u8], is_all: bool) -> Self {
        let mut seen = Vec::new();
        // What cannot be read is told when the file is read.
        let _ = Rows::new(written).feed(start, is_all, |row| {
            if seen.len() < ROWS && !row.is_blank() {
                seen.push(Seen::of(row.number, row.cells()));
            }
            Ok(())
        });
        let rows_of = |width: usize| (seen.iter().filter(|row| row.width == width).count(), width);
        let width = seen.iter().map(|row| rows_of(row.width)).max().map_or(0, |(_, width)| width);
        let first = seen.iter().find(|row| row.filled * 2 > width).filter(|row| !row.has_number);
        Self { written, header_row: first.map_or(0, |row| row.number) }
    }
}

/// What is known of one row.
struct Seen {
    number: u64,
    width: usize,
    filled: usize,
    has_number: bool,
}

impl Seen {
    fn of<'a>(number: u64, cells: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = Self { number, width: 0, filled: 0, has_number: false };
        for cell in cells.map(str::trim) {
            seen.width += 1;
            seen.filled += usize::from(!cell.is_empty());
            seen.has_number |= cell.bytes().any(|byte| byte.is_ascii_digit())
                && cell.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+'));
        }
        seen
    }
}
