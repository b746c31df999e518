//! What a caller may see. Every handler asks here and nowhere else.

use std::collections::BTreeSet;

use auth::Permission;
use records::{COMMON_FIELDS, Cx, Object, Schema};
use replica::Visibility;

/// What the caller may see: administrators everything, others of private objects what is theirs or shared with them.
pub(crate) fn visibility(cx: &Cx) -> Visibility {
    match cx.caller.role.may(Permission::Administer) {
        true => Visibility::all(),
        false => Visibility::of(cx.caller.user),
    }
}

/// The paths of an object's fields that a caller may not know of.
pub(crate) fn hidden(schema: &Schema, visibility: &Visibility, object: &Object) -> BTreeSet<String> {
    let is_hidden = |path: &&str| visibility.hides(schema, object, path);
    let own = object.live().map(|field| field.path.as_str());
    own.chain(COMMON_FIELDS.iter().copied()).filter(is_hidden).map(str::to_owned).collect()
}
