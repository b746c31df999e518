//! Records that may be the same thing twice.
//!
//! Two records look alike when one of these is the same in both: an email address or a phone number, further ones
//! included; a domain; the whole title and the company that they belong to (of objects that have a company); the whole
//! title without legal forms (of all others). Compared is what is kept for comparing: folded texts, numbers as E.164.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use kernel::{AnyId, Position, Result};
use records::{FieldType, Fields, Object};
use rusqlite::types::Value as Sql;
use rusqlite::{Row, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ask::scope;
use crate::company_name::core_name;
use crate::fold::{match_words, phrase};
use crate::part::Part;
use crate::replicas::Replica;
use crate::schema::{ColumnType, SEPARATOR, Schema};
use crate::scope::{OWN, Scope, Seen};
use crate::search::{kind_of, title, title_value};
use crate::shown::{Found, Raw, Shown};
use crate::visible::Visibility;
use crate::words::column_query;

/// The most records that are looked at more closely for one sort of what records can have in common: those of the
/// candidates that were changed last.
const MAX_LOOKED_AT: i64 = 2_000;
/// The most values of one sort that are looked for.
const MAX_VALUES: usize = 50;
/// The field by which records belong to a company.
const COMPANY: &str = "company_id";

/// A record that is not there yet, or is about to be changed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its object in the singular.
    pub object: String,
    /// Its fields.
    pub fields: Fields,
    /// The record that it is or will be, which is no duplicate of itself.
    pub except: Option<AnyId>,
    /// What the caller may see.
    pub visibility: Visibility,
    /// How many candidates at most.
    pub limit: usize,
}

/// A record that may be the same as another.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The record.
    pub found: Found,
    /// Why, the strongest reason first.
    pub reasons: Vec<Reason>,
}

/// Why two records may be the same, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// They have an email address in common.
    Email,
    /// They have a phone number in common.
    Phone,
    /// They have the domain in common.
    Domain,
    /// They have the same name and belong to the same company.
    NameAndCompany,
    /// They have the same name, but for legal forms.
    Name,
}

/// The columns of an object that records can look alike in, as far as the caller may know them.
pub(crate) struct Traits<'a> {
    emails: Vec<Seen<'a>>,
    phones: Vec<Seen<'a>>,
    domains: Vec<Seen<'a>>,
    title: Vec<Seen<'a>>,
    company: Option<Seen<'a>>,
    /// Whether records have a company at all: then a name alone says nothing.
    has_company: bool,
}

impl<'a> Traits<'a> {
    pub(crate) fn new(scope: &Scope<'a>) -> Self {
        let all = scope.table.columns.iter().filter_map(|column| scope.seen(column));
        let mut traits = Self {
            emails: Vec::new(),
            phones: Vec::new(),
            domains: Vec::new(),
            title: title(scope),
            company: scope.own(COMPANY),
            has_company: scope.table.column(COMPANY).is_some(),
        };
        for seen in all.filter(|seen| seen.column.searched) {
            match kind_of(&seen) {
                Some(FieldType::Email {}) => traits.emails.push(seen),
                Some(FieldType::Phone {}) => traits.phones.push(seen),
                Some(FieldType::Domain {}) => traits.domains.push(seen),
                _ => {}
            }
        }
        // Whoever may not know a part of a name knows no names.
        if traits.title.len() < scope.table.object.title.len() {
            traits.title.clear();
        }
        traits
    }

    /// What a statement reads of each record after its row and its id: in the order of [`Alike::read`].
    pub(crate) fn values(&self) -> String {
        let several = |seen: &[Seen<'_>]| {
            let value = |seen: &Seen<'_>| format!("coalesce({}, '')", seen.value(OWN));
            let separator = format!(" || char({}) || ", u32::from(SEPARATOR));
            let values: Vec<String> = seen.iter().map(value).collect();
            if values.is_empty() { "NULL".to_owned() } else { values.join(&separator) }
        };
        let company = self.company.map_or_else(|| "NULL".to_owned(), |seen| seen.value(OWN));
        [several(&self.emails), several(&self.phones), several(&self.domains), title_value(&self.title), company]
            .join(", ")
    }

    pub(crate) const fn has_company(&self) -> bool {
        self.has_company
    }

    /// The FTS5 queries for records that may look like one, by what they may have in common. They are asked apart: however
    /// many have the name, none of them takes the place of one that has the address.
    fn queries(&self, alike: &Alike) -> Vec<String> {
        let mut queries = Vec::new();
        for (columns, values) in
            [(&self.emails, &alike.emails), (&self.phones, &alike.phones), (&self.domains, &alike.domains)]
        {
            let phrases = values.iter().take(MAX_VALUES).filter_map(|value| phrase(value));
            let parts = phrases.filter_map(|phrase| column_query(columns, &phrase));
            let parts: Vec<String> = parts.map(|part| format!("({part})")).collect();
            queries.extend((!parts.is_empty()).then(|| parts.join(" OR ")));
        }
        let name = if self.has_company { alike.named.as_ref().map(|(name, _)| name) } else { alike.name.as_ref() };
        let searched: Vec<Seen<'_>> = self.title.iter().filter(|seen| seen.column.searched).copied().collect();
        let words = name.and_then(|name| match_words(name));
        queries.extend(words.and_then(|words| column_query(&searched, &words)));
        queries
    }
}

/// What records look alike in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) emails: BTreeSet<String>,
    pub(crate) phones: BTreeSet<String>,
    pub(crate) domains: BTreeSet<String>,
    /// The whole title and the company.
    pub(crate) named: Option<(String, String)>,
    /// The whole title without legal forms, of an object without companies.
    pub(crate) name: Option<String>,
}

impl Alike {
    /// Reads what [`Traits::values`] named, from the column `at` on.
    pub(crate) fn read(row: &Row<'_>, at: usize, has_company: bool) -> rusqlite::Result<Self> {
        let text = |index: usize| row.get::<_, Option<String>>(at + index);
        let several = |index: usize| {
            let texts = text(index)?.unwrap_or_default();
            Ok::<_, rusqlite::Error>(texts.split(SEPARATOR).filter(|one| !one.is_empty()).map(str::to_owned).collect())
        };
        let mut alike = Self { emails: several(0)?, phones: several(1)?, domains: several(2)?, ..Self::default() };
        alike.call(text(3)?, text(4)?, has_company);
        Ok(alike)
    }

    /// What a draft has, as far as the caller may know it.
    fn of(scope: &Scope<'_>, traits: &Traits<'_>, fields: &Fields) -> Self {
        let object = &scope.table.object;
        let several = |columns: &[Seen<'_>]| columns.iter().flat_map(|seen| texts(object, seen, fields)).collect();
        let title: Vec<String> = traits.title.iter().flat_map(|seen| texts(object, seen, fields)).collect();
        let company = traits.company.and_then(|_| fields.text(COMPANY)).map(str::to_owned);
        let mut alike = Self {
            emails: several(&traits.emails),
            phones: several(&traits.phones),
            domains: several(&traits.domains),
            ..Self::default()
        };
        alike.call(Some(title.join(" ")), company, traits.has_company);
        alike
    }

    fn call(&mut self, title: Option<String>, company: Option<String>, has_company: bool) {
        let Some(title) = title.filter(|title| !title.is_empty()) else { return };
        if has_company {
            self.named = company.map(|company| (title, company));
        } else {
            self.name = Some(core_name(&title)).filter(|name| !name.is_empty());
        }
    }

    /// Why two records look alike.
    pub(crate) fn reasons(&self, other: &Self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut note = |is_one: bool, reason| reasons.extend(is_one.then_some(reason));
        note(!self.emails.is_disjoint(&other.emails), Reason::Email);
        note(!self.phones.is_disjoint(&other.phones), Reason::Phone);
        note(!self.domains.is_disjoint(&other.domains), Reason::Domain);
        note(self.named.is_some() && self.named == other.named, Reason::NameAndCompany);
        note(self.name.is_some() && self.name == other.name, Reason::Name);
        reasons
    }
}

/// The texts of a draft that a column would hold.
fn texts(object: &Object, seen: &Seen<'_>, fields: &Fields) -> Vec<String> {
    let kind = if let ColumnType::Set(of) = seen.kind() { of } else { seen.kind() };
    let Some(value) = object.field(&seen.column.field).and_then(|field| fields.get(&field.path)) else {
        return Vec::new();
    };
    let texts: Vec<&str> = match (value, &seen.column.member) {
        (Value::Array(items), Some(member)) => items.iter().filter_map(|item| item.get(member)?.as_str()).collect(),
        (value, _) => value.as_str().into_iter().collect(),
    };
    texts.into_iter().map(|text| kind.text(text)).collect()
}

/// A question for look-alikes of one record.
struct Look {
    statements: Vec<Part>,
    alike: Alike,
    has_company: bool,
    shown: Shown,
}

impl Look {
    fn new(scope: &Scope<'_>, draft: &Draft) -> Self {
        let traits = Traits::new(scope);
        let alike = Alike::of(scope, &traits, &draft.fields);
        let statement = |query: String| statement(scope, &traits, query, draft.except);
        let statements = traits.queries(&alike).into_iter().map(statement).collect();
        Self { statements, alike, has_company: traits.has_company(), shown: Shown::new(scope) }
    }

    fn run(&self, transaction: &Transaction<'_>, limit: usize) -> rusqlite::Result<Vec<(Vec<Reason>, Raw)>> {
        // By when and who, the last first, so that each is there once.
        let mut looked_at = BTreeMap::new();
        for statement in &self.statements {
            let mut select = transaction.prepare_cached(&statement.text)?;
            let mut rows = select.query(params_from_iter(&statement.values))?;
            while let Some(row) = rows.next()? {
                let place: Reverse<(i64, String)> = Reverse((row.get(2)?, row.get(1)?));
                let reasons = self.alike.reasons(&Alike::read(row, 3, self.has_company)?);
                looked_at.insert(place, (reasons, row.get(0)?));
            }
        }
        let mut found: Vec<(Vec<Reason>, i64)> = looked_at.into_values().collect();
        found.retain(|(reasons, _)| !reasons.is_empty());
        // Stable: among equally good reasons the record that was changed last comes first.
        found.sort_by_key(|(reasons, _)| (reasons.first().copied(), Reverse(reasons.len())));
        let read = |(reasons, row): (Vec<Reason>, i64)| Ok((reasons, self.shown.read(transaction, row)?));
        found.into_iter().take(limit).map(read).collect()
    }
}

fn statement(scope: &Scope<'_>, traits: &Traits<'_>, query: String, except: Option<AnyId>) -> Part {
    let words = &scope.table.words;
    let (values, table) = (traits.values(), &scope.table.name);
    let mut statement =
        Part::of(format!("SELECT {OWN}.row, {OWN}.f_id, {OWN}.f_updated_at, {values} FROM {table} {OWN} WHERE "));
    let found =
        Part::new(format!("{OWN}.row IN (SELECT rowid FROM {words} WHERE {words} MATCH ?)"), vec![Sql::Text(query)]);
    statement.push(Part::and([found, here()].into_iter().chain(scope.visible(OWN))));
    if let Some(except) = except {
        statement.push(Part::new(format!(" AND {OWN}.f_id IS NOT ?"), vec![Sql::Text(except.to_string())]));
    }
    let order = format!(" ORDER BY {OWN}.f_updated_at DESC, {OWN}.f_id DESC LIMIT ?");
    statement.push(Part::new(order, vec![Sql::Integer(MAX_LOOKED_AT)]));
    statement
}

/// The condition that a record is neither in the trash nor part of another one.
pub(crate) fn here() -> Part {
    Part::of(format!("{OWN}.f_archived_at IS NULL AND {OWN}.f_merged_into IS NULL"))
}

impl Replica {
    /// Records that may be the same as a draft, the most likely first. Fields that are not searched are not looked into;
    /// records in the trash and merged ones are no candidates.
    ///
    /// # Errors
    /// [`kernel::Error::NotFound`] for an object that there is not; otherwise as [`Replica::answer`].
    pub async fn duplicates(&self, draft: &Draft, position: &Position) -> Result<Vec<Candidate>> {
        self.check(|schema| scope(schema, &draft.object, &draft.visibility).map(drop)).await?;
        self.follow(position).await?;
        self.duplicates_here(draft)
    }

    /// The same from what the replica has now.
    ///
    /// # Errors
    /// As [`Self::duplicates`].
    pub fn duplicates_here(&self, draft: &Draft) -> Result<Vec<Candidate>> {
        let make = |schema: &Schema| Ok(Look::new(&scope(schema, &draft.object, &draft.visibility)?, draft));
        let run =
            |transaction: &Transaction<'_>, look: &Look| Ok((look.run(transaction, draft.limit)?, look.shown.clone()));
        let (found, shown) = self.put(make, run)?;
        let candidate = |(reasons, raw): (Vec<Reason>, Raw)| Ok(Candidate { found: shown.found(&raw)?, reasons });
        found.into_iter().map(candidate).collect()
    }
}
