//! How requests are refused: which statuses an operation can answer by the rules of all routes, and what each looks like.

use kernel::{Conflicting, Error, Violations};
use records::Object;
use serde_json::{Map, Value, json};

use super::{component, object_of, samples};
use crate::{Operation, Problem, Shape};

/// A way in which a request is refused.
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The component's name.
    pub(super) name: &'static str,
    when: &'static str,
    /// Whether the gateway can answer it by itself, in its own shape.
    by_gateway: bool,
    /// Which operations can be refused so, and whether each is about one record.
    applies: fn(&Operation, bool) -> bool,
    /// An error that is answered so.
    sample: fn() -> Error,
}

/// Every way, by status. What a single operation answers besides is said where it is declared.
const ALL: [Refusal; 13] = [
    Refusal {
        status: 308,
        name: "Merged",
        when: "The record is part of another one now, which `Location` names.",
        by_gateway: false,
        applies: |operation, of_a_record| of_a_record && !operation.writes,
        sample: || Error::Merged { into: samples::record(), plural: "contacts".to_owned() },
    },
    Refusal {
        status: 400,
        name: "Malformed",
        when: "The request cannot be read: its body, a header, a cursor.",
        by_gateway: true,
        applies: |_, _| true,
        sample: || Error::malformed("bad_json", "the body is not JSON: line 1, column 14"),
    },
    Refusal {
        status: 401,
        name: "Unauthenticated",
        when: "There is no credential, or it is not good, or not any more.",
        by_gateway: true,
        applies: |operation, _| !operation.public,
        sample: || Error::Unauthenticated,
    },
    Refusal {
        status: 403,
        name: "Denied",
        when: "The role may not do this, or the credential has no such workspace.",
        by_gateway: false,
        applies: |operation, _| !operation.public,
        sample: || Error::denied("the role viewer may not do this"),
    },
    Refusal {
        status: 404,
        name: "NotFound",
        when: "There is no such thing for this caller: what the path or the body names.",
        by_gateway: true,
        applies: |operation, _| operation.path.contains('{') || has_body(operation),
        sample: || Error::not_found("contact"),
    },
    Refusal {
        status: 409,
        name: "Conflict",
        when: "A unique value is taken, the record is in a state in which this cannot be done, or there is more than one \
               answer can hold.",
        by_gateway: false,
        applies: |operation, _| operation.writes || operation.in_parts,
        sample: || Error::Conflict { field: "email".to_owned() },
    },
    Refusal {
        status: 412,
        name: "Stale",
        when: "Somebody has changed it since the version in `If-Match`.",
        by_gateway: false,
        // Operations of a batch say which version they are about one by one.
        applies: |operation, _| operation.writes && (operation.conditional || operation.path.ends_with("/batch")),
        sample: stale,
    },
    Refusal {
        status: 413,
        name: "TooLarge",
        when: "The body is larger than is read.",
        by_gateway: true,
        applies: |operation, _| operation.writes || has_body(operation),
        sample: || Error::TooLarge { limit_bytes: crate::MAX_BODY_BYTES },
    },
    Refusal {
        status: 415,
        name: "UnsupportedMedia",
        when: "The body is neither JSON nor a JSON Merge Patch.",
        by_gateway: false,
        applies: |operation, _| operation.writes || has_body(operation),
        sample: || Error::UnsupportedMedia { expected: "application/json" },
    },
    Refusal {
        status: 422,
        name: "Invalid",
        when: "The request can be read and is not valid; `errors` has everything that is wrong with it.",
        by_gateway: false,
        applies: |operation, _| !operation.public,
        sample: || Error::from(Violations::one("/email", "not_an_email", "must be an email address")),
    },
    Refusal {
        status: 429,
        name: "TooMany",
        when: "More requests than this credential may make, or than the stack takes at a time.",
        by_gateway: true,
        applies: |_, _| true,
        sample: || Error::RateLimited { retry_after: 3, quota: 500, window: 10 },
    },
    Refusal {
        status: 500,
        name: "Internal",
        when: "Our fault. The log has the cause under `instance`.",
        by_gateway: true,
        applies: |_, _| true,
        sample: || Error::bug("an example"),
    },
    Refusal {
        status: 503,
        name: "Unavailable",
        when: "Not at the moment: try again.",
        by_gateway: true,
        applies: |_, _| true,
        sample: || Error::unavailable("an example"),
    },
];

/// Whether an operation takes a body, be it only to ask something.
fn has_body(operation: &Operation) -> bool {
    !matches!(operation.body, Shape::Empty)
}

fn stale() -> Error {
    let fields = Map::from_iter([("city".to_owned(), json!("Bremen"))]);
    Error::Stale(Box::new(Conflicting { version: 4, fields }))
}

/// The ways in which an operation can be refused.
pub(super) fn of(operation: &Operation, objects: &[&Object]) -> impl Iterator<Item = &'static Refusal> {
    let mut segments = operation.path.split('/').skip(2);
    let of_a_record =
        segments.next().is_some_and(|first| object_of(first, objects).is_some()) && segments.next() == Some("{id}");
    ALL.iter().filter(move |refusal| (refusal.applies)(operation, of_a_record))
}

/// The refusals, as components.
pub(super) fn components() -> Map<String, Value> {
    ALL.iter().map(|refusal| (refusal.name.to_owned(), described(refusal))).collect()
}

fn described(refusal: &Refusal) -> Value {
    let body = Problem::from((refusal.sample)()).body("b46bc874-b3ec-4f2d-9eac-ce6281b93081");
    let sample: Value = serde_json::from_slice(&body).expect("a problem's body is JSON");
    let mut content = json!({
        "application/problem+json": { "schema": component("schemas", "Problem"), "example": sample },
    });
    if refusal.by_gateway {
        content["application/json"] = json!({ "schema": component("schemas", "GatewayMessage") });
    }
    let mut described = json!({ "description": refusal.when, "content": content });
    let header = match refusal.status {
        308 => Some("Location"),
        409 | 429 | 503 => Some("Retry-After"),
        _ => None,
    };
    if let Some(name) = header {
        described["headers"] = json!({ name: component("headers", name) });
    }
    described
}

/// What the gateway answers by itself.
pub(super) fn gateway_message() -> Value {
    json!({
        "type": "object",
        "description": "What the gateway answers when it asks no function.",
        "required": ["message"],
        "properties": { "message": { "type": "string", "examples": ["Not Found"] } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[test]
    fn every_refusal_is_sampled_by_an_error_of_its_status() {
        for refusal in &ALL {
            let answered = Problem::from((refusal.sample)()).into_response().status().as_u16();
            assert_eq!(answered, refusal.status, "{}", refusal.name);
        }
    }
}
