//! Files of any content: none brings anything down, and no row is written in part.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use records::{Fields, Schema};
use serde_json::{Value, json};

use super::{Scene, counts, text};

/// A file as somebody may have written it.
#[derive(Debug, Clone)]
struct Written {
    rows: Vec<Vec<String>>,
    encoding: &'static str,
    delimiter: char,
    quoted: Vec<bool>,
    line_end: &'static str,
}

impl Written {
    fn bytes(&self) -> Vec<u8> {
        let mut file = String::from("a\u{1f}b\u{1f}c").replace('\u{1f}', &self.delimiter.to_string()) + self.line_end;
        let mut quoted = self.quoted.iter().cycle();
        for row in &self.rows {
            let cell = |cell: &String, quoted: bool| {
                let needs = cell.contains(['"', '\n', '\r', self.delimiter]);
                if quoted || needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
            };
            let cells: Vec<String> = row.iter().map(|text| cell(text, *quoted.next().unwrap())).collect();
            file += &(cells.join(&self.delimiter.to_string()) + self.line_end);
        }
        match self.encoding {
            "utf-8" => file.into_bytes(),
            "utf-16le" => file.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => file.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

fn written() -> impl Strategy<Value = Written> {
    let cell = prop_oneof![
        3 => "[A-Za-z]{1,8}",
        1 => Just(String::new()),
        1 => "\\PC{0,12}",
        1 => "[a-z\"',;\t\n =+@-]{0,10}",
        1 => "x{190,210}",
    ];
    let rows = prop::collection::vec(prop::collection::vec(cell, 1..5), 0..25);
    let encoding = prop::sample::select(vec!["utf-8", "utf-16le", "utf-16be"]);
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|']);
    let quoted = prop::collection::vec(any::<bool>(), 1..9);
    (rows, encoding, delimiter, quoted, prop::sample::select(vec!["\n", "\r\n"])).prop_map(
        |(rows, encoding, delimiter, quoted, line_end)| Written { rows, encoding, delimiter, quoted, line_end },
    )
}

/// What a row has to become: the three fields that it says, or nothing.
fn expected(row: &[String]) -> Option<[Value; 3]> {
    // What no header says anything of would be lost, or stand in another column.
    if row.iter().skip(FIELDS.len()).any(|cell| !cell.trim().is_empty()) {
        return None;
    }
    let cell =
        |index: usize| row.get(index).map_or(String::new(), |cell| tabular::unguard_cell(cell).trim().to_owned());
    let mut input = events::Document::new();
    for (index, name) in FIELDS.iter().enumerate() {
        if !cell(index).is_empty() {
            input.insert((*name).to_owned(), cell(index).into());
        }
    }
    let fields = Fields::parse(&Schema::built_in_object("contact"), &input).ok()?;
    Some(FIELDS.map(|name| fields.get(name).cloned().unwrap_or(Value::Null)))
}

const FIELDS: [&str; 3] = ["last_name", "city", "country"];

fn many(rows: impl Iterator<Item = [Value; 3]>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    rows.for_each(|row| *counted.entry(json!(row).to_string()).or_default() += 1);
    counted
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 8, ..Config::default() })
}

#[test]
fn every_row_is_written_wholly_or_not_at_all_however_the_file_is_written() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::new());
    let number = std::cell::Cell::new(0);
    runner(10)
        .run(&written(), |written| {
            number.set(number.get() + 1);
            runtime.block_on(async {
                let me = scene.app.workspace(&format!("fuzz{}", number.get())).await;
                let scene = Scene { me, app: scene.app.clone() };
                let upload = scene.upload(written.bytes()).await;
                let columns: Vec<Value> =
                    FIELDS.iter().enumerate().map(|(at, field)| json!({ "column": at, "field": field })).collect();
                let file = json!({
                    "upload": upload, "object": "contact", "encoding": written.encoding, "header_row": 0,
                    "delimiter": written.delimiter, "columns": columns,
                });
                let job = scene.imported(&json!({ "files": [file] })).await;
                let is_blank = |row: &&Vec<String>| row.iter().all(|cell| cell.trim().is_empty());
                let rows: Vec<&Vec<String>> = written.rows.iter().filter(|row| !is_blank(row)).collect();
                let wanted: Vec<[Value; 3]> = rows.iter().filter_map(|row| expected(row)).collect();
                let [_, done, created, _, failed] = counts(&job);
                let sizes = (rows.len() as u64, wanted.len() as u64, (rows.len() - wanted.len()) as u64);
                assert_eq!((done, created, failed), sizes, "{:?}", scene.errors(&job).await);
                scene.app.drain().await;
                let page = scene.me.get("/v1/contacts?limit=200").await.expect(200);
                let found =
                    page["data"].as_array().unwrap().iter().map(|record| FIELDS.map(|name| record[name].clone()));
                assert_eq!(many(found), many(wanted.into_iter()));
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_bytes_bring_an_import_down() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::new());
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        prop::collection::vec(prop::sample::select(b"\",;\n\r\t|=a1\0\xff\xef\xbb\xbf".to_vec()), 0..600),
    ];
    runner(16)
        .run(&bytes, |bytes| {
            runtime.block_on(async {
                let upload = scene.upload(bytes).await;
                let asked = json!({ "files": [{ "upload": upload }], "new_fields": true });
                let seen = scene.me.post("/v1/imports/preview", asked).await;
                assert!([200, 422].contains(&seen.status.as_u16()), "{:#}", seen.body);
                let columns = json!([{ "column": 0, "field": "last_name" }]);
                let body = json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] });
                let begun = scene.me.post("/v1/imports", body).await;
                assert!([202, 422].contains(&begun.status.as_u16()), "{:#}", begun.body);
                if begun.status == 202 {
                    let job = scene.finished(&begun.body).await;
                    assert!(["done", "failed"].contains(&text(&job["state"]).as_str()), "{job:#}");
                }
            });
            Ok(())
        })
        .unwrap();
}
