//! The binary of privacy.

runtime::serve! { http: privacy::router }
