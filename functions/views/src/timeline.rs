//! What happened to a record and around it, newest first.
//!
//! The entries come from several sources, each of which knows its own order and its own places; here they become one
//! list. Whatever has something to tell of records adds a source to [`SOURCES`].

mod history;

use std::collections::VecDeque;
use std::sync::Arc;

use api::{At, Context, Of, Operation, Params, Result, Routes, Work, page, parse_params, with_object};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use events::Actor;
use http::Method;
use kernel::{AnyId, Error, Timestamp, Violations, pointer};
use records::{Cx, Object};
use serde::Serialize;
use serde_json::{Value, json};

use crate::shapes;

/// How many entries a page has if nobody says, and how many it may have.
pub(crate) const LIMIT: u16 = 50;
pub(crate) const MAX_LIMIT: u16 = 200;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// What it is the only one by: an event's id.
    pub(crate) id: String,
    /// When.
    pub(crate) at: Timestamp,
    /// What sort of thing it is, in the past tense: `changed`, `linked`.
    pub(crate) kind: String,
    /// Who did it; nobody where it came from outside.
    pub(crate) by: Option<Actor>,
    /// A line for people.
    pub(crate) title: String,
    /// What else there is to know, by kind.
    pub(crate) data: Value,
}

/// Whose timeline it is, and for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) object: &'a Object,
    pub(crate) id: AnyId,
}

/// What a source tells: some entries, newest first, each with its place in the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) entries: VecDeque<(String, Entry)>,
    /// The place of the last thing that was looked at, whether there was anything to tell of it or not.
    pub(crate) passed: Option<String>,
    /// Whether there is more after that.
    pub(crate) has_more: bool,
}

/// Where entries come from.
struct Source {
    /// A word for cursors.
    name: &'static str,
    /// At most so many entries after a place, or from the newest on.
    read: for<'a> fn(About<'a>, Option<&'a str>, u16) -> Work<'a, Told>,
}

/// Everything that tells of records. The first one also says whether there is such a record that the caller may see.
const SOURCES: &[Source] =
    &[Source { name: "events", read: |about, after, limit| Box::pin(history::read(about, after, limit)) }];

pub(crate) fn routes(of: Of) -> Routes {
    let name = of.noun();
    let operation = Operation::new(
        Method::GET,
        of.one("/timeline"),
        format!("read_{name}_timeline"),
        format!("What happened to a {name} and around it, newest first"),
    );
    Routes::new().add(
        operation.asks(shapes::timeline_parameters()).answers(200, shapes::timeline()),
        get(move |context, path, query| read(of, context, path, query)),
    )
}

async fn read(of: Of, Context(cx): Context, Path(at): Path<At>, RawQuery(query): RawQuery) -> Result<Json<Value>> {
    let (limit, cursor) = parse(&parse_params(query.as_deref())?).map_err(Error::from)?;
    let (cx, at, cursor) = (&cx, &at, cursor.as_deref());
    let work = |object: Arc<Object>| -> Work<'_, Value> {
        Box::pin(async move {
            let about = About { cx, object: &object, id: at.id(&object)? };
            timeline(about, limit, cursor).await
        })
    };
    Ok(Json(with_object(cx, of, at, work).await?))
}

fn parse(params: &Params) -> Result<(u16, Option<String>), Violations> {
    let (mut limit, mut cursor, mut violations) = (LIMIT, None, Violations::new());
    for (name, value) in params {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(wanted @ 1..=MAX_LIMIT) => limit = wanted,
                _ => violations.add("/limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}")),
            },
            "cursor" => cursor = Some(value.clone()),
            _ => violations.add(pointer(name), "unknown_parameter", "is not a parameter of this operation"),
        }
    }
    violations.or((limit, cursor))
}

/// A page of entries. Two round trips: the record, which says whether the caller may see it, and its events.
async fn timeline(about: About<'_>, limit: u16, cursor: Option<&str>) -> kernel::Result<Value> {
    let mut places = match cursor {
        Some(cursor) => places(about.id, cursor)?,
        None => vec![None; SOURCES.len()],
    };
    let mut told = Vec::with_capacity(SOURCES.len());
    for (source, place) in SOURCES.iter().zip(&places) {
        told.push((source.read)(about, place.as_deref(), limit).await?);
    }
    let entries = merged(&mut told, &mut places, usize::from(limit));
    let is_more = told.iter().any(|told| told.has_more || !told.entries.is_empty());
    let next = is_more.then(|| cursor_of(about.id, &places));
    Ok(page(entries.into_iter().map(|entry| json!(entry)).collect(), next))
}

/// The newest entries of all, in their order, and in `places` how far that is in each source.
fn merged(told: &mut [Told], places: &mut [Option<String>], limit: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    while entries.len() < limit {
        // What a source has not been asked for yet could be newer than what the others have left.
        if told.iter().any(|told| told.entries.is_empty() && told.has_more) {
            break;
        }
        let newest = |index: &usize| told[*index].entries.front().map(|(_, entry)| entry.at);
        // Of two at the same moment the one of the source that is named first.
        let next = (0..told.len()).rev().filter(|index| newest(index).is_some()).max_by_key(newest);
        let Some(next) = next else { break };
        if let Some((place, entry)) = told[next].entries.pop_front() {
            places[next] = Some(place);
            entries.push(entry);
        }
    }
    for (told, place) in told.iter().zip(places) {
        if told.entries.is_empty() && told.passed.is_some() {
            place.clone_from(&told.passed);
        }
    }
    entries
}

/// A place in every source as a client gets it: of the record, and of each source that was looked into.
fn cursor_of(id: AnyId, places: &[Option<String>]) -> String {
    let parts = SOURCES.iter().zip(places).filter_map(|(source, place)| Some([source.name, place.as_ref()?].join(".")));
    std::iter::once(id.to_string()).chain(parts).collect::<Vec<_>>().join("~")
}

fn places(id: AnyId, cursor: &str) -> kernel::Result<Vec<Option<String>>> {
    let mismatch = || Error::malformed("cursor_mismatch", "the cursor does not belong to this timeline");
    let mut parts = cursor.split('~');
    if parts.next() != Some(id.to_string().as_str()) {
        return Err(mismatch());
    }
    let mut places = vec![None; SOURCES.len()];
    for part in parts {
        let (name, place) = part.split_once('.').ok_or_else(mismatch)?;
        let known = SOURCES.iter().position(|source| source.name == name).ok_or_else(mismatch)?;
        places[known] = Some(place.to_owned());
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(times: &[i64], has_more: bool) -> Told {
        let entry = |millis: &i64| {
            let at = Timestamp::from_millis(*millis).unwrap();
            let entry = Entry {
                id: millis.to_string(),
                at,
                kind: String::new(),
                by: None,
                title: String::new(),
                data: Value::Null,
            };
            (millis.to_string(), entry)
        };
        let entries: VecDeque<_> = times.iter().map(entry).collect();
        Told { passed: entries.back().map(|(place, _)| place.clone()), entries, has_more }
    }

    fn merge(mut sources: Vec<Told>, limit: usize) -> (Vec<String>, Vec<Option<String>>) {
        let mut places = vec![None; sources.len()];
        let entries = merged(&mut sources, &mut places, limit);
        (entries.into_iter().map(|entry| entry.id).collect(), places)
    }

    #[test]
    fn entries_of_several_sources_come_newest_first_and_keep_each_sources_order() {
        let (ids, places) = merge(vec![told(&[9, 5, 4], false), told(&[8, 5, 1], false)], 4);
        assert_eq!(ids, ["9", "8", "5", "5"]);
        assert_eq!(places, [Some("5".to_owned()), Some("5".to_owned())]);
        let (ids, places) = merge(vec![told(&[9], false), Told::default(), told(&[8], false)], 1);
        assert_eq!((ids, places), (vec!["9".to_owned()], vec![Some("9".to_owned()), None, None]));
    }

    #[test]
    fn a_page_ends_where_a_source_would_have_to_be_asked_again() {
        let (ids, _) = merge(vec![told(&[9, 8], true), told(&[7, 1], false)], 10);
        assert_eq!(ids, ["9", "8"], "what the first source has not told yet may be newer than 7");
    }

    #[test]
    fn a_source_that_has_nothing_to_show_is_passed_all_the_same() {
        let silent = Told { passed: Some("3".to_owned()), ..Told::default() };
        assert_eq!(merge(vec![silent], 10).1, [Some("3".to_owned())]);
    }

    #[test]
    fn a_cursor_belongs_to_its_record() {
        let [mine, other]: [AnyId; 2] = ["0", "1"].map(|digit| format!("con_{}", digit.repeat(32)).parse().unwrap());
        let at = vec![Some("evt_1".to_owned())];
        let cursor = cursor_of(mine, &at);
        assert_eq!(places(mine, &cursor).unwrap(), at);
        for wrong in
            [cursor_of(other, &at), String::new(), "x".to_owned(), format!("{mine}~mail.1"), format!("{mine}~")]
        {
            assert_eq!(places(mine, &wrong).unwrap_err().code(), "cursor_mismatch", "{wrong}");
        }
    }
}
