//! The rows of a file, one by one, from pieces of any size.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::{CoderResult, Decoder};
use kernel::{Error, Result};

use crate::Written;
use crate::encoding::LineEnds;

/// The most bytes of one row, in UTF-8. A quotation mark that never ends makes one row of a whole file.
pub const MAX_ROW_BYTES: usize = 1_000_000;
/// The most columns of a row: 500 of a table, and one for what somebody has to say of it.
pub const MAX_COLUMNS: usize = 501;
/// How much text is decoded at once.
const TEXT_BYTES: usize = 16 * 1024;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its number, from 0: the first is the one with the headers, in most files.
    pub number: u64,
    /// The line of the file that it begins in, from 1. Lines end as [`Written::line_end`] says; blank ones count.
    pub line: u64,
    /// The line that is at work after it.
    pub next_line: u64,
    /// How many bytes of the file stand before the next row, where reading can begin anew with [`Rows::at`]. `None` where it
    /// cannot: the row's end is no end of a line in the file's own bytes, or has
    /// not been seen wholly yet.
    pub ends_at: Option<u64>,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    /// What stands in its columns, in their order. Bytes that are no letters of the encoding are `U+FFFD` ([`Rows::unread`]).
    pub fn cells(&self) -> impl Iterator<Item = &'a str> {
        let (bytes, ends) = (self.bytes, self.ends);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let cells = starts.zip(ends).map(|(start, end)| bytes.get(start..*end).unwrap_or_default());
        // Rows are cut at delimiters alone, which are no part of any letter.
        cells.map(|cell| std::str::from_utf8(cell).unwrap_or_default())
    }

    /// Whether nothing but blanks stands in it, as at the end of many files.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells().all(|cell| cell.trim().is_empty())
    }
}

/// Reads rows. Text in quotation marks may have delimiters and ends of lines, and quotation marks twice (RFC 4180); rows may
/// have fewer or more cells than the first one.
pub struct Rows {
    decoder: Decoder,
    line_ends: LineEnds,
    /// How a line ends in text.
    line_end: u8,
    reader: Reader,
    text: Vec<u8>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How much of `bytes` and `ends` the row at work has taken.
    filled: (usize, usize),
    number: u64,
    /// Rows that are left out at the beginning.
    skip: u64,
    /// The line at work.
    line: u64,
    /// The line that the row at work began in. `None` between rows.
    began: Option<u64>,
    /// How many bytes of the file have been taken.
    offset: u64,
    /// The last of them: the first half of a letter, perhaps.
    last: u8,
    /// The line of the first bytes that are no letters.
    unread: Option<u64>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("number", &self.number).field("line", &self.line).finish_non_exhaustive()
    }
}

impl Rows {
    /// Rows of a file that is written so.
    #[must_use]
    pub fn new(written: Written) -> Self {
        Self::at(written, 0, 0, 1)
    }

    /// The same from a later place on: where an earlier row said that it ends ([`Row::ends_at`]), whose number was one less than
    /// `number`, and whose [`Row::next_line`] is `line`. The bytes that are fed are those from `offset` on.
    #[must_use]
    pub fn at(written: Written, offset: u64, number: u64, line: u64) -> Self {
        let encoding = written.encoding;
        let mut reader = ReaderBuilder::new().delimiter(written.delimiter).build();
        // Else the parser would take a mark off the first cell, which the decoder has taken off the file before, or which is
        // a letter of the cell. It passes over empty lines.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            decoder: if offset == 0 { encoding.decoder() } else { encoding.decoder_within() },
            line_ends: LineEnds::of(encoding, written.line_end),
            line_end: written.line_end,
            reader,
            text: vec![0; TEXT_BYTES],
            bytes: vec![0; TEXT_BYTES],
            ends: vec![0; MAX_COLUMNS],
            filled: (0, 0),
            number,
            skip: u64::from(offset == 0 && written.names_its_delimiter),
            line,
            began: None,
            offset,
            last: 0,
            unread: None,
        }
    }

    /// The line of the first bytes that are no letters of the encoding, if there were any: what they said is lost.
    #[must_use]
    pub const fn unread(&self) -> Option<u64> {
        self.unread
    }

    /// Takes the next bytes, and tells of every row that ends in them. `is_last`: no more will come.
    ///
    /// # Errors
    /// A violation at `/file` when a row is too long or has too many columns, and whatever `take` answers. After an error nothing
    /// more can be read.
    pub fn feed(&mut self, mut bytes: &[u8], is_last: bool, mut take: impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        while !bytes.is_empty() {
            let end = self.line_ends.first(bytes, self.offset, self.last);
            let (line, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or((bytes, &[]));
            self.offset += line.len() as u64;
            self.last = line.last().copied().unwrap_or_default();
            self.decode(line, end.is_some(), false, &mut take)?;
            self.line += u64::from(end.is_some());
            bytes = rest;
        }
        if is_last {
            self.decode(&[], false, true, &mut take)?;
            // An empty piece is how the parser is told of the end.
            self.parse(&[], Some(self.offset), &mut take)?;
        }
        Ok(())
    }

    /// Takes bytes of one line. `is_end`: its last.
    fn decode(
        &mut self,
        mut bytes: &[u8],
        is_end: bool,
        is_last: bool,
        take: &mut impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        loop {
            let mut buffer = std::mem::take(&mut self.text);
            let (result, read, written, is_replaced) = self.decoder.decode_to_utf8(bytes, &mut buffer, is_last);
            if is_replaced {
                self.unread.get_or_insert(self.line);
            }
            bytes = bytes.get(read..).unwrap_or_default();
            let is_all = result == CoderResult::InputEmpty;
            let taken = match buffer.get(..written) {
                // Half a letter gives no text, and no text would be the end.
                Some(text @ [.., last]) => {
                    let place = (is_all && is_end && *last == self.line_end).then_some(self.offset);
                    self.parse(text, place, take)
                }
                _ => Ok(()),
            };
            self.text = buffer;
            taken?;
            if is_all {
                return Ok(());
            }
        }
    }

    /// Takes text. `place`: the offset of what comes after it, where reading could begin anew if no row were at work.
    fn parse(
        &mut self,
        mut text: &[u8],
        place: Option<u64>,
        take: &mut impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let is_end = text.is_empty();
        loop {
            if self.began.is_none() && text.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                self.began = Some(self.line);
            }
            let (bytes, ends) = self.filled;
            let room = (self.bytes.get_mut(bytes..).unwrap_or_default(), self.ends.get_mut(ends..).unwrap_or_default());
            let (result, read, filled, ended) = self.reader.read_record(text, room.0, room.1);
            text = text.get(read..).unwrap_or_default();
            self.filled = (bytes + filled, ends + ended);
            match result {
                ReadRecordResult::InputEmpty if is_end => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(()),
                ReadRecordResult::OutputFull => self.grow()?,
                ReadRecordResult::OutputEndsFull => return Err(self.too_wide()),
                // The parser ends a row at a carriage return, before the line feed behind it.
                ReadRecordResult::Record => self.tell(place.filter(|_| matches!(text, [] | [b'\n'])), is_end, take)?,
            }
        }
    }

    fn tell(&mut self, ends_at: Option<u64>, is_end: bool, take: &mut impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        let (bytes, ends) = std::mem::take(&mut self.filled);
        let line = self.began.take().unwrap_or(self.line);
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        let number = self.number;
        self.number += 1;
        let next_line = self.line + u64::from(ends_at.is_some() && !is_end);
        let (bytes, ends) = (self.bytes.get(..bytes).unwrap_or_default(), self.ends.get(..ends).unwrap_or_default());
        take(Row { number, line, next_line, ends_at, bytes, ends })
    }

    fn grow(&mut self) -> Result<()> {
        let bytes = self.bytes.len();
        if bytes >= MAX_ROW_BYTES {
            let detail = format!(
                "the row that begins in line {} has over 1 MB: a quotation mark may be missing",
                self.row_line()
            );
            return Err(Error::invalid("/file", "row_too_long", detail));
        }
        self.bytes.resize((bytes * 2).min(MAX_ROW_BYTES), 0);
        Ok(())
    }

    fn too_wide(&self) -> Error {
        let detail = format!("the row that begins in line {} has more than {MAX_COLUMNS} columns", self.row_line());
        Error::invalid("/file", "too_many_columns", detail)
    }

    fn row_line(&self) -> u64 {
        self.began.unwrap_or(self.line)
    }
}
