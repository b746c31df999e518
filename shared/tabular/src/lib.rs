//! Files of rows that people bring from elsewhere: what they are written in, and their rows one by one.
//!
//! Pure: bytes go in, rows come out, whoever reads the bytes from wherever. Memory is that of one row, however large the
//! file. [`Written::guess`] looks at the beginning of a file and says how it is written; [`Rows`] takes all of it in pieces of
//! any size.

mod encoding;
mod rows;
mod written;

pub use encoding::Encoding;
pub use rows::{MAX_COLUMNS, MAX_ROW_BYTES, Row, Rows};
pub use written::{START_BYTES, Written};
