//! Files of rows that people bring from elsewhere: what they are written in, and their rows one by one.
//!
//! Pure: bytes go in, rows come out, whoever reads the bytes from wherever. Memory is that of one row, however large the
//! file. [`Written::guess`] looks at the beginning of a file and says how it is written; [`Rows`] takes all of it in pieces of
//! any size.

mod columns;
mod encoding;
mod rows;
mod start;
mod values;
mod writing;
mod written;

pub use columns::{Column, Columns, Looks, MAX_DISTINCT, MAX_SAMPLES};
pub use encoding::Encoding;
pub use rows::{MAX_COLUMNS, MAX_ROW_BYTES, Row, Rows};
pub use start::Start;
pub use values::{
    DateFormat, Decimal, NumberFormat, guard_cell, join_list, read_boolean, read_date, read_decimal, read_money,
    read_time, split_list, unguard_cell,
};
pub use writing::{BYTE_ORDER_MARK, write_row};
pub use written::{START_BYTES, Written};
