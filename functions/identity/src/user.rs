//! Users: the people who work in a workspace.

use std::sync::LazyLock;

use api::{Routes, record_routes};
use auth::{Permission, Role};
use kernel::{AnyId, Id, Ids, Violations, kinds};
use records::{Field, FieldType, Fields, Object};

static USER: LazyLock<Object> = LazyLock::new(|| Object {
    name: "user",
    plural: "users",
    prefix: "usr",
    help: "Somebody who works in the workspace.",
    owned: false,
    write: Permission::Administer,
    fields: vec![
        Field::new("name", FieldType::Text { max: 200 }, "What colleagues call them.").required().searched(),
        Field::new("email", FieldType::Email, "Their email address, which they sign in with.")
            .required()
            .unique()
            .searched(),
        Field::new(
            "role",
            FieldType::Select { options: Role::ALL.iter().map(|role| role.as_str()).collect() },
            "What they may do.",
        )
        .required(),
    ],
    rules: no_rules,
});

/// What a user is made of.
#[must_use]
pub fn object() -> &'static Object {
    &USER
}

const fn no_rules(_: &Fields, _: &mut Violations) {}

fn new_id(ids: &Ids) -> AnyId {
    let id: Id<kinds::User> = ids.next();
    id.erase()
}

pub(crate) fn routes() -> Routes {
    record_routes(object(), new_id)
}
