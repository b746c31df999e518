//! What a caller may not know of.

use std::collections::BTreeSet;

use records::{Object, Schema};
use replica::Visibility;

/// The paths of an object's fields that a caller may not know of.
pub(crate) fn hidden(schema: &Schema, visibility: &Visibility, object: &Object) -> BTreeSet<String> {
    visibility.hidden_of(schema, object)
}
