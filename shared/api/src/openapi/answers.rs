//! What an operation answers: success with its headers, and every way in which it can be refused.

use records::Object;
use serde_json::{Map, Value, json};

use super::components::Components;
use super::{component, problems};
use crate::routes::{Operation, Shape};

/// The answers of an operation by status.
pub(super) fn of(operation: &Operation, objects: &[&Object], components: &mut Components) -> Map<String, Value> {
    let mut answers = Map::new();
    let (status, shape) = &operation.answer;
    let content = components.answer(shape);
    let statuses = operation.may_create.then_some(201).into_iter().chain([*status]);
    for status in statuses {
        let mut success = json!({ "description": said(status, shape), "headers": headers(operation, status) });
        if let Some(content) = &content {
            success["content"] = content.clone();
        }
        answers.insert(status.to_string(), success);
    }
    for (status, when) in &operation.also {
        answers.insert(status.to_string(), json!({ "description": when }));
    }
    for problem in problems::of(operation, objects) {
        answers.insert(problem.status.to_string(), component("responses", problem.name));
    }
    answers
}

const fn said(status: u16, shape: &Shape) -> &'static str {
    match (status, shape) {
        (201, _) => "It was made.",
        (202, _) => "It will be done; the job says how far it is.",
        (204, _) => "It is done, and there is nothing to show.",
        (_, Shape::List(_) | Shape::History | Shape::Page(_)) => "A page of them.",
        (_, Shape::Record(_)) => "The record as it is now.",
        _ => "The answer.",
    }
}

fn headers(operation: &Operation, status: u16) -> Map<String, Value> {
    let answer = &operation.answer.1;
    let record = matches!(answer, Shape::Record(_));
    let versioned = record || operation.versioned;
    let written = operation.writes && (record || matches!(answer, Shape::Empty));
    let is_walked = matches!(answer, Shape::Text(_)) && operation.query.iter().any(|known| known.name == "cursor");
    let all = [
        ("Rapport-Request-Id", true),
        ("Server-Timing", true),
        ("ETag", versioned),
        ("Rapport-Position", written),
        ("Location", written && status == 201),
        ("Idempotency-Replayed", operation.writes),
        ("Link", is_walked),
        ("RateLimit", !operation.public),
        ("RateLimit-Policy", !operation.public),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| (name.to_owned(), component("headers", name))).collect()
}

/// The headers of answers, as components.
pub(super) fn header_components() -> Map<String, Value> {
    let text = |help: &str| json!({ "description": help, "schema": { "type": "string" } });
    let always = |help: &str| json!({ "description": help, "required": true, "schema": { "type": "string" } });
    let all = [
        ("Rapport-Request-Id", always("The request's id, which is in the log and in problems too.")),
        ("Server-Timing", always("What the answer cost: time, read and write units, round trips.")),
        (
            "ETag",
            json!({
                "description": "The version, for `If-Match`. A dry run has none.",
                "schema": { "type": "string", "pattern": "^\"[0-9]+\"$" },
            }),
        ),
        ("Rapport-Position", text("What to send with a list that has to show this write. A dry run has none.")),
        ("Location", text("Where the new record is, or the one that is left. A dry run has none.")),
        (
            "Idempotency-Replayed",
            json!({
                "description": "Whether this is the answer to an earlier request with the same key.",
                "schema": { "const": "true" },
            }),
        ),
        ("Link", text("Where the next page is (`rel=\"next\"`), if there may be one.")),
        (
            "RateLimit",
            json!({
                "description": "How many requests are left (`r`), and in how many seconds all of them are there again (`t`): \
                                draft-ietf-httpapi-ratelimit-headers.",
                "schema": { "type": "string", "pattern": "^\"default\";r=[0-9]+;t=[0-9]+$" },
            }),
        ),
        (
            "RateLimit-Policy",
            json!({
                "description": "How many requests may be made at once (`q`), and in how many seconds as many again (`w`).",
                "schema": { "type": "string", "pattern": "^\"default\";q=[0-9]+;w=[0-9]+$" },
            }),
        ),
        (
            "Retry-After",
            json!({ "description": "After how many seconds to try again.", "schema": { "type": "integer" } }),
        ),
    ];
    all.map(|(name, header)| (name.to_owned(), header)).into_iter().collect()
}
