//! What a caller may not know of, and records without it.

use std::collections::{BTreeMap, BTreeSet};

use api::Showing;
use records::{Object, Schema};
use replica::{Found, Visibility};
use serde_json::value::RawValue;

/// The paths of an object's fields that a caller may not know of.
pub(crate) fn hidden(schema: &Schema, visibility: &Visibility, object: &Object) -> BTreeSet<String> {
    visibility.hidden.of(schema, object)
}

/// Records of any objects as a caller may see them.
#[derive(Debug)]
pub(crate) struct Showings<'a> {
    schema: &'a Schema,
    visibility: &'a Visibility,
    /// By the objects' names.
    known: BTreeMap<&'a str, Showing<'a>>,
}

impl<'a> Showings<'a> {
    pub(crate) const fn new(schema: &'a Schema, visibility: &'a Visibility) -> Self {
        Self { schema, visibility, known: BTreeMap::new() }
    }

    /// A record of an object, as text for an answer that is made of many.
    pub(crate) fn text(&mut self, object: &'a Object, found: &Found) -> Box<RawValue> {
        let showing = || Showing::of(object, &hidden(self.schema, self.visibility, object), None);
        self.known.entry(&object.name).or_insert_with(showing).text(&found.document, &found.roll_ups)
    }
}
