//! One object as tables of a replica's file.

use std::collections::HashMap;
use std::sync::Arc;

use records::Object;

use super::column::Column;

/// The table of an object's records, and the table of their words.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The object as the workspace has it.
    pub(crate) object: Arc<Object>,
    /// Its name in SQL.
    pub(crate) name: String,
    /// The name in SQL of its words, an FTS5 table; only there if a column is [`Column::searched`].
    pub(crate) words: String,
    /// Its columns: those of every record, those of its fields in people's order, its roll-ups. Besides them there are
    /// `row` (an integer), `position` (where the stream told of this state; NULL when it was read from the table) and
    /// `doc` (the stored document as JSON).
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
    /// A new row: position, the own columns, the document, and its number.
    pub(crate) insert: String,
    /// The same over the row of that number. Roll-ups stay as they are.
    pub(crate) update: String,
    pub(crate) delete: String,
    /// The columns [`Table::watched`] of a row.
    pub(crate) watched: String,
    /// Row and words.
    pub(crate) insert_words: String,
    pub(crate) delete_words: String,
}

impl Table {
    pub(super) fn new(object: &Arc<Object>, columns: Vec<Column>) -> Self {
        let name = format!("t_{}", object.name);
        let mut table = Self {
            object: object.clone(),
            // No object has a dollar sign in its name, so neither this table nor those that FTS5 makes for it are another
            // object's.
            words: format!("{name}$words"),
            indexes: vec![
                (format!("{name}$created"), format!("CREATE INDEX {name}$created ON {name} (f_created_at, f_id)")),
                (
                    format!("{name}$ahead"),
                    format!("CREATE INDEX {name}$ahead ON {name} (f_updated_at) WHERE position IS NULL"),
                ),
            ],
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
        let Self { name, words, .. } = &*self;
        let own: Vec<&str> = self.own().map(|column| column.name.as_str()).collect();
        let searched: Vec<&str> = self.searched().map(|column| column.name.as_str()).collect();
        let watched: Vec<&str> = searched.iter().copied().chain(self.vias.iter().map(String::as_str)).collect();
        let marks = |count: usize| vec!["?"; count].join(", ");
        let sql = Statements {
            known: format!("SELECT row, f_version, position FROM {name} WHERE f_id = ?"),
            insert: format!(
                "INSERT INTO {name} (position, {}, doc, row) VALUES ({})",
                own.join(", "),
                marks(own.len() + 3)
            ),
            update: format!("UPDATE {name} SET position = ?, {} = ?, doc = ? WHERE row = ?", own.join(" = ?, ")),
            delete: format!("DELETE FROM {name} WHERE row = ?"),
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
        let columns: String = self.columns.iter().map(declaration).collect();
        // The document comes last: who looks through a column need not step over it. The table is not STRICT, since each
        // column that is added to such a one makes SQLite check all rows of it.
        let mut ddl = format!(
            "CREATE TABLE {} (row INTEGER PRIMARY KEY, position TEXT{columns}, doc TEXT NOT NULL);\n",
            self.name
        );
        for (_, index) in &self.indexes {
            ddl.push_str(index);
            ddl.push_str(";\n");
        }
        ddl + &self.words_ddl()
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
    pub(crate) fn words_signature(&self) -> Vec<(&str, &str)> {
        self.searched().map(|column| (column.name.as_str(), column.signature.as_str())).collect()
    }
}

fn declaration(column: &Column) -> String {
    let rules = match (column.path.as_str(), column.always) {
        ("id", _) => " NOT NULL UNIQUE",
        (_, true) => " NOT NULL",
        (_, false) => "",
    };
    format!(", {} {}{rules}", column.name, column.declared())
}
