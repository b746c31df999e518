//! How much a company may define. Every limit has a code of its own in the refusal.

/// The most objects of a company's own, those that were given up not counted.
pub(crate) const OBJECTS: usize = 200;
/// The most fields of a company's own that an object has, those that were given up not counted.
pub(crate) const FIELDS: usize = 300;
/// The most of them whose values are unique: each costs every write of a record an item of its transaction.
pub(crate) const UNIQUE_FIELDS: usize = 10;
/// The most of them that are roll-ups: each costs every change of a record that is counted some work in every replica.
pub(crate) const ROLL_UPS: usize = 20;
/// The most options of a field, those that can no longer be chosen included.
pub const OPTIONS: usize = 500;
/// The most sections of an object.
pub(crate) const SECTIONS: usize = 50;
/// The most conditions of a roll-up.
pub(crate) const CONDITIONS: usize = 5;
/// The largest definition of an object as JSON, in bytes: an item of the table may have 400 KB.
pub(crate) const DEFINITION_BYTES: usize = 300_000;
/// The largest definition of a field as JSON, in bytes: the event of a change has it twice, before and after.
pub(crate) const FIELD_BYTES: usize = 100_000;
/// The largest sum of all definitions, in bytes: every process reads all of them. `GET /v1/schema` may
/// need several answers for them.
pub(crate) const SCHEMA_BYTES: usize = 2_000_000;

/// The longest name of an object, in characters, `x_` included.
pub(crate) const OBJECT_NAME: usize = 40;
/// The longest name of a field, of a section, in characters.
pub(crate) const FIELD_NAME: usize = 40;
/// The longest label, in characters.
pub(crate) const LABEL: usize = 100;
/// The longest sentence for people, in characters.
pub(crate) const HELP: usize = 500;
/// The longest word of a select field, in characters.
pub const WORD: usize = 100;
/// The longest text of a text field that a company makes, in characters.
pub(crate) const TEXT: usize = 1_000;
/// The longest text of a long text field that a company makes, in characters.
pub(crate) const LONG_TEXT: usize = 20_000;
