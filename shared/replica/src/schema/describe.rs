//! From the description of an object to the columns of its table.

use std::collections::BTreeMap;

use records::{Field, FieldType, Object};

use super::column::{Column, ColumnType, Origin};
use super::digest;

/// The most columns that a table gets. SQLite takes 2,000 of one table and of one statement; what is beyond this cannot
/// be asked for, and is in the documents all the same.
const MAX_COLUMNS: usize = 1_900;

/// Whether a name can stand in SQL as it is: a word of small letters, digits and underscores.
pub(crate) fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 60
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The columns of an object but for its roll-ups, in which other objects have a say.
pub(super) fn columns(object: &Object) -> Vec<Column> {
    let signatures = signatures(object);
    let mut columns = common(&object.name);
    for field in object.live() {
        let signature = signatures.get(field.path.as_str()).cloned().unwrap_or_default();
        add(&mut columns, of_field(object, field, &signature));
    }
    columns
}

/// Adds a field's columns if there is room for them and none has one of their names: definitions are checked before they
/// are kept, so another one of the same name is a mistake of ours, and better asked for in vain than the end of a file.
pub(super) fn add(columns: &mut Vec<Column>, new: Vec<Column>) -> bool {
    let is_known = |new: &Column| columns.iter().any(|column| column.name == new.name);
    let fits = columns.len() + new.len() <= MAX_COLUMNS && !new.iter().any(is_known);
    if fits {
        columns.extend(new);
    }
    fits
}

fn common(object: &str) -> Vec<Column> {
    let id = |object: &str| ColumnType::Id(object.to_owned());
    let columns = [
        ("id", id(object), true),
        ("version", ColumnType::Number { decimals: 0 }, true),
        ("created_at", ColumnType::Time, true),
        ("created_by", id("user"), false),
        ("updated_at", ColumnType::Time, true),
        ("updated_by", id("user"), false),
        ("owner_id", id("user"), false),
        ("archived_at", ColumnType::Time, false),
        ("merged_into", id(object), false),
    ];
    let column =
        |(path, kind, always)| Column { always, ..column(path, path, &format!("f_{path}"), kind, Origin::Common) };
    columns.into_iter().map(column).collect()
}

fn column(path: &str, field: &str, name: &str, kind: ColumnType, origin: Origin) -> Column {
    Column {
        path: path.to_owned(),
        field: field.to_owned(),
        name: name.to_owned(),
        kind,
        currency: None,
        searched: false,
        always: false,
        is_long: false,
        origin,
        member: None,
        signature: String::new(),
    }
}

/// The columns of a field whose values are of a type: two for money.
///
/// Built-in fields' columns begin with `f_` and a company's own with `c_`, those of their currencies with `fu_` and `cu_`:
/// whatever a company calls its fields, no two columns have one name. Members of built-in fields follow two underscores,
/// which no built-in name has in it.
pub(super) fn of_type(field: &Field, kind: ColumnType, origin: Origin, signature: &str) -> Vec<Column> {
    if !is_word(&field.name) {
        return Vec::new();
    }
    let (group, path, name) = (if field.is_custom() { 'c' } else { 'f' }, &field.path, &field.name);
    let mut value = column(path, path, &format!("{group}_{name}"), kind, origin);
    value.signature = signature.to_owned();
    value.is_long = matches!(field.kind, FieldType::LongText { .. });
    value.searched = field.searched && origin != Origin::RollUp && has_words(&value.kind);
    if value.kind != ColumnType::Money {
        return vec![value];
    }
    let mut currency =
        column(&format!("{path}.currency"), path, &format!("{group}u_{name}"), ColumnType::Currency, origin);
    currency.signature = signature.to_owned();
    currency.member = Some("currency".to_owned());
    value.currency = Some(currency.name.clone());
    vec![value, currency]
}

fn has_words(kind: &ColumnType) -> bool {
    match kind {
        ColumnType::Text | ColumnType::Phone | ColumnType::Select(_) | ColumnType::Number { .. } => true,
        ColumnType::Set(of) => has_words(of),
        _ => false,
    }
}

fn of_field(object: &Object, field: &Field, signature: &str) -> Vec<Column> {
    match &field.kind {
        FieldType::Formula { .. } => object.formula(&field.path).map_or_else(Vec::new, |formula| {
            of_type(field, ColumnType::of_formula(formula.result()), Origin::Formula, signature)
        }),
        FieldType::ExternalId {} | FieldType::Items { .. } if field.is_custom() => Vec::new(),
        FieldType::ExternalId {} => {
            let part = |name: &&str| member(field, name, ColumnType::Text, field.searched, signature);
            ["source", "key"].iter().map(part).collect()
        }
        FieldType::Items { fields, .. } => {
            let part = |part: &Field| {
                let kind = ColumnType::Set(Box::new(ColumnType::of(&part.kind)?));
                // Of what is made of several parts, that is looked for which none is without.
                Some(member(field, &part.name, kind, field.searched && (part.required || part.searched), signature))
            };
            fields.iter().filter_map(part).collect()
        }
        kind => ColumnType::of(kind).map_or_else(Vec::new, |kind| of_type(field, kind, Origin::Stored, signature)),
    }
}

fn member(field: &Field, name: &str, kind: ColumnType, searched: bool, signature: &str) -> Column {
    let (path, in_sql) = (format!("{}.{name}", field.path), format!("f_{}__{name}", field.name));
    Column {
        searched,
        member: Some(name.to_owned()),
        signature: signature.to_owned(),
        ..column(&path, &field.path, &in_sql, kind, Origin::Stored)
    }
}

/// For each field what is the same of two descriptions if the same documents give the same values by both.
fn signatures(object: &Object) -> BTreeMap<&str, String> {
    let stored = object.live().filter(|field| !field.kind.is_computed());
    let mut signatures: BTreeMap<&str, String> =
        stored.map(|field| (field.path.as_str(), of_stored(&field.kind))).collect();
    // Each comes after those that it uses.
    for (path, formula) in &object.formulas {
        let used: Vec<&str> = formula.fields().map(|path| signatures.get(path).map_or("", String::as_str)).collect();
        let parts = std::iter::once(formula.source()).chain(used);
        signatures.insert(path, digest(parts));
    }
    signatures
}

fn of_stored(kind: &FieldType) -> String {
    match kind {
        // How long or large a new value may be says nothing about those there are.
        FieldType::Text { .. } | FieldType::LongText { .. } => digest([kind.word()]),
        FieldType::Number { decimals, .. } => digest([kind.word(), &decimals.to_string()]),
        kind => digest([serde_json::to_string(kind).unwrap_or_default().as_str()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use kernel::Prefix;
    use records::Schema;

    #[test]
    fn no_built_in_field_loses_its_column_to_another_one() {
        for object in Schema::built_in().all() {
            let columns = columns(object);
            let names: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(names.len(), columns.len());
            let asked: BTreeSet<&str> = columns.iter().map(|column| column.field.as_str()).collect();
            let unasked = object.fields.iter().filter(|field| !asked.contains(field.path.as_str()));
            let unasked: Vec<&str> = unasked.map(|field| field.kind.word()).collect();
            assert!(unasked.iter().all(|word| *word == "json"), "{}: {unasked:?}", object.name);
            assert!(object.fields.iter().all(|field| !field.name.contains("__")), "what follows is a member's name");
        }
    }

    #[test]
    fn what_can_stand_in_sql_is_a_word() {
        for (name, wanted) in [("a", true), ("x_1", true), ("", false), ("_a", false), ("1a", false), ("aB", false)] {
            assert_eq!(is_word(name), wanted, "{name}");
        }
        for name in ["a b", "a;", "a$b", "ä", "a\0", &"a".repeat(61)] {
            assert!(!is_word(name), "{name}");
        }
    }

    fn with_formulas(expressions: &[String]) -> Object {
        let mut object = Object::new("x_thing", "x_things", Prefix::custom(0).unwrap(), "");
        let size = FieldType::Number { decimals: 0, min: None, max: None };
        object.fields = vec![Field::new("size", size, "").custom()];
        object.fields.extend(expressions.iter().enumerate().map(|(number, expression)| {
            Field::new(&format!("n{number}"), FieldType::Formula { expression: expression.clone() }, "").custom()
        }));
        Object::clone(Schema::with(vec![object], Vec::new()).object("x_thing").unwrap())
    }

    #[test]
    fn formulas_that_use_each_other_many_times_over_are_described_at_once() {
        let mut expressions = vec!["custom.size + 1".to_owned(), "custom.n0 + 1".to_owned()];
        expressions.extend((2..90).map(|number| format!("custom.n{} + custom.n{}", number - 1, number - 2)));
        let (one, same) = (columns(&with_formulas(&expressions)), columns(&with_formulas(&expressions)));
        assert_eq!((one.len(), &one), (9 + 91, &same));
        expressions[0] = "custom.size + 2".to_owned();
        let other = columns(&with_formulas(&expressions));
        assert_ne!(one.last(), other.last(), "what uses a formula that is another one is another one");
    }
}
