//! Fields that a caller may not know of, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use serde::Serialize;

use crate::field::CUSTOM;
use crate::{COMMON_FIELDS, FieldType, Object, Schema};

/// The fields that a caller may not know of, by object in the singular and by path.
///
/// They are neither answered nor matched, sorted by, grouped by or searched, nor written. Neither are formulas and roll-ups that use them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Those that are hidden.
    pub named: BTreeMap<String, BTreeSet<String>>,
    /// Of the objects that are named here, all others are hidden but for what every record has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, BTreeSet<String>>,
}

impl Hidden {
    /// Whether nothing is hidden.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.named.is_empty() && self.only.is_empty()
    }

    /// Whether a field is hidden by itself, whatever follows from it.
    fn names(&self, object: &str, path: &str) -> bool {
        let has = |paths: &BTreeSet<String>| paths.contains(path);
        let is_common = COMMON_FIELDS.contains(&path) || path == CUSTOM;
        self.named.get(object).is_some_and(has) || self.only.get(object).is_some_and(|only| !has(only) && !is_common)
    }

    /// The paths of an object's fields that the caller may not know of.
    #[must_use]
    pub fn of(&self, schema: &Schema, object: &Object) -> BTreeSet<String> {
        if self.is_nothing() {
            return BTreeSet::new();
        }
        let own = object.live().map(|field| field.path.as_str());
        let hidden = own.chain(COMMON_FIELDS.iter().copied()).filter(|path| self.hides(schema, object, path));
        hidden.map(str::to_owned).collect()
    }

    /// Whether the caller may not know a field, by its path or that of a member of it: it is hidden, or follows from one
    /// that is.
    #[must_use]
    pub fn hides(&self, schema: &Schema, object: &Object, path: &str) -> bool {
        self.hides_by(&|name| schema.object(name).map(|object| &**object), object, path)
    }

    /// The same by the objects that somebody else knows.
    pub fn hides_by<'a>(&self, of: &dyn Fn(&str) -> Option<&'a Object>, object: &Object, path: &str) -> bool {
        if self.is_nothing() {
            return false;
        }
        // Of a field's member, `annual_revenue.currency`, the field decides.
        let parent = path.rsplit_once('.').map(|(parent, _)| parent).filter(|parent| *parent != CUSTOM);
        let field_of = |path: &str| object.field(path);
        let decides = match (field_of(path), parent) {
            (None, Some(parent)) if field_of(parent).is_some() => parent,
            _ => path,
        };
        let is_named = self.named.get(&object.name).is_some_and(|named| named.contains(path));
        if is_named || self.names(&object.name, decides) {
            return true;
        }
        let Some(field) = field_of(decides) else { return false };
        match &field.kind {
            FieldType::Formula { .. } => object
                .formula(&field.path)
                .is_some_and(|formula| formula.fields().any(|used| self.hides_by(of, object, used))),
            // What is made of records is made of stored fields and formulas only, so this ends.
            FieldType::RollUp(roll_up) => of(&roll_up.object).is_some_and(|child| {
                let used = std::iter::once(&roll_up.via).chain(&roll_up.field);
                let used = used.chain(roll_up.only.iter().map(|only| &only.field));
                let of_child = |path: &String| {
                    let is_roll_up = child.field(path).is_some_and(|f| matches!(f.kind, FieldType::RollUp(_)));
                    !is_roll_up && self.hides_by(of, child, path)
                };
                used.into_iter().any(of_child)
            }),
            _ => false,
        }
    }

    /// A document, stored or answered, without what the caller may not see in it.
    #[must_use]
    pub fn strip(&self, object: &Object, mut document: Document) -> Document {
        if self.is_nothing() {
            return document;
        }
        // Formulas of one object use fields of that object, and roll-ups are not in a document of the table.
        let is_hidden = |path: &str| self.hides_by(&|_| None, object, path);
        if let Some(serde_json::Value::Object(custom)) = document.get_mut(CUSTOM) {
            custom.retain(|name, _| !is_hidden(&[CUSTOM, name].join(".")));
        }
        document.retain(|name, _| !is_hidden(name));
        document
    }
}
