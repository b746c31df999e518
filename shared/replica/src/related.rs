//! Records by their ids, what is rolled up in them, and who refers to one.

use std::collections::BTreeMap;

use events::Document;
use kernel::{AnyId, Position, Result};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Transaction, params_from_iter};
use serde_json::Value;

use crate::ask::scope;
use crate::part::Part;
use crate::prepared::prepare;
use crate::replicas::Replica;
use crate::schema::{Column, ColumnType, Schema, Table};
use crate::scope::{OWN, Scope};
use crate::shown::{Found, Raw, Shown};
use crate::visible::Visibility;

/// Columns that say who did something, or where a record went: they are history, not references that can be pointed
/// elsewhere.
const HISTORY: [&str; 4] = ["id", "created_by", "updated_by", "merged_into"];

/// A record that refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referring {
    /// Its object in the singular.
    pub object: String,
    /// Its id.
    pub id: AnyId,
    /// The paths of the fields by which it does: `company_id`, `former_jobs.company_id`.
    pub paths: Vec<String>,
}

/// How one record is found by its id and read.
struct Lookup {
    find: Part,
    shown: Shown,
}

impl Lookup {
    fn new(scope: &Scope<'_>) -> Self {
        let mut find = Part::of(format!("SELECT {OWN}.row FROM {} {OWN} WHERE {OWN}.f_id = ?", scope.table.name));
        if let Some(visible) = scope.visible(OWN) {
            find.push_text(" AND ");
            find.push(visible);
        }
        Self { find, shown: Shown::new(scope) }
    }

    fn read(&self, transaction: &Transaction<'_>, id: AnyId) -> rusqlite::Result<Option<Raw>> {
        let mut select = transaction.prepare_cached(&self.find.text)?;
        let values = std::iter::once(Sql::Text(id.to_string())).chain(self.find.values.iter().cloned());
        let row: Option<i64> = select.query_row(params_from_iter(values), |row| row.get(0)).optional()?;
        row.map(|row| self.shown.read(transaction, row)).transpose()
    }
}

impl Replica {
    /// Records by their ids as the caller may see them, in the order that was asked for and each once: also those in the
    /// trash and those that were merged into others. What is not there, or may not be seen, is left out.
    ///
    /// # Errors
    /// [`kernel::Error::Unavailable`] when the replica is too far behind, or reading took too long.
    pub async fn documents(
        &self,
        ids: &[AnyId],
        visibility: &Visibility,
        position: &Position,
    ) -> Result<Vec<Document>> {
        self.follow(position).await?;
        self.documents_here(ids, visibility)
    }

    /// The same from what the replica has now: after an answer that caught up a moment ago.
    ///
    /// # Errors
    /// As [`Self::documents`].
    pub fn documents_here(&self, ids: &[AnyId], visibility: &Visibility) -> Result<Vec<Document>> {
        Ok(self.found_here(ids, visibility)?.into_iter().map(|found| found.document).collect())
    }

    /// The same with the values of their roll-ups.
    ///
    /// # Errors
    /// As [`Self::documents`].
    pub fn found_here(&self, ids: &[AnyId], visibility: &Visibility) -> Result<Vec<Found>> {
        Ok(self.found_within(ids, visibility, usize::MAX)?.0)
    }

    /// The same of the first of some ids, until their documents have so many bytes; and of how many ids that was.
    ///
    /// # Errors
    /// As [`Self::documents`].
    pub fn found_within(&self, ids: &[AnyId], visibility: &Visibility, bytes: usize) -> Result<(Vec<Found>, usize)> {
        let mut wanted: Vec<AnyId> = Vec::with_capacity(ids.len());
        let mut known = std::collections::HashSet::new();
        wanted.extend(ids.iter().filter(|id| known.insert(**id)));
        let make = |schema: &Schema| {
            let mut lookups = BTreeMap::new();
            for id in &wanted {
                let table = schema.of_prefix(id.prefix());
                let scope = table.and_then(|table| Scope::new(schema, &table.object.name, visibility));
                if let Some(scope) = scope {
                    lookups.entry(id.prefix()).or_insert_with(|| Lookup::new(&scope));
                }
            }
            Ok(lookups)
        };
        let read = self.put(make, |transaction, lookups: &BTreeMap<_, Lookup>| {
            let (mut read, mut left) = (Vec::new(), bytes);
            for (number, id) in wanted.iter().enumerate() {
                let Some(lookup) = lookups.get(&id.prefix()) else { continue };
                let Some(raw) = lookup.read(transaction, *id)? else { continue };
                let Some(rest) = left.checked_sub(raw.bytes()) else { return Ok((read, number)) };
                left = rest;
                read.push((lookup.shown.clone(), raw));
            }
            Ok((read, wanted.len()))
        })?;
        let (read, looked_at) = read;
        Ok((read.iter().map(|(shown, raw)| shown.found(raw)).collect::<Result<_>>()?, looked_at))
    }

    /// The values of roll-ups of some records of an object, by id and path, as an administrator sees them. A record that is
    /// not there is left out.
    ///
    /// # Errors
    /// [`kernel::Error::NotFound`] for an object that there is not; [`kernel::Error::Unavailable`] when the replica is too far behind.
    pub async fn roll_ups(
        &self,
        object: &str,
        ids: &[AnyId],
        position: &Position,
    ) -> Result<BTreeMap<AnyId, BTreeMap<String, Value>>> {
        self.roll_ups_for(object, ids, &Visibility::all(), position).await
    }

    /// The same as a caller sees them: `null` where they would tell of records that the caller does not see.
    ///
    /// # Errors
    /// As [`Self::roll_ups`].
    pub async fn roll_ups_for(
        &self,
        object: &str,
        ids: &[AnyId],
        visibility: &Visibility,
        position: &Position,
    ) -> Result<BTreeMap<AnyId, BTreeMap<String, Value>>> {
        self.check(|schema| scope(schema, object, visibility).map(drop)).await?;
        self.follow(position).await?;
        let read = self.put(
            |schema| Ok(Lookup::new(&scope(schema, object, visibility)?)),
            |transaction, lookup| {
                let mut read = BTreeMap::new();
                for id in ids {
                    if let Some(raw) = lookup.read(transaction, *id)? {
                        read.insert(*id, lookup.shown.roll_ups(&raw));
                    }
                }
                Ok(read)
            },
        )?;
        Ok(read)
    }

    /// Who refers to any of some records of one object by any field, its owner's and items' members included, in the order
    /// of ids and each once; also records in the trash, and those of objects that were given up. Links and shares are not
    /// among them, nor is what was merged into another record: nobody writes to it. For workers: no caller's visibility
    /// bounds it.
    ///
    /// `after` is the last id of the page before, `limit` how many there are at most in this one.
    ///
    /// # Errors
    /// [`kernel::Error::Unavailable`] when the replica is too far behind, or looking took too long.
    pub async fn referring(&self, to: &[AnyId], after: Option<AnyId>, limit: usize) -> Result<Vec<Referring>> {
        let Some(first) = to.first() else { return Ok(Vec::new()) };
        self.catch_up().await?;
        let make = |schema: &Schema| {
            let target = schema.of_prefix(first.prefix()).map(|table| table.object.name.clone());
            let Some(target) = target else { return Ok(Vec::new()) };
            let mut tables: Vec<&Table> = schema.tables.iter().collect();
            // Ids of one object are together, and objects follow each other by their prefixes.
            tables.sort_by_key(|table| table.object.prefix);
            tables.retain(|table| after.is_none_or(|after| table.object.prefix >= after.prefix()));
            Ok(tables.into_iter().filter_map(|table| Search::new(table, &target, to, after)).collect())
        };
        self.put(make, |transaction, searches: &Vec<Search>| {
            let mut found = Vec::new();
            for search in searches {
                if found.len() >= limit {
                    break;
                }
                search.run(transaction, limit - found.len(), &mut found)?;
            }
            Ok(found)
        })
    }
}

/// Looking through one table for records that refer to some of one object.
struct Search {
    object: String,
    paths: Vec<String>,
    statement: Part,
}

impl Search {
    /// `None`: records of this table cannot refer to that object.
    fn new(table: &Table, target: &str, to: &[AnyId], after: Option<AnyId>) -> Option<Self> {
        let is_id = |kind: &ColumnType| *kind == ColumnType::Id(target.to_owned());
        let refers = |column: &&Column| match &column.kind {
            ColumnType::Set(of) => is_id(of),
            kind => is_id(kind) && !HISTORY.contains(&column.path.as_str()),
        };
        let columns: Vec<&Column> = table.columns.iter().filter(refers).collect();
        if columns.is_empty() {
            return None;
        }
        let has = |name: &str, member: String| {
            Part::new(format!("({name} IS NOT NULL AND instr({name}, ?) > 0)"), vec![Sql::Text(member)])
        };
        let does = |column: &&Column| match &column.kind {
            ColumnType::Set(of) => Part::or(to.iter().map(|id| has(&column.name, of.member(&id.to_string())))),
            _ => Part::or(
                to.iter().map(|id| Part::new(format!("{} IS ?", column.name), vec![Sql::Text(id.to_string())])),
            ),
        };
        let mut statement = Part::of("SELECT f_id");
        for column in &columns {
            statement.push_text(", ");
            statement.push(does(column));
        }
        statement.push_text(&format!(" FROM {} WHERE f_merged_into IS NULL AND ", table.name));
        statement.push(Part::or(columns.iter().map(does)));
        if let Some(after) = after {
            statement.push(Part::new(" AND f_id > ?", vec![Sql::Text(after.to_string())]));
        }
        statement.push_text(" ORDER BY f_id LIMIT ?");
        let paths = columns.iter().map(|column| column.path.clone()).collect();
        Some(Self { object: table.object.name.clone(), paths, statement })
    }

    fn run(&self, transaction: &Transaction<'_>, limit: usize, found: &mut Vec<Referring>) -> rusqlite::Result<()> {
        let limit = Sql::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let values = self.statement.values.iter().cloned().chain([limit]);
        let mut select = prepare(transaction, &self.statement.text)?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let mut paths = Vec::new();
            for (index, path) in self.paths.iter().enumerate() {
                if row.get::<_, bool>(index + 1)? {
                    paths.push(path.clone());
                }
            }
            // The table of an object has nothing but its records' ids.
            if let Ok(id) = id.parse() {
                found.push(Referring { object: self.object.clone(), id, paths });
            }
        }
        Ok(())
    }
}
