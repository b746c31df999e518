//! Files of rows that people bring from elsewhere and take away: what they are written in, what they mean, their rows one by one.
//!
//! Pure: bytes go in, rows come out, whoever reads the bytes from wherever. Memory is that of one row, however large the file.
//! - [`Start::guess`] looks at the beginning of a file and says how it is written and which row has the headers.
//! - [`Rows`] takes all of it in pieces of any size, and can go on where it was broken off.
//! - [`Columns`] looks at the first rows and says what the values could be; [`System::guess`], [`object_of`] and [`meant`] say what
//!   the headers mean.
//! - [`read_date`] and its like read what stands in cells, [`write_row`] writes them.
//!
//! It knows neither records nor their fields but by name, and keeps nothing.

mod columns;
mod encoding;
mod headers;
mod rows;
mod start;
mod values;
mod writing;
mod written;

pub use columns::{Column, Columns, Looks, MAX_DISTINCT, MAX_SAMPLES};
pub use encoding::Encoding;
pub use headers::{Meant, Part, System, meant, object_of};
pub use rows::{MAX_COLUMNS, MAX_ROW_BYTES, Row, Rows};
pub use start::Start;
pub use values::{
    DateFormat, Decimal, NumberFormat, guard_cell, join_list, read_boolean, read_date, read_decimal, read_money,
    read_time, split_list, unguard_cell,
};
pub use writing::{BYTE_ORDER_MARK, write_row};
pub use written::{START_BYTES, Written};
