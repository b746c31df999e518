//! The embedded stack.
mod filter;
mod template;
pub use filter::Filter;
pub use template::*;
