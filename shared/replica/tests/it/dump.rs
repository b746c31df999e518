//! What is in a replica's file, without where it is: two files of the same workspace have the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::world::World;

/// Rows by table and id, each as columns and values.
pub(crate) type Dump = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// The replica's only file in a directory.
pub(crate) fn file(world: &World, directory: &str) -> PathBuf {
    let mut found = Vec::new();
    for source in std::fs::read_dir(world.directory.path().join(directory)).unwrap() {
        found.extend(std::fs::read_dir(source.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

pub(crate) fn connect(world: &World, directory: &str) -> Connection {
    Connection::open_with_flags(file(world, directory), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut select = connection.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn shown(column: &str, value: Sql) -> Option<String> {
    Some(match value {
        Sql::Null => return None,
        // Read and written again, so that the order of members does not show.
        Sql::Text(doc) if column == "doc" => serde_json::from_str::<Value>(&doc).unwrap().to_string(),
        Sql::Text(text) => text,
        Sql::Integer(number) => number.to_string(),
        Sql::Real(number) => number.to_string(),
        Sql::Blob(_) => panic!("a replica has no blobs"),
    })
}

/// Everything in the file but for where the stream told of it and which numbers rows have.
pub(crate) fn dump(world: &World, directory: &str) -> Dump {
    let connection = connect(world, directory);
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*' AND name NOT GLOB '*$*'";
    let mut dump = Dump::new();
    for table in texts(&connection, select) {
        let mut records = rows(&connection, &table, "f_id");
        for (id, doc) in docs(&connection, &table) {
            records.get_mut(&id).expect("no document without a row").insert("doc".to_owned(), doc);
        }
        dump.insert(table.clone(), records);
        let words = texts(&connection, &format!("SELECT name FROM sqlite_schema WHERE name = '{table}$words'"));
        if !words.is_empty() {
            dump.insert(words[0].clone(), indexed(&connection, &table));
        }
    }
    for table in ["links", "shares", "config", "unknown"] {
        dump.insert(table.to_owned(), rows(&connection, table, "id"));
    }
    dump
}

/// The documents by record.
fn docs(connection: &Connection, table: &str) -> Vec<(String, String)> {
    let select = format!("SELECT f_id, doc FROM {table}$docs LEFT JOIN {table} USING (row)");
    let mut select = connection.prepare(&select).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, shown("doc", row.get(1)?).unwrap()));
    select.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap()
}

fn rows(connection: &Connection, table: &str, key: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let columns = texts(connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
    let mut select = connection.prepare(&format!("SELECT {} FROM {table}", columns.join(", "))).unwrap();
    let mut found = BTreeMap::new();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let value = |(place, column): (usize, &String)| Some((column.clone(), shown(column, row.get(place).unwrap())?));
        let mut values: BTreeMap<String, String> = columns.iter().enumerate().filter_map(value).collect();
        values.remove("row");
        values.remove("position");
        found.insert(values[key].clone(), values);
    }
    found
}

/// The words by record: each with how often it stands in which column.
fn indexed(connection: &Connection, table: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let vocabulary = format!("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, '{table}$words', instance)");
    connection.execute_batch(&vocabulary).unwrap();
    let select = format!(
        "SELECT f_id, v.term || ' in ' || v.col, group_concat(v.offset, ',') FROM temp.vocabulary AS v \
         LEFT JOIN {table} AS t ON t.row = v.doc GROUP BY v.doc, v.term, v.col"
    );
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut select = connection.prepare(&select).unwrap();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let record: String = row.get(0).expect("no words without a record");
        found.entry(record).or_default().insert(row.get(1).unwrap(), row.get(2).unwrap());
    }
    drop(rows);
    drop(select);
    connection.execute_batch("DROP TABLE temp.vocabulary").unwrap();
    found
}

/// One column of one record; empty when it has no value.
pub(crate) fn value(world: &World, directory: &str, table: &str, id: impl ToString, column: &str) -> String {
    let rows = rows(&connect(world, directory), table, "f_id");
    rows[&id.to_string()].get(column).cloned().unwrap_or_default()
}
