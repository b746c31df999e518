//! Saved views: written here, and asked wherever a list takes `view`.
//!
//! A view is judged by the schema of the day when it is written. Its object and fields may change after that: it can still
//! be read and mended, and whoever asks it is told what is wrong with it.

use std::sync::Arc;

use api::{Of, Routes, Work, checked_record_routes, share_routes};
use events::Document;
use kernel::{AnyId, Error, Id, Position, Result, Violations, kinds, pointer};
use records::{Cx, Object, Schema};
use replica::{Condition, Filter, Replica};
use serde_json::Value;

use crate::asked::{APPLIED, Asked, SAVED};
use crate::include;
use crate::paths;
use crate::visibility::{hidden, visibility};

/// The object of saved views.
pub(crate) const VIEWS: Of = Of::BuiltIn("view", "views");

/// The members of a view that have to fit each other and the schema.
const JUDGED: [&str; 4] = ["of", "query", "columns", "settings"];

/// The paths that settings can name, and what they are for: a board's columns, a calendar's day.
const SETTINGS_PATHS: [&str; 2] = ["group_by", "date_field"];

/// The routes by which views are written and shared. Everything else about them is as for any record.
pub(crate) fn routes() -> Routes {
    checked_record_routes(VIEWS, check).and(share_routes(VIEWS))
}

fn check<'a>(cx: &'a Cx, object: &'a Object, id: Option<AnyId>, body: &'a Document) -> Work<'a, ()> {
    Box::pin(async move {
        if !JUDGED.iter().any(|name| body.contains_key(*name)) {
            return Ok(());
        }
        let mut view = Document::new();
        if let Some(id) = id.filter(|_| !JUDGED.iter().all(|name| body.contains_key(*name))) {
            view = records::load(cx, object, id).await?.document();
        }
        for name in JUDGED {
            if let Some(value) = body.get(name) {
                view.insert(name.to_owned(), value.clone());
            }
        }
        view.retain(|_, value| !value.is_null());
        judge(cx, &*cx.schema().await?, &view).map_err(Error::from)
    })
}

/// Everything that is wrong with a view. What has not the type of its field is left to those who write it.
fn judge(cx: &Cx, schema: &Schema, view: &Document) -> Result<(), Violations> {
    let mut violations = Violations::new();
    let Some(name) = view.get("of").and_then(Value::as_str) else { return Ok(()) };
    let Some(object) = schema.object(name) else {
        return Err(Violations::one("/of", "unknown_object", "must be the name of an object in the singular"));
    };
    if let Some(query) = view.get("query").and_then(Value::as_object) {
        judge_query(cx, schema, object, query, &mut violations);
    }
    let columns = view.get("columns").and_then(Value::as_array).into_iter().flatten();
    for (index, path) in columns.enumerate() {
        if path.as_str().is_some_and(|path| !paths::exists(schema, object, path)) {
            violations.add(format!("/columns/{index}"), "unknown_field", NO_FIELD);
        }
    }
    if let Some(settings) = view.get("settings").and_then(Value::as_object) {
        judge_settings(schema, object, settings, &mut violations);
    }
    violations.or(())
}

const NO_FIELD: &str = "must be the path of a field of the object, or of one that it refers to";

fn judge_query(cx: &Cx, schema: &Schema, object: &Arc<Object>, query: &Document, violations: &mut Violations) {
    let asked = match Asked::from_body(query, SAVED) {
        Ok(asked) => asked,
        Err(others) => return violations.extend(others),
    };
    let mut others = match replica::check(schema, &asked.query(cx, schema, object)) {
        Err(Error::Invalid(violations)) => violations,
        _ => Violations::new(),
    };
    let unseen = hidden(schema, &visibility(cx), object);
    drop(include::parse(object, &unseen, asked.include.as_deref().unwrap_or_default(), &mut others));
    for other in others.iter() {
        let is_placed = other.pointer.starts_with(SAVED.at);
        let at = if is_placed { other.pointer.clone() } else { [SAVED.at, &other.pointer].concat() };
        violations.add(at, other.code, other.detail.clone());
    }
}

fn judge_settings(schema: &Schema, object: &Object, settings: &Document, violations: &mut Violations) {
    for (name, value) in settings {
        let at = ["/settings", &pointer(name)].concat();
        match (name.as_str(), value) {
            (name, Value::String(path)) if SETTINGS_PATHS.contains(&name) => {
                if !paths::exists(schema, object, path) {
                    violations.add(at, "unknown_field", NO_FIELD);
                }
            }
            (name, _) if SETTINGS_PATHS.contains(&name) => violations.add(at, "wrong_type", NO_FIELD),
            ("widths", Value::Object(widths)) => {
                for (path, width) in widths {
                    let at = [at.as_str(), &pointer(path)].concat();
                    if !paths::exists(schema, object, path) {
                        violations.add(at, "unknown_field", NO_FIELD);
                    } else if !width.as_u64().is_some_and(|width| (1..=10_000).contains(&width)) {
                        violations.add(at, "out_of_range", "must be 1 to 10000 pixels");
                    }
                }
            }
            ("widths", _) => violations.add(at, "wrong_type", "must be pixels by path"),
            _ => violations.add(at, "unknown_field", "must be group_by, date_field or widths"),
        }
    }
}

/// What a view of an object asks; nothing without a view. A view that was just written is read from the table.
pub(crate) async fn question(
    cx: &Cx,
    replica: &Replica,
    object: &Object,
    view: Option<Id<kinds::View>>,
    position: &Position,
) -> Result<Asked> {
    let Some(id) = view else { return Ok(Asked::default()) };
    let wrong = |code, detail: &str| Error::invalid("/view", code, detail);
    let known = replica.documents(&[id.erase()], &visibility(cx), position).await?.into_iter().next();
    let document = match known {
        Some(document) => document,
        None => match records::load(cx, &*cx.object("view").await?, id.erase()).await {
            Err(Error::NotFound { .. }) => return Err(wrong("unknown_record", "must be a view that you can see")),
            other => other?.document(),
        },
    };
    if document.get("archived_at").is_some_and(|at| !at.is_null()) {
        return Err(wrong("unknown_record", "is in the trash"));
    }
    if document.get("of").and_then(Value::as_str) != Some(object.name.as_str()) {
        return Err(wrong("wrong_object", "is a view of other records"));
    }
    match document.get("query").and_then(Value::as_object) {
        Some(query) => Asked::from_body(query, APPLIED).map_err(Error::from),
        None => Ok(Asked::default()),
    }
}

/// A refusal of what a view asks, with the names of its fields: whoever asks it may never have seen them.
pub(crate) fn explained(error: Error, view: &Asked, own: &Asked) -> Error {
    let Error::Invalid(violations) = error else { return error };
    let conditions: Vec<&Condition> = view.filters.iter().flat_map(conditions).collect();
    let mut explained = Violations::new();
    for violation in violations.iter() {
        let (mut at, mut detail) = (violation.pointer.clone(), violation.detail.clone());
        if let Some(rest) = at.strip_prefix("/sort").filter(|_| own.sort.is_none() && view.sort.is_some()) {
            let index: Option<usize> = rest.trim_start_matches('/').parse().ok();
            let sorts = view.sort.as_deref().unwrap_or_default();
            let named = index.and_then(|index| sorts.get(index)).map_or(sorts, std::slice::from_ref);
            let names: Vec<&str> = named.iter().map(|sort| sort.field.as_str()).collect();
            detail = format!("{}: {detail}", names.join(", "));
            at = [APPLIED.at, &at].concat();
        }
        let is_at = |condition: &&&Condition| {
            at.strip_prefix(condition.pointer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(condition) = conditions.iter().find(is_at) {
            detail = format!("{}: {detail}", condition.field);
        }
        explained.add(at, violation.code, detail);
    }
    Error::Invalid(explained)
}

fn conditions(filter: &Filter) -> Vec<&Condition> {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().flat_map(conditions).collect(),
        Filter::Not(filter) => conditions(filter),
        Filter::Is(condition) => vec![condition],
    }
}
