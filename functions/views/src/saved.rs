//! Saved views: written here, and asked wherever a list takes `view`.
//!
//! A view is judged by the schema of the day when it is written. Its object and fields may change after that: it can still
//! be read and mended, and whoever asks it is told what is wrong with it.

use std::sync::Arc;

use api::{Of, Routes, Work, checked_record_routes, share_routes};
use events::Document;
use kernel::{AnyId, Error, Id, Position, Result, Violations, kinds, pointer};
use records::{Cx, MAX_WORDS, Object, Schema};
use replica::{Asked, Place, Replica, Visibility, paths};
use serde_json::Value;

use crate::include;
use crate::visibility::hidden;

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
        judge(cx, &cx.schema().await?, &view).map_err(Error::from)
    })
}

/// Everything that is wrong with a view. What has not the type of its field, or is longer than that may be, is left to those
/// who write it.
fn judge(cx: &Cx, schema: &Arc<Schema>, view: &Document) -> Result<(), Violations> {
    let mut violations = Violations::new();
    let told = &schema.without(&cx.rights.hidden());
    let Some(name) = view.get("of").and_then(Value::as_str) else { return Ok(()) };
    let Some(object) = schema.object(name) else {
        return Err(Violations::one("/of", "unknown_object", "must be the name of an object in the singular"));
    };
    if let Some(query) = view.get("query").and_then(Value::as_object) {
        judge_query(cx, schema, object, query, &mut violations);
    }
    // Fields that are hidden are no columns either.
    let seen = told.object(name).unwrap_or(object);
    let columns = view.get("columns").and_then(Value::as_array).filter(|columns| columns.len() <= MAX_WORDS);
    for (index, path) in columns.into_iter().flatten().enumerate() {
        if path.as_str().is_some_and(|path| !paths::exists(told, seen, path)) {
            violations.add(format!("/columns/{index}"), "unknown_field", NO_FIELD);
        }
    }
    if let Some(settings) = view.get("settings").and_then(Value::as_object) {
        judge_settings(told, seen, settings, &mut violations);
    }
    violations.or(())
}

const NO_FIELD: &str = "must be the path of a field of the object, or of one that it refers to";

fn judge_query(cx: &Cx, schema: &Schema, object: &Arc<Object>, query: &Document, violations: &mut Violations) {
    let asked = match Asked::from_body(query, Place::SAVED) {
        Ok(asked) => asked,
        Err(others) => return violations.extend(others),
    };
    let mut others = match replica::check(schema, &asked.query(cx, schema, object)) {
        Err(Error::Invalid(violations)) => violations,
        _ => Violations::new(),
    };
    let unseen = hidden(schema, &Visibility::of_caller(cx), object);
    drop(include::parse(object, &unseen, asked.include.as_deref().unwrap_or_default(), &mut others));
    for other in others.iter() {
        let is_placed = other.pointer.starts_with(Place::SAVED.at);
        let at = if is_placed { other.pointer.clone() } else { [Place::SAVED.at, &other.pointer].concat() };
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
                    if violations.is_full() {
                        return;
                    }
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
    match view {
        Some(id) => Asked::of_view(&replica.view(cx, id, position).await?, object),
        None => Ok(Asked::default()),
    }
}
