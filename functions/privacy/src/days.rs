//! What the events of each day come to: for somebody outside to keep, who can tell later whether it is still so.

use api::{Context, Operation, Parameter, Result, Routes, Shape, page, parse_params};
use axum::Json;
use axum::extract::RawQuery;
use axum::routing::get;
use http::Method;
use kernel::{Error, Violations, pointer};
use serde_json::{Value, json};
use table::Seal;

use crate::access::may_audit;
use crate::calendar::{ENDS, day_of};

/// How many days a page has.
const PAGE: u16 = 100;

const EXPLANATION: &str = "\
Newest first, the days on which something happened. Six hours after the end of a day in UTC, within the hour, its events are \
counted and chained by their digests, each with the ones before it, beginning with what the day before came to: `head`. That is \
written once and never again. `cargo xtask audit verify` goes through the events and says whether they still come to it. Whoever \
keeps a `head` outside of Rapport proves by it that no day up to that one was changed since, whoever has access to the table.

An erasure takes what events say and leaves their digests: no day comes to anything else by it. Where `sealed_at` is null the day \
is not over for long enough.";

pub(crate) fn routes() -> Routes {
    let text =
        |pattern: &str| json!({ "type": ["string", "null"], "pattern": pattern, "examples": ["4f6a".repeat(16)] });
    let digest = "^[0-9a-f]{64}$";
    let day = json!({
        "title": "AuditDay",
        "type": "object",
        "required": ["day", "sealed_at", "count", "head", "day_before", "before"],
        "properties": {
            "day": { "type": "string", "format": "date" },
            "sealed_at": { "type": ["string", "null"], "format": "date-time" },
            "count": { "type": ["integer", "null"], "description": "How many events it has." },
            "head": text(digest),
            "day_before": { "type": ["string", "null"], "format": "date", "description": "The last day before it." },
            "before": text(digest),
        },
    });
    let cursor = Parameter::new("cursor", "The next_cursor of the page before.", json!({ "type": "string" }));
    Routes::new().add(
        Operation::new(Method::GET, "/v1/audit/days", "list_audit_days", "List what the events of each day come to")
            .explained(EXPLANATION)
            .asks(vec![cursor])
            .answers(200, Shape::Page(day)),
        get(list),
    )
}

async fn list(Context(cx): Context, RawQuery(query): RawQuery) -> Result<Json<Value>> {
    may_audit(&cx)?;
    let (mut to, mut violations) = (ENDS[1].to_owned(), Violations::new());
    for (name, value) in parse_params(query.as_deref())? {
        match name.as_str() {
            "cursor" => {
                let mismatch = || Error::malformed("cursor_mismatch", "the cursor is not of this list");
                to = day_of(&value).ok_or_else(mismatch)?;
            }
            _ => violations.add(pointer(&name), "unknown_parameter", "is not a parameter of this operation"),
        }
    }
    violations.or(()).map_err(Error::from)?;
    // One more than a page has: it is where the next one begins.
    let mut seals = cx.table.seals(ENDS[0], &to, PAGE + 1, true).await?;
    let next = seals.split_off(seals.len().min(usize::from(PAGE))).into_iter().next().map(|seal| seal.day);
    Ok(Json(page(seals.iter().map(shown).collect(), next)))
}

fn shown(seal: &Seal) -> Value {
    // What an open one has come to so far is nothing to rely on.
    let chain = seal.chain.filter(|_| seal.sealed_at.is_some());
    json!({
        "day": seal.day,
        "sealed_at": seal.sealed_at,
        "count": chain.map(|chain| chain.count),
        "head": chain.map(|chain| chain.head),
        "day_before": seal.day_before,
        "before": seal.before,
    })
}
