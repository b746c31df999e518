//! What is done with an object: made, changed, given up, taken up again.

use api::Result;
use events::Document;
use kernel::{Error, Violations};
use records::{CUSTOM_OBJECT, CustomObject, Cx, Definition, Field, FieldType, Object, Section};
use serde_json::Value;

use crate::body::{Body, is_slug};
use crate::change::Draft;
use crate::limits;
use crate::stored::Stored;

/// A new object of the company's own.
///
/// # Errors
/// Everything that is wrong with it; `too_many_objects` when no prefix is left for its ids.
pub(crate) fn create(cx: &Cx, stored: &Stored, members: &Document) -> Result<Draft> {
    let mut body = Body::new(members);
    let (name, plural) = (body.needed("name", 200), body.needed("plural", 200));
    let label = body.line("label", limits::LABEL).flatten().unwrap_or_default();
    let label_plural = body.line("label_plural", limits::LABEL).flatten().unwrap_or_default();
    let help = body.line("help", limits::HELP).flatten().unwrap_or_default();
    let private = body.flag("private").filter(|private| *private);
    let only_administrators_write = body.flag("only_administrators_write").unwrap_or(false);
    let mut violations = body.finish();
    check_name("/name", &name, &mut violations);
    check_name("/plural", &plural, &mut violations);
    if stored.schema.all().any(|object| object.name == name) {
        violations.add("/name", "taken", "is taken by another object, archived ones included");
    }
    if stored.schema.all().any(|object| object.plural == plural) {
        violations.add("/plural", "taken", "is taken by another object, archived ones included");
    }
    let prefix = stored.schema.next_prefix();
    if prefix.is_none() {
        violations.add("", "too_many_objects", "there were so many objects that no ids are left for another");
    }
    let Some(prefix) = prefix.filter(|_| violations.is_empty()) else { return Err(Error::Invalid(violations).into()) };
    let custom = CustomObject { plural, prefix: prefix.to_string(), help, only_administrators_write };
    let definition =
        Definition { custom: Some(custom), label, label_plural, private, ..Definition::empty(&name, cx.clock.now()) };
    Ok(Draft::of(definition, None))
}

/// Names stand in paths, keys, ids of operations and the replica's tables.
fn check_name(pointer: &str, name: &str, violations: &mut Violations) {
    if violations.iter().any(|violation| violation.pointer == pointer) {
        return;
    }
    let is_good = name.strip_prefix(CUSTOM_OBJECT).is_some_and(is_slug) && name.chars().count() <= limits::OBJECT_NAME;
    if !is_good {
        let detail = format!(
            "must begin with {CUSTOM_OBJECT} and go on with words of a-z and 0-9 with _ between them, at most {} characters",
            limits::OBJECT_NAME
        );
        violations.add(pointer, "bad_name", detail);
    }
}

/// Changes what people see of an object, and who may see its records.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn update(object: &Object, mut definition: Definition, members: &Document) -> Result<Draft> {
    let mut body = Body::new(members);
    if let Some(label) = body.line("label", limits::LABEL) {
        definition.label = label.unwrap_or_default();
    }
    if let Some(label) = body.line("label_plural", limits::LABEL) {
        definition.label_plural = label.unwrap_or_default();
    }
    if let Some(help) = body.line("help", limits::HELP) {
        let place = match &mut definition.custom {
            Some(custom) => &mut custom.help,
            None => &mut definition.help,
        };
        *place = help.unwrap_or_default();
    }
    if let Some(private) = body.flag("private") {
        if object.owned && !is_own_business(object) {
            // None of those that can be changed is private by itself.
            definition.private = private.then_some(true);
        } else {
            body.violations.add("/private", "built_in", "cannot be changed of this object");
        }
    }
    if let Some(only) = body.flag("only_administrators_write") {
        match &mut definition.custom {
            Some(custom) => custom.only_administrators_write = only,
            None => {
                body.violations.add("/only_administrators_write", "built_in", "cannot be changed of a built-in object")
            }
        }
    }
    if let Some(sections) = sections(&mut body) {
        definition.sections = sections;
    }
    if let Some(order) = order(&mut body, object) {
        definition.order = order;
    }
    body.finish().or(()).map_err(Error::from)?;
    Ok(Draft::of(definition, None))
}

/// Saved views are their owners' business, whatever a company says.
fn is_own_business(object: &Object) -> bool {
    object.name == "view"
}

fn sections(body: &mut Body<'_>) -> Option<Vec<Section>> {
    let fields = vec![
        Field::new("name", FieldType::text(limits::FIELD_NAME), "What fields name it by.").required(),
        Field::new("label", FieldType::text(limits::LABEL), "What people see.").required(),
    ];
    let given = body.value("sections", FieldType::Items { fields, max: limits::SECTIONS })?;
    let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sections: Vec<Section> = given
        .iter()
        .flat_map(|items| items.as_array().into_iter().flatten())
        .map(|item| Section { name: text(item, "name"), label: text(item, "label") })
        .collect();
    for (index, section) in sections.iter().enumerate() {
        let pointer = format!("/sections/{index}/name");
        if !is_slug(&section.name) {
            body.violations.add(pointer, "bad_name", "must be words of a-z and 0-9 with _ between them");
        } else if sections[..index].iter().any(|other| other.name == section.name) {
            body.violations.add(pointer, "given_twice", "must differ from the others");
        }
    }
    Some(sections)
}

fn order(body: &mut Body<'_>, object: &Object) -> Option<Vec<String>> {
    let paths = match body.raw("order")? {
        Value::Null => return Some(Vec::new()),
        Value::Array(paths) => paths,
        _ => {
            body.violations.add("/order", "wrong_type", "must be a list of paths of fields, or null");
            return None;
        }
    };
    let mut order: Vec<String> = Vec::new();
    for (index, path) in paths.iter().enumerate().take(object.fields.len() + 1) {
        let pointer = format!("/order/{index}");
        match path.as_str() {
            Some(path) if order.iter().any(|known| known == path) => {
                body.violations.add(pointer, "given_twice", "must be there once");
            }
            Some(path) if object.fields.iter().any(|field| field.path == path) => order.push(path.to_owned()),
            _ => body.violations.add(pointer, "unknown_field", "must be the path of a field of this object"),
        }
    }
    Some(order)
}

/// Gives an object up: its routes are gone, its records stay and come back with it.
///
/// # Errors
/// `built_in` for Rapport's own.
pub(crate) fn set_archived(object: &Object, mut definition: Definition, archived: bool) -> Result<Draft> {
    if !object.custom {
        let detail = "Rapport's own objects stay".to_owned();
        return Err(Error::WrongState { code: "built_in", detail }.into());
    }
    definition.archived = archived;
    Ok(Draft::of(definition, None))
}
