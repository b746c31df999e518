//! Files as people bring them, read as rows.
#![cfg(test)]

use kernel::Result;
use proptest::prelude::*;
use tabular::{Encoding, MAX_ROW_BYTES, Rows, Written};

/// The rows of a file that comes in pieces of a size.
fn read(written: Written, bytes: &[u8], piece: usize) -> Result<Vec<Vec<String>>> {
    let (mut reader, mut rows) = (Rows::new(written), Vec::new());
    let mut take = |row: tabular::Row<'_>| {
        assert_eq!(row.number, rows.len() as u64);
        rows.push(row.cells().map(str::to_owned).collect());
        Ok(())
    };
    for piece in bytes.chunks(piece) {
        reader.feed(piece, false, &mut take)?;
    }
    reader.feed(&[], true, &mut take)?;
    Ok(rows)
}

fn guessed(bytes: &[u8]) -> Written {
    Written::guess(bytes, true).unwrap()
}

fn quoted(rows: &[Vec<String>], delimiter: char) -> String {
    let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let row = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(&delimiter.to_string()) + "\r\n";
    rows.iter().map(row).collect()
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        other => encoding_rs_of(other, text),
    }
}

fn encoding_rs_of(label: &str, text: &str) -> Vec<u8> {
    encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
}

#[test]
fn a_delimiter_is_found() {
    for (text, delimiter) in [
        ("name,city\nAda,London\n", b','),
        ("name;revenue\nAcme;1,5\nBeta;2,25\n", b';'),
        ("name\tnote\nAda\ta, b, c\n", b'\t'),
        ("name|city\nAda|Rome\n", b'|'),
        ("name\nAda\n", b','),
        ("\"a;b\",c\n\"d;e\",f\n", b','),
        ("sep=;\nname;city\nAda;Rome\n", b';'),
    ] {
        assert_eq!(guessed(text.as_bytes()).delimiter, delimiter, "{text}");
    }
}

#[test]
fn a_line_that_names_the_delimiter_is_no_row() {
    let text = b"sep=;\r\nname;city\r\nAda;Rome\r\n";
    assert_eq!(read(guessed(text), text, 3).unwrap(), [["name", "city"], ["Ada", "Rome"]]);
}

#[test]
fn rows_may_be_ragged_and_files_may_end_anywhere() {
    let text = b"a,b,c\n1,2\n\n1,2,3,4\n\"x\ny\",z";
    let rows = read(guessed(text), text, 1).unwrap();
    assert_eq!(rows, [vec!["a", "b", "c"], vec!["1", "2"], vec!["1", "2", "3", "4"], vec!["x\ny", "z"]]);
}

#[test]
fn a_row_without_an_end_is_refused_and_does_not_take_the_memory() {
    let written = guessed(b"a,b\n");
    let mut rows = Rows::new(written);
    rows.feed(b"a,b\n1,\"", false, |_| Ok(())).unwrap();
    let piece = vec![b'x'; 64 * 1024];
    let mut fed = 0;
    let refused = loop {
        match rows.feed(&piece, false, |_| Ok(())) {
            Ok(()) => fed += piece.len(),
            Err(error) => break error,
        }
        assert!(fed <= MAX_ROW_BYTES);
    };
    assert_eq!(refused.code(), "invalid");
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::vec(prop::collection::vec("[ -~äéßß\n\r]{0,12}", 2..6), 1..20),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        encoding in prop::sample::select(vec!["utf-8", "UTF-16LE", "UTF-16BE", "windows-1252"]),
        piece in 1..50_usize,
    ) {
        let bytes = encoded(&quoted(&rows, delimiter), encoding);
        let written = Written {
            encoding: Encoding::named(encoding).unwrap(),
            delimiter: delimiter as u8,
            line_end: b'\n',
            names_its_delimiter: false,
        };
        prop_assert_eq!(read(written, &bytes, piece).unwrap(), rows);
    }

    #[test]
    fn no_bytes_are_a_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1..50_usize) {
        if let Ok(written) = Written::guess(&bytes, true) {
            let _ = read(written, &bytes, piece);
        }
    }
}
