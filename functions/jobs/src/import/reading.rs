//! Reading rows of an uploaded file from a place on.

use cloud::Files;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use tabular::{Row, Rows};

use super::plan::File;

/// A place in a file at which reading can begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct At {
    /// How many bytes of the file stand before it.
    pub(crate) offset: u64,
    /// The number of the row that begins there.
    pub(crate) row: u64,
    /// The line that begins there; 0 stands for the first one.
    pub(crate) line: u64,
    /// How many rows after it are done already: files whose rows cannot be found by their bytes are read from here again.
    pub(crate) skip: u64,
}

/// Where reading has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Come {
    /// Where the next row begins.
    pub(crate) to: At,
    /// Whether the file ends there.
    pub(crate) is_end: bool,
    /// The line of the first bytes on the way that are no letters of the file's encoding.
    pub(crate) unread: Option<u64>,
}

/// Whether reading goes on after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    /// This row was the last one that is wanted.
    Stop,
}

/// Reads rows of a file, but for those of the headers and blank ones, until `take` has enough. Memory is that of a row and of
/// the piece of the file that is on its way.
///
/// # Errors
/// [`Error::WrongState`] when the file is gone or is another one by now; what the file is refused for; what `take` answers.
pub(crate) async fn rows(
    files: &Files,
    key: &str,
    file: &File,
    from: At,
    mut take: impl FnMut(&Row<'_>) -> Result<Go>,
) -> Result<Come> {
    let gone = || Error::WrongState {
        code: "file_gone",
        detail: format!("{} is not there any more: upload it again", file.name),
    };
    let mut reading = files.open_at(key, from.offset).await?.ok_or_else(gone)?;
    // In another file its rows would begin anywhere. Which one it is is not known behind its end, where there is nothing to read,
    // nor for imports that were started before it was noted.
    let is_known = !file.e_tag.is_empty() && !reading.e_tag().is_empty();
    if is_known && file.e_tag != reading.e_tag() {
        let detail = format!("{} was uploaded anew while it was brought in: bring it in again", file.name);
        return Err(Error::WrongState { code: "file_changed", detail });
    }
    let mut rows = Rows::at(file.written(), from.offset, from.row, from.line.max(1));
    let mut state = State { to: from, is_over: false, skip: from.skip };
    let mut next = reading.next().await?;
    while let Some(bytes) = next {
        next = reading.next().await?;
        // Pieces are small, so that little is parsed for nothing once there is enough.
        let mut pieces = bytes.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let is_last = next.is_none() && pieces.peek().is_none();
            rows.feed(piece, is_last, |row| state.take(file, &row, &mut take)).map_err(|error| named(file, error))?;
            if state.is_over {
                return Ok(Come { to: state.to, is_end: false, unread: rows.unread() });
            }
        }
    }
    Ok(Come { to: state.to, is_end: true, unread: rows.unread() })
}

/// What a file is refused for, with its name.
fn named(file: &File, error: Error) -> Error {
    let Error::Invalid(found) = &error else { return error };
    let detail = found.iter().next().map(|first| [&file.name, ": ", &first.detail].concat());
    detail.map_or(error, |detail| Error::WrongState { code: "unreadable_file", detail })
}

struct State {
    to: At,
    is_over: bool,
    /// Rows that are still to be passed over.
    skip: u64,
}

impl State {
    fn take(&mut self, file: &File, row: &Row<'_>, take: &mut impl FnMut(&Row<'_>) -> Result<Go>) -> Result<()> {
        if self.is_over {
            return Ok(());
        }
        if self.skip > 0 {
            self.skip -= 1;
            // Rows that are passed over are counted in the place already.
            if let Some(offset) = row.ends_at {
                self.to = At { offset, row: row.number + 1, line: row.next_line, skip: self.skip };
            }
            return Ok(());
        }
        if row.number > file.header_row && !row.is_blank() {
            self.is_over = take(row)? == Go::Stop;
        }
        self.to = match row.ends_at {
            Some(offset) => At { offset, row: row.number + 1, line: row.next_line, skip: 0 },
            None => At { skip: self.to.skip + 1, ..self.to },
        };
        Ok(())
    }
}

/// How many bytes are parsed at once.
const PIECE: usize = 8 * 1024;
