//! What a write is asked with: context, body, `If-Match`, `Idempotency-Key`, `validate=only`.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use events::Document;
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::{Error, Position, Result, Version, Violations};
use records::Cx;
use serde_json::Value;
use table::Once;

use crate::json::{self, MAX_JSON_DEPTH, MAX_JSON_VALUES, Unreadable};
use crate::query::{Params, parse_write};
use crate::{App, Context, Problem};

/// The largest body that is read, in bytes. Files and imports go to S3 directly.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The longest idempotency key, in characters.
pub const MAX_KEY_CHARS: usize = 255;

/// The most digits of a version in `If-Match`: what an unsigned number of 64 bits surely holds.
pub(crate) const MAX_VERSION_DIGITS: usize = 19;

/// The extractor of every write.
#[derive(Debug, Clone)]
pub struct Write {
    /// The context, with the idempotency key and the dry run in it.
    pub cx: Cx,
    /// The body's members; empty when there is no body.
    pub body: Document,
    /// The version in `If-Match`.
    pub seen: Option<Version>,
}

impl Write {
    /// The context and the body of a write that no version can be named for: what it makes is not there yet, or has none.
    ///
    /// # Errors
    /// When the request names a version all the same: it would be ignored.
    pub fn unconditional(self) -> Result<(Cx, Document)> {
        match self.seen {
            None => Ok((self.cx, self.body)),
            Some(_) => Err(Error::malformed("bad_if_match", "this operation knows no If-Match")),
        }
    }

    /// A write that knows some parameters of its own, and what they are.
    pub(crate) async fn asking(request: Request, app: &App, known: &[&str]) -> Result<(Self, Params), Problem> {
        let (mut parts, body) = request.into_parts();
        let Context(mut cx) = Context::from_request_parts(&mut parts, app).await?;
        let bytes = read(body).await?;
        let (dry_run, params) = parse_write(parts.uri.query(), known)?;
        cx.dry_run = dry_run;
        cx.once = once(&cx, &parts, &bytes)?;
        let seen = if_match(&parts.headers)?;
        Ok((Self { body: parse(&parts.headers, &bytes)?, cx, seen }, params))
    }
}

impl FromRequest<App> for Write {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Self::asking(request, app, &[]).await.map(|(write, _)| write)
    }
}

/// The members of a body that is sent before there is a workspace to write in; empty when there is no body.
#[derive(Debug, Clone)]
pub struct Members(pub Document);

impl FromRequest<App> for Members {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        Ok(Self(parse(&parts.headers, &bytes)?))
    }
}

/// The extractor of a write that can lose values, and does so only with `accept_loss=true`.
#[derive(Debug, Clone)]
pub struct LossyWrite {
    /// The write.
    pub write: Write,
    /// Whether values may be lost.
    pub accept_loss: bool,
}

impl FromRequest<App> for LossyWrite {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (write, params) = Write::asking(request, app, &["accept_loss"]).await?;
        let mut violations = Violations::new();
        let mut accept_loss = false;
        for (_, value) in params {
            match value.as_str() {
                "true" => accept_loss = true,
                "false" => {}
                _ => violations.add("/accept_loss", "unknown_option", "must be true or false"),
            }
        }
        violations.or(()).map_err(Error::from)?;
        Ok(Self { write, accept_loss })
    }
}

pub(crate) async fn read(body: Body) -> Result<Vec<u8>> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge { limit_bytes: MAX_BODY_BYTES }),
        Err(_) => Err(Error::malformed("unreadable_body", "the body ended before it was complete")),
    }
}

pub(crate) fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Document> {
    if bytes.is_empty() {
        return Ok(Document::new());
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    let media = media.split(';').next().unwrap_or_default().trim();
    if !["application/json", "application/merge-patch+json"].iter().any(|known| media.eq_ignore_ascii_case(known)) {
        return Err(Error::UnsupportedMedia { expected: "application/json" });
    }
    match json::parse(bytes) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(Error::malformed("not_an_object", "the body must be a JSON object")),
        Err(Unreadable::Twice(pointer)) => Err(Error::invalid(pointer, "given_twice", "may be given once")),
        Err(Unreadable::TooDeep) => {
            let detail = format!("objects and lists of the body stand at most {MAX_JSON_DEPTH} deep in each other");
            Err(Error::malformed("too_deep", detail))
        }
        Err(Unreadable::TooMany) => {
            Err(Error::malformed("too_many_values", format!("the body may have {MAX_JSON_VALUES} values")))
        }
        Err(Unreadable::NotJson(error)) => {
            let detail = format!("the body is not JSON: line {}, column {}", error.line(), error.column());
            Err(Error::malformed("bad_json", detail))
        }
    }
}

/// The writes that an answer has to have seen: `Rapport-Position`.
///
/// # Errors
/// `bad_position` when it is none.
pub fn position(headers: &HeaderMap) -> Result<Position> {
    let Some(value) = headers.get("rapport-position") else { return Ok(Position::default()) };
    let text = value.to_str().unwrap_or("?");
    text.parse().map_err(|error: kernel::ParsePositionError| {
        Error::malformed("bad_position", format!("Rapport-Position {error}"))
    })
}

/// `If-Match` with one strong `ETag`. `*` is not taken: every write but a creation fails by itself where nothing is.
fn if_match(headers: &HeaderMap) -> Result<Option<Version>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let wrong = || Error::malformed("bad_if_match", "If-Match must be one ETag as it was answered, such as \"3\"");
    let tag = value.to_str().map_err(|_| wrong())?.trim();
    let digits = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(wrong)?;
    // A sign is no part of a version, though Rust's parser takes one.
    let plain = digits.len() <= MAX_VERSION_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().map(Some).map_err(|_| wrong()) } else { Err(wrong()) }
}

fn once(cx: &Cx, parts: &Parts, body: &[u8]) -> Result<Option<Once>> {
    let Some(value) = parts.headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > MAX_KEY_CHARS || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("Idempotency-Key must have 1 to {MAX_KEY_CHARS} visible ASCII characters");
        return Err(Error::malformed("bad_idempotency_key", detail));
    }
    let actor = cx.caller.api_key.map_or_else(|| cx.caller.user.to_string(), |key| key.to_string());
    let query = parts.uri.query().unwrap_or_default();
    let tag = parts.headers.get(header::IF_MATCH).map(|tag| tag.as_bytes()).unwrap_or_default();
    let scope = [actor.as_str(), parts.method.as_str(), parts.uri.path()];
    Ok(Some(Once::new(&scope, key, &[query.as_bytes(), tag, body], cx.clock.now())))
}
