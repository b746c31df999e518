//! The audit log as files of lines, page by page, for scripts that keep it elsewhere.

use api::{Context, Operation, Result, Routes, Shape};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, Method, header};
use kernel::Error;
use records::Cx;
use serde_json::json;

use super::asked::Asked;
use super::walk::{BESIDE, Walked, walk};
use super::{parameters, shown};
use crate::access::may_audit;

/// How many events a page has unless somebody says, and at most.
const LIMIT: u16 = 1_000;

const CSV: &str = "text/csv";
const JSONL: &str = "application/x-ndjson";

const EXPLANATION: &str = "\
The same events as `GET /v1/audit`, asked for in the same way, as lines of a file. Where there may be more the answer has a header \
`Link` with the address of the next page (`rel=\"next\"`), whose lines go behind these: a page may have none and still have one. \
That somebody takes the log away is in the log.";

pub(super) fn routes() -> Routes {
    let operation = |path: &str, id: &str, what: &str| {
        let summary = format!("Take away what everybody has done as {what}, newest first");
        Operation::new(Method::GET, path, id, summary).explained(EXPLANATION).asks(parameters(LIMIT, LIMIT))
    };
    let csv = operation("/v1/audit/csv", "list_audit_csv", "rows of a table").answers(200, Shape::Text(CSV));
    let jsonl = operation("/v1/audit/jsonl", "list_audit_jsonl", "lines of JSON").answers(200, Shape::Text(JSONL));
    Routes::new()
        .add(csv, get(|app, context, query| take_away(Format::Csv, app, context, query)))
        .add(jsonl, get(|app, context, query| take_away(Format::Jsonl, app, context, query)))
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Jsonl,
}

async fn take_away(
    format: Format,
    State(app): State<api::App>,
    Context(cx): Context,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    may_audit(&cx)?;
    let asked = Asked::parse(query.as_deref(), cx.clock.now(), LIMIT, LIMIT)?;
    let Walked { events, next } = walk(&cx, &asked).await?;
    note(&app, &cx, &asked).await?;
    let (media, path, mut text) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "/v1/audit/csv", Vec::new()),
        Format::Jsonl => (JSONL, "/v1/audit/jsonl", Vec::new()),
    };
    // The first page begins the file.
    if format == Format::Csv && asked.cursor.is_none() {
        text.extend_from_slice(tabular::BYTE_ORDER_MARK);
        tabular::write_row(shown::COLUMNS, &mut text);
    }
    for event in &events {
        match format {
            Format::Csv => tabular::write_row(shown::cells(event).iter().map(String::as_str), &mut text),
            Format::Jsonl => {
                text.extend_from_slice(shown::event(event).to_string().as_bytes());
                text.push(b'\n');
            }
        }
    }
    let mut response = ([(header::CONTENT_TYPE, media)], text).into_response();
    if let Some(cursor) = next {
        let link = format!("<{path}?{}>; rel=\"next\"", with_cursor(query.as_deref(), &cursor));
        response.headers_mut().insert(header::LINK, HeaderValue::from_str(&link).map_err(Error::bug)?);
    }
    Ok(response)
}

/// The same question with another cursor. What is asked by is in it as it came: signs that a header cannot have are encoded.
fn with_cursor(query: Option<&str>, cursor: &str) -> String {
    let others = query.unwrap_or_default().split('&').filter(|part| !part.is_empty() && !part.starts_with("cursor="));
    others.chain([["cursor=", cursor].concat().as_str()]).collect::<Vec<_>>().join("&")
}

/// Notes that somebody has taken the log away, once in some seconds.
async fn note(app: &api::App, cx: &Cx, asked: &Asked) -> Result<(), Error> {
    let about = vec![("from", json!(asked.from)), ("to", json!(asked.to))];
    let user = cx.caller.user.erase();
    let note = api::Note { object: BESIDE, name: "audit.exported", record: user, version: 0, about, together: None };
    app.notes.note(cx, "", note, None).await
}
