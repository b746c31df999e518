//! What a record refers to: it must be there, and no record may be its own ancestor.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use kernel::{AnyId, Error, Result, Violations, pointer};
use serde_json::Value;
use table::Changes;

use crate::access::{Reach, reach};
use crate::{Cx, Field, FieldType, Object, Record, Schema};

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

/// Checks what a record refers to that it did not refer to before: it must be a record of the right object that the
/// caller may know of, and in no trash. One round trip when there is anything to check, and one for each further ancestor;
/// none for the caller as owner.
///
/// Ancestors become part of the transaction, so that two who make each other their parent at once do not both succeed.
pub(crate) async fn check(
    cx: &Cx,
    schema: &Schema,
    object: &Object,
    before: Option<&Record>,
    after: &Record,
    changes: &mut Changes,
) -> Result<()> {
    let known: BTreeSet<(String, AnyId)> = before
        .map(|record| targets(object, record))
        .unwrap_or_default()
        .into_iter()
        .map(|target| (target.object, target.id))
        .chain([("user".to_owned(), cx.caller.user.erase())])
        .collect();
    let new: Vec<Target> =
        targets(object, after).into_iter().filter(|t| !known.contains(&(t.object.clone(), t.id))).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut violations = Violations::new();
    let found = found(cx, schema, &new).await?;
    for target in &new {
        match found.get(&target.id).filter(|_| is_right(schema, target)) {
            Some(document) => {
                if let Some(path) = &target.acyclic {
                    let tree = Tree { object, path, root: after.common.id };
                    tree.check(cx, target, document, changes, &mut violations).await?;
                }
            }
            None => {
                let code = if target.object == "user" { "unknown_user" } else { "unknown_record" };
                let detail = format!("must be a {} of this workspace", target.object);
                violations.add(target.pointer.clone(), code, detail);
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
async fn found(cx: &Cx, schema: &Schema, targets: &[Target]) -> Result<BTreeMap<AnyId, Document>> {
    let keys = cx.table.keys();
    let right = targets.iter().filter(|target| is_right(schema, target));
    let ids: BTreeMap<AnyId, &str> = right.map(|target| (target.id, target.object.as_str())).collect();
    let wanted: Vec<_> = ids.iter().map(|(id, object)| keys.record(object, *id)).collect();
    let mut found = BTreeMap::new();
    for document in cx.table.get_many(&wanted).await? {
        let Some(object) = document.get("object").and_then(Value::as_str).and_then(|name| schema.object(name)) else {
            continue;
        };
        let record = Record::read(object, document.clone())?;
        let in_trash = record.common.archived_at.is_some();
        if !in_trash && (object.is_open_to(cx) || reach(cx, object, &record.common).await? != Reach::Nothing) {
            found.insert(record.common.id, document);
        }
    }
    Ok(found)
}

/// The records of an object above another one, by one of its fields.
struct Tree<'a> {
    object: &'a Object,
    path: &'a str,
    root: AnyId,
}

impl Tree<'_> {
    async fn check(
        &self,
        cx: &Cx,
        target: &Target,
        first: &Document,
        changes: &mut Changes,
        violations: &mut Violations,
    ) -> Result<()> {
        let keys = cx.table.keys();
        let (mut id, mut document) = (target.id, first.clone());
        for _ in 0..MAX_ANCESTORS {
            if id == self.root {
                violations.add(target.pointer.clone(), "cycle", "must not be the record itself or one below it");
                return Ok(());
            }
            let version = document.get("version").and_then(Value::as_u64).unwrap_or_default();
            changes.require_version(keys.record(&self.object.name, id), version);
            let parent = self.object.field(self.path).and_then(|field| field.raw(&document)?.as_str()?.parse().ok());
            let Some(parent) = parent else { return Ok(()) };
            let Some(next) = cx.table.get(&keys.record(&self.object.name, parent)).await? else { return Ok(()) };
            (id, document) = (parent, next);
        }
        violations.add(target.pointer.clone(), "too_deep", format!("must have at most {MAX_ANCESTORS} above it"));
        Ok(())
    }
}
