//! The tables of a replica, made from the registry of objects: one per object with a column per field, and one of words.

use std::sync::Arc;

use events::Document;
use kernel::Prefix;
use records::{FieldType, Object};
use rusqlite::types::Value as Sql;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fold::{fold, fold_phone, index_text};

/// The number of the shape of a replica's file. A release that changes it has its own snapshots and its own manifest.
pub const REPLICA_SCHEMA: u32 = 1;

/// What a column holds, and so what may be asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Folded text.
    Text,
    /// Folded text without what people put between digits.
    Phone,
    /// The id of a user.
    User,
    /// One word of a list.
    Select(Vec<String>),
    /// The record's own id.
    Id,
    /// A whole number.
    Integer,
    /// Milliseconds since 1970.
    Time,
}

/// One field of an object as a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The field's name.
    pub(crate) field: String,
    /// The column's name: letters, digits and underscores only, as every field's name.
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
    /// Whether the table of words has it too.
    pub(crate) searched: bool,
    /// Whether it always has a value.
    pub(crate) always: bool,
}

impl Column {
    fn new(field: &str, kind: ColumnType, always: bool) -> Self {
        assert!(field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "a field's name is a word: {field}");
        Self { field: field.to_owned(), name: format!("f_{field}"), kind, searched: false, always }
    }

    fn sql_type(&self) -> &'static str {
        match self.kind {
            ColumnType::Integer | ColumnType::Time => "INTEGER",
            _ => "TEXT",
        }
    }

    /// The value of a stored document in this column.
    fn value(&self, document: &Document) -> Sql {
        let value = document.get(&self.field).and_then(|value| self.read(value));
        value.unwrap_or(if self.always { Sql::Integer(0) } else { Sql::Null })
    }

    fn read(&self, value: &Value) -> Option<Sql> {
        Some(match self.kind {
            ColumnType::Text => Sql::Text(fold(value.as_str()?)),
            ColumnType::Phone => Sql::Text(fold_phone(value.as_str()?)),
            ColumnType::User | ColumnType::Select(_) | ColumnType::Id => Sql::Text(value.as_str()?.to_owned()),
            ColumnType::Integer => Sql::Integer(value.as_i64()?),
            ColumnType::Time => {
                let time: kernel::Timestamp = value.as_str()?.parse().ok()?;
                Sql::Integer(time.as_millis())
            }
        })
    }
}

fn column_type(kind: &FieldType) -> Option<ColumnType> {
    Some(match kind {
        FieldType::Text { .. } | FieldType::Email {} => ColumnType::Text,
        FieldType::Phone {} => ColumnType::Phone,
        FieldType::User {} => ColumnType::User,
        FieldType::Select { options } => {
            ColumnType::Select(options.iter().map(|option| option.value.clone()).collect())
        }
        _ => return None,
    })
}

/// One object as tables.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) object: Arc<Object>,
    pub(crate) name: String,
    pub(crate) words: String,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    fn new(object: &Arc<Object>) -> Self {
        let common = [
            ("id", ColumnType::Id, true),
            ("version", ColumnType::Integer, true),
            ("created_at", ColumnType::Time, true),
            ("created_by", ColumnType::User, false),
            ("updated_at", ColumnType::Time, true),
            ("updated_by", ColumnType::User, false),
            ("owner_id", ColumnType::User, false),
            ("archived_at", ColumnType::Time, false),
        ];
        let common = common.into_iter().map(|(field, kind, always)| Column::new(field, kind, always));
        let own = object.fields.iter().filter_map(|field| {
            let kind = column_type(&field.kind)?;
            Some(Column { searched: field.searched, ..Column::new(&field.name, kind, false) })
        });
        let name = format!("t_{}", object.name);
        Self { object: object.clone(), words: format!("{name}_words"), name, columns: common.chain(own).collect() }
    }

    pub(crate) fn column(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }

    pub(crate) fn searched(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.searched)
    }

    /// Statements that make the tables.
    pub(crate) fn ddl(&self) -> String {
        let Self { name, words, .. } = self;
        let columns: String = self
            .columns
            .iter()
            .map(|column| {
                let rules = if column.kind == ColumnType::Id {
                    " NOT NULL UNIQUE"
                } else if column.always {
                    " NOT NULL"
                } else {
                    ""
                };
                format!(", {} {}{rules}", column.name, column.sql_type())
            })
            .collect();
        let mut ddl = format!(
            "CREATE TABLE {name} (row INTEGER PRIMARY KEY, position TEXT, doc TEXT NOT NULL{columns}) STRICT;\n\
             CREATE INDEX {name}_created ON {name} (f_created_at, f_id);\n\
             CREATE INDEX {name}_ahead ON {name} (f_updated_at) WHERE position IS NULL;\n"
        );
        let searched: Vec<&str> = self.searched().map(|column| column.name.as_str()).collect();
        if !searched.is_empty() {
            // The words are folded and parted by us: `ascii` takes every character beyond ASCII as a letter and parts
            // at blanks, which is all that is left to do.
            ddl.push_str(&format!(
                "CREATE VIRTUAL TABLE {words} USING fts5({}, content='', contentless_delete=1, tokenize='ascii', \
                 prefix='2 3');\n",
                searched.join(", ")
            ));
        }
        ddl
    }

    /// The values of a document in the order of the columns.
    pub(crate) fn values<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = Sql> + 'a {
        self.columns.iter().map(move |column| column.value(document))
    }

    /// The words of a document in the order of the searched columns.
    pub(crate) fn words_of<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = Sql> + 'a {
        self.searched().map(move |column| {
            let text = document.get(&column.field).and_then(Value::as_str);
            text.map_or(Sql::Null, |text| Sql::Text(index_text(text)))
        })
    }
}

/// Every table of a replica.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
    /// A digest over all statements: columns are made anew when it changes.
    pub(crate) fingerprint: String,
}

/// The tables that every replica has, whatever its objects are.
pub(crate) const OWN_TABLES: &str = "\
    CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT NOT NULL, workspace TEXT NOT NULL, \
        fingerprint TEXT NOT NULL, seq INTEGER NOT NULL, built_at INTEGER NOT NULL, caught_up_at INTEGER NOT NULL, \
        since INTEGER NOT NULL, since_seq INTEGER NOT NULL) STRICT;\n\
    CREATE TABLE gone (id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, position TEXT, \
        at INTEGER NOT NULL) STRICT, WITHOUT ROWID;\n";

impl Schema {
    pub(crate) fn new(objects: &records::Schema) -> Self {
        let tables: Vec<Table> = objects.objects().map(Table::new).collect();
        let mut hash = Sha256::new();
        // The columns follow from the statements, their contents from the folding of the release that wrote them.
        hash.update(FOLDING.to_be_bytes());
        for table in &tables {
            hash.update(table.ddl());
        }
        let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { tables, fingerprint }
    }

    pub(crate) fn table(&self, object: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.object.name == object)
    }

    pub(crate) fn of_prefix(&self, prefix: Prefix) -> Option<&Table> {
        self.tables.iter().find(|table| table.object.prefix == prefix)
    }
}

/// Goes up when [`crate::fold()`] changes what it answers, so that every replica folds its texts anew.
const FOLDING: u32 = 1;
