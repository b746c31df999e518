//! What a caller may do to one record, beyond what the role says of all of them.

use std::collections::{BTreeMap, BTreeSet};

use auth::Permission;
use events::Document;
use kernel::{AnyId, Error, Result};
use serde_json::Value;

use crate::record::Common;
use crate::{Cx, Object, Record};

/// How far a caller reaches into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The caller may not know that there is such a record.
    Nothing,
    /// The caller may look at it.
    Read,
    /// The caller may change it, as far as the role goes.
    Write,
}

/// With whom everybody in the workspace is meant.
pub(crate) const EVERYONE: &str = "everyone";

impl Object {
    /// Whether every caller reaches every record of this object: no share has to be looked up.
    #[must_use]
    pub fn is_open_to(&self, cx: &Cx) -> bool {
        !self.private || cx.caller.role.may(Permission::Administer)
    }
}

/// How far the caller reaches into a record. No round trip but for private objects' records of others; then two at most.
pub(crate) async fn reach(cx: &Cx, object: &Object, common: &Common) -> Result<Reach> {
    if object.is_open_to(cx) || common.owner_id == Some(cx.caller.user) {
        return Ok(Reach::Write);
    }
    let keys = cx.table.keys();
    let caller = cx.caller.user.erase();
    let share = |subject: &str| keys.share(&object.name, common.id, subject);
    let wanted = [keys.record("user", caller), share(&caller.to_string()), share(EVERYONE)];
    let found = cx.table.get_many(&wanted).await?;
    let team = found.iter().find_map(|document| document.get("team_id")?.as_str());
    let with_team = match team {
        Some(team) => cx.table.get(&share(team)).await?,
        None => None,
    };
    Ok(found.iter().chain(&with_team).filter_map(level).max().unwrap_or(Reach::Nothing))
}

/// How far the caller reaches into each of several records: two round trips at most, none when all are open or the caller's.
pub(crate) async fn reaches(cx: &Cx, records: &[(&Object, &Common)]) -> Result<Vec<Reach>> {
    let is_closed =
        |(object, common): &&(&Object, &Common)| !object.is_open_to(cx) && common.owner_id != Some(cx.caller.user);
    let closed: BTreeMap<AnyId, &str> =
        records.iter().filter(is_closed).map(|(object, common)| (common.id, object.name.as_str())).collect();
    let mut reached: BTreeMap<AnyId, Reach> = closed.keys().map(|id| (*id, Reach::Nothing)).collect();
    if !closed.is_empty() {
        let keys = cx.table.keys();
        let user = cx.table.get(&keys.record("user", cx.caller.user.erase())).await?;
        let team = user.as_ref().and_then(|user| user.get("team_id")?.as_str()).map(str::to_owned);
        let subjects: Vec<String> = [cx.caller.user.to_string(), EVERYONE.to_owned()].into_iter().chain(team).collect();
        let shares =
            closed.iter().flat_map(|(id, object)| subjects.iter().map(move |subject| keys.share(object, *id, subject)));
        for share in cx.table.get_many(&shares.collect::<Vec<_>>()).await? {
            let record = share.get("record").and_then(|id| id.as_str()?.parse().ok());
            let known = record.and_then(|id: AnyId| reached.get_mut(&id));
            if let (Some(known), Some(level)) = (known, level(&share)) {
                *known = level.max(*known);
            }
        }
    }
    Ok(records.iter().map(|(_, common)| reached.get(&common.id).copied().unwrap_or(Reach::Write)).collect())
}

/// Those of some records that the caller may not know of.
///
/// These are, of private objects, those of others that are not shared with them, and those that are gone, since nobody can
/// say any more whose they were. Three round trips, however many records; none when all are of open objects.
///
/// # Errors
/// When the table does not answer.
pub async fn out_of_reach(cx: &Cx, ids: impl IntoIterator<Item = AnyId> + Send) -> Result<BTreeSet<AnyId>> {
    if cx.caller.role.may(Permission::Administer) {
        return Ok(BTreeSet::new());
    }
    let schema = cx.schema().await?;
    let object_of = |id: AnyId| schema.all().find(|object| object.prefix == id.prefix());
    let is_closed = |id: &AnyId| object_of(*id).is_none_or(|object| !object.is_open_to(cx));
    let mut hidden: BTreeSet<AnyId> = ids.into_iter().filter(is_closed).collect();
    let keys = hidden.iter().filter_map(|id| Some(cx.table.keys().record(&object_of(*id)?.name, *id)));
    let mut found = Vec::new();
    for document in cx.table.get_many(&keys.collect::<Vec<_>>()).await? {
        let common: Common = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("record"))?;
        found.extend(object_of(common.id).map(|object| (&**object, common)));
    }
    let asked: Vec<_> = found.iter().map(|(object, common)| (*object, common)).collect();
    for ((_, common), reach) in asked.iter().zip(reaches(cx, &asked).await?) {
        if reach != Reach::Nothing {
            hidden.remove(&common.id);
        }
    }
    Ok(hidden)
}

/// What a share gives; `None` for a document that is none.
fn level(share: &Document) -> Option<Reach> {
    share.get("subject")?;
    match share.get("level").and_then(Value::as_str)? {
        "write" => Some(Reach::Write),
        "read" => Some(Reach::Read),
        _ => None,
    }
}

/// Passes if the caller may change a record.
///
/// # Errors
/// [`Error::NotFound`] for a record that the caller may not know of, [`Error::Denied`] for one that is only shared to be read.
pub(crate) async fn require_write(cx: &Cx, object: &Object, record: &Record) -> Result<()> {
    match reach(cx, object, &record.common).await? {
        Reach::Write => Ok(()),
        Reach::Read => Err(Error::denied("this record is shared with you to be read only")),
        Reach::Nothing => Err(Error::not_found(object.name.clone())),
    }
}
