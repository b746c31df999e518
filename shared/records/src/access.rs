//! What a caller may do to one record, beyond what the role says of all of them.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Action, Scope};
use events::Document;
use kernel::{AnyId, Error, Id, Result, kinds};
use serde_json::Value;

use crate::record::Common;
use crate::rights::denied;
use crate::{Cx, Object, Record};

/// How far a caller reaches into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The caller may not know that there is such a record.
    Nothing,
    /// The caller may look at it, and nothing else that was asked for.
    Read,
    /// The caller may do with it what was asked for.
    Whole,
}

/// With whom everybody in the workspace is meant.
pub(crate) const EVERYONE: &str = "everyone";

/// What a role says of one record.
enum Said {
    /// This, whatever is shared.
    Known(Reach),
    /// This, and more if it is shared.
    AtLeast(Reach),
}

fn said(cx: &Cx, object: &Object, owner: Option<Id<kinds::User>>, action: Action) -> Said {
    let rights = &cx.rights;
    let (read, wanted) = (rights.scope(object, Action::Read), rights.scope(object, action));
    let reach = match (rights.includes(read, owner), rights.includes(wanted, owner)) {
        (false, _) => Reach::Nothing,
        (true, false) => Reach::Read,
        (true, true) => Reach::Whole,
    };
    // A share widens whose records are reached. It gives no action that a role does not have at all.
    let is_widened = match reach {
        Reach::Nothing => read != Scope::None,
        Reach::Read => wanted != Scope::None,
        Reach::Whole => false,
    };
    if is_widened { Said::AtLeast(reach) } else { Said::Known(reach) }
}

impl Object {
    /// Whether every caller sees every record of this object: no share has to be looked up.
    #[must_use]
    pub fn is_open_to(&self, cx: &Cx) -> bool {
        cx.rights.scope(self, Action::Read) == Scope::All
    }
}

/// How far the caller reaches into a record. No round trip but for records that are out of the role's scope and may be shared;
/// then one.
pub(crate) async fn reach(cx: &Cx, object: &Object, common: &Common, action: Action) -> Result<Reach> {
    let asked = [(object, common)];
    Ok(reaches(cx, &asked, action).await?.pop().unwrap_or(Reach::Nothing))
}

/// How far the caller reaches into each of several records: one round trip at most, none when the role says enough.
pub(crate) async fn reaches(cx: &Cx, records: &[(&Object, &Common)], action: Action) -> Result<Vec<Reach>> {
    let mut reached = Vec::with_capacity(records.len());
    let mut unsure: BTreeMap<AnyId, (&Object, usize)> = BTreeMap::new();
    for (place, (object, common)) in records.iter().enumerate() {
        match said(cx, object, common.owner_id, action) {
            Said::Known(reach) => reached.push(reach),
            Said::AtLeast(reach) => {
                reached.push(reach);
                unsure.insert(common.id, (object, place));
            }
        }
    }
    if unsure.is_empty() {
        return Ok(reached);
    }
    let (keys, subjects) = (cx.table.keys(), cx.rights.subjects());
    let shares = unsure
        .iter()
        .flat_map(|(id, (object, _))| subjects.iter().map(|subject| keys.share(&object.name, *id, subject)));
    for share in cx.table.get_many(&shares.collect::<Vec<_>>()).await? {
        let record = share.get("record").and_then(|id| id.as_str()?.parse().ok());
        let known = record.and_then(|id: AnyId| unsure.get(&id));
        if let (Some((object, place)), Some(level)) = (known, level(&share)) {
            let shared = if matches!(action, Action::Read | Action::Export) { Reach::Whole } else { level };
            let can = cx.rights.scope(object, action) != Scope::None;
            let shared = if can { shared } else { Reach::Read };
            if let Some(reach) = reached.get_mut(*place) {
                *reach = shared.max(*reach);
            }
        }
    }
    // The same record may be asked for twice.
    Ok(records
        .iter()
        .zip(&reached)
        .map(|((_, common), reach)| {
            unsure.get(&common.id).and_then(|(_, place)| reached.get(*place)).copied().unwrap_or(*reach)
        })
        .collect())
}

/// Those of some records that the caller may not know of.
///
/// These are those of others that the caller's role does not let them see and that are not shared with them, and those that are gone, since
/// nobody can say any more whose they were. Two round trips, however many records; none when all are of open objects.
///
/// # Errors
/// When the table does not answer.
pub async fn out_of_reach(cx: &Cx, ids: impl IntoIterator<Item = AnyId> + Send) -> Result<BTreeSet<AnyId>> {
    let schema = cx.schema().await?;
    let object_of = |id: AnyId| schema.all().find(|object| object.prefix == id.prefix());
    let is_closed = |id: &AnyId| object_of(*id).is_none_or(|object| !object.is_open_to(cx));
    let sees_all = cx.rights.may(auth::Capability::SeePrivate);
    let is_closed = |id: &AnyId| is_closed(id) && !(sees_all && object_of(*id).is_none());
    let mut hidden: BTreeSet<AnyId> = ids.into_iter().filter(is_closed).collect();
    let keys = hidden.iter().filter_map(|id| Some(cx.table.keys().record(&object_of(*id)?.name, *id)));
    let mut found = Vec::new();
    for document in cx.table.get_many(&keys.collect::<Vec<_>>()).await? {
        let common: Common = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("record"))?;
        found.extend(object_of(common.id).map(|object| (&**object, common)));
    }
    let asked: Vec<_> = found.iter().map(|(object, common)| (*object, common)).collect();
    for ((_, common), reach) in asked.iter().zip(reaches(cx, &asked, Action::Read).await?) {
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
        "write" => Some(Reach::Whole),
        "read" => Some(Reach::Read),
        _ => None,
    }
}

/// Passes if the caller may do something to a record.
///
/// # Errors
/// [`Error::NotFound`] for a record that the caller may not know of, [`Error::Denied`] for one that they only see.
pub(crate) async fn require(cx: &Cx, object: &Object, record: &Record, action: Action) -> Result<()> {
    match reach(cx, object, &record.common, action).await? {
        Reach::Whole => Ok(()),
        Reach::Read if cx.rights.scope(object, action) == Scope::None => Err(denied(object, action)),
        Reach::Read => {
            Err(Error::denied(format!("this {} is somebody else's, and yours to look at only", object.name)))
        }
        Reach::Nothing => Err(Error::not_found(object.name.clone())),
    }
}

/// Passes if the caller may make a record that belongs to somebody, or to nobody.
///
/// # Errors
/// [`Error::Denied`] if not.
pub(crate) fn require_create(cx: &Cx, object: &Object, owner: Option<Id<kinds::User>>) -> Result<()> {
    let scope = cx.rights.scope(object, Action::Create);
    // Records of some objects belong to nobody: who may make any makes those.
    if scope != Scope::None && (!object.owned || cx.rights.includes(scope, owner)) {
        return Ok(());
    }
    match scope {
        Scope::None => Err(denied(object, Action::Create)),
        Scope::Own => Err(Error::denied(format!("you may make {} of your own only", object.plural))),
        _ => Err(Error::denied(format!("you may make {} of your team only", object.plural))),
    }
}
