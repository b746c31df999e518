//! The beginning of an uploaded file: how it is written, and its headers.

use cloud::Files;
use kernel::{Error, Id, Result, kinds};
use records::Cx;
use tabular::{Encoding, START_BYTES, Start, Written};

use super::ask::MAX_COLUMNS;
use super::report::{REASON, own};
use crate::uploads;

/// The largest file, in bytes.
pub(crate) const MAX_BYTES: u64 = records::limits::FILE_BYTES;
/// How files of ours are written.
const OWN: Written =
    Written { encoding: Encoding::UTF_8, delimiter: b',', line_end: b'\n', names_its_delimiter: false };
/// The longest header that is kept, in characters.
const MAX_HEADER: usize = 200;

/// A file that was looked into.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) bytes: u64,
    /// What tells it from another one that is put in its place.
    pub(crate) e_tag: String,
    pub(crate) written: Written,
    pub(crate) header_row: u64,
    pub(crate) headers: Vec<String>,
    /// Its beginning, and whether that is all of it.
    pub(crate) start: Vec<u8>,
    pub(crate) is_all: bool,
}

/// What somebody knows of a file better than it can be found out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    pub(crate) encoding: Option<&'a str>,
    pub(crate) delimiter: Option<char>,
    pub(crate) header_row: Option<u64>,
}

/// Looks into a file that the caller has uploaded. Two requests.
///
/// # Errors
/// Violations at `at` and below it.
pub(crate) async fn open(
    cx: &Cx,
    files: &Files,
    upload: Id<kinds::Upload>,
    known: Known<'_>,
    at: &str,
) -> Result<Opened> {
    let key = uploads::key(cx.caller.workspace, cx.caller.user, upload);
    let stored = files.stored(&key).await?;
    let cloud::Stored { bytes, e_tag } = stored.ok_or_else(|| {
        let detail = "is not there: it was not uploaded yet, or over a week ago";
        Error::invalid([at, "/upload"].concat(), "unknown_upload", detail)
    })?;
    if bytes > MAX_BYTES {
        let detail = format!("has {bytes} bytes and a file may have {MAX_BYTES}: bring it in parts");
        return Err(Error::invalid([at, "/upload"].concat(), "too_large", detail));
    }
    let start = start(files, &key).await?;
    let is_all = start.len() as u64 >= bytes;
    // Rows that failed come back in a file of ours, however the one was written that they are from.
    let (written, header_row) = if is_of_errors(&start, is_all) {
        (OWN, 0)
    } else {
        let written = written(&start, is_all, known, at)?;
        let guessed = || Start::of_written(written, &start, is_all).header_row;
        (written, known.header_row.unwrap_or_else(guessed))
    };
    let headers = headers(written, header_row, &start, is_all, at)?;
    check_width(&headers, at)?;
    Ok(Opened { bytes, e_tag, written, header_row, headers, start, is_all })
}

async fn start(files: &Files, key: &str) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    let Some(mut reading) = files.open(key).await? else { return Ok(start) };
    while let Some(bytes) = reading.next().await? {
        start.extend_from_slice(&bytes);
        if start.len() >= START_BYTES {
            start.truncate(START_BYTES);
            break;
        }
    }
    Ok(start)
}

/// Whether a file is one of ours with rows that failed.
fn is_of_errors(start: &[u8], is_all: bool) -> bool {
    let mut is_it = false;
    // What cannot be read that way is none.
    let _ = tabular::Rows::new(OWN).feed(start, is_all, |row| {
        is_it |= row.number == 0 && row.cells().last() == Some(REASON);
        Ok(())
    });
    is_it && start.starts_with(tabular::BYTE_ORDER_MARK)
}

/// How it is written, as far as nobody says.
fn written(start: &[u8], is_all: bool, known: Known<'_>, at: &str) -> Result<Written> {
    let encoding = match known.encoding {
        Some(name) => Encoding::named(name).ok_or_else(|| {
            Error::invalid(
                [at, "/encoding"].concat(),
                "unknown_encoding",
                "must be the name of an encoding, such as utf-8",
            )
        })?,
        None => Encoding::guess(start, is_all).map_err(|error| below(at, error))?,
    };
    let mut written = Written::of_delimiter(encoding, start, is_all);
    if let Some(delimiter) = known.delimiter {
        let delimiter = u8::try_from(delimiter).ok().filter(|byte| byte.is_ascii() && !b"\"\r\n".contains(byte));
        written.delimiter = delimiter.ok_or_else(|| {
            let detail = "must be one ASCII character, and no quotation mark or end of line";
            Error::invalid([at, "/delimiter"].concat(), "wrong_type", detail)
        })?;
    }
    Ok(written)
}

fn headers(written: Written, header_row: u64, start: &[u8], is_all: bool, at: &str) -> Result<Vec<String>> {
    let mut headers = Vec::new();
    let read = tabular::Rows::new(written).feed(start, is_all, |row| {
        if row.number == header_row {
            let cut = |cell: &str| tabular::unguard_cell(cell).trim().chars().take(MAX_HEADER).collect();
            headers = row.cells().map(cut).collect();
        }
        Ok(())
    });
    if headers.is_empty() {
        read.map_err(|error| below(at, error))?;
        let detail = "must be a row of the file's beginning, with the names of its columns";
        return Err(Error::invalid([at, "/header_row"].concat(), "no_headers", detail));
    }
    Ok(headers)
}

/// Passes if there are no more columns than a file may have, but for that of the reasons, which files of ours have besides.
fn check_width(headers: &[String], at: &str) -> Result<()> {
    let own = own(headers);
    if own.len() > MAX_COLUMNS {
        let detail = format!("has {} columns and a file may have {MAX_COLUMNS}: leave some out", own.len());
        return Err(Error::invalid([at, "/upload"].concat(), "too_many_columns", detail));
    }
    Ok(())
}

/// Violations of the file as those of the request.
fn below(at: &str, error: Error) -> Error {
    let Error::Invalid(found) = error else { return error };
    let mut placed = kernel::Violations::new();
    for violation in found.iter() {
        placed.add([at, "/upload"].concat(), violation.code, violation.detail.clone());
    }
    Error::Invalid(placed)
}
