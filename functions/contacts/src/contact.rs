//! The noun: what a contact is made of.

use std::sync::LazyLock;

use auth::Permission;
use kernel::{AnyId, Id, Ids, Violations, kinds};
use records::{Field, FieldType, Fields, Object};

static CONTACT: LazyLock<Object> = LazyLock::new(|| Object {
    name: "contact",
    plural: "contacts",
    prefix: "con",
    help: "A person that the company knows.",
    owned: true,
    write: Permission::Write,
    fields: vec![
        Field::new("first_name", FieldType::Text { max: 100 }, "Given name.").searched(),
        Field::new("last_name", FieldType::Text { max: 100 }, "Family name.").searched(),
        Field::new("email", FieldType::Email, "Email address. Two contacts never share one.").unique().searched(),
        Field::new("phone", FieldType::Phone, "Phone number, kept as E.164.").searched(),
        Field::new("city", FieldType::Text { max: 100 }, "Where they are."),
    ],
    rules,
    guard: Object::no_guard,
});

/// What a contact is made of.
#[must_use]
pub fn object() -> &'static Object {
    &CONTACT
}

pub(crate) fn new_id(ids: &Ids) -> AnyId {
    let id: Id<kinds::Contact> = ids.next();
    id.erase()
}

/// Somebody of whom nothing is known cannot be found or told apart.
fn rules(fields: &Fields, violations: &mut Violations) {
    let known = ["first_name", "last_name", "email", "phone"].iter().any(|name| fields.get(name).is_some());
    if !known {
        violations.add("", "nothing_known", "must have a first name, a last name, an email or a phone number");
    }
}
