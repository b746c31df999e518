//! The life cycle that every record shares: create, read, change, archive, restore, erase, link, share, merge, and its
//! history.
//!
//! An object is described by data ([`Object`], [`Field`]): the built-in ones here, a company's own in its configuration
//! ([`Definition`]), both together as the workspace's [`Schema`]. So contacts, users and a company's own objects go through the
//! very same code. A capability adds its verbs; it never adds another way to write.
//!
//! Every write is one transaction: the record with its version check, the guards of its unique values, the event, and
//! the kept answer if the request carried an idempotency key. What several writes have in common is a plan, which becomes
//! one commit: so a batch of them can be one transaction too.

mod access;
mod archive;
mod as_of;
mod batch;
mod bring;
mod builtin;
mod chunks;
mod create;
mod cx;
mod definition;
mod erase;
mod field;
mod fields;
pub mod formula;
mod guards;
mod hidden;
mod history;
mod invitation;
mod job;
pub mod limits;
mod links;
mod load;
mod members;
mod merge;
mod object;
mod operand;
mod owners;
mod plan;
mod record;
mod references;
mod relink;
mod repoint;
mod reshare;
mod revert;
mod rewrite;
mod rights;
mod role;
mod roster;
mod schema;
mod schemas;
mod settings;
mod shares;
mod text;
mod transition;
mod trash;
mod unmerge;
mod update;
mod upsert;
mod value;
mod write;

pub use access::{Reach, out_of_reach};
pub use archive::{archive, restore};
pub use as_of::as_of;
pub use batch::{Answered, Batch, Failed, MAX_OPERATIONS, batch};
pub use bring::{Brought, Row, bring};
pub use create::create;
pub use cx::Cx;
pub use definition::{CUSTOM_OBJECT, CustomObject, Definition, Override};
pub use erase::{erase, erase_due};
pub use field::{Aggregate, Choice, Equals, Field, FieldType, Guards, RollUp};
pub use fields::{Fields, insert as insert_value};
pub use guards::{GuardReport, SETTLE_MS, build_guards, clear_guards};
pub use hidden::Hidden;
pub use history::{History, history};
pub use invitation::{INVITATION, InvitationState, accept};
pub use job::{Counts, JOB, Job, JobKind, JobState};
pub use links::{DEFAULT_LABEL, Links, MAX_LINKS, Other, link, links, parse_label, unlink};
pub use load::{is_absent, load};
pub use members::{Members, render};
pub use merge::{MAX_MERGED, Merge, Merged, merge};
pub use object::{COMMON_FIELDS, Governed, Object, Section, Verb};
pub use record::{Common, Record};
pub use references::check_mentioned;
pub use relink::{move_links, return_links};
pub use reshare::{is_private_or_shared, pass_on_shares, take_back_shares};
pub use revert::{Reverted, is_own_work, revert};
pub use rewrite::{forestall, rewrite, rewrite_for, whose};
pub use rights::Rights;
pub use role::{Roles, role_part};
pub use roster::{Roster, person_part};
pub use schema::{Schema, value_type};
pub use schemas::{SCHEMA_MS, Schemas, depends_on_schema};
pub use settings::{MAX_TRASH_DAYS, TRASH_DAYS, parse_trash_days};
pub use shares::{MAX_SHARES, share, shares, unshare};
pub use transition::transition;
pub use trash::{JOB_DAYS, put_off};
pub use unmerge::{Kept, Unmerged, unmerge, unmerge_with};
pub use update::update;
pub use upsert::{Unique, holders, upsert};
pub use value::{
    CURRENCIES, Fate, MAX_WORDS, coerce, fate, is_currency, minor_digits, normalised, parse_date, parse_email,
    parse_external_id, parse_phone, parse_value,
};
pub use write::{Written, or_kept};
