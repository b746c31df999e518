//! Users: the people who work in a workspace.

use std::sync::LazyLock;

use api::{Routes, record_routes};
use auth::{Caller, Permission, Role};
use events::Document;
use kernel::{AnyId, Error, Id, Ids, Result, Violations, kinds};
use records::{Field, FieldType, Fields, Object, Verb};

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
    guard: not_oneself,
});

/// What a user is made of.
#[must_use]
pub fn object() -> &'static Object {
    &USER
}

const fn no_rules(_: &Fields, _: &mut Violations) {}

/// Nobody takes away their own access: the last administrator would lock everybody out.
fn not_oneself(caller: &Caller, id: AnyId, verb: Verb, patch: &Document) -> Result<()> {
    let takes_access = match verb {
        Verb::Archive | Verb::Erase => true,
        Verb::Change => patch.contains_key("role"),
        Verb::Restore => false,
    };
    if takes_access && id == caller.user.erase() {
        let detail = "nobody can take away their own access: ask another administrator".to_owned();
        return Err(Error::WrongState { code: "oneself", detail });
    }
    Ok(())
}

fn new_id(ids: &Ids) -> AnyId {
    let id: Id<kinds::User> = ids.next();
    id.erase()
}

pub(crate) fn routes() -> Routes {
    record_routes(object(), new_id)
}
