//! A workspace's schema: the built-in objects and what the company has made of them, and its own objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use kernel::{Prefix, Version};

use crate::formula::{Formula, ValueType};
use crate::{Definition, Field, FieldType, Hidden, Object, builtin};

/// Every object of a workspace.
#[derive(Debug, Clone)]
pub struct Schema {
    objects: Vec<Arc<Object>>,
    /// The number of the last prefix that was given out to an object of the company's own.
    next_prefix: u32,
}

static BUILT_IN: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::of(Vec::new())));

impl Schema {
    /// The schema of a workspace that has said nothing of its own.
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        BUILT_IN.clone()
    }

    /// A built-in object as it is before a company has said anything about it.
    ///
    /// # Panics
    /// When there is none of that name: the names are known when Rapport is built.
    #[must_use]
    pub fn built_in_object(name: &str) -> Arc<Object> {
        BUILT_IN.object(name).cloned().unwrap_or_else(|| panic!("there is no built-in object {name}"))
    }

    /// Any object of a company's own, before it has fields of its own: what all of them have in common.
    #[must_use]
    pub fn custom_record() -> Object {
        let help = "A record of an object that the company has made itself.";
        let prefix = Prefix::custom(0).expect("there is a first prefix for objects of a company's own");
        let mut object = Object::new("custom_record", "custom_records", prefix, help);
        (object.custom, object.fields) = (true, builtin::of_custom_objects());
        object
    }

    /// The schema that some definitions make. The same definitions always make the same schema; one that cannot be
    /// applied, since a later release has written it, is left out.
    #[must_use]
    pub fn of(definitions: Vec<Definition>) -> Self {
        Self::with(builtin::objects(), definitions)
    }

    /// The schema as somebody may know it: without the fields that are hidden from them, and without formulas and roll-ups that use those.
    ///
    /// Records are not read with it, since they would lose what is hidden.
    #[must_use]
    pub fn without(self: &Arc<Self>, hidden: &Hidden) -> Arc<Self> {
        if hidden.is_nothing() {
            return Arc::clone(self);
        }
        let told = |object: &Arc<Object>| {
            // What a formula uses that was given up, nobody looks up any more.
            let is_told = |field: &Field| !(field.archived && field.kind.is_computed());
            let is_told = |field: &Field| is_told(field) && !hidden.hides(self, object, &field.path);
            let mut told = Object::clone(object);
            told.fields.retain(is_told);
            let paths: BTreeSet<String> = told.fields.iter().map(|field| field.path.clone()).collect();
            told.formulas.retain(|(path, _)| paths.contains(path));
            told.title.retain(|path| paths.contains(path));
            Arc::new(told)
        };
        Arc::new(Self { objects: self.objects.iter().map(told).collect(), next_prefix: self.next_prefix })
    }

    /// The same over other objects than the built-in ones, for tests.
    #[must_use]
    pub fn with(built_in: Vec<Object>, definitions: Vec<Definition>) -> Self {
        let mut definitions: BTreeMap<String, Definition> =
            definitions.into_iter().map(|definition| (definition.object.clone(), definition)).collect();
        let mut objects: Vec<Object> = built_in
            .into_iter()
            .map(|object| match definitions.remove(&object.name) {
                Some(definition) => definition.apply(Some(&object)).unwrap_or(object),
                None => object,
            })
            .collect();
        objects.extend(definitions.into_values().filter_map(|definition| definition.apply(None)));
        let used = |number: &u32| Prefix::custom(*number).is_some_and(|p| objects.iter().any(|o| o.prefix == p));
        let next_prefix = (0..Prefix::CUSTOM).rev().find(used).map_or(0, |last| last + 1);
        for object in &mut objects {
            object.formulas = formulas(object);
        }
        Self { objects: objects.into_iter().map(Arc::new).collect(), next_prefix }
    }

    /// Every object that was not given up: the built-in ones first, then the company's own by name.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.iter().filter(|object| !object.archived)
    }

    /// Every object, those that were given up too: their records are still there.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.iter()
    }

    /// The object of a name in the singular.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects().find(|object| object.name == name)
    }

    /// The object of a name in the plural, as in a path.
    #[must_use]
    pub fn of_plural(&self, plural: &str) -> Option<&Arc<Object>> {
        self.objects().find(|object| object.plural == plural)
    }

    /// The object whose records' ids have a prefix.
    #[must_use]
    pub fn of_prefix(&self, prefix: Prefix) -> Option<&Arc<Object>> {
        self.objects().find(|object| object.prefix == prefix)
    }

    /// The prefix for one more object of the company's own; `None` when there are no more.
    #[must_use]
    pub fn next_prefix(&self) -> Option<Prefix> {
        Prefix::custom(self.next_prefix)
    }

    /// The versions of all definitions: two schemas of a workspace with the same ones are the same.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<&str, Version> {
        self.objects.iter().map(|object| (object.name.as_str(), object.version)).collect()
    }
}

/// The type that a field's values have in formulas; `None` for what has no single value or is not there yet.
#[must_use]
pub fn value_type(object: &Object, field: &Field) -> Option<ValueType> {
    Some(match &field.kind {
        FieldType::Text { .. }
        | FieldType::LongText { .. }
        | FieldType::Select { .. }
        | FieldType::Email {}
        | FieldType::Phone {}
        | FieldType::Url {}
        | FieldType::Domain {} => ValueType::Text,
        FieldType::Number { .. } => ValueType::Number,
        FieldType::Money {} => ValueType::Money,
        FieldType::Boolean {} => ValueType::Boolean,
        FieldType::Date {} => ValueType::Date,
        FieldType::DateTime {} => ValueType::DateTime,
        FieldType::Formula { .. } => object.formula(&field.path)?.result(),
        FieldType::MultiSelect { .. }
        | FieldType::User {}
        | FieldType::Reference { .. }
        | FieldType::RollUp(_)
        | FieldType::Tags {}
        | FieldType::ExternalId {}
        | FieldType::Items { .. }
        | FieldType::Json { .. } => return None,
    })
}

/// The formulas of an object, each after those that it uses. One that cannot be parsed, or that uses itself, is left out:
/// definitions are checked before they are kept, so that is one of a later release.
fn formulas(object: &Object) -> Vec<(String, Arc<Formula>)> {
    let mut waiting: Vec<(&str, &str)> = object
        .live()
        .filter_map(|field| match &field.kind {
            FieldType::Formula { expression } => Some((field.path.as_str(), expression.as_str())),
            _ => None,
        })
        .collect();
    let mut known = Object { formulas: Vec::new(), ..object.clone() };
    loop {
        let before = known.formulas.len();
        waiting.retain(|(path, expression)| {
            let type_of = |path: &str| value_type(&known, known.field(path)?);
            match Formula::parse(expression, &type_of) {
                Ok(formula) => {
                    let formula = Arc::new(formula);
                    known.formulas.push(((*path).to_owned(), formula));
                    false
                }
                Err(_) => true,
            }
        });
        if known.formulas.len() == before {
            return known.formulas;
        }
    }
}

impl Object {
    /// The formula of a field.
    #[must_use]
    pub fn formula(&self, path: &str) -> Option<&Arc<Formula>> {
        self.formulas.iter().find(|(known, _)| known == path).map(|(_, formula)| formula)
    }
}
