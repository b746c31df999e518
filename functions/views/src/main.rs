//! The binary of views.

runtime::serve! { http: views::router }
