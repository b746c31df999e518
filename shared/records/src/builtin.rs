//! The objects that every workspace has. They are described like a company's own, and what no description can say, their
//! rules, stands beside them.

mod company;
mod contact;
mod invitation;
mod job;
mod shared;
mod team;
mod user;
mod view;

use crate::{Field, FieldType, Object};

/// Every built-in object.
#[must_use]
pub(crate) fn objects() -> Vec<Object> {
    vec![
        contact::object(),
        company::object(),
        user::object(),
        team::object(),
        invitation::object(),
        view::object(),
        job::object(),
    ]
}

/// The built-in fields of every object of a company's own.
pub(crate) fn of_custom_objects() -> Vec<Field> {
    vec![
        Field::new("name", FieldType::text(200), "What people call it.").required().searched(),
        shared::external_id(),
        shared::tags(),
    ]
}
