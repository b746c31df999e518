//! How a folded text was written: groups are made of folded texts, and people want to read what was written.

use std::sync::Arc;

use events::Document;
use records::{Fields, Object};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::Value;

use crate::schema::{Column, ColumnType, Origin, Table};
use crate::scope::{Named, OWN, Scope};

/// Where the texts of a column are written, for one record of the object that was asked about.
#[derive(Debug, Clone)]
pub(crate) struct Spelling {
    object: Arc<Object>,
    column: Column,
    /// The document that has it, by the record's id.
    document: String,
}

/// Keeps the smaller of two ids: that of the older record.
pub(crate) fn oldest(known: &mut Option<String>, id: &str) {
    if known.as_ref().is_none_or(|known| id < known.as_str()) {
        *known = Some(id.to_owned());
    }
}

impl Spelling {
    /// `None`: what is kept is what was written.
    pub(crate) fn new(named: &Named<'_>, scope: &Scope<'_>) -> Option<Self> {
        let seen = named.seen();
        let kind = if let ColumnType::Set(of) = seen.kind() { of } else { seen.kind() };
        if !matches!(kind, ColumnType::Text | ColumnType::Phone) || seen.column.origin == Origin::RollUp {
            return None;
        }
        let own = format!("FROM {} {OWN} WHERE {OWN}.f_id = ?", scope.table.name);
        let document = match named {
            Named::Own(_) => format!("SELECT doc FROM {} WHERE row = (SELECT {OWN}.row {own})", scope.table.docs),
            Named::Far(step, _) => {
                let (by, Table { name, docs, .. }) = (&step.by.name, step.to);
                format!(
                    "SELECT doc FROM {docs} WHERE row = (SELECT row FROM {name} WHERE f_id = (SELECT {OWN}.{by} {own}))"
                )
            }
        };
        Some(Self { object: seen.table.object.clone(), column: seen.column.clone(), document })
    }

    /// How a text is written in the document of a record, or in that of the record that it refers to.
    pub(crate) fn of(&self, transaction: &Transaction<'_>, id: &str, folded: &str) -> rusqlite::Result<Option<String>> {
        let mut select = transaction.prepare_cached(&self.document)?;
        let document: Option<String> = select.query_row([id], |row| row.get(0)).optional()?;
        let document: Option<Document> = document.and_then(|text| serde_json::from_str(&text).ok());
        Ok(document.and_then(|document| written(&self.object, &self.column, &document, folded)))
    }
}

/// The text in a document that is folded to one.
pub(crate) fn written(object: &Object, column: &Column, document: &Document, folded: &str) -> Option<String> {
    let fields = Fields::stored(object, document);
    let computed;
    let value = match column.origin {
        Origin::Common => document.get(&column.path)?,
        Origin::Formula => {
            computed = fields.computed(object);
            computed.get(&column.field)?
        }
        Origin::Stored | Origin::RollUp => fields.get(&column.field)?,
    };
    let kind = if let ColumnType::Set(of) = &column.kind { of } else { &column.kind };
    let is_it = |text: &&str| kind.text(text) == folded;
    texts(value, column.member.as_deref()).into_iter().find(is_it).map(str::to_owned)
}

/// The texts of a value, or of a member of it.
fn texts<'a>(value: &'a Value, member: Option<&str>) -> Vec<&'a str> {
    match (value, member) {
        (Value::Array(items), Some(member)) => items.iter().filter_map(|item| item.get(member)?.as_str()).collect(),
        (Value::Array(words), None) => words.iter().filter_map(Value::as_str).collect(),
        (value, Some(member)) => value.get(member).and_then(Value::as_str).into_iter().collect(),
        (value, None) => value.as_str().into_iter().collect(),
    }
}
