//! The binary of schema.

runtime::serve! { http: schema::router }
