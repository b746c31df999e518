//! Files that are written are read back as they were.
#![cfg(test)]

use proptest::prelude::*;
use tabular::{BYTE_ORDER_MARK, Encoding, Rows, Written, unguard_cell, write_row};

const WRITTEN: Written =
    Written { encoding: Encoding::UTF_8, delimiter: b',', line_end: b'\n', names_its_delimiter: false };

fn written(rows: &[Vec<String>]) -> Vec<u8> {
    let mut bytes = BYTE_ORDER_MARK.to_vec();
    for row in rows {
        write_row(row.iter().map(String::as_str), &mut bytes);
    }
    bytes
}

fn read(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let take = |row: tabular::Row<'_>| {
        rows.push(row.cells().map(|cell| unguard_cell(cell).into_owned()).collect());
        Ok(())
    };
    Rows::new(WRITTEN).feed(bytes, true, take).unwrap();
    rows
}

#[test]
fn cells_are_quoted_and_guarded_where_it_is_needed() {
    let mut bytes = Vec::new();
    write_row(["plain", "a,b", "say \"hi\"", "two\nlines", "=1+1", "-5", ""], &mut bytes);
    write_row([""], &mut bytes);
    write_row([], &mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=1+1,-5,\r\n\"\"\r\n\r\n");
}

#[test]
fn how_a_written_file_is_written_is_guessed() {
    let rows = [vec!["name".to_owned(), "city".to_owned()], vec!["Zoë; and others".to_owned(), "Köln".to_owned()]];
    assert_eq!(Written::guess(&written(&rows), true).unwrap(), WRITTEN);
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::vec(
            prop::collection::vec(prop_oneof!["[a,\"\r\n\0'=+;\u{feff} -]{0,6}", any::<String>()], 1..6),
            0..10,
        ),
    ) {
        prop_assert_eq!(read(&written(&rows)), rows);
    }
}
