//! The life cycle that every record shares: create, read, change, archive, restore, erase, and its history.
//!
//! An object is described by data ([`Object`], [`Field`]), so that contacts, users and a company's own objects go
//! through the very same code. A capability adds its rules and its verbs; it never adds another way to write.
//!
//! Every write is one transaction: the record with its version check, the guards of its unique values, the event, and
//! the kept answer if the request carried an idempotency key.

mod archive;
mod create;
mod cx;
mod erase;
mod fields;
pub mod formula;
mod history;
mod load;
mod record;
mod schema;
mod text;
mod update;
mod upsert;
mod value;
mod write;

pub use archive::{archive, restore};
pub use create::create;
pub use cx::Cx;
pub use erase::erase;
pub use fields::Fields;
pub use history::{History, history};
pub use load::load;
pub use record::{Record, render};
pub use schema::{COMMON_FIELDS, Field, FieldType, Object, Verb};
pub use update::update;
pub use upsert::upsert;
pub use value::{normalised, parse_email, parse_phone, parse_value};
pub use write::{Written, or_kept};
