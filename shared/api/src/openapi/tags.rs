//! The chapters of the documentation.

use records::Object;
use serde_json::{Value, json};

use super::object_of;
use crate::Operation;

/// The chapter of an operation, and what it is about: its own, or the object's whose records the path names.
pub(super) fn of<'a>(operation: &'a Operation, objects: &[&'a Object]) -> (&'a str, &'a str) {
    if let Some(tag) = operation.tag {
        return (tag.name, tag.help);
    }
    let segment = operation.path.split('/').nth(2).unwrap_or_default();
    object_of(segment, objects).map_or((segment, ""), |object| (&object.plural, &object.help))
}

/// Every chapter once, by name.
pub(super) fn all(operations: &[Operation], objects: &[&Object]) -> Vec<Value> {
    let mut all: Vec<(&str, &str)> = operations.iter().map(|operation| of(operation, objects)).collect();
    all.sort_unstable();
    all.dedup_by_key(|(name, _)| *name);
    all.into_iter().map(|(name, help)| json!({ "name": name, "description": help })).collect()
}
