//! Reading that is broken off and goes on later.
#![cfg(test)]

use proptest::prelude::*;
use tabular::{Encoding, Rows, Written};

const ENCODINGS: [&str; 9] =
    ["utf-8", "UTF-16LE", "UTF-16BE", "windows-1252", "windows-1251", "gb18030", "Shift_JIS", "Big5", "EUC-KR"];

/// A row as it was told: number, line, cells; and the place after it: offset, line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    number: u64,
    line: u64,
    cells: Vec<String>,
    next: Option<(u64, u64)>,
}

impl Told {
    /// Where reading can go on depends on where pieces were cut; what was read must not.
    fn row(&self) -> (u64, u64, &[String]) {
        (self.number, self.line, &self.cells)
    }
}

/// Rows up to the first error, if there is one.
fn read(mut rows: Rows, bytes: &[u8], piece: usize) -> Vec<Told> {
    let mut told = Vec::new();
    let mut take = |row: tabular::Row<'_>| {
        told.push(Told {
            number: row.number,
            line: row.line,
            cells: row.cells().map(str::to_owned).collect(),
            next: row.ends_at.map(|offset| (offset, row.next_line)),
        });
        Ok(())
    };
    let fed = bytes.chunks(piece).try_for_each(|piece| rows.feed(piece, false, &mut take));
    let _ = fed.and_then(|()| rows.feed(&[], true, &mut take));
    told
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        other => encoding_rs::Encoding::for_label(other.as_bytes()).unwrap().encode(text).0.into_owned(),
    }
}

fn written(encoding: &str, delimiter: u8) -> Written {
    Written { encoding: Encoding::named(encoding).unwrap(), delimiter, line_end: b'\n', names_its_delimiter: false }
}

/// Reading from any safe place on gives what reading all of it gave. Answers how many places there were.
fn resumes(written: Written, bytes: &[u8], piece: usize, later: usize) -> Result<usize, TestCaseError> {
    let whole = read(Rows::new(written), bytes, piece);
    let mut places = 0;
    for (index, told) in whole.iter().enumerate() {
        let Some((offset, line)) = told.next else { continue };
        let rest = bytes.get(usize::try_from(offset).unwrap()..).unwrap();
        let resumed = read(Rows::at(written, offset, told.number + 1, line), rest, later);
        let left: Vec<_> = whole[index + 1..].iter().map(Told::row).collect();
        prop_assert_eq!(resumed.iter().map(Told::row).collect::<Vec<_>>(), left, "from {} of {:?}", offset, bytes);
        places += 1;
    }
    Ok(places)
}

#[test]
fn lines_and_places_are_those_of_the_file() {
    let text = "a,b\r\n\r\n\"x\r\ny\",z\r\n1,2\n3,4";
    let told = read(Rows::new(written("utf-8", b',')), text.as_bytes(), 1000);
    let places: Vec<_> = told.iter().map(|told| (told.line, told.next)).collect();
    assert_eq!(places, [(1, Some((5, 2))), (3, Some((17, 5))), (5, Some((21, 6))), (6, Some((24, 6)))]);
}

#[test]
fn every_row_of_an_ordinary_file_is_a_place_to_go_on_from() {
    let text = "name,city\r\nÄda,\"Lon\r\ndon\"\r\n\r\nZoë,Köln\r\n";
    for encoding in ["utf-8", "UTF-16LE", "UTF-16BE", "windows-1252", "gb18030"] {
        let bytes = encoded(text, encoding);
        assert_eq!(resumes(written(encoding, b','), &bytes, 1000, 3).unwrap(), 3, "{encoding}");
    }
    let marked = encoded(&format!("\u{feff}{text}"), "UTF-16LE");
    assert_eq!(resumes(written("UTF-16LE", b','), &marked, 1000, 3).unwrap(), 3);
}

#[test]
fn lines_that_end_as_on_old_machines_are_places_to_go_on_from() {
    // A line feed between quotation marks is how such programs part the lines of a cell.
    let text = "name,city\rÄda,\"Lon\n\rdon\"\r\rZoë,Köln\r";
    for encoding in ["utf-8", "UTF-16LE", "UTF-16BE", "windows-1252"] {
        let bytes = encoded(text, encoding);
        let written = Written::of_delimiter(Encoding::named(encoding).unwrap(), &bytes, true);
        assert_eq!((written.line_end, resumes(written, &bytes, 1000, 3).unwrap()), (b'\r', 3), "{encoding}");
        let lines: Vec<u64> = read(Rows::new(written), &bytes, 5).iter().map(|told| told.line).collect();
        assert_eq!(lines, [1, 2, 5], "{encoding}");
    }
    // One line feed that ends a line is enough for a file of our days.
    assert_eq!(Written::guess(b"a\rb\nc\r", true).unwrap().line_end, b'\n');
}

#[test]
fn where_nobody_can_begin_is_no_place() {
    let told = read(Rows::new(written("iso-2022-jp", b',')), b"a,\x1b$B\n0!\n\x1b(B1,2\n3,4", 1000);
    assert!(told.iter().rev().skip(1).all(|told| told.next.is_none()), "{told:?}");
}

#[test]
fn a_mark_is_a_letter_but_at_the_beginning() {
    let text = "\u{feff}\u{feff}a,b\n\u{feff}1,2\n";
    for encoding in ["utf-8", "UTF-16LE", "UTF-16BE"] {
        let bytes = encoded(text, encoding);
        for piece in [1, 2, 3, 1000] {
            let told = read(Rows::new(written(encoding, b',')), &bytes, piece);
            let cells: Vec<_> = told.iter().map(|told| told.cells[0].as_str()).collect();
            assert_eq!(cells, ["\u{feff}a", "\u{feff}1"], "{encoding} {piece}");
        }
        assert_eq!(resumes(written(encoding, b','), &bytes, 1000, 1).unwrap(), 2);
    }
}

/// Pieces of text that come together to files as bad as any.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "a",
        "ä",
        "Ж",
        "字",
        "ㄅ",
        "é",
        "\u{10a0a}",
        "\u{a0a}",
        "\u{a00}",
        "\u{d0a}",
        "\u{feff}",
        "\"",
        "\"\"",
        ",",
        ";",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        " ",
        "\0",
        "x,y\r\n",
        "\"q,\r\n\"\"q\"\n",
    ]);
    prop::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn going_on_gives_the_same_rows(
        text in scraps(),
        encoding in prop::sample::select(ENCODINGS.to_vec()),
        delimiter in prop::sample::select(vec![b',', b';']),
        piece in 1..60_usize,
        later in 1..60_usize,
    ) {
        resumes(written(encoding, delimiter), &encoded(&text, encoding), piece, later)?;
    }

    #[test]
    fn so_it_does_in_bytes_that_are_no_text(
        bytes in prop::collection::vec(
            prop_oneof![prop::sample::select(b"\n\r\",\0\x0a\x81\x30\xd8\xdc\xfe\xff\x1b$B(".to_vec()), any::<u8>()],
            0..120,
        ),
        encoding in prop::sample::select([ENCODINGS.as_slice(), &["EUC-JP", "GBK", "iso-2022-jp"]].concat()),
        piece in 1..60_usize,
        later in 1..60_usize,
    ) {
        resumes(written(encoding, b','), &bytes, piece, later)?;
    }
}
