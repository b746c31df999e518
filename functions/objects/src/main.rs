//! The binary of objects.

runtime::serve! { http: objects::router }
