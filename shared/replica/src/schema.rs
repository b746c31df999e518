//! What a workspace's schema makes of a replica's file: a table for each object with a column for each field.
//!
//! Made of the built-in objects of this release and of the file's own `config` rows, so a file and its schema always fit:
//! a change of one is in the same transaction as a change of the other. Each such change has a number, the file's
//! *generation*. Whoever has made a statement by a schema asks for its generation in the transaction in which they run it,
//! and makes the statement anew when the file has moved on ([`crate::database::Database::ask`] does both).
//!
//! | table | holds |
//! |---|---|
//! | `t_<object>` | [`Table`]: the columns of an object's records by `row`, also of an object that was given up |
//! | `t_<object>$docs` | their documents by `row` |
//! | `t_<object>$words` | the words of its searched columns by `row`, FTS5 |
//! | `links` | `record`, `label`, `other`, `version`, `doc`: links from the record that each was made from |
//! | `shares` | `record`, `object`, `subject`, `level`, `version`, `doc` |
//! | `config` | definitions of objects: `id` (the part), `version`, `doc` |
//! | `unknown` | records of objects that no definition describes (yet): `id`, `kind`, `version`, `doc` |
//! | `gone` | what was removed, so that nothing that is delivered late brings it back |
//! | `state` | one row: whose file it is, and how far it is |

mod column;
mod describe;
mod roll_up;
mod table;

use std::sync::Arc;

use kernel::Prefix;
use records::{Definition, Object};
use sha2::{Digest, Sha256};

pub(crate) use column::{Column, ColumnType, Origin, SEPARATOR, Values};
pub(crate) use roll_up::RollUps;
pub(crate) use table::Table;

/// The number of the shape of a replica's file. A release that changes it has its own snapshots and its own manifest.
pub const REPLICA_SCHEMA: u32 = 2;

/// Goes up when [`crate::fold()`] changes what it answers, so that every replica folds its texts anew.
const FOLDING: u32 = 2;

/// Every table of records in a replica, and what keeps them right.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// All objects, those that were given up too: their records are still followed.
    pub(crate) tables: Vec<Table>,
    /// All roll-ups, together where they look at the same records.
    pub(crate) roll_ups: Vec<RollUps>,
    /// A digest over everything that the contents of the tables follow from besides documents: when it differs, columns
    /// are made anew.
    pub(crate) fingerprint: String,
    /// The number of the change that the file's schema has had last.
    pub(crate) generation: i64,
}

/// The tables that every replica has, whatever its objects are.
pub(crate) const OWN_TABLES: &str = "\
    CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT NOT NULL, workspace TEXT NOT NULL, \
        fingerprint TEXT NOT NULL, generation INTEGER NOT NULL, seq INTEGER NOT NULL, built_at INTEGER NOT NULL, \
        caught_up_at INTEGER NOT NULL, since INTEGER NOT NULL, since_seq INTEGER NOT NULL) STRICT;\n\
    CREATE TABLE gone (id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, position TEXT, \
        at INTEGER NOT NULL) STRICT, WITHOUT ROWID;\n\
    CREATE TABLE unknown (id TEXT PRIMARY KEY, version INTEGER NOT NULL, position TEXT, kind TEXT NOT NULL, \
        doc TEXT NOT NULL) STRICT, WITHOUT ROWID;\n\
    CREATE TABLE config (id TEXT PRIMARY KEY, version INTEGER NOT NULL, position TEXT, doc TEXT NOT NULL) \
        STRICT, WITHOUT ROWID;\n\
    CREATE TABLE links (id TEXT PRIMARY KEY, version INTEGER NOT NULL, position TEXT, record TEXT NOT NULL, \
        label TEXT NOT NULL, other TEXT NOT NULL, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;\n\
    CREATE INDEX links$record ON links (record, label, other);\n\
    CREATE INDEX links$other ON links (other, label, record);\n\
    CREATE TABLE shares (id TEXT PRIMARY KEY, version INTEGER NOT NULL, position TEXT, record TEXT NOT NULL, \
        object TEXT NOT NULL, subject TEXT NOT NULL, level TEXT NOT NULL, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;\n\
    CREATE INDEX shares$record ON shares (record, subject, level);\n\
    CREATE INDEX shares$subject ON shares (subject, object, record);\n";

impl Schema {
    /// The tables that some objects and definitions make. The same ones always make the same tables.
    pub(crate) fn new(built_in: &[Object], definitions: Vec<Definition>, generation: i64) -> Self {
        Self::of(&records::Schema::with(built_in.to_vec(), definitions), generation)
    }

    /// The tables that a workspace's objects make.
    pub(crate) fn of(objects: &records::Schema, generation: i64) -> Self {
        let is_possible = |object: &&Arc<Object>| describe::is_word(&object.name);
        let mut tables: Vec<Table> =
            objects.all().filter(is_possible).map(|object| Table::new(object, describe::columns(object))).collect();
        let mut all: Vec<RollUps> = Vec::new();
        let found: Vec<_> = tables.iter().map(|table| roll_up::roll_ups(table, &tables)).collect();
        for (place, (columns, roll_ups)) in found.into_iter().enumerate() {
            tables[place].columns = columns;
            all.extend(roll_ups);
        }
        for (number, roll_ups) in all.iter_mut().enumerate() {
            let place = |name: &str| tables.iter().position(|table| table.object.name == name);
            let (Some(parent), Some(child)) = (place(&roll_ups.parent), place(&roll_ups.child)) else { continue };
            roll_ups.prepare(&tables[parent], &tables[child]);
            let index = roll_ups.index(&tables[child]);
            tables[child].indexes.retain(|(name, _)| *name != index.0);
            tables[child].indexes.push(index);
            tables[child].child_of.push(number);
            tables[child].vias.push(roll_ups.via.clone());
            tables[parent].parent_of.push(number);
        }
        tables.iter_mut().for_each(Table::prepare);
        let fingerprint = fingerprint(&tables);
        Self { tables, roll_ups: all, fingerprint, generation }
    }

    /// The table of an object that was not given up, by the object's name in the singular.
    pub(crate) fn table(&self, object: &str) -> Option<&Table> {
        self.stored(object).filter(|table| !table.object.archived)
    }

    /// The table of an object, also of one that was given up.
    pub(crate) fn stored(&self, object: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.object.name == object)
    }

    /// The table of the records whose ids have a prefix, also of an object that was given up.
    pub(crate) fn of_prefix(&self, prefix: Prefix) -> Option<&Table> {
        self.tables.iter().find(|table| table.object.prefix == prefix)
    }
}

fn fingerprint(tables: &[Table]) -> String {
    let mut parts: Vec<String> = vec![FOLDING.to_string()];
    for table in tables {
        parts.push(table.ddl());
        parts.extend(table.columns.iter().map(|column| column.signature.clone()));
    }
    digest(parts.iter().map(String::as_str))
}

/// A digest of some texts, in hex: as good as the texts where they are only compared.
fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
