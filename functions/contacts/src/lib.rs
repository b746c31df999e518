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
//! | link, share | the record, the other one and the item under it, then a transaction | 4 to 6 round trips |
//! | links, shares | the record, then `w#CONTACT#id` / `LINK#…`, `SHARE#…`, then the names of the others in one batch | 3 round trips |
//! | merge | the records in one batch, then a transaction of all of them and a job | 3 round trips |
//! | batch | each as by itself, eight at a time; atomic: what they read one by one, then one transaction | |
//! | erase | each a transaction: into the trash, 30 links, 80 shares, 40 events, and the record itself last | |
//!
//! Events out: `contact.created`, `.changed`, `.archived`, `.restored`, `.erased`, `.linked`, `.unlinked`, `.shared`,
//! `.unshared`, `.merged`, `.merged_away`, `.unmerged`, and the same of `company`; `job.created` of a merge. Events in: none.
//! Never lists, never counts, never sends mail.

use api::{App, Of, Routes, all_record_routes};

/// The routes of contacts and companies.
#[must_use]
pub fn routes() -> Routes {
    all_record_routes(Of::BuiltIn("contact", "contacts")).and(all_record_routes(Of::BuiltIn("company", "companies")))
}

/// The router of contacts.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
