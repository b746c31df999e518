//! Labelled links between two records of any objects.
//!
//! | access pattern | cost |
//! |---|---|
//! | link | both records, the link itself, one query a side to count; then a transaction of two items and two events |
//! | unlink | both records and the link; then a transaction |
//! | the links of a record | the record, a query under it, one batch read for the titles of the others |

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::Action;
use events::{Document, FieldChange};
use kernel::{AnyId, Error, Result, Timestamp, Violations};
use serde_json::{Value, json};
use table::{Direction, End, Link};

use crate::access::{Reach, reach, reaches};
use crate::load::{find, load_for, visible};
use crate::plan::{Plan, carry_out};
use crate::record::Common;
use crate::update::not_in_trash;
use crate::write::event_beside;
use crate::{Cx, Object, Record, Schema, Written};

/// The label of a link of which nothing more is said.
pub const DEFAULT_LABEL: &str = "related";
/// The most links that a record has. Counted by one query that ends there, so two who link at once may go past it by one.
pub const MAX_LINKS: u16 = 1000;
/// The most characters of a label.
const MAX_LABEL: usize = 40;

/// The other record of a link, as a path names it.
#[derive(Debug, Clone, Copy)]
pub struct Other<'a> {
    /// Its object in the singular.
    pub object: &'a str,
    /// Its id as text.
    pub id: &'a str,
}

/// Some links of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Links {
    /// Each as it is answered: the other record's object, id and title, the label, the direction.
    pub links: Vec<Document>,
    /// The link after which more follow, if there are any.
    pub next: Option<String>,
}

/// A label as a query names it: a word of lower-case letters, digits and underscores; the default one when none is named.
///
/// # Errors
/// A violation at `label` when it is no such word.
pub fn parse_label(label: Option<&str>) -> Result<String> {
    let label = label.unwrap_or(DEFAULT_LABEL);
    let is_word = label.starts_with(|first: char| first.is_ascii_lowercase())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && label.len() <= MAX_LABEL;
    match is_word {
        true => Ok(label.to_owned()),
        false => {
            let detail = format!("must be a word of 1 to {MAX_LABEL} lower-case letters, digits and underscores");
            Err(Error::invalid("/label", "bad_label", detail))
        }
    }
}

/// Links a record with another one. Does nothing when they are linked by that label, from whichever of the two.
///
/// It takes writing the one and seeing the other, and neither may be in the trash: both are part of the transaction, so
/// that what is erased meanwhile is not linked.
///
/// # Errors
/// [`Error::NotFound`] when either is not there; [`Error::WrongState`] when either is in the trash; [`Error::Invalid`]
/// when they are the same, or one of them has [`MAX_LINKS`] links.
pub async fn link(cx: &Cx, object: &Object, id: AnyId, label: &str, other: Other<'_>) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let written = plan_link(cx, &mut plan, object, id, label, other).await?;
        Ok((plan, written))
    })
    .await
}

async fn plan_link(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    id: AnyId,
    label: &str,
    other: Other<'_>,
) -> Result<Written> {
    let record = load_for(cx, plan, object, id, Action::Update).await?;
    let (other_object, other) = seen(cx, other).await?;
    if other.common.id == id {
        return Err(Error::invalid("/other", "linked_to_itself", "a record cannot be linked to itself"));
    }
    not_in_trash(object, &record)?;
    not_in_trash(&other_object, &other)?;
    if let Some(link) = stored(cx, &record.common, label, &other.common).await? {
        return Ok(answer(200, &record, &link));
    }
    for common in [&record.common, &other.common] {
        check_room(cx, common).await?;
    }
    let link = Link {
        from: End::new(object.name.clone(), id),
        to: End::new(other_object.name.clone(), other.common.id),
        label: label.to_owned(),
        version: 0,
        created_at: cx.clock.now(),
        created_by: cx.caller.user,
        more: Document::new(),
    };
    let keys = cx.table.keys();
    for common in [&record.common, &other.common] {
        plan.others.require_version(keys.record(&common.object, common.id), common.version);
    }
    plan.others.link(keys, &link)?;
    tell(cx, plan, object, "linked", &record, &link);
    tell(cx, plan, &other_object, "linked", &other, &link);
    Ok(answer(201, &record, &link))
}

/// Takes a link away again, from whichever of the two records it was made. Does nothing when there is none. The other
/// record may be in the trash.
///
/// # Errors
/// [`Error::NotFound`] when either record is not there.
pub async fn unlink(cx: &Cx, object: &Object, id: AnyId, label: &str, other: Other<'_>) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let record = load_for(cx, &plan, object, id, Action::Update).await?;
        let (other_object, other) = seen(cx, other).await?;
        let written = Written { status: 204, id, version: record.common.version, document: None, replayed: false };
        if let Some(link) = stored(cx, &record.common, label, &other.common).await? {
            plan.others.unlink(cx.table.keys(), &link);
            tell(cx, &mut plan, object, "unlinked", &record, &link);
            tell(cx, &mut plan, &other_object, "unlinked", &other, &link);
        }
        Ok((plan, written))
    })
    .await
}

/// A page of a record's links, by label and other record. Those with records that the caller may not know of are left
/// out, so a page may have fewer than asked and still not be the last.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record; [`Error::Malformed`] when `after` is of no such list.
pub async fn links(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    label: Option<&str>,
    after: Option<&str>,
    limit: u16,
) -> Result<Links> {
    visible(cx, object, id).await?;
    let keys = cx.table.keys();
    let after = after.map(|cursor| place(cx, object, id, label, cursor)).transpose()?;
    let prefix = keys.links_prefix(label);
    let page = cx.table.children(&keys.record(&object.name, id), &prefix, after.as_deref(), limit, false).await?;
    let more = page.next.is_some();
    let links: Vec<Link> = page.documents.into_iter().map(Link::read).collect::<Result<_>>()?;
    let next = links.last().filter(|_| more).and_then(|link| cursor(link, id));
    let schema = cx.schema().await?;
    let others = visible_others(cx, &schema, id, &links).await?;
    let shown = links.iter().filter_map(|link| {
        let (title, archived_at) = others.get(&link.other_end(id)?.id)?;
        Some(shown(link, id, title, *archived_at))
    });
    Ok(Links { links: shown.collect(), next })
}

/// The titles of the other records of some links, of those that the caller may know of, and when they went into the trash.
async fn visible_others(
    cx: &Cx,
    schema: &Schema,
    id: AnyId,
    links: &[Link],
) -> Result<BTreeMap<AnyId, (String, Option<Timestamp>)>> {
    let ends: BTreeMap<AnyId, &End> =
        links.iter().filter_map(|link| link.other_end(id)).map(|end| (end.id, end)).collect();
    let keys: Vec<_> = ends.values().map(|end| cx.table.keys().record(&end.object, end.id)).collect();
    let mut found = Vec::new();
    for document in cx.table.get_many(&keys).await? {
        let name = document.get("object").and_then(Value::as_str).unwrap_or_default();
        if let Some(object) = schema.object(name) {
            let title = object.title_of(&cx.rights.hidden().strip(object, document.clone()));
            found.push((object, Record::read(object, document)?.common, title));
        }
    }
    let asked: Vec<_> = found.iter().map(|(object, common, _)| (&***object, common)).collect();
    let reached = reaches(cx, &asked, Action::Read).await?;
    let seen = found.into_iter().zip(reached).filter(|(_, reach)| *reach != Reach::Nothing);
    Ok(seen.map(|((_, common, title), _)| (common.id, (title, common.archived_at))).collect())
}

/// The other record, if the caller may know of it.
async fn seen(cx: &Cx, other: Other<'_>) -> Result<(Arc<Object>, Record)> {
    let object = cx.object(other.object).await?;
    let id = other.id.parse().map_err(|_| Error::not_found(object.name.clone()))?;
    let record = find(cx, &object, id).await?.ok_or_else(|| Error::not_found(object.name.clone()))?;
    match reach(cx, &object, &record.common, Action::Read).await? {
        Reach::Nothing => Err(Error::not_found(object.name.clone())),
        Reach::Read | Reach::Whole => Ok((object, record)),
    }
}

async fn stored(cx: &Cx, record: &Common, label: &str, other: &Common) -> Result<Option<Link>> {
    let key = cx.table.keys().link(&record.object, record.id, label, other.id);
    cx.table.get(&key).await?.map(Link::read).transpose()
}

async fn check_room(cx: &Cx, record: &Common) -> Result<()> {
    let keys = cx.table.keys();
    let (parent, prefix) = (keys.record(&record.object, record.id), keys.links_prefix(None));
    let page = cx.table.children(&parent, &prefix, None, MAX_LINKS, false).await?;
    if page.documents.len() < usize::from(MAX_LINKS) && page.next.is_none() {
        return Ok(());
    }
    let detail = format!("{} has {MAX_LINKS} links, and a record has no more: use a field or an object", record.id);
    Err(Error::Invalid(Violations::one("", "too_many_links", detail)))
}

/// Notes under a record that a link was made or taken away. Says nothing of the other record but which one it is: its
/// history must not have to be searched when the other one is erased.
pub(crate) fn tell(cx: &Cx, plan: &mut Plan, object: &Object, verb: &'static str, record: &Record, link: &Link) {
    let Some((direction, other)) = link.direction_at(record.common.id).zip(link.other_end(record.common.id)) else {
        return;
    };
    let what = json!({ "object": other.object, "id": other.id, "label": link.label, "direction": direction });
    let change = match verb {
        "linked" => FieldChange { before: Value::Null, after: what },
        _ => FieldChange { before: what, after: Value::Null },
    };
    plan.happened(object, event_beside(cx, object, verb, record, "link", change));
}

fn answer(status: u16, record: &Record, link: &Link) -> Written {
    let (id, version) = (record.common.id, record.common.version);
    Written { status, id, version, document: Some(view(link, id)), replayed: false }
}

/// A link as a record has it.
fn view(link: &Link, record: AnyId) -> Document {
    let other = link.other_end(record);
    let mut view = Document::new();
    let mut put = |name: &str, value: Value| drop(view.insert(name.to_owned(), value));
    put("object", json!(other.map(|end| &end.object)));
    put("id", json!(other.map(|end| end.id)));
    put("label", json!(link.label));
    put("direction", json!(link.direction_at(record).map(Direction::as_str)));
    put("created_at", json!(link.created_at));
    put("created_by", json!(link.created_by));
    view
}

fn shown(link: &Link, record: AnyId, title: &str, archived_at: Option<Timestamp>) -> Document {
    let mut shown = view(link, record);
    shown.insert("title".to_owned(), title.into());
    shown.insert("archived_at".to_owned(), json!(archived_at));
    shown
}

/// A place among a record's links, as a client is given it.
fn cursor(link: &Link, record: AnyId) -> Option<String> {
    link.other_end(record).map(|other| format!("{}.{}", link.label, other.id))
}

/// The sort key that a cursor stands for.
fn place(cx: &Cx, object: &Object, id: AnyId, label: Option<&str>, cursor: &str) -> Result<String> {
    let mismatch = || Error::malformed("cursor_mismatch", "the cursor is not one of this list");
    let (of, other) = cursor.split_once('.').ok_or_else(mismatch)?;
    let of = parse_label(Some(of)).map_err(|_| mismatch())?;
    let other = other.parse().map_err(|_| mismatch())?;
    if label.is_some_and(|label| label != of) {
        return Err(mismatch());
    }
    Ok(cx.table.keys().link(&object.name, id, &of, other).sk().to_owned())
}
