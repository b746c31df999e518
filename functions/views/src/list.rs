//! One list: from a query string to a page of records.

use std::sync::Arc;

use api::{At, Context, Of, Operation, Parameter, Params, ReplicaTime, Result, Routes, Shape, page, parse_params};
use auth::Permission;
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, Method};
use kernel::{Error, Violations};
use records::{Cx, Object, Schema, render};
use replica::{Archived, Condition, Filter, Query, Replicas, Visibility, parse_sort};
use serde_json::{Value, json};

/// How many records a page has at most.
const MAX_LIMIT: u16 = 200;

pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let plural = of.nouns();
    let operation = Operation::new(
        Method::GET,
        of.all(""),
        format!("list_{plural}"),
        format!("List {plural}: filter, sort, count, search"),
    );
    let replicas = Arc::clone(replicas);
    Routes::new().add(
        operation.asks(parameters(of)).answers(200, Shape::List(of.noun())),
        get(move |context, path, headers, query| list(of, Arc::clone(&replicas), context, path, headers, query)),
    )
}

fn parameters(of: Of) -> Vec<Parameter> {
    let text = json!({ "type": "string" });
    let mut parameters: Vec<Parameter> = [
        (
            "limit",
            "How many records, 50 if nothing is said.",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50 }),
        ),
        ("cursor", "The next_cursor of the page before.", text.clone()),
        ("sort", "Fields to sort by, separated by commas, with a minus for descending.", text.clone()),
        ("q", "Words that begin words of the searched fields.", text.clone()),
        ("archived", "Whether to list the trash: false, true or any.", json!({ "enum": ["false", "true", "any"] })),
        ("count", "Whether to count all that match: exact.", json!({ "enum": ["exact"] })),
        ("owner_id", "The owner's id, or me. Like every field it takes .ne, .in, .is_null and so on.", text.clone()),
    ]
    .into_iter()
    .map(|(name, help, schema)| Parameter { name: name.to_owned(), help: help.to_owned(), schema })
    .collect();
    let object = match of {
        Of::BuiltIn(name, _) => Schema::built_in().object(name).cloned(),
        Of::Custom => None,
    };
    let fields = object.iter().flat_map(|object| object.live());
    parameters.extend(fields.map(|field| Parameter {
        name: field.path.clone(),
        help: format!(
            "{} Like every field it takes .ne, .in, .contains, .starts_with, .is_null and so on.",
            field.help
        ),
        schema: text.clone(),
    }));
    parameters
}

async fn list(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    cx.caller.require(Permission::Read)?;
    let object = of.object(&cx, &at).await?;
    let query = parse(&object, &cx, parse_params(query.as_deref())?)?;
    let position = api::position(&headers)?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let answer = replica.answer(&query, &position).await?;
    let data = answer.rows.iter().map(|found| Value::Object(render(&object, &found.document))).collect();
    let mut body = page(data, answer.next_cursor);
    body["as_of"] = json!(answer.as_of);
    if let Some(count) = answer.count {
        body["count"] = json!(count);
    }
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(ReplicaTime(answer.replica_ms));
    Ok(response)
}

/// What a query string asks for. Everything in it that is no word of this page is a condition on a field.
fn parse(object: &Object, cx: &Cx, params: Params) -> Result<Query, Error> {
    let mut query = Query::new(&object.name);
    query.visibility = Visibility::all();
    let mut violations = Violations::new();
    let mut conditions = Vec::new();
    for (name, value) in params {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(limit @ 1..=MAX_LIMIT) => query.limit = limit,
                _ => violations.add("/limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}")),
            },
            "cursor" => query.cursor = Some(value),
            "sort" => query.sort = parse_sort(&value),
            "q" => query.search = Some(value).filter(|text| !text.trim().is_empty()),
            "archived" => match value.as_str() {
                "false" => query.archived = Archived::Exclude,
                "true" => query.archived = Archived::Only,
                "any" => query.archived = Archived::Any,
                _ => violations.add("/archived", "unknown_option", "must be false, true or any"),
            },
            "count" if value == "exact" => query.count = true,
            "count" => violations.add("/count", "unknown_option", "must be exact"),
            "owner_id" if value == "me" => {
                conditions.push(Filter::Is(Condition::from_param("owner_id", &cx.caller.user.to_string())));
            }
            _ => conditions.push(Filter::Is(Condition::from_param(&name, &value))),
        }
    }
    query.filter = Filter::And(conditions);
    violations.or(query).map_err(Error::from)
}
