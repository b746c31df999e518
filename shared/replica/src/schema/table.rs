//! One object as tables of a replica's file.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use records::Object;

use super::column::{Column, ColumnType, Origin};

/// The table of an object's records, and the table of their words.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The object as the workspace has it.
    pub(crate) object: Arc<Object>,
    /// Its name in SQL.
    pub(crate) name: String,
    /// The name in SQL of its documents: `row`, and `doc` as JSON. They are apart because they are long, and a list looks
    /// at all rows and at a few documents.
    pub(crate) docs: String,
    /// The name in SQL of its words by `rowid`, an FTS5 table; only there if a column is [`Column::searched`].
    pub(crate) words: String,
    /// Its columns: those of every record, those of its fields in people's order, its roll-ups. Besides them there are
    /// `row` (an integer) and `position` (where the stream told of this state; NULL when it was read from the table).
    pub(crate) columns: Vec<Column>,
    /// Its indexes by name, with the statements that make them.
    pub(crate) indexes: Vec<(String, String)>,
    /// The roll-ups over its records, by their places in [`super::Schema::roll_ups`].
    pub(crate) child_of: Vec<usize>,
    /// The columns by which its records refer to those that have the roll-ups, in the same order.
    pub(super) vias: Vec<String>,
    /// Its own roll-ups, by their places likewise.
    pub(crate) parent_of: Vec<usize>,
    pub(crate) sql: Statements,
    watched: Vec<usize>,
    by_path: HashMap<String, usize>,
}

/// What is said to SQLite of a table again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements {
    /// `row`, version and position by id.
    pub(crate) known: String,
    /// A new row: position, the own columns, and its number.
    pub(crate) insert: String,
    /// The same over the row of that number. Roll-ups stay as they are.
    pub(crate) update: String,
    pub(crate) delete: String,
    /// Row and document.
    pub(crate) put_doc: String,
    pub(crate) delete_doc: String,
    /// The columns [`Table::watched`] of a row.
    pub(crate) watched: String,
    /// Row and words.
    pub(crate) insert_words: String,
    pub(crate) delete_words: String,
}

impl Table {
    pub(super) fn new(object: &Arc<Object>, columns: Vec<Column>) -> Self {
        let name = format!("t_{}", object.name);
        let indexes = indexes(object, &name, &columns);
        let mut table = Self {
            object: object.clone(),
            // No object has a dollar sign in its name, so neither these tables nor those that FTS5 makes for its own are
            // another object's.
            docs: format!("{name}$docs"),
            words: format!("{name}$words"),
            indexes,
            name,
            columns,
            child_of: Vec::new(),
            vias: Vec::new(),
            parent_of: Vec::new(),
            sql: Statements::default(),
            watched: Vec::new(),
            by_path: HashMap::new(),
        };
        table.prepare();
        table
    }

    /// Works out what follows from the columns.
    pub(super) fn prepare(&mut self) {
        let Self { name, docs, words, .. } = &*self;
        let own: Vec<&str> = self.own().map(|column| column.name.as_str()).collect();
        let searched: Vec<&str> = self.searched().map(|column| column.name.as_str()).collect();
        let watched: Vec<&str> = searched.iter().copied().chain(self.vias.iter().map(String::as_str)).collect();
        let marks = |count: usize| vec!["?"; count].join(", ");
        let sql = Statements {
            known: format!("SELECT row, f_version, position FROM {name} WHERE f_id = ?"),
            insert: format!("INSERT INTO {name} (position, {}, row) VALUES ({})", own.join(", "), marks(own.len() + 2)),
            update: format!("UPDATE {name} SET position = ?, {} = ? WHERE row = ?", own.join(" = ?, ")),
            delete: format!("DELETE FROM {name} WHERE row = ?"),
            put_doc: format!("INSERT OR REPLACE INTO {docs} (row, doc) VALUES (?, ?)"),
            delete_doc: format!("DELETE FROM {docs} WHERE row = ?"),
            watched: format!("SELECT {} FROM {name} WHERE row = ?", watched.join(", ")),
            insert_words: format!(
                "INSERT OR REPLACE INTO {words} (rowid, {}) VALUES ({})",
                searched.join(", "),
                marks(searched.len() + 1)
            ),
            delete_words: format!("DELETE FROM {words} WHERE rowid = ?"),
        };
        let watched = watched.iter().filter_map(|name| own.iter().position(|own| own == name)).collect();
        let by_path = self.columns.iter().enumerate().map(|(place, column)| (column.path.clone(), place)).collect();
        (self.sql, self.watched, self.by_path) = (sql, watched, by_path);
    }

    /// The column at a path, as filters and sorts name it. A field that was given up has none.
    pub(crate) fn column(&self, path: &str) -> Option<&Column> {
        self.columns.get(*self.by_path.get(path)?)
    }

    /// The columns that the table of words has too.
    pub(crate) fn searched(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.searched)
    }

    /// Whether there is a table of words.
    pub(crate) fn has_words(&self) -> bool {
        self.searched().next().is_some()
    }

    /// The columns whose values follow from the record's own document, in the order in which statements take them.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_own())
    }

    /// The columns that something else than the row follows from, by their places among the own ones: those that are
    /// searched, then those by which its records refer to others that have roll-ups over them.
    pub(crate) fn watched(&self) -> impl Iterator<Item = usize> {
        self.watched.iter().copied()
    }

    /// The statements that make the table with its words and indexes.
    pub(crate) fn ddl(&self) -> String {
        let mut ddl = self.rows_ddl();
        ddl.push_str(&format!("CREATE TABLE {} (row INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT;\n", self.docs));
        ddl + &self.words_ddl()
    }

    /// The statements that make the table itself with its indexes.
    pub(crate) fn rows_ddl(&self) -> String {
        // Long texts come last: a row of more than a page is read as far as it is asked for.
        let (long, short): (Vec<&Column>, Vec<&Column>) = self.columns.iter().partition(|column| column.is_long);
        let columns: String = short.into_iter().chain(long).map(declaration).collect();
        // It is not STRICT, since each column that is added to such a one makes SQLite check all rows of it.
        let mut ddl = format!("CREATE TABLE {} (row INTEGER PRIMARY KEY, position TEXT{columns});\n", self.name);
        for (_, index) in &self.indexes {
            ddl.push_str(index);
            ddl.push_str(";\n");
        }
        ddl
    }

    /// The statement that makes the table of words; empty when there is nothing to look into.
    pub(crate) fn words_ddl(&self) -> String {
        let searched: Vec<&str> = self.searched().map(|column| column.name.as_str()).collect();
        if searched.is_empty() {
            return String::new();
        }
        // The words are folded and parted by us: `ascii` takes every character beyond ASCII as a letter and parts at
        // blanks, which is all that is left to do.
        format!(
            "CREATE VIRTUAL TABLE {} USING fts5({}, content='', contentless_delete=1, tokenize='ascii', prefix='2 3');\n",
            self.words,
            searched.join(", ")
        )
    }

    /// What the contents of the table of words follow from.
    pub(crate) fn words_signature(&self) -> BTreeSet<(&str, &str)> {
        self.searched().map(|column| (column.name.as_str(), column.signature.as_str())).collect()
    }
}

/// What an index of the table's column is called that tells records by whom they refer to.
pub(super) fn index_by(table: &str, column: &str) -> String {
    format!("{table}$by_{column}")
}

/// The indexes of every table: for the order that lists have of themselves, for the records of an owner in that order, for
/// those that the journal has not told of, and for the records that refer to another one.
fn indexes(object: &Object, table: &str, columns: &[Column]) -> Vec<(String, String)> {
    let index = |name: String, of: &str| {
        let statement = format!("CREATE INDEX {name} ON {table} {of}");
        (name, statement)
    };
    let mut indexes = vec![
        index(format!("{table}$created"), "(f_created_at, f_id)"),
        index(format!("{table}$ahead"), "(f_updated_at) WHERE position IS NULL"),
    ];
    if object.owned {
        indexes.push(index(format!("{table}$owner"), "(f_owner_id, f_created_at)"));
    }
    let refers = |column: &&Column| column.origin != Origin::Common && matches!(column.kind, ColumnType::Id(_));
    for column in columns.iter().filter(refers) {
        indexes.push(index(index_by(table, &column.name), &format!("({})", column.name)));
    }
    indexes
}

fn declaration(column: &Column) -> String {
    let rules = match (column.path.as_str(), column.always) {
        ("id", _) => " NOT NULL UNIQUE",
        (_, true) => " NOT NULL",
        (_, false) => "",
    };
    format!(", {} {}{rules}", column.name, column.declared())
}
