//! Contacts: the people and the organisations that a company knows.
//!
//! Owns the objects `contact` and `company`: everything that changes them. They are read by `views`.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | create | transaction: record, event, guard of the email, kept answer | 1 round trip |
//! | change, archive, restore | the record, then a transaction | 2 round trips |
//! | by email | guard `w#UNIQUE#contact.email#…`, then as above | 1 round trip more |
//! | history | the record, then `w#CONTACT#id` / `EVENT#…` backwards | 2 round trips |
//!
//! Events out: `contact.created`, `.changed`, `.archived`, `.restored`, `.erased`, and the same of `company`. Events in: none.
//! Never lists, never counts, never sends mail.

use api::{App, Of, Routes, record_routes};

/// The routes of contacts and companies.
#[must_use]
pub fn routes() -> Routes {
    record_routes(Of::BuiltIn("contact", "contacts")).and(record_routes(Of::BuiltIn("company", "companies")))
}

/// The router of contacts.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
