//! With whom a record of a private object is shared. For other objects a share changes nothing: everybody sees them.
//!
//! | access pattern | cost |
//! |---|---|
//! | share | the record, whom it is shared with and the share, then a transaction of the share and its event |
//! | take a share back | the record and the share, then a transaction |
//! | the shares of a record | the record, a query under it, one batch read for the names |

use std::collections::BTreeMap;

use auth::Action;
use events::{Document, FieldChange};
use kernel::{AnyId, Error, Result, kinds};
use serde_json::{Value, json};
use table::{End, Level, Share};

use crate::access::EVERYONE;
use crate::load::{load_for, visible};
use crate::plan::{Plan, carry_out};
use crate::update::not_in_trash;
use crate::write::event_beside;
use crate::{Cx, Object, Record, Written};

/// The most shares that a record has: whoever needs more shares it with a team.
pub const MAX_SHARES: u16 = 100;

/// Shares a record with a user, a team or everyone, or changes what they may do. It takes to be able to change the
/// record. Does nothing when it is shared so already.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record, user or team; [`Error::WrongState`] when the record is in the trash;
/// [`Error::Invalid`] when it has [`MAX_SHARES`] shares.
pub async fn share(cx: &Cx, object: &Object, id: AnyId, subject: &str, level: Level) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let record = load_for(cx, &plan, object, id, Action::Update).await?;
        not_in_trash(object, &record)?;
        let before = stored(cx, &record, subject).await?;
        let share = match &before {
            Some(share) => Share { level, ..share.clone() },
            None => new_share(cx, &record, subject, level).await?,
        };
        let status = if before.is_some() { 200 } else { 201 };
        if before.as_ref() != Some(&share) {
            let keys = cx.table.keys();
            plan.others.require_version(keys.record(&object.name, id), record.common.version);
            plan.others.share(keys, &share)?;
            let before = before.as_ref().map_or(Value::Null, what);
            let change = FieldChange { before, after: what(&share) };
            plan.happened(object, event_beside(cx, object, "shared", &record, "share", change));
        }
        let version = record.common.version;
        Ok((plan, Written { status, id, version, document: Some(view(&share)), replayed: false }))
    })
    .await
}

/// Takes a share back. It takes to be able to change the record. Does nothing when there is none.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record, or when the subject is neither an id of a user or a team nor everyone.
pub async fn unshare(cx: &Cx, object: &Object, id: AnyId, subject: &str) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let record = load_for(cx, &plan, object, id, Action::Update).await?;
        if let Some(share) = stored(cx, &record, subject).await? {
            plan.others.unshare(cx.table.keys(), &share);
            let change = FieldChange { before: what(&share), after: Value::Null };
            plan.happened(object, event_beside(cx, object, "unshared", &record, "share", change));
        }
        let version = record.common.version;
        Ok((plan, Written { status: 204, id, version, document: None, replayed: false }))
    })
    .await
}

/// With whom a record is shared, all of them: subject, level, and the name of the user or the team.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record.
pub async fn shares(cx: &Cx, object: &Object, id: AnyId) -> Result<Vec<Document>> {
    visible(cx, object, id).await?;
    let keys = cx.table.keys();
    let shares = shares_of(cx, object, id, MAX_SHARES + 1).await?;
    let wanted: Vec<_> = shares
        .iter()
        .filter_map(|share| subject_of(&share.subject))
        .map(|subject| keys.record(subject.object(), subject.id()))
        .collect();
    let (schema, hidden) = (cx.schema().await?, cx.rights.hidden());
    let name = |document: Document| {
        let of = schema.object(document.get("object")?.as_str()?)?;
        let document = hidden.strip(of, document);
        let id = document.get("id")?.as_str()?.to_owned();
        Some((id, document.get("name")?.clone()))
    };
    let names: BTreeMap<String, Value> = cx.table.get_many(&wanted).await?.into_iter().filter_map(name).collect();
    let shown = shares.iter().map(|share| {
        let mut shown = view(share);
        shown.insert("name".to_owned(), names.get(&share.subject).cloned().unwrap_or(Value::Null));
        shown
    });
    Ok(shown.collect())
}

/// The first shares of a record, as they are stored.
pub(crate) async fn shares_of(cx: &Cx, object: &Object, id: AnyId, limit: u16) -> Result<Vec<Share>> {
    let keys = cx.table.keys();
    let page = cx.table.children(&keys.record(&object.name, id), keys.shares_prefix(), None, limit, false).await?;
    page.documents.into_iter().map(Share::read).collect()
}

/// Somebody with an id with whom a record can be shared.
enum Subject {
    User(AnyId),
    Team(AnyId),
}

impl Subject {
    const fn object(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Team(_) => "team",
        }
    }

    const fn id(&self) -> AnyId {
        match self {
            Self::User(id) | Self::Team(id) => *id,
        }
    }
}

fn subject_of(text: &str) -> Option<Subject> {
    let id: AnyId = text.parse().ok()?;
    let user = id.of::<kinds::User>().map(|_| Subject::User(id));
    user.or_else(|| id.of::<kinds::Team>().map(|_| Subject::Team(id)))
}

async fn stored(cx: &Cx, record: &Record, subject: &str) -> Result<Option<Share>> {
    // What names nobody is no key either.
    if subject != EVERYONE && subject_of(subject).is_none() {
        return Err(Error::not_found("user or team"));
    }
    let key = cx.table.keys().share(&record.common.object, record.common.id, subject);
    cx.table.get(&key).await?.map(Share::read).transpose()
}

/// A share with somebody who is there, of a record that has room for it.
async fn new_share(cx: &Cx, record: &Record, subject: &str, level: Level) -> Result<Share> {
    let keys = cx.table.keys();
    if subject != EVERYONE {
        let known = subject_of(subject).ok_or_else(|| Error::not_found("user or team"))?;
        let found = cx.table.get(&keys.record(known.object(), known.id())).await?;
        if found.is_none_or(|found| found.contains_key("archived_at")) {
            return Err(Error::not_found(known.object()));
        }
    }
    let parent = keys.record(&record.common.object, record.common.id);
    let page = cx.table.children(&parent, keys.shares_prefix(), None, MAX_SHARES, false).await?;
    if page.documents.len() >= usize::from(MAX_SHARES) {
        return Err(too_many());
    }
    Ok(Share {
        record: End::new(record.common.object.clone(), record.common.id),
        subject: subject.to_owned(),
        level,
        version: 0,
        created_at: cx.clock.now(),
        created_by: cx.caller.user,
    })
}

/// Why a record is not shared with more.
pub(crate) fn too_many() -> Error {
    let detail = format!("a record has at most {MAX_SHARES} shares: share it with a team");
    Error::invalid("", "too_many_shares", detail)
}

/// A share as an event tells it.
pub(crate) fn what(share: &Share) -> Value {
    json!({ "subject": share.subject, "level": share.level })
}

fn view(share: &Share) -> Document {
    let view = json!({
        "subject": share.subject,
        "level": share.level,
        "created_at": share.created_at,
        "created_by": share.created_by,
    });
    view.as_object().cloned().unwrap_or_default()
}
