//! The rows of a file, one by one, from pieces of any size.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::{CoderResult, Decoder};
use kernel::{Error, Result};

use crate::Written;

/// The most bytes of one row, in UTF-8. A quotation mark that never ends makes one row of a whole file.
pub const MAX_ROW_BYTES: usize = 1_000_000;
/// The most columns of a row.
pub const MAX_COLUMNS: usize = 500;
/// How much text is decoded at once.
const TEXT_BYTES: usize = 16 * 1024;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its number, from 0: the first is the one with the headers, in most files.
    pub number: u64,
    /// The line that was at work when it began, from 1.
    pub line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    /// What stands in its columns, in their order. Bytes that are no letters of the encoding are `U+FFFD`.
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
    reader: Reader,
    text: Vec<u8>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How much of `bytes` and `ends` the row at work has taken.
    filled: (usize, usize),
    number: u64,
    /// Rows that are left out at the beginning.
    skip: u64,
    line: u64,
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
        Self {
            decoder: written.encoding.decoder(),
            reader: ReaderBuilder::new().delimiter(written.delimiter).build(),
            text: vec![0; TEXT_BYTES],
            bytes: vec![0; TEXT_BYTES],
            ends: vec![0; MAX_COLUMNS],
            filled: (0, 0),
            number: 0,
            skip: u64::from(written.names_its_delimiter),
            line: 1,
        }
    }

    /// Takes the next bytes, and tells of every row that ends in them. `is_last`: no more will come.
    ///
    /// # Errors
    /// A violation at `/file` when a row is too long or has too many columns, and whatever `take` answers. After an error nothing
    /// more can be read.
    pub fn feed(&mut self, mut bytes: &[u8], is_last: bool, mut take: impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        loop {
            let mut text = std::mem::take(&mut self.text);
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut text, is_last);
            bytes = bytes.get(read..).unwrap_or_default();
            // Half a letter gives no text, and no text would be the end.
            let taken = match text.get(..written) {
                Some(text @ [_, ..]) => self.parse(text, &mut take),
                _ => Ok(()),
            };
            self.text = text;
            taken?;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        // An empty piece is how the parser is told of the end.
        if is_last { self.parse(&[], &mut take) } else { Ok(()) }
    }

    fn parse(&mut self, mut text: &[u8], take: &mut impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        let is_end = text.is_empty();
        loop {
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
                ReadRecordResult::Record => self.tell(take)?,
            }
        }
    }

    fn tell(&mut self, take: &mut impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        let (bytes, ends) = std::mem::take(&mut self.filled);
        let line = std::mem::replace(&mut self.line, self.reader.line());
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        let number = self.number;
        self.number += 1;
        let (bytes, ends) = (self.bytes.get(..bytes).unwrap_or_default(), self.ends.get(..ends).unwrap_or_default());
        take(Row { number, line, bytes, ends })
    }

    fn grow(&mut self) -> Result<()> {
        let bytes = self.bytes.len();
        if bytes >= MAX_ROW_BYTES {
            let detail =
                format!("the row that begins in line {} has over 1 MB: a quotation mark may be missing", self.line);
            return Err(Error::invalid("/file", "row_too_long", detail));
        }
        self.bytes.resize((bytes * 2).min(MAX_ROW_BYTES), 0);
        Ok(())
    }

    fn too_wide(&self) -> Error {
        let detail = format!("the row that begins in line {} has more than {MAX_COLUMNS} columns", self.line);
        Error::invalid("/file", "too_many_columns", detail)
    }
}
