//! What the columns of a file could mean.

use std::collections::BTreeSet;

use kernel::AnyId;
use records::{FieldType, Object, coerce};
use replica::fold;
use serde_json::{Value, json};
use tabular::{Column as Seen, Looks, System, meant};

use super::ask::{Column, Part, Which};
use super::report::REASON;
use super::row::FULL_NAME;

/// A file as its columns are guessed.
#[derive(Debug, Default)]
pub(crate) struct Guess {
    /// What columns mean, for those of which something is known.
    pub(crate) columns: Vec<Column>,
    /// Fields that could be made for the others, by their numbers.
    pub(crate) new: Vec<Column>,
    /// Whether it is an export of ours, in which everything is written in one way and is all that a record had.
    pub(crate) is_own: bool,
    /// What records are found by.
    pub(crate) match_by: Vec<String>,
}

/// What the columns of a file mean that is brought in as records of an object.
pub(crate) fn guess(object: &Object, system: Option<System>, headers: &[String], seen: &[Seen]) -> Guess {
    let mut guess = Guess::default();
    let mut taken = BTreeSet::new();
    let source = system.map_or("import", System::as_str);
    let is_own = is_own(object, headers, seen);
    for (index, header) in headers.iter().enumerate() {
        let looks = seen.get(index).map_or(&Looks::Empty, |column| &column.looks);
        // Why a row has failed before is no part of a record.
        if is_beside(object, header) || header == REASON {
            continue;
        }
        let mut found = by_path(object, header, is_own);
        let is_path = found.iter().any(|column| column.field == *header);
        if found.is_empty() && !is_own {
            found = by_words(object, system, header);
        }
        if found.is_empty() && !is_own {
            found.extend(by_values(object, looks, &taken));
        }
        let before = guess.columns.len();
        for mut column in found {
            let is_new = taken.insert((
                column.field.clone(),
                column.part.as_ref().map(|part| (part.item.clone(), part.member.clone())),
            ));
            // What somebody may only read is not theirs to bring.
            let is_locked = object.field(&column.field).is_some_and(|field| field.locked);
            if !is_new || is_locked || !(is_own || fits(object, &column, seen.get(index))) {
                continue;
            }
            column.column = Which::Number(index);
            if !is_path && column.source.is_none() && needs_source(object, &column) {
                column.source = Some(source.to_owned());
            }
            format(&mut column, looks, is_path, is_own);
            guess.columns.push(column);
        }
        if guess.columns.len() == before && *looks != Looks::Empty && !header.is_empty() && !is_own {
            guess.new.extend(seen.get(index).and_then(|seen| new(object, index, header, seen)));
        }
    }
    // Parts of a name are worth more than the whole one.
    if taken.contains(&("first_name".to_owned(), None)) || taken.contains(&("last_name".to_owned(), None)) {
        guess.columns.retain(|column| column.field != FULL_NAME);
    }
    let keys = ["id", "external_id", "email", "domain"];
    let is_mapped = |path: &&str| guess.columns.iter().any(|column| column.field == **path);
    let is_key = |path: &&str| *path == "id" || object.field(path).is_some_and(records::Field::is_key);
    guess.is_own = is_own;
    guess.match_by = keys.into_iter().filter(is_key).filter(is_mapped).take(3).map(str::to_owned).collect();
    guess
}

/// Whether a file is an export of ours: it has the ids of the object's records.
fn is_own(object: &Object, headers: &[String], seen: &[Seen]) -> bool {
    let ids = headers.iter().zip(seen).find(|(header, _)| *header == "id").map(|(_, seen)| &seen.samples);
    let is_id = |text: &String| text.parse().is_ok_and(|id: AnyId| id.prefix() == object.prefix);
    ids.is_some_and(|ids| !ids.is_empty() && ids.iter().all(is_id))
}

/// Whether a column only says more of what another one refers to: `company_id.name`.
fn is_beside(object: &Object, header: &str) -> bool {
    let of = header.split_once('.').map(|(path, _)| path).filter(|path| *path != "custom");
    let of_own = header.rsplit_once('.').map(|(path, _)| path).filter(|path| path.starts_with("custom."));
    let refers = |path: &str| object.field(path).is_some_and(|field| field.kind.refers_to().is_some());
    of.is_some_and(|path| path == "owner_id" || refers(path)) || of_own.is_some_and(refers)
}

fn column(field: &str) -> Column {
    Column {
        column: Which::Number(0),
        field: field.to_owned(),
        part: None,
        by: None,
        source: None,
        currency: None,
        calling_code: None,
        number: None,
        date: None,
        replace: false,
        optional: false,
        new_field: None,
        new_options: false,
    }
}

/// A header that is a field's path, label or name: as an export of ours has it, or a company's own field.
fn by_path(object: &Object, header: &str, is_own: bool) -> Vec<Column> {
    if header == "id" || (header == "owner_id" && object.owned) {
        return vec![column(header)];
    }
    let is_exported = object.field(header).is_some_and(|field| !field.kind.is_computed());
    if is_exported {
        // What was exported is what the record had, all of it.
        let by = by_id(object, header).filter(|_| is_own);
        return vec![Column { replace: is_own, by, ..column(header) }];
    }
    let same = |text: &str| !text.is_empty() && fold(&spoken(text)) == fold(&spoken(header));
    let field = object
        .live()
        .find(|field| field.is_custom() && !field.kind.is_computed() && (same(&field.label) || same(&field.name)));
    field.map(|field| column(&field.path)).into_iter().collect()
}

/// What an exported reference is told by.
fn by_id(object: &Object, path: &str) -> Option<String> {
    let refers = object.field(path).is_some_and(|field| matches!(field.kind, FieldType::Reference { .. }));
    refers.then(|| "id".to_owned())
}

fn spoken(name: &str) -> String {
    name.chars().map(|char| if char.is_alphanumeric() { char } else { ' ' }).collect()
}

/// What the words of other systems mean.
fn by_words(object: &Object, system: Option<System>, header: &str) -> Vec<Column> {
    let Some(meant) = meant(system, &object.name, header) else { return Vec::new() };
    let part = meant.part.map(|part| Part { item: part.item.to_owned(), member: part.member.to_owned() });
    // Few files of people come with those of their companies: what is not there is no reason to leave people out.
    let optional = meant.by == Some("name");
    let first = Column { part, by: meant.by.map(str::to_owned), optional, ..column(meant.field) };
    std::iter::once(first).chain(meant.also.map(column)).collect()
}

/// What the values alone say.
fn by_values(object: &Object, looks: &Looks, taken: &BTreeSet<(String, Option<(String, String)>)>) -> Option<Column> {
    let path = match looks {
        Looks::Email => "email",
        Looks::Phone => "phone",
        Looks::Domain => "domain",
        Looks::Url => "website",
        _ => return None,
    };
    (object.field(path).is_some() && !taken.contains(&(path.to_owned(), None))).then(|| column(path))
}

/// Whether a column can mean this at all, by what stands in it.
fn fits(object: &Object, column: &Column, seen: Option<&Seen>) -> bool {
    let looks = seen.map_or(&Looks::Empty, |seen| &seen.looks);
    if matches!(column.field.as_str(), "id" | "owner_id" | FULL_NAME) || *looks == Looks::Empty {
        return true;
    }
    let Some(field) = object.field(&column.field) else { return false };
    match &field.kind {
        FieldType::Number { .. } => matches!(looks, Looks::Integer | Looks::Decimal(..) | Looks::Boolean),
        FieldType::Money {} => matches!(looks, Looks::Integer | Looks::Decimal(..) | Looks::Money(..) | Looks::Boolean),
        FieldType::Date {} | FieldType::DateTime {} => matches!(looks, Looks::Date(..) | Looks::Time(..)),
        // A few that are none are told row by row.
        FieldType::Email {} => matches!(looks, Looks::Email | Looks::Text | Looks::Choice),
        // Words of another system's own are no options here: a field of their own has them.
        FieldType::Select { .. } => {
            let words = seen.and_then(|seen| seen.distinct.as_deref()).unwrap_or_default();
            !words.is_empty() && words.iter().all(|(word, _)| coerce(&field.kind, &json!(word)).is_some())
        }
        kind => !kind.is_computed(),
    }
}

/// Whether the column has keys that only mean something together with where they are from.
fn needs_source(object: &Object, column: &Column) -> bool {
    let is_id = object.field(&column.field).is_some_and(|field| matches!(field.kind, FieldType::ExternalId {}));
    is_id || column.by.as_deref() == Some("external_id")
}

/// How the values are written, where that is known. `is_own`: in an export of ours, which another program may have saved since.
fn format(column: &mut Column, looks: &Looks, is_path: bool, is_own: bool) {
    match looks {
        Looks::Money(_, _, false) if is_own => {}
        // Who calls a column as the API does writes numbers as it does, where nothing says otherwise.
        Looks::Decimal(_, false) if is_path => {}
        Looks::Decimal(number, _) => column.number = Some(*number),
        Looks::Money(number, currency, _) => {
            column.number = Some(*number);
            column.currency.clone_from(currency);
        }
        Looks::Date(date, _) | Looks::Time(date, _) => column.date = Some(*date),
        _ => {}
    }
}

/// A field that could be made for a column.
fn new(object: &Object, index: usize, header: &str, seen: &Seen) -> Option<Column> {
    let name = slug(header);
    let path = ["custom.", &name].concat();
    if name.is_empty() || object.fields.iter().any(|field| field.path == path) {
        return None;
    }
    let label: String = header.chars().take(100).collect();
    let kind = match &seen.looks {
        Looks::Boolean => json!({ "type": "boolean" }),
        Looks::Integer => json!({ "type": "number" }),
        Looks::Decimal(..) => json!({ "type": "number", "decimals": 2 }),
        Looks::Money(..) => json!({ "type": "money" }),
        Looks::Date(..) => json!({ "type": "date" }),
        Looks::Time(..) => json!({ "type": "datetime" }),
        Looks::Email => json!({ "type": "email" }),
        Looks::Phone => json!({ "type": "phone" }),
        Looks::Url => json!({ "type": "url" }),
        Looks::Domain => json!({ "type": "domain" }),
        Looks::Choice => json!({ "type": "select" }),
        Looks::List => json!({ "type": "tags" }),
        Looks::Text if seen.has_line_breaks || seen.longest > 255 => json!({ "type": "long_text" }),
        Looks::Text => json!({ "type": "text" }),
        Looks::Empty => return None,
    };
    let mut body = kind.as_object().cloned().unwrap_or_default();
    body.insert("name".to_owned(), Value::from(name));
    body.insert("label".to_owned(), Value::from(label));
    let mut column = Column {
        column: Which::Number(index),
        new_field: Some(body),
        new_options: seen.looks == Looks::Choice,
        ..column(&path)
    };
    format(&mut column, &seen.looks, false, false);
    Some(column)
}

/// A header as the name of a field: words of small letters and digits.
fn slug(header: &str) -> String {
    let mut slug = String::new();
    for char in fold(header).chars() {
        if char.is_ascii_alphanumeric() {
            slug.push(char);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug: String = slug.chars().take(40).collect();
    let slug = slug.trim_matches('_');
    // A name does not begin with a digit.
    if slug.starts_with(|char: char| char.is_ascii_digit()) {
        format!("n_{slug}").chars().take(40).collect()
    } else {
        slug.to_owned()
    }
}
