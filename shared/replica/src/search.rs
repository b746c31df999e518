//! Looking for something among the records of all objects at once.

use std::cmp::Reverse;
use std::time::Instant;

use kernel::{Error, Position, Result, Timestamp, Violations};
use records::{FieldType, coerce, parse_phone};
use rusqlite::types::Value as Sql;
use rusqlite::{Transaction, params_from_iter};
use serde_json::Value;

use crate::ask::millis;
use crate::fold::{fold, match_text};
use crate::part::Part;
use crate::prepared::prepare;
use crate::replicas::Replica;
use crate::schema::{ColumnType, Schema};
use crate::scope::{OWN, Scope, Seen};
use crate::shown::{Found, Raw, Shown};
use crate::visible::Visibility;
use crate::words::{check_search, in_columns};

/// The most hits of one answer.
pub const MAX_HITS: u16 = 100;

/// A search over the records of many objects.
#[derive(Debug, Clone)]
pub struct Search {
    /// The words that are looked for.
    pub text: String,
    /// The objects in the singular; `None`: all that have something to look into.
    pub objects: Option<Vec<String>>,
    /// How many hits, 1 to [`MAX_HITS`].
    pub limit: u16,
    /// What the caller may see.
    pub visibility: Visibility,
}

/// What was found, the best first: by [`Match`], then the record that was changed last.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// The records.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub has_more: bool,
    /// When it was looked.
    pub as_of: Timestamp,
    /// How long SQLite worked, in milliseconds.
    pub replica_ms: f64,
}

/// One record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its object in the singular.
    pub object: String,
    /// How well it matches.
    pub matched: Match,
    /// The record.
    pub found: Found,
}

/// How well a record matches, the best first. Folded text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// Its whole title, an email address, a phone number or a domain of it is what was looked for.
    Exact,
    /// Every word begins a word of its title.
    Title,
    /// Every word begins a word of something else that is searched.
    Other,
}

impl Match {
    const fn of(class: i64) -> Self {
        match class {
            0 => Self::Exact,
            1 => Self::Title,
            _ => Self::Other,
        }
    }
}

/// Looking through one object.
struct Look {
    object: String,
    statement: Part,
    shown: Shown,
}

/// Where something was found.
struct Place {
    class: i64,
    updated_at: i64,
    id: String,
    row: i64,
    look: usize,
}

impl Replica {
    /// Looks for words in the records of all objects or of some, outside the trash. Text without words finds nothing.
    ///
    /// # Errors
    /// Violations at `/q`, `/objects` and `/limit`; `too_expensive` when looking took too long; [`Error::Unavailable`] when
    /// the replica is too far behind.
    pub async fn search(&self, search: &Search, position: &Position) -> Result<Hits> {
        self.check(|schema| Ok(looks(schema, search)?)).await?;
        let as_of = self.follow(position).await?;
        self.search_at(search, as_of)
    }

    /// The same in what the replica has now.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn search_here(&self, search: &Search) -> Result<Hits> {
        self.search_at(search, self.clock.now())
    }

    fn search_at(&self, search: &Search, as_of: Timestamp) -> Result<Hits> {
        let started = Instant::now();
        let limit = usize::from(search.limit);
        let make = |schema: &Schema| Ok(looks(schema, search)?);
        let (found, has_more) = self.put_bounded(make, |transaction, looks| find(transaction, looks, limit))?;
        let hit = |read: Read| {
            let found = read.shown.found(&read.raw)?;
            Ok::<_, Error>(Hit { object: read.object, matched: Match::of(read.class), found })
        };
        let hits = found.into_iter().map(hit).collect::<Result<_>>()?;
        Ok(Hits { hits, has_more, as_of, replica_ms: millis(started) })
    }
}

/// A record that was found, as it was read.
struct Read {
    object: String,
    class: i64,
    raw: Raw,
    shown: Shown,
}

fn find(transaction: &Transaction<'_>, looks: &[Look], limit: usize) -> rusqlite::Result<(Vec<Read>, bool)> {
    let mut places = Vec::new();
    for (number, look) in looks.iter().enumerate() {
        let mut select = prepare(transaction, &look.statement.text)?;
        let place = |row: &rusqlite::Row<'_>| {
            Ok(Place { row: row.get(0)?, id: row.get(1)?, class: row.get(2)?, updated_at: row.get(3)?, look: number })
        };
        places.extend(
            select.query_map(params_from_iter(&look.statement.values), place)?.collect::<rusqlite::Result<Vec<_>>>()?,
        );
    }
    places.sort_by(|a, b| {
        (a.class, Reverse(a.updated_at), Reverse(&a.id)).cmp(&(b.class, Reverse(b.updated_at), Reverse(&b.id)))
    });
    let has_more = places.len() > limit;
    let read = |place: &Place| {
        let look = &looks[place.look];
        let raw = look.shown.read(transaction, place.row)?;
        Ok(Read { object: look.object.clone(), class: place.class, raw, shown: look.shown.clone() })
    };
    Ok((places.iter().take(limit).map(read).collect::<rusqlite::Result<_>>()?, has_more))
}

/// How each object is looked through. What is wrong with the search is a violation.
fn looks(schema: &Schema, search: &Search) -> Result<Vec<Look>, Violations> {
    let mut violations = Violations::new();
    if search.limit == 0 || search.limit > MAX_HITS {
        violations.add("/limit", "out_of_range", format!("must be from 1 to {MAX_HITS}"));
    }
    for (index, object) in search.objects.iter().flatten().enumerate().take(usize::from(MAX_HITS)) {
        if schema.table(object).is_none() {
            violations.add(format!("/objects/{index}"), "unknown_object", "is not an object of this workspace");
        }
    }
    check_search(&search.text, "/q", &mut violations);
    violations.or(())?;
    let wanted = Wanted::new(&search.text);
    let Some(wanted) = wanted else { return Ok(Vec::new()) };
    let is_asked = |name: &String| search.objects.as_ref().is_none_or(|objects| objects.contains(name));
    let tables = schema.tables.iter().filter(|table| !table.object.archived && is_asked(&table.object.name));
    let scopes = tables.filter_map(|table| Scope::new(schema, &table.object.name, &search.visibility));
    Ok(scopes.filter_map(|scope| look(&scope, &wanted, search.limit)).collect())
}

/// What is looked for, in its several forms.
struct Wanted {
    /// The text folded, with single blanks: what a whole title is compared with.
    folded: String,
    /// The words, as a query of FTS5.
    words: String,
    phone: Option<String>,
    domain: Option<String>,
}

impl Wanted {
    /// `None`: there is nothing to look for.
    fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let phone = parse_phone(text);
        let domain =
            coerce(&FieldType::Domain {}, &Value::from(text)).and_then(|domain| domain.as_str().map(str::to_owned));
        // A number or an address is looked for as it is kept, however it was typed.
        let is_address = text.contains("://") || text.starts_with("www.");
        let looked_for = match (&phone, &domain) {
            (Some(phone), _) => phone,
            (None, Some(domain)) if is_address => domain,
            _ => text,
        };
        let words = match_text(looked_for)?;
        let folded = fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Self { folded, words, phone, domain })
    }
}

/// `None`: there is nothing to look into.
fn look(scope: &Scope<'_>, wanted: &Wanted, limit: u16) -> Option<Look> {
    let searched = scope.searched();
    if searched.is_empty() {
        return None;
    }
    let title = title(scope);
    let titles: Vec<Seen<'_>> =
        searched.iter().filter(|seen| title.iter().any(|part| part.column.path == seen.column.path)).copied().collect();
    let mut statement = Part::of(format!("SELECT {OWN}.row, {OWN}.f_id, (CASE WHEN "));
    statement.push(exact(scope, &title, wanted));
    statement.push_text(" THEN 0 WHEN ");
    statement.push(in_columns(scope, &titles, &wanted.words));
    statement.push_text(" THEN 1 ELSE 2 END) AS class");
    statement.push_text(&format!(", {OWN}.f_updated_at FROM {} {OWN} WHERE ", scope.table.name));
    let here = Part::of(format!("{OWN}.f_archived_at IS NULL AND {OWN}.f_merged_into IS NULL"));
    let conditions = [in_columns(scope, &searched, &wanted.words), here].into_iter().chain(scope.visible(OWN));
    statement.push(Part::and(conditions));
    let order = format!(" ORDER BY class, {OWN}.f_updated_at DESC, {OWN}.f_id DESC LIMIT ?");
    statement.push(Part::new(order, vec![Sql::Integer(i64::from(limit) + 1)]));
    Some(Look { object: scope.table.object.name.clone(), statement, shown: Shown::new(scope) })
}

/// The columns of the title that the caller may see.
pub(crate) fn title<'a>(scope: &Scope<'a>) -> Vec<Seen<'a>> {
    let title = scope.table.object.title.iter();
    title.filter_map(|path| scope.own(path)).filter(|seen| *seen.kind() == ColumnType::Text).collect()
}

/// The whole title in a statement: folded, its parts with blanks between them. No value, no blank.
pub(crate) fn title_value(title: &[Seen<'_>]) -> String {
    let parts: Vec<String> = title.iter().map(|seen| format!("coalesce({} || ' ', '')", seen.value(OWN))).collect();
    if parts.is_empty() { "NULL".to_owned() } else { format!("rtrim({})", parts.join(" || ")) }
}

fn exact(scope: &Scope<'_>, title: &[Seen<'_>], wanted: &Wanted) -> Part {
    let whole = Part::new(format!("coalesce({} = ?, 0)", title_value(title)), vec![Sql::Text(wanted.folded.clone())]);
    let reached = scope.searched().into_iter().filter_map(|seen| {
        let kind = kind_of(&seen)?;
        let value = match kind {
            FieldType::Email {} => Some(wanted.folded.clone()),
            FieldType::Phone {} => wanted.phone.clone(),
            FieldType::Domain {} => wanted.domain.clone(),
            _ => None,
        }?;
        Some(is_value(&seen, &value))
    });
    Part::or(std::iter::once(whole).chain(reached))
}

/// Whether a value of a column, or one of its values, is a text.
fn is_value(seen: &Seen<'_>, text: &str) -> Part {
    let value = seen.value(OWN);
    match seen.kind() {
        ColumnType::Set(of) => {
            Part::new(format!("coalesce(instr({value}, ?), 0) > 0"), vec![Sql::Text(of.member(text))])
        }
        kind => Part::new(format!("{value} IS ?"), vec![Sql::Text(kind.text(text))]),
    }
}

/// The type of the field, or of the member of items, that a column has.
pub(crate) fn kind_of<'a>(seen: &Seen<'a>) -> Option<&'a FieldType> {
    let field = seen.table.object.field(&seen.column.field)?;
    match (&field.kind, &seen.column.member) {
        (FieldType::Items { fields, .. }, Some(member)) => {
            fields.iter().find(|field| field.name == *member).map(|field| &field.kind)
        }
        (kind, None) => Some(kind),
        _ => None,
    }
}
