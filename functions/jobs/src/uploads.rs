//! Files that people bring: an address to put one at. Nothing is written down; whoever has the id can have the file read.

use std::time::Duration;

use api::{Context, NoQuery, Operation, Question, Result, Routes, Shape, Tag};
use auth::Capability;
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use events::Document;
use http::{Method, StatusCode};
use kernel::{Error, Id, Violations, kinds, pointer};
use records::Cx;
use serde_json::{Value, json};

/// The most bytes that a file has.
pub(crate) const MAX_BYTES: u64 = records::limits::FILE_BYTES;
/// How long a file can be put at its address.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// The most characters of a file's name.
const MAX_NAME: usize = 200;

const TAG: Tag = Tag { name: "uploads", help: "Files that people bring to be imported." };

const EXPLANATION: &str = "\
Answers an address at which exactly one file of exactly so many bytes can be put within an hour, with the method and the headers \
that are answered. It needs no credential: whoever has it can put the file. The file is removed after seven days.

Nothing is kept of the request, so it takes no `Idempotency-Key`: asked again, it answers another address, and what is never put \
there is nowhere.";

/// Where a file lies that a user has brought.
#[must_use]
pub(crate) fn key(workspace: Id<kinds::Workspace>, user: Id<kinds::User>, id: Id<kinds::Upload>) -> String {
    format!("uploads/{workspace}/{user}/{id}")
}

/// The route.
pub(crate) fn routes() -> Routes {
    let body = json!({
        "type": "object",
        "required": ["name", "bytes"],
        "examples": [{ "name": "contacts.csv", "bytes": 48_213 }],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME, "description": "What the file is called." },
            "bytes": { "type": "integer", "minimum": 1, "maximum": MAX_BYTES, "description": "How large it is." },
        },
        "additionalProperties": false,
    });
    let answer = json!({
        "type": "object",
        "required": ["id", "name", "url", "method", "headers", "expires_at"],
        "properties": {
            "id": { "type": "string", "pattern": "^upl_[0-9a-f]{32}$", "description": "What an import names the file by." },
            "name": { "type": "string" },
            "url": { "type": "string", "format": "uri", "description": "Where to put it." },
            "method": { "const": "PUT" },
            "headers": {
                "type": "object",
                "additionalProperties": { "type": "string" },
                "description": "What to send with it. Browsers send these by themselves.",
            },
            "expires_at": { "type": "string", "format": "date-time", "description": "Until when it can be put there." },
        },
    });
    Routes::new()
        .add(
            Operation::new(Method::POST, "/v1/uploads", "create_upload", "Get an address to put a file at")
                .reads()
                .explained(EXPLANATION)
                .takes(Shape::Schema(body))
                .answers(201, Shape::Schema(answer)),
            post(create_upload),
        )
        .tagged(TAG)
}

async fn create_upload(
    State(app): State<api::App>,
    Context(cx): Context,
    _: NoQuery,
    Question(body): Question,
) -> Result<(StatusCode, Json<Value>)> {
    cx.require(Capability::ImportRecords)?;
    let (name, bytes) = parse(&body).map_err(Error::from)?;
    Ok((StatusCode::CREATED, Json(create(&cx, &app.files, &name, bytes).await?)))
}

/// No round trip: nothing is asked of the bucket.
async fn create(cx: &Cx, files: &cloud::Files, name: &str, bytes: u64) -> kernel::Result<Value> {
    let id = cx.ids.next::<kinds::Upload>();
    let url = files.presigned_put(&key(cx.caller.workspace, cx.caller.user, id), bytes, LIFETIME).await?;
    let expires_at = cx.clock.now().plus_millis(i64::try_from(LIFETIME.as_millis()).map_err(Error::bug)?);
    tracing::info!(upload.id = %id, bytes, "a file may be brought");
    Ok(json!({
        "id": id,
        "name": name,
        "url": url,
        "method": "PUT",
        "headers": { "content-length": bytes.to_string() },
        "expires_at": expires_at,
    }))
}

fn parse(body: &Document) -> Result<(String, u64), Violations> {
    let (mut name, mut bytes, mut violations) = (None, None, Violations::new());
    for (member, value) in body {
        match member.as_str() {
            "name" => name = Some(value),
            "bytes" => bytes = Some(value),
            _ => violations.add(pointer(member), "unknown_field", "must be name or bytes"),
        }
    }
    let text = name.and_then(Value::as_str).map(str::trim);
    match (name, text) {
        (None, _) => violations.add("/name", "required", "must be the name of the file"),
        (_, Some(text)) if !text.is_empty() && text.chars().count() <= MAX_NAME => {}
        _ => violations.add("/name", "wrong_type", format!("must be a text of 1 to {MAX_NAME} characters")),
    }
    let size = bytes.and_then(Value::as_u64);
    match (bytes, size) {
        (None, _) => violations.add("/bytes", "required", "must be how many bytes the file has"),
        (_, Some(1..=MAX_BYTES)) => {}
        _ => violations.add("/bytes", "out_of_range", format!("must be a whole number of 1 to {MAX_BYTES}")),
    }
    violations.or((text.unwrap_or_default().to_owned(), size.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_and_a_size() {
        let parse = |body: Value| {
            let parsed = parse(body.as_object().unwrap());
            parsed.map_err(|found| found.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect::<Vec<_>>())
        };
        assert_eq!(parse(json!({ "name": " a.csv ", "bytes": 1 })), Ok(("a.csv".to_owned(), 1)));
        assert_eq!(parse(json!({})).unwrap_err(), ["/name required", "/bytes required"]);
        assert_eq!(parse(json!({ "name": "", "bytes": 0 })).unwrap_err(), ["/name wrong_type", "/bytes out_of_range"]);
        assert_eq!(parse(json!({ "name": "a", "bytes": MAX_BYTES + 1 })).unwrap_err(), ["/bytes out_of_range"]);
        assert_eq!(parse(json!({ "name": "a", "bytes": 1, "x": 1 })).unwrap_err(), ["/x unknown_field"]);
    }
}
