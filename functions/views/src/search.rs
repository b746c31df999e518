//! Looking for words in the records of all objects at once.

use std::sync::Arc;

use api::{Context, Operation, Params, Result, Room, Routes, Seen, Tag, parse_params, schema_for};
use axum::extract::RawQuery;
use axum::routing::get;
use events::Document;
use http::Method;
use kernel::{Error, Position, Timestamp, Violations, pointer};
use records::{Cx, Object};
use replica::{Replicas, Search, Visibility};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::Answered;
use crate::shapes;
use crate::visibility::Showings;

/// How many records are answered if nobody says, and how many can be.
pub(crate) const LIMIT: u16 = 20;
pub(crate) const MAX_LIMIT: u16 = 50;

const TAG: Tag = Tag { name: "search", help: "Words in the records of all objects at once." };

pub(crate) fn routes(replicas: &Arc<Replicas>) -> Routes {
    let replicas = Arc::clone(replicas);
    let operation = Operation::new(
        Method::GET,
        "/v1/search",
        "search_records",
        "Look for words in the records of all objects, the best match first",
    );
    Routes::new()
        .add(
            operation.asks(shapes::search_parameters()).answers(200, shapes::hits()),
            get(move |context, seen, query| search(Arc::clone(&replicas), context, seen, query)),
        )
        .tagged(TAG)
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    text: String,
    objects: Option<Vec<String>>,
    limit: u16,
}

impl Wanted {
    fn parse(params: &Params) -> Result<Self, Violations> {
        let (mut text, mut violations) = (None, Violations::new());
        let mut wanted = Self { text: String::new(), objects: None, limit: LIMIT };
        for (name, value) in params {
            match name.as_str() {
                "q" => text = Some(value.trim()).filter(|text| !text.is_empty()),
                "objects" => wanted.objects = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
                "limit" => match value.parse() {
                    Ok(limit @ 1..=MAX_LIMIT) => wanted.limit = limit,
                    _ => violations.add("/limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}")),
                },
                _ => violations.add(pointer(name), "unknown_parameter", "is not a parameter of this operation"),
            }
        }
        match text {
            Some(text) => text.clone_into(&mut wanted.text),
            None => violations.add("/q", "required", "must be words to look for"),
        }
        violations.or(wanted)
    }
}

/// What was found, the best first, as it is answered.
#[derive(Debug, Serialize)]
struct Hits {
    as_of: Timestamp,
    data: Vec<Hit>,
    has_more: bool,
}

#[derive(Debug, Serialize)]
struct Hit {
    id: String,
    object: String,
    record: Box<RawValue>,
    subtitle: Option<String>,
    title: String,
}

async fn search(
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Seen(position): Seen,
    RawQuery(query): RawQuery,
) -> Result<Answered<Hits>> {
    let wanted = Wanted::parse(&parse_params(query.as_deref())?).map_err(Error::from)?;
    Ok(ask(&cx, &replicas, wanted, &position).await?)
}

async fn ask(cx: &Cx, replicas: &Replicas, wanted: Wanted, position: &Position) -> kernel::Result<Answered<Hits>> {
    let visibility = Visibility::of_caller(cx);
    let Wanted { text, objects, limit } = wanted;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let found = replica.search(&Search { text, objects, limit, visibility: visibility.clone() }, position).await?;
    let schema = schema_for(cx, found.hits.iter().map(|hit| &hit.found.document)).await?;
    let mut showings = Showings::new(&schema, &visibility);
    let (mut data, mut has_more, mut room) = (Vec::new(), found.has_more, Room::new());
    for hit in found.hits {
        // An object that was given up while it was looked for.
        let Some(object) = schema.object(&hit.object) else { continue };
        let document = &hit.found.document;
        let hit = Hit {
            id: document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            object: hit.object,
            record: showings.text(object, &hit.found),
            subtitle: subtitle(object, document),
            title: object.title_of(document),
        };
        if !room.take([&hit]) {
            has_more = true;
            break;
        }
        data.push(hit);
    }
    let body = Hits { as_of: found.as_of, data, has_more };
    Ok(Answered { body, replica_ms: found.replica_ms })
}

/// What tells a record from others of the same title: the first of its other searched fields that has a text.
fn subtitle(object: &Object, document: &Document) -> Option<String> {
    let others = object.live().filter(|field| field.searched && !object.title.contains(&field.path));
    others.filter_map(|field| field.raw(document)?.as_str()).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Schema;
    use serde_json::json;

    #[test]
    fn a_subtitle_tells_namesakes_apart() {
        let object = Schema::built_in_object("contact");
        let of = |document: Value| subtitle(&object, document.as_object().unwrap());
        let ada = json!({ "first_name": "Ada", "email": "ada@example.com", "phone": "+49301" });
        assert_eq!(of(ada), Some("ada@example.com".to_owned()));
        assert_eq!(of(json!({ "first_name": "Ada", "phone": "+49301" })), Some("+49301".to_owned()));
        assert_eq!(of(json!({ "first_name": "Ada", "city": "London" })), None);
    }

    #[test]
    fn something_has_to_be_looked_for() {
        let codes = |params: &[(&str, &str)]| {
            let params: Params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let violations = Wanted::parse(&params).err().unwrap_or_default();
            violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[]), ["/q required"]);
        assert_eq!(codes(&[("q", " "), ("limit", "51"), ("nick", "x")]).len(), 3);
        assert!(codes(&[("q", "ada"), ("objects", "contact"), ("limit", "50")]).is_empty());
    }
}
