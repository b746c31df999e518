//! What everybody has done: asked for by day, actor, record and action, newest first.

mod action;
mod asked;
mod lines;
mod shown;
mod told;
mod walk;

use api::{Context, Operation, Parameter, Result, Routes, Shape, page};
use axum::Json;
use axum::extract::RawQuery;
use axum::routing::get;
use http::Method;
use serde_json::{Value, json};

use self::asked::Asked;
use crate::access::may_audit;

/// How many events a page has unless somebody says, and at most.
const LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 200;

const EXPLANATION: &str = "\
Every change, with what was before and after, and who has made it: people, programs by their API keys, and jobs in the name of \
whoever has started them. Also sign-ins, attempts that were denied, files that were handed out and changes of what somebody may do. \
It takes a role that may `read_audit`, which is about the whole workspace: whoever may read it is told of every record, also of private \
ones and of those that their role does not reach. Changes of fields that are hidden from them are left out, and so is what could \
tell of those, as conditions of views and jobs can: `withheld` is true then. Of whom was erased it says who did what and when, \
and no longer what changed: `erased` is true then.

A request looks at 31 days and at 1,000 events at most: a page may have fewer than asked, even none, and still say `has_more`. \
Events that are written meanwhile never move a page: those behind a cursor are the same whenever they are asked for.";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(
            Operation::new(Method::GET, "/v1/audit", "list_audit", "List what everybody has done, newest first")
                .explained(EXPLANATION)
                .asks(parameters(MAX_LIMIT, LIMIT))
                .answers(200, Shape::Page(shown::schema())),
            get(list),
        )
        .and(lines::routes())
}

/// What it can be asked by.
fn parameters(max: u16, limit: u16) -> Vec<Parameter> {
    let day = || json!({ "type": "string", "format": "date", "examples": ["2026-11-21"] });
    let text = |example: &str| json!({ "type": "string", "examples": [example] });
    let id = |prefix: &str| json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-f]{{32}}$") });
    let size = json!({ "type": "integer", "minimum": 1, "maximum": max, "default": limit });
    let span = "of the days in UTC; of 31 days up to today, if nobody says";
    vec![
        Parameter::new("day", "One day in UTC.", day()),
        Parameter::new("from", format!("The first {span}."), day()),
        Parameter::new("to", format!("The last {span}; 366 days from the first at most."), day()),
        Parameter::new("actor", "Who did it: a user, or an API key.", id("(usr|key)")),
        Parameter::new("record", "To which record it happened.", id("[a-z0-9]{3}")),
        Parameter::new(
            "action",
            "What happened: the name of an event, its beginning or end as in contact.* and *.erased, or one of sign_ins, \
             permissions, exports and denied.",
            text("contact.*"),
        ),
        Parameter::new("limit", "How many events a page has at most.", size),
        Parameter::new("cursor", "The next_cursor of the page before.", json!({ "type": "string" })),
    ]
}

async fn list(Context(cx): Context, RawQuery(query): RawQuery) -> Result<Json<Value>> {
    may_audit(&cx)?;
    let asked = Asked::parse(query.as_deref(), cx.clock.now(), LIMIT, MAX_LIMIT)?;
    let walked = walk::walk(&cx, &asked).await?;
    Ok(Json(page(walked.events.iter().map(shown::event).collect(), walked.next)))
}
