//! Contacts: the people that a company knows.
//!
//! Owns the object `contact` and its routes but for lists, which are `views`'.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | read one | `w#CONTACT#id` / `#`, strongly consistent | 1 read unit |
//! | create | transaction: record, event, guard of the email, kept answer | 1 round trip |
//! | change, archive, restore | the record, then a transaction | 2 round trips |
//! | by email | guard `w#UNIQUE#contact.email#…`, then as above | 1 round trip more |
//! | history | the record, then `w#CONTACT#id` / `EVENT#…` backwards | 2 round trips |
//!
//! Events out: `contact.created`, `.changed`, `.archived`, `.restored`, `.erased`. Events in: none.
//! Never lists, never counts, never sends mail.

mod contact;

use api::{App, Routes, record_routes};

pub use contact::object;

/// The routes of contacts.
#[must_use]
pub fn routes() -> Routes {
    record_routes(object(), contact::new_id)
}

/// The router of contacts.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
