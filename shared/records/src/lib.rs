//! The life cycle that every record shares: create, read, change, archive, restore, erase, and its history.
//!
//! An object is described by data ([`Object`], [`Field`]): the built-in ones here, a company's own in its configuration
//! ([`Definition`]), both together as the workspace's [`Schema`]. So contacts, users and a company's own objects go through the
//! very same code. A capability adds its verbs; it never adds another way to write.
//!
//! Every write is one transaction: the record with its version check, the guards of its unique values, the event, and
//! the kept answer if the request carried an idempotency key.

mod access;
mod archive;
mod builtin;
mod create;
mod cx;
mod definition;
mod erase;
mod field;
mod fields;
pub mod formula;
mod guards;
mod history;
mod load;
mod object;
mod operand;
mod record;
mod references;
mod schema;
mod schemas;
mod text;
mod update;
mod upsert;
mod value;
mod write;

pub use access::Reach;
pub use archive::{archive, restore};
pub use create::create;
pub use cx::Cx;
pub use definition::{CUSTOM_OBJECT, CustomObject, Definition, Override};
pub use erase::erase;
pub use field::{Aggregate, Choice, Equals, Field, FieldType, Guards, RollUp};
pub use fields::Fields;
pub use guards::{GuardReport, SETTLE_MS, build_guards, clear_guards};
pub use history::{History, history};
pub use load::load;
pub use object::{COMMON_FIELDS, Object, Section, Verb};
pub use record::{Common, Record, render};
pub use schema::{Schema, value_type};
pub use schemas::{SCHEMA_MS, Schemas};
pub use update::update;
pub use upsert::upsert;
pub use value::{CURRENCIES, Fate, coerce, fate, normalised, parse_date, parse_email, parse_external_id, parse_phone, parse_value};
pub use write::{Written, or_kept};
