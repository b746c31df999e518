//! Records as a caller may see them: the stored document, and what only the replica knows of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::Document;
use kernel::{Error, Result, Timestamp};
use records::Object;
use rusqlite::Transaction;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use crate::schema::{ColumnType, Origin, Table};
use crate::scope::{OWN, Scope};
use crate::visible::Visibility;

/// One record of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The record as it is stored, without fields that the caller may not see.
    pub document: Document,
    /// The values of its roll-ups by path: `null` where there is none, and where it would tell of records that the caller
    /// does not see. Without those that are hidden.
    pub roll_ups: BTreeMap<String, Value>,
}

/// How records of an object are read for a caller.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    object: Arc<Object>,
    visibility: Visibility,
    by_row: String,
    roll_ups: Vec<RollUp>,
}

/// A roll-up as it is read: one value, or an amount and its currency.
#[derive(Debug, Clone)]
struct RollUp {
    path: String,
    kind: ColumnType,
    values: Vec<String>,
}

/// A record as it was read, before anything is made of it.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    document: String,
    roll_ups: Vec<Sql>,
}

impl Raw {
    /// How many bytes its document has.
    pub(crate) const fn bytes(&self) -> usize {
        self.document.len()
    }
}

impl Shown {
    pub(crate) fn new(scope: &Scope<'_>) -> Self {
        let roll_ups: Vec<RollUp> = roll_ups(scope);
        let by_row = statement(scope.table, &roll_ups);
        Self { object: Arc::clone(&scope.table.object), visibility: scope.visibility.clone(), by_row, roll_ups }
    }

    /// Reads the record in a row, which is there.
    pub(crate) fn read(&self, transaction: &Transaction<'_>, row: i64) -> rusqlite::Result<Raw> {
        let mut select = transaction.prepare_cached(&self.by_row)?;
        select.query_row([row], |row| {
            let count = row.as_ref().column_count();
            let roll_ups = (1..count).map(|index| row.get(index)).collect::<rusqlite::Result<_>>()?;
            Ok(Raw { document: row.get(0)?, roll_ups })
        })
    }

    /// The document of a record, as the caller may see it.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn document(&self, raw: &Raw) -> Result<Document> {
        let document = serde_json::from_str(&raw.document).map_err(Error::unreadable("document"))?;
        Ok(self.visibility.hidden.strip(&self.object, document))
    }

    /// The values of a record's roll-ups, by path.
    pub(crate) fn roll_ups(&self, raw: &Raw) -> BTreeMap<String, Value> {
        let mut values = raw.roll_ups.iter();
        let mut next = |count: usize| -> Vec<&Sql> { values.by_ref().take(count).collect() };
        let read = |roll_up: &RollUp| (roll_up.path.clone(), answered(&roll_up.kind, &next(roll_up.values.len())));
        self.roll_ups.iter().map(read).collect()
    }

    /// The record as it is answered.
    ///
    /// # Errors
    /// When its document is none.
    pub(crate) fn found(&self, raw: &Raw) -> Result<Found> {
        Ok(Found { document: self.document(raw)?, roll_ups: self.roll_ups(raw) })
    }
}

fn roll_ups(scope: &Scope<'_>) -> Vec<RollUp> {
    let columns = scope.table.columns.iter().filter(|column| {
        // The currency comes with its amount.
        column.origin == Origin::RollUp && column.kind != ColumnType::Currency
    });
    let seen = columns.filter_map(|column| scope.seen(column));
    seen.map(|seen| RollUp {
        path: seen.column.path.clone(),
        kind: seen.kind().clone(),
        values: std::iter::once(seen.value(OWN)).chain(seen.currency(OWN)).collect(),
    })
    .collect()
}

fn statement(table: &Table, roll_ups: &[RollUp]) -> String {
    let values = roll_ups.iter().flat_map(|roll_up| &roll_up.values);
    let columns: String = values.map(|value| format!(", {value}")).collect();
    let Table { name, docs, .. } = table;
    format!("SELECT doc{columns} FROM {name} {OWN} JOIN {docs} USING (row) WHERE {OWN}.row = ?")
}

/// A value of a column as it is answered; money is an amount and a currency.
pub(crate) fn answered(kind: &ColumnType, values: &[&Sql]) -> Value {
    let value = values.first().copied().unwrap_or(&Sql::Null);
    match (kind, value, values.get(1)) {
        (ColumnType::Money, Sql::Integer(amount), Some(Sql::Text(currency))) => {
            json!({ "amount": amount, "currency": currency })
        }
        (ColumnType::Money, ..) => Value::Null,
        (ColumnType::Time, Sql::Integer(millis), _) => {
            Timestamp::from_millis(*millis).map_or(Value::Null, |time| json!(time))
        }
        (ColumnType::Boolean, Sql::Integer(truth), _) => json!(*truth != 0),
        (_, Sql::Integer(number), _) => json!(number),
        (_, Sql::Real(number), _) => crate::number::answered(*number),
        (_, Sql::Text(text), _) => json!(text),
        (_, Sql::Null | Sql::Blob(_), _) => Value::Null,
    }
}
