//! What happened, and how it travels: domain events, changes of items, journal entries, messages between functions.
//!
//! * An [`Event`] says what happened to a record, who did it and why it matters. It is written in the transaction of
//!   the change itself and is the outbox, the history and the audit log in one.
//! * A [`Change`] says what became of one item of the table, as its stream tells it. Journal entries are made of changes.
//! * A [`Chain`] goes over a day's events, so that none of them can be changed, taken away or put in unseen.
//! * A message ([`SnapshotRequest`], [`JobRequest`], [`MailRequest`]) asks a worker for something.
//!
//! These are formats that outlive a release: fields are added, never renamed, and readers ignore what they do not know.

mod chain;
mod change;
mod event;
mod journal;
mod message;

pub use chain::{Chain, Entry, Fingerprint, ParseFingerprintError, TRACE_BYTES};
pub use change::{Change, StreamPosition};
pub use event::{Actor, Event, FieldChange};
pub use journal::{BROKEN, DecodeError, MAX_ENTRY_BYTES, decode, encode};
pub use message::{Forget, JobRequest, MailRequest, SnapshotReason, SnapshotRequest};

/// A JSON object: a record as the table and the API see it.
pub type Document = serde_json::Map<String, serde_json::Value>;
