//! What has a name instead of an id: links, shares, and parts of the configuration.
//!
//! It can be removed and made again, and then its versions begin anew. So which of two changes is the later one is told by
//! their places in the stream; versions tell it only within one life, and are asked where a state was read from the table
//! and so has no place: as long as that life lasts, no change with a lesser version is news, and what ends it has the
//! version that was read or a later one.

use events::{Change, Document};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Result, params_from_iter};
use serde_json::Value;
use table::Children;

use crate::rules::{Writer, version_of};
use crate::state::signed;

/// One sort of item with names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sort {
    /// Its table, and what its removals are remembered as.
    pub(crate) table: &'static str,
    known: &'static str,
    put: &'static str,
    delete: &'static str,
    /// The members of its document that have columns.
    members: &'static [&'static str],
}

/// Definitions of objects.
pub(crate) const CONFIG: Sort = Sort {
    table: "config",
    known: "SELECT version, position FROM config WHERE id = ?",
    put: "INSERT OR REPLACE INTO config (id, version, position, doc) VALUES (?, ?, ?, ?)",
    delete: "DELETE FROM config WHERE id = ?",
    members: &[],
};

/// Links, each from the record that it was made from.
const LINKS: Sort = Sort {
    table: "links",
    known: "SELECT version, position FROM links WHERE id = ?",
    put: "INSERT OR REPLACE INTO links (id, version, position, doc, record, label, other) VALUES (?, ?, ?, ?, ?, ?, ?)",
    delete: "DELETE FROM links WHERE id = ?",
    members: &["record", "label", "other"],
};

/// With whom records are shared.
const SHARES: Sort = Sort {
    table: "shares",
    known: "SELECT version, position FROM shares WHERE id = ?",
    put: "INSERT OR REPLACE INTO shares (id, version, position, doc, record, object, subject, level) \
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    delete: "DELETE FROM shares WHERE id = ?",
    members: &["record", "object", "subject", "level"],
};

/// A version, and where the stream told of it.
type Mark = (i64, Option<String>);

/// What one is called in the journal.
type Name = fn(&Document) -> String;

/// What records have beside themselves: its catalog, its rows, and what one is called in the journal.
pub(crate) const CHILDREN: [(Children, Sort, Name); 2] =
    [(Children::Links, LINKS, link_id), (Children::Shares, SHARES, share_id)];

fn member<'a>(document: &'a Document, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn link_id(document: &Document) -> String {
    ["record", "label", "other"].map(|name| member(document, name)).join("/")
}

fn share_id(document: &Document) -> String {
    ["record", "subject"].map(|name| member(document, name)).join("/")
}

impl Writer<'_> {
    pub(crate) fn apply_link(&self, change: &Change) -> Result<()> {
        self.apply_named(LINKS, change).map(drop)
    }

    pub(crate) fn apply_share(&self, change: &Change) -> Result<()> {
        self.apply_named(SHARES, change).map(drop)
    }

    /// Applies a change of the journal; answers whether it said anything new.
    pub(crate) fn apply_named(&self, sort: Sort, change: &Change) -> Result<bool> {
        let position = change.position.sortable();
        let known = self.mark(sort.known, &change.id)?;
        let is_late = match &known {
            Some((_, Some(known))) => self.rules.version && position <= *known,
            Some((version, None)) => {
                self.rules.version && (signed(change.version) < *version || self.is_from_before(change))
            }
            None => self.rules.redelivery && self.was_removed_by(change, &position)?,
        };
        if is_late {
            return Ok(false);
        }
        match &change.document {
            Some(document) => {
                self.transaction.prepare_cached("DELETE FROM gone WHERE id = ?")?.execute([&change.id])?;
                self.put_named(sort, &change.id, Some(position), document)?;
            }
            None => {
                self.transaction.prepare_cached(sort.delete)?.execute([&change.id])?;
                self.note_gone(&change.id, sort.table, change.version, Some(&position), change.at.as_millis())?;
            }
        }
        Ok(true)
    }

    /// Takes over what was just read from the table; answers whether it is new.
    pub(crate) fn fetched_named(&self, sort: Sort, id: &str, document: &Document) -> Result<bool> {
        let known = self.mark(sort.known, id)?;
        let is_gone = known.is_none() && self.rules.redelivery && self.gone(id)?.is_some();
        if is_gone || known.is_some_and(|(version, _)| version >= version_of(document)) {
            return Ok(false);
        }
        self.put_named(sort, id, None, document)?;
        Ok(true)
    }

    fn was_removed_by(&self, change: &Change, position: &str) -> Result<bool> {
        Ok(match self.gone(&change.id)? {
            Some((_, Some(gone))) => position <= gone.as_str(),
            Some((version, None)) => signed(change.version) <= version,
            None => self.is_from_before(change),
        })
    }

    fn gone(&self, id: &str) -> Result<Option<Mark>> {
        self.mark("SELECT version, position FROM gone WHERE id = ?", id)
    }

    fn mark(&self, sql: &str, id: &str) -> Result<Option<Mark>> {
        self.transaction.prepare_cached(sql)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    fn put_named(&self, sort: Sort, id: &str, position: Option<String>, document: &Document) -> Result<()> {
        let text = serde_json::to_string(document).expect("a document has texts for keys and JSON for values");
        let common = [
            Sql::Text(id.to_owned()),
            Sql::Integer(version_of(document)),
            position.map_or(Sql::Null, Sql::Text),
            Sql::Text(text),
        ];
        let members = sort.members.iter().map(|name| Sql::Text(member(document, name).to_owned()));
        let values = params_from_iter(common.into_iter().chain(members));
        self.transaction.prepare_cached(sort.put)?.execute(values).map(drop)
    }
}
