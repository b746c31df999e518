//! What all writes of records have in common: their event, their size, their answer.

use std::collections::BTreeMap;

use auth::Action;
use events::{Document, Event, FieldChange};
use kernel::{AnyId, Error, Result, Timestamp, Version};
use serde_json::{Value, json};
use table::{KeptAnswer, Refused};

use crate::access::{Reach, reach};
use crate::fields::Fields;
use crate::guards::path_of;
use crate::record::Common;
use crate::{Cx, Object, Record, load};

/// How often a write that met another one is applied anew, when its caller did not say which version it had seen. Enough
/// for a crowd at one record: each try lets at least one of them through.
pub(crate) const MAX_TRIES: u32 = 12;

/// What a write answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The HTTP status of the first answer, repeated with the answer.
    pub status: u16,
    /// The record.
    pub id: AnyId,
    /// Its version after the write.
    pub version: Version,
    /// The record as it is answered; `None` when there is nothing left of it.
    pub document: Option<Document>,
    /// Whether this repeats an earlier answer to the same idempotency key.
    pub replayed: bool,
}

impl Written {
    pub(crate) fn of(cx: &Cx, status: u16, object: &Object, record: &Record) -> Self {
        let document = Some(shown(cx, object, record));
        Self { status, id: record.common.id, version: record.common.version, document, replayed: false }
    }

    /// The answer to keep for a repetition of the request.
    pub(crate) fn kept(&self) -> KeptAnswer {
        KeptAnswer::new(self.status, self.id, self.version, self.document.as_ref())
    }
}

/// A record as the caller may see it.
pub(crate) fn shown(cx: &Cx, object: &Object, record: &Record) -> Document {
    cx.rights.hidden().strip(object, record.rendered(object))
}

/// Whether `before` and `after` differ in who owns them or whether they are in the trash, besides their fields.
pub(crate) fn changes_between(before: Option<&Record>, after: &Record) -> BTreeMap<String, FieldChange> {
    let nothing = Fields::default();
    let mut changes = before.map_or(&nothing, |record| &record.fields).changes(&after.fields);
    let common = |record: &Record| {
        let Common { owner_id, archived_at, merged_into, .. } = &record.common;
        [("owner_id", json!(owner_id)), ("archived_at", json!(archived_at)), ("merged_into", json!(merged_into))]
    };
    let none = ["owner_id", "archived_at", "merged_into"].map(|name| (name, Value::Null));
    for ((name, after), (_, before)) in common(after).into_iter().zip(before.map_or(none, common)) {
        if before != after {
            changes.insert(name.to_owned(), FieldChange { before, after });
        }
    }
    changes
}

/// The event of a write, sealed.
pub(crate) fn event(
    cx: &Cx,
    object: &Object,
    verb: &str,
    record: &Record,
    changes: BTreeMap<String, FieldChange>,
) -> Event {
    event_at(cx, &object.name, verb, &record.common, record.common.updated_at, changes)
}

/// The event of something that happened to a record and left the record itself as it was.
pub(crate) fn event_beside(
    cx: &Cx,
    object: &Object,
    verb: &'static str,
    record: &Record,
    what: &str,
    change: FieldChange,
) -> Event {
    debug_assert!(BESIDE.contains(&verb), "{verb} would be taken for a change of the record");
    event_at(cx, &object.name, verb, &record.common, cx.clock.now(), BTreeMap::from([(what.to_owned(), change)]))
}

/// The verbs of events that leave the record itself as it was, as when a job's files are handed out: they have the version of
/// the record, and make none.
const BESIDE: [&str; 6] = ["linked", "unlinked", "shared", "unshared", "signed_in", "fetched"];

/// Whether an event is one of a record's versions.
pub(crate) fn is_of_version(event: &Event) -> bool {
    event.name.rsplit('.').next().is_none_or(|verb| !BESIDE.contains(&verb))
}

/// The event of something that happened at a time to a record of an object.
pub(crate) fn event_at(
    cx: &Cx,
    object: &str,
    verb: &str,
    common: &Common,
    at: Timestamp,
    changes: BTreeMap<String, FieldChange>,
) -> Event {
    Event {
        id: cx.ids.next(),
        name: format!("{object}.{verb}"),
        workspace: cx.caller.workspace,
        record: common.id,
        version: common.version,
        at,
        by: cx.caller.actor(),
        request_id: cx.request_id.clone(),
        job: cx.job,
        quiet: cx.quiet,
        changes,
        salt: None,
        digest: String::new(),
    }
    .sealed(cx.ids.salt())
}

/// The most bytes that a record may have as JSON: with its event, which holds what was before as well, it stays within the
/// 400 KB of an item.
const MAX_RECORD_BYTES: usize = 150_000;

/// Passes if a record is small enough to be kept.
pub(crate) fn check_size(record: &Record) -> Result<()> {
    let bytes = Value::Object(record.document()).to_string().len();
    if bytes <= MAX_RECORD_BYTES {
        return Ok(());
    }
    let detail =
        format!("has {bytes} bytes and a record may have {MAX_RECORD_BYTES}: keep long texts in notes and files");
    Err(Error::invalid("", "too_large", detail))
}

/// Answers an earlier request again. An answer that was not kept whole is given with the record as it is now, which the
/// caller must be able to see now.
///
/// # Errors
/// As [`as_it_is`].
pub(crate) async fn replay(cx: &Cx, object: &Object, kept: KeptAnswer) -> Result<Written> {
    let document = match kept.document {
        None if kept.status != 204 => {
            let record = as_it_is(cx, object, kept.id).await?;
            return Ok(Written { replayed: true, ..Written::of(cx, kept.status, object, &record) });
        }
        // Less may be shown by now, or nothing.
        document => {
            if document.is_some() && !object.is_open_to(cx) {
                as_it_is(cx, object, kept.id).await?;
            }
            document.map(|document| cx.rights.hidden().strip(object, document))
        }
    };
    Ok(Written { status: kept.status, id: kept.id, version: kept.version, document, replayed: true })
}

/// A record for a repeated answer.
///
/// # Errors
/// [`Error::NotFound`] when nothing is left of it, or the caller may not see it any more.
pub(crate) async fn as_it_is(cx: &Cx, object: &Object, id: AnyId) -> Result<Record> {
    let gone = || Error::not_found(object.name.clone());
    let record = load::find(cx, object, id).await?.ok_or_else(gone)?;
    match reach(cx, object, &record.common, Action::Read).await? {
        Reach::Nothing => Err(gone()),
        Reach::Read | Reach::Whole => Ok(record),
    }
}

/// A refusal that no verb knows a better answer to.
pub(crate) fn refused(object: &Object, refused: Refused) -> Error {
    match refused {
        Refused::Taken { field, .. } => Error::Conflict { field: path_of(&field).to_owned() },
        Refused::Stale(_) => Error::unavailable(format!("a {} changed while it was written", object.name)),
        Refused::Gone { .. } => Error::unavailable("a record went while another one was tied to it"),
        Refused::Exists { .. } => Error::bug(format!("the id of a new {} was used before", object.name)),
        Refused::Repeated(_) => Error::bug("a repeated request was not answered"),
        Refused::Failed(error) => error,
    }
}

/// The outcome of a write or, when it failed for a request that was carried out before, the earlier answer.
///
/// A commit finds an earlier answer by itself. A request that fails before it gets there, because the first attempt has
/// made its `If-Match` stale, costs this one read. Who may not write is not shown what others were answered.
///
/// # Errors
/// The outcome's own error when there is no earlier answer; [`Error::KeyReused`].
pub async fn or_kept(cx: &Cx, object: &Object, outcome: Result<Written>) -> Result<Written> {
    match outcome {
        Ok(written) => Ok(written),
        Err(error) => match earlier(cx, &error).await? {
            Some(kept) => replay(cx, object, kept).await,
            None => Err(error),
        },
    }
}

/// What a request that fails now was answered before, if it was.
pub(crate) async fn earlier(cx: &Cx, error: &Error) -> Result<Option<KeptAnswer>> {
    match &cx.once {
        Some(once) if !error.is_retryable() && !matches!(error, Error::Denied { .. }) => {
            cx.table.kept_answer(once, cx.clock.now()).await
        }
        _ => Ok(None),
    }
}
