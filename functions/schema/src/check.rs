//! Whether a schema is sound: every field of every object, by what all the others say.
//!
//! A change is judged by the schema that it would make. What is wrong with the field that it is about is a violation; where it
//! breaks another field, the change is refused and says which.

mod formula;
mod limits;
mod roll_up;

use std::collections::BTreeSet;

use api::{Problem, Result};
use kernel::{Error, Prefix, Violations, pointer};
use records::{Field, FieldType, Object, Schema, parse_value};
use serde_json::{Value, json};

pub(crate) use limits::check as check_limits;

/// Something that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Which member of its definition is at fault.
    pub(crate) member: &'static str,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

pub(crate) fn flaw(member: &'static str, code: &'static str, detail: impl Into<String>) -> Flaw {
    Flaw { member, code, detail: detail.into() }
}

/// What a change is about: an object, and a path if it is about one of its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) object: &'a str,
    pub(crate) path: Option<&'a str>,
}

/// Passes if a change makes nothing unsound that was sound.
///
/// # Errors
/// Everything that is wrong with the field that it is about; `in_use` when it breaks others.
pub(crate) fn check(before: &Schema, after: &Schema, about: About<'_>) -> Result<()> {
    let known: BTreeSet<(String, &str)> = flawed(before).map(|(path, flaw)| (path, flaw.code)).collect();
    let own = about.path.map(|path| [about.object, path].join("."));
    let (mut violations, mut broken) = (Violations::new(), Vec::new());
    for (path, flaw) in flawed(after) {
        if own.as_ref() == Some(&path) {
            violations.add(pointer(flaw.member), flaw.code, flaw.detail);
        } else if !known.contains(&(path.clone(), flaw.code)) {
            broken.push(json!({ "field": path, "code": flaw.code, "detail": flaw.detail }));
        }
    }
    violations.or(()).map_err(Error::from)?;
    if broken.is_empty() {
        return Ok(());
    }
    let paths: Vec<&str> = broken.iter().filter_map(|broken| broken["field"].as_str()).take(10).collect();
    let detail = format!("{} would no longer work: change or archive that first", paths.join(", "));
    let error = Error::WrongState { code: "in_use", detail };
    Err(Problem::from(error).with("in_use", json!(broken)))
}

/// Every flaw of every field, with `object.path` of the field.
fn flawed(schema: &Schema) -> impl Iterator<Item = (String, Flaw)> {
    let fields = schema.objects().flat_map(|object| object.live().map(move |field| (object, field)));
    fields.flat_map(move |(object, field)| {
        let path = [object.name.as_str(), &field.path].join(".");
        flaws(schema, object, field).into_iter().map(move |flaw| (path.clone(), flaw))
    })
}

/// What is wrong with a field in its schema.
fn flaws(schema: &Schema, object: &Object, field: &Field) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    match &field.kind {
        FieldType::Formula { expression } => flaws.extend(formula::flaw_of(object, &field.path, expression)),
        FieldType::RollUp(roll_up) => flaws.extend(roll_up::flaws(schema, object, roll_up)),
        FieldType::Reference { object: other, acyclic } => {
            if schema.object(other).is_none() {
                flaws.push(flaw("object", "unknown_object", "must be an object of this workspace"));
            }
            if *acyclic && *other != object.name {
                flaws.push(flaw("acyclic", "not_acyclic", "is for references of an object to itself"));
            }
        }
        _ => {}
    }
    if let Some(section) = &field.section
        && !object.sections.iter().any(|known| known.name == *section)
    {
        flaws.push(flaw("section", "unknown_section", "must be a section of the object"));
    }
    flaws.extend(default_flaw(schema, field));
    flaws.extend(contradiction(field));
    flaws
}

/// What is wrong with a field's default: it has to be a value that could be written now.
fn default_flaw(schema: &Schema, field: &Field) -> Option<Flaw> {
    let default = field.default.as_ref()?;
    if field.kind.is_computed() {
        return Some(flaw("default", "read_only", "follows from other fields"));
    }
    match parse_value(field, default, "") {
        Ok(Some(_)) => {}
        Ok(None) => return Some(flaw("default", "required", "must be a value or null")),
        Err(violations) => {
            let first = violations.iter().next()?;
            return Some(flaw("default", first.code, first.detail.clone()));
        }
    }
    let wanted = schema.object(field.kind.refers_to()?)?.prefix;
    let id = default.as_str().and_then(|id| Prefix::parse(id.split('_').next()?));
    (id != Some(wanted)).then(|| flaw("default", "not_an_id", format!("must start with {wanted}_")))
}

/// Settings of one field that do not go together.
fn contradiction(field: &Field) -> Option<Flaw> {
    let computed = field.kind.is_computed();
    if field.unique && !field.kind.can_be_unique() {
        return Some(flaw("unique", "cannot_be_unique", "values of this type cannot be unique"));
    }
    if field.unique && field.default.is_some() {
        return Some(flaw("default", "not_unique", "one value for every new record is not unique"));
    }
    if field.required && computed {
        return Some(flaw("required", "read_only", "follows from other fields"));
    }
    (field.is_custom() && field.searched && !field.kind.can_be_searched())
        .then(|| flaw("searched", "cannot_be_searched", "has no words to look for"))
}

/// A value as the condition of a roll-up takes it.
fn comparable(field: &Field, value: &Value) -> bool {
    let is_plain = !matches!(
        field.kind,
        FieldType::Money {}
            | FieldType::MultiSelect { .. }
            | FieldType::Tags {}
            | FieldType::ExternalId {}
            | FieldType::Items { .. }
            | FieldType::Json { .. }
    );
    let known = is_plain && !field.kind.is_computed();
    // As in a stored document: what would be kept differently would never be found.
    known && parse_value(field, value, "").is_ok_and(|kept| kept.as_ref() == Some(value))
}

#[cfg(test)]
mod tests;
