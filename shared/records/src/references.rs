//! What a record refers to: it must be there, and no record may be its own ancestor.

use std::collections::BTreeMap;

use auth::Action;
use events::Document;
use kernel::{AnyId, Error, Result, Violations, pointer};
use serde_json::Value;

use crate::access::{Reach, reaches};
use crate::create::new_common;
use crate::load::parse_owner;
use crate::plan::Plan;
use crate::{Cx, Field, FieldType, Fields, Object, Record, Schema};

/// How many ancestors a record may have.
const MAX_ANCESTORS: usize = 50;

/// A record that another one refers to, and where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The object that the field wants.
    pub(crate) object: String,
    pub(crate) id: AnyId,
    /// Where the reference stands in a body.
    pub(crate) pointer: String,
    /// The path of the field, if nothing may be its own ancestor by it.
    acyclic: Option<String>,
}

/// Everything that a record refers to, its owner included.
pub(crate) fn targets(object: &Object, record: &Record) -> Vec<Target> {
    let mut targets = Vec::new();
    if let Some(owner) = record.common.owner_id {
        let pointer = pointer("owner_id");
        targets.push(Target { object: "user".to_owned(), id: owner.erase(), pointer, acyclic: None });
    }
    for field in object.live() {
        let Some(value) = record.fields.get(&field.path) else { continue };
        add(field, &field.path, value, &field.pointer(), &mut targets);
    }
    targets
}

fn add(field: &Field, path: &str, value: &Value, at: &str, targets: &mut Vec<Target>) {
    if let (FieldType::Items { fields, .. }, Value::Array(items)) = (&field.kind, value) {
        for (index, item) in items.iter().enumerate() {
            for field in fields {
                let Some(value) = item.get(&field.name) else { continue };
                let at = [at, &pointer(&index.to_string()), &pointer(&field.name)].concat();
                add(field, "", value, &at, targets);
            }
        }
        return;
    }
    let id = value.as_str().and_then(|text| text.parse().ok());
    if let (Some(object), Some(id)) = (field.kind.refers_to(), id) {
        let acyclic = matches!(field.kind, FieldType::Reference { acyclic: true, .. }).then(|| path.to_owned());
        targets.push(Target { object: object.to_owned(), id, pointer: at.to_owned(), acyclic });
    }
}

/// Passes if everything that the members of a change refer to is there, and the caller may know of it: for who is to make
/// the change in many records later. One round trip at most.
///
/// # Errors
/// Every violation at once.
pub async fn check_mentioned(cx: &Cx, object: &Object, change: &Document) -> Result<()> {
    let owner = parse_owner(change).ok().flatten().flatten();
    let fields = Fields::draft(object, change).unwrap_or_default();
    let record = Record::new(new_common(cx, object, cx.ids.next_of(object.prefix), owner), fields);
    check(cx, &mut Plan::default(), object, None, &record).await
}

/// Checks what a record refers to that it did not refer to before: it must be a record of the right object that the
/// caller may know of, and in no trash. One round trip when there is anything to check, and one for each further ancestor;
/// none for the caller as owner.
///
/// Ancestors become part of the transaction, so that two who make each other their parent at once do not both succeed.
/// What the plan writes itself counts as it will be.
pub(crate) async fn check(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    before: Option<&Record>,
    after: &Record,
) -> Result<()> {
    let known = before.map(|record| targets(object, record)).unwrap_or_default();
    let caller = cx.caller.user.erase();
    // That a record is known to be there says nothing about whether it may stand above this one.
    let is_known = |target: &Target| {
        (target.object == "user" && target.id == caller)
            || known.iter().any(|old| {
                (&old.object, old.id) == (&target.object, target.id)
                    && (target.acyclic.is_none() || old.acyclic == target.acyclic)
            })
    };
    let new: Vec<Target> = targets(object, after).into_iter().filter(|target| !is_known(target)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut violations = Violations::new();
    let schema = cx.schema().await?;
    let found = found(cx, &schema, plan, &new).await?;
    for target in &new {
        let Some(record) = found.get(&target.id).filter(|_| is_right(&schema, target)) else {
            let code = if target.object == "user" { "unknown_user" } else { "unknown_record" };
            let detail = format!("must be a {} of this workspace", target.object);
            violations.add(target.pointer.clone(), code, detail);
            continue;
        };
        let Some(path) = &target.acyclic else { continue };
        let line = Line { object, path, ends: &[after.common.id] };
        match line.above(cx, plan, record).await? {
            Above::Clear => {}
            Above::Meets => {
                violations.add(target.pointer.clone(), "cycle", "must not be the record itself or one below it");
            }
            Above::TooDeep => {
                let detail = format!("must have at most {MAX_ANCESTORS} above it");
                violations.add(target.pointer.clone(), "too_deep", detail);
            }
        }
    }
    violations.or(()).map_err(Error::from)
}

/// Whether an id is one of the object that the field wants.
fn is_right(schema: &Schema, target: &Target) -> bool {
    schema.object(&target.object).is_some_and(|object| object.prefix == target.id.prefix())
}

/// Those targets that are there, not in the trash, of the right object, and not hidden from the caller.
async fn found(cx: &Cx, schema: &Schema, plan: &Plan, targets: &[Target]) -> Result<BTreeMap<AnyId, Record>> {
    let keys = cx.table.keys();
    let right = targets.iter().filter(|target| is_right(schema, target));
    let ids: BTreeMap<AnyId, &str> = right.map(|target| (target.id, target.object.as_str())).collect();
    let known = |id: AnyId| plan.record(id).map(Some).or_else(|| plan.was_read(id));
    let mut records: Vec<Record> = ids.keys().filter_map(|id| known(*id).flatten().cloned()).collect();
    let stored = ids.iter().filter(|(id, _)| known(**id).is_none());
    let wanted: Vec<_> = stored.map(|(id, object)| keys.record(object, *id)).collect();
    for document in cx.table.get_many(&wanted).await? {
        let object = document.get("object").and_then(Value::as_str).and_then(|name| schema.object(name));
        if let Some(object) = object {
            records.push(Record::read(object, document)?);
        }
    }
    records.retain(|record| record.common.archived_at.is_none());
    let asked: Vec<_> =
        records.iter().filter_map(|record| Some((&**schema.object(&record.common.object)?, &record.common))).collect();
    let reaches = reaches(cx, &asked, Action::Read).await?;
    let seen = records.into_iter().zip(reaches).filter(|(_, reach)| *reach != Reach::Nothing);
    Ok(seen.map(|(record, _)| (record.common.id, record)).collect())
}

/// The line of an object's records above one of them, by one of its fields.
pub(crate) struct Line<'a> {
    pub(crate) object: &'a Object,
    pub(crate) path: &'a str,
    /// What must not be met in it.
    pub(crate) ends: &'a [AnyId],
}

/// What is found above a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Above {
    /// Nothing that must not be there.
    Clear,
    /// One of those that must not be there.
    Meets,
    /// More than anybody needs.
    TooDeep,
}

impl Line<'_> {
    /// Looks at a record and at all those above it, one read each. They become part of the transaction.
    pub(crate) async fn above(&self, cx: &Cx, plan: &mut Plan, first: &Record) -> Result<Above> {
        let keys = cx.table.keys();
        let mut record = first.clone();
        for _ in 0..MAX_ANCESTORS {
            let id = record.common.id;
            if self.ends.contains(&id) {
                return Ok(Above::Meets);
            }
            if plan.record(id).is_none() {
                plan.others.require_version(keys.record(&self.object.name, id), record.common.version);
            }
            // What was merged is where it was merged into: what refers to it is going to say so.
            let parent = || record.fields.text(self.path).and_then(|id| id.parse().ok());
            let Some(next) = record.common.merged_into.or_else(parent) else { return Ok(Above::Clear) };
            let Some(next) = plan.find(cx, self.object, next).await? else { return Ok(Above::Clear) };
            record = next;
        }
        Ok(Above::TooDeep)
    }
}
