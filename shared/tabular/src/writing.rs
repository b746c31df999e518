//! Rows as a file that spreadsheets read, and that is read back as it was.

use crate::values::guard_cell;

/// What a file begins with, so that Excel takes it for UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes one row: cells with commas between them and CR LF behind them (RFC 4180), guarded against being run as formulas
/// ([`guard_cell`]).
///
/// Every text comes back exactly when it is read and unguarded, line breaks and zero bytes too. A row without cells is an empty
/// line, which is no row to those who read it.
pub fn write_row<'a>(cells: impl IntoIterator<Item = &'a str>, to: &mut Vec<u8>) {
    let mut cells = cells.into_iter().peekable();
    let mut is_first = true;
    while let Some(cell) = cells.next() {
        if !is_first {
            to.push(b',');
        }
        // One empty cell alone would be an empty line.
        let is_line = is_first && cells.peek().is_none();
        write_cell(&guard_cell(cell), is_line && cell.is_empty(), to);
        is_first = false;
    }
    to.extend_from_slice(b"\r\n");
}

fn write_cell(cell: &str, is_quoted: bool, to: &mut Vec<u8>) {
    if !is_quoted && !cell.contains([',', '"', '\r', '\n']) {
        to.extend_from_slice(cell.as_bytes());
        return;
    }
    to.push(b'"');
    for byte in cell.bytes() {
        to.push(byte);
        if byte == b'"' {
            to.push(byte);
        }
    }
    to.push(b'"');
}
