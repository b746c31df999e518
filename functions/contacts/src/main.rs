//! The binary of contacts.

runtime::serve! { http: contacts::router }
