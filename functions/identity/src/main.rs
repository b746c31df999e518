//! The binary of identity.

runtime::serve! { http: identity::router }
