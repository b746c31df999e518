//! Whether what columns are to mean can be meant.

use kernel::{Violations, pointer};
use records::{Field, FieldType, Object, Schema, is_currency};
use serde_json::{Value, json};
use tabular::NumberFormat;

use super::ask::{self, Which};
use super::opened::Opened;
use super::plan::{Column, File};
use super::row::FULL_NAME;

/// A file as its rows are going to be read. What is wrong goes to `violations`, below `at`.
pub(crate) fn file(
    schema: &Schema,
    object: &Object,
    asked: &ask::File,
    opened: &Opened,
    at: &str,
    violations: &mut Violations,
) -> File {
    let mut columns: Vec<Column> = Vec::new();
    for (number, column) in asked.columns.iter().enumerate() {
        let at = format!("{at}/columns/{number}");
        let Some(column) = one(schema, object, column, opened, &at, violations) else { continue };
        let is_same = |other: &Column| other.field == column.field && other.part == column.part;
        if columns.iter().any(is_same) && column.part.is_none() {
            violations.add([&at, "/field"].concat(), "given_twice", "is what another column means as well");
        }
        columns.push(column);
    }
    keys(object, asked, &columns, at, violations);
    File {
        upload: asked.upload,
        name: if asked.name.is_empty() { asked.upload.to_string() } else { asked.name.clone() },
        bytes: opened.bytes,
        e_tag: opened.e_tag.clone(),
        object: object.name.clone(),
        encoding: opened.written.encoding.name().to_owned(),
        delimiter: opened.written.delimiter,
        line_end: opened.written.line_end,
        names_its_delimiter: opened.written.names_its_delimiter,
        header_row: opened.header_row,
        headers: opened.headers.clone(),
        match_by: asked.match_by.clone(),
        mode: asked.mode,
        empty: asked.empty,
        columns,
    }
}

/// Whether records can be found by the fields that they are to be found by.
fn keys(object: &Object, asked: &ask::File, columns: &[Column], at: &str, violations: &mut Violations) {
    for (number, path) in asked.match_by.iter().enumerate() {
        let at = format!("{at}/match_by/{number}");
        let is_unique = |body: &events::Document| body.get("unique") == Some(&Value::Bool(true));
        let is_new =
            columns.iter().any(|column| column.field == *path && column.new_field.as_ref().is_some_and(is_unique));
        if path != "id" && !is_new && !object.field(path).is_some_and(Field::is_key) {
            violations.add(at, "not_unique", "must be id or a field whose values are unique");
        } else if !columns.iter().any(|column| column.field == *path) {
            violations.add(at, "no_column", "must be what a column means");
        }
    }
}

fn one(
    schema: &Schema,
    object: &Object,
    asked: &ask::Column,
    opened: &Opened,
    at: &str,
    violations: &mut Violations,
) -> Option<Column> {
    let before = violations.iter().count();
    let index = index(&asked.column, &opened.headers, at, violations);
    let new_field = new_field(object, asked, at, violations);
    let is_choice_without_options = new_field.as_ref().is_some_and(lacks_options);
    let mut column = Column {
        index: index.unwrap_or_default(),
        field: asked.field.clone(),
        part: asked.part.clone(),
        by: asked.by.clone(),
        source: asked.source.clone(),
        currency: asked.currency.clone(),
        calling_code: asked.calling_code.clone(),
        number: asked.number.unwrap_or(NumberFormat::Point),
        date: asked.date,
        replace: asked.replace,
        optional: asked.optional,
        new_field,
        // The options of a new field are the words of its column.
        new_options: asked.new_options || is_choice_without_options,
    };
    settings(asked, at, violations);
    match object.field(&asked.field) {
        Some(field) => fits(schema, field, &mut column, at, violations),
        None if column.new_field.is_some() || asked.field == "id" => {}
        None if asked.field == FULL_NAME && object.name == "contact" => {}
        None if asked.field == "owner_id" && object.owned => {}
        None if asked.new_field.is_some() => {}
        None => violations.add([at, "/field"].concat(), "unknown_field", "is not a field of this object"),
    }
    (violations.iter().count() == before).then_some(column)
}

/// Which column of the file is meant.
fn index(column: &Which, headers: &[String], at: &str, violations: &mut Violations) -> Option<usize> {
    let at = [at, "/column"].concat();
    match column {
        Which::Number(number) if *number < headers.len() => return Some(*number),
        Which::Number(_) => violations.add(at, "unknown_column", format!("must be less than {}", headers.len())),
        Which::Header(name) => {
            let found: Vec<usize> =
                headers.iter().enumerate().filter(|(_, header)| *header == name.trim()).map(|(at, _)| at).collect();
            match found.as_slice() {
                [only] => return Some(*only),
                [] => violations.add(at, "unknown_column", "must be a header of the file"),
                _ => violations.add(at, "ambiguous", "is the header of several columns: give its number"),
            }
        }
    }
    None
}

/// The field that is to be made, with the name that the column gives it.
fn new_field(object: &Object, asked: &ask::Column, at: &str, violations: &mut Violations) -> Option<events::Document> {
    let mut body = asked.new_field.clone()?;
    let Some(name) = asked.field.strip_prefix("custom.") else {
        violations.add([at, "/field"].concat(), "not_custom", "must begin with custom. where the field is new");
        return None;
    };
    if body.get("name").is_some_and(|given| given.as_str() != Some(name)) {
        violations.add([at, "/new_field/name"].concat(), "differs_from_path", "must be absent or the name in field");
    }
    body.insert("name".to_owned(), Value::from(name));
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(field) = object.field(&asked.field).filter(|field| field.kind.word() != kind) {
        let detail = format!("is a field of type {} already", field.kind.word());
        violations.add([at, "/new_field/type"].concat(), "taken", detail);
    }
    Some(body)
}

/// Whether a new field is one that people choose from, and nobody has said what.
pub(crate) fn lacks_options(body: &events::Document) -> bool {
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
    ["select", "multi_select"].contains(&kind) && !body.contains_key("options")
}

/// A field that holds what another system calls a record.
fn external_id() -> Field {
    Field::new("external_id", FieldType::ExternalId {}, "")
}

/// What does not depend on the field.
fn settings(asked: &ask::Column, at: &str, violations: &mut Violations) {
    let place = |member: &str| [at, &pointer(member)].concat();
    if let Some(code) = &asked.currency
        && !is_currency(code)
    {
        violations.add(place("currency"), "unknown_currency", "must be a code of three letters, such as EUR");
    }
    let is_code = |code: &str| (1..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    if asked.calling_code.as_deref().is_some_and(|code| !is_code(code)) {
        violations.add(place("calling_code"), "wrong_type", "must be digits, such as 49");
    }
    if let Some(source) = &asked.source
        && let Err(found) = records::parse_value(&external_id(), &json!({ "source": source, "key": "1" }), "")
    {
        let detail = found.iter().next().map(|found| found.detail.clone()).unwrap_or_default();
        violations.add(place("source"), "bad_source", detail);
    }
}

/// What depends on the field; what was left open is filled in.
fn fits(schema: &Schema, field: &Field, column: &mut Column, at: &str, violations: &mut Violations) {
    let place = |member: &str| [at, &pointer(member)].concat();
    if field.kind.is_computed() {
        violations.add(place("field"), "read_only", "follows from other fields");
    } else if field.locked {
        violations.add(place("field"), "read_only", "is for others to change");
    }
    match (&field.kind, &column.part) {
        (FieldType::Items { fields, .. }, Some(part)) if fields.iter().any(|field| field.name == part.member) => {}
        (FieldType::Items { fields, .. }, Some(_)) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let detail = format!("must be one of {}", names.join(", "));
            violations.add(place("part") + "/member", "unknown_field", detail);
        }
        (_, Some(_)) => violations.add(place("part"), "not_items", "is for fields that are lists of items"),
        _ => {}
    }
    if column.new_options && field.kind.options().is_none() {
        violations.add(place("new_options"), "not_a_choice", "is for fields with options");
    }
    if let Some(name) = field.kind.refers_to() {
        let Some(object) = schema.object(name) else { return };
        let title = match object.title.as_slice() {
            [title] => Some(title.as_str()),
            _ => None,
        };
        let usual =
            if name == "user" { Some("email") } else { column.source.as_ref().map(|_| "external_id").or(title) };
        let by = column.by.clone().or_else(|| usual.map(str::to_owned));
        match by {
            Some(by) if by == "id" || Some(by.as_str()) == title => column.by = Some(by),
            Some(by) if object.field(&by).is_some_and(Field::is_key) => column.by = Some(by),
            _ => violations.add(
                place("by"),
                "not_unique",
                format!("must be id, a unique field or the title of a {name}"),
            ),
        }
    }
}
