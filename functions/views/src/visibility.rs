//! What a caller may not know of.

use std::collections::BTreeSet;

use records::{COMMON_FIELDS, Object, Schema};
use replica::Visibility;

/// The paths of an object's fields that a caller may not know of.
pub(crate) fn hidden(schema: &Schema, visibility: &Visibility, object: &Object) -> BTreeSet<String> {
    let is_hidden = |path: &&str| visibility.hides(schema, object, path);
    let own = object.live().map(|field| field.path.as_str());
    own.chain(COMMON_FIELDS.iter().copied()).filter(is_hidden).map(str::to_owned).collect()
}
