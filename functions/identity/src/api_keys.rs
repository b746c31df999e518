//! API keys: made, listed, revoked. The secret is shown once, in the answer that makes it.

use api::{Context, Operation, Parameter, Result, Routes, Shape, Tag, Write, page, parse_params};
use auth::{ApiKey, Permission, Role};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use events::{Document, FieldChange};
use http::{Method, StatusCode};
use kernel::{Error, Id, Secret, Timestamp, Violations, kinds, pointer};
use records::Cx;
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Rate, Refused, Sort};

use crate::usage;

/// The most characters in a key's name.
const MAX_NAME: usize = 100;
/// How many keys a page has.
const PAGE: u16 = 50;

const TAG: Tag = Tag { name: "api_keys", help: "Credentials of programs, each with a role and, if wanted, an end." };

/// A key, as it is answered.
fn key_schema() -> Value {
    json!({
        "title": "ApiKey",
        "type": "object",
        "required": ["id", "name", "role", "user", "begins_with", "created_at"],
        "properties": {
            "id": { "type": "string", "pattern": "^key_[0-9a-f]{32}$" },
            "version": { "type": "integer", "minimum": 1 },
            "name": { "type": "string", "examples": ["import"] },
            "role": { "enum": roles() },
            "user": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$", "description": "Who made it." },
            "begins_with": { "type": "string", "description": "The first characters of the secret.", "examples": ["rk_4f6a"] },
            "created_at": { "type": "string", "format": "date-time" },
            "good_until": { "type": ["string", "null"], "format": "date-time" },
            "revoked_at": { "type": ["string", "null"], "format": "date-time" },
            "rate_limit": rate_schema(),
        },
    })
}

fn rate_schema() -> Value {
    json!({
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": Rate::MAX,
        "description": "Requests a second; ten times as many at once. Without it as many as with any key.",
    })
}

/// A key in a list, with what it has been used for.
fn listed_key_schema() -> Value {
    let mut schema = key_schema();
    schema["title"] = json!("ListedApiKey");
    schema["properties"]["last_used_at"] = usage::last_used_schema();
    schema["properties"]["cost_this_month"] = usage::cost_schema();
    schema
}

/// A key that was just made. A repeated answer and a dry run have no secret.
fn made_key_schema() -> Value {
    let mut schema = key_schema();
    let secret = format!("rk_{}", "4f6a".repeat(16));
    schema["title"] = json!("MadeApiKey");
    schema["properties"]["secret"] =
        json!({ "type": "string", "description": "Shown once: now.", "examples": [secret] });
    schema
}

/// A new key, as it is asked for.
fn new_key_schema() -> Value {
    json!({
        "title": "NewApiKey",
        "type": "object",
        "required": ["name", "role"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME, "examples": ["import"] },
            "role": { "enum": roles() },
            "good_until": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "When it ends by itself; in the future.",
                "examples": ["2099-12-31T23:59:59.000Z"],
            },
            "rate_limit": rate_schema(),
        },
        "additionalProperties": false,
    })
}

pub(crate) fn routes() -> Routes {
    let cursor = Parameter::new("cursor", "The next_cursor of the page before.", json!({ "type": "string" }));
    Routes::new()
        .add(
            Operation::new(
                Method::GET,
                "/v1/api_keys",
                "list_api_keys",
                "List the API keys of the workspace, newest first",
            )
            .asks(vec![cursor])
            .answers(200, Shape::Page(listed_key_schema())),
            get(list_api_keys),
        )
        .add(
            Operation::new(Method::POST, "/v1/api_keys", "create_api_key", "Make an API key; its secret is shown once")
                .unconditional()
                .takes(Shape::Schema(new_key_schema()))
                .answers(201, Shape::Schema(made_key_schema())),
            post(create_api_key),
        )
        .add(
            Operation::new(
                Method::DELETE,
                "/v1/api_keys/{id}",
                "revoke_api_key",
                "Revoke an API key, within 60 seconds",
            )
            .unconditional()
            .names(Parameter::id("id", "The key's id.", "key"))
            .answers(200, Shape::Schema(key_schema())),
            delete(revoke_api_key),
        )
        .tagged(TAG)
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.as_str()).collect()
}

pub(crate) struct NewKey {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) good_until: Option<Timestamp>,
    pub(crate) rate_limit: Option<u32>,
}

fn parse(body: &Document, now: Timestamp) -> Result<NewKey, Violations> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| !["name", "role", "good_until", "rate_limit"].contains(&name.as_str())) {
        violations.add(pointer(unknown), "unknown_field", "is not a field of an API key");
    }
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        violations.add("/name", "bad_name", format!("must be a line of 1 to {MAX_NAME} characters"));
    }
    let role = body.get("role").and_then(Value::as_str);
    let role = role.and_then(Role::parse);
    if role.is_none() {
        violations.add("/role", "unknown_option", format!("must be one of {}", roles().join(", ")));
    }
    let good_until = match body.get("good_until") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok()).filter(|time| *time > now);
            if time.is_none() {
                violations.add("/good_until", "not_a_future_time", "must be an RFC 3339 time in the future");
            }
            time
        }
    };
    let rate_limit = body.get("rate_limit").filter(|rate| !rate.is_null());
    let rate = rate_limit.and_then(|rate| Rate::of(u32::try_from(rate.as_u64()?).ok()?));
    if rate_limit.is_some() && rate.is_none() {
        violations.add("/rate_limit", "out_of_range", format!("must be 1 to {} requests a second", Rate::MAX));
    }
    let rate_limit = rate.map(Rate::per_second);
    violations.or(()).map(|()| NewKey { name, role: role.unwrap_or(Role::Viewer), good_until, rate_limit })
}

/// A new key with its secret, and everything that has to be written for it.
pub(crate) fn made(cx: &Cx, new: NewKey) -> Result<(ApiKey, Secret, Changes), Error> {
    let NewKey { name, role, good_until, rate_limit } = new;
    let secret = auth::new_secret(&cx.ids);
    let hash = auth::hash_secret(secret.reveal()).ok_or_else(|| Error::bug("a new secret has no hash"))?;
    let key = ApiKey {
        id: cx.ids.next(),
        version: 1,
        workspace: cx.caller.workspace,
        user: cx.caller.user,
        role,
        name: name.clone(),
        rate_limit,
        begins_with: secret.reveal().chars().take(7).collect(),
        created_at: cx.clock.now(),
        good_until,
        revoked_at: None,
    };
    let mut changes = Changes::new();
    let document = to_document(&key)?;
    let mut entry = document.clone();
    entry.insert("hash".to_owned(), json!(hash));
    changes.create(table::api_key(&hash), Sort::ApiKey, document);
    changes.create(cx.table.keys().api_key_entry(key.id), Sort::ApiKey, entry);
    let made = [("name", json!(name)), ("role", json!(role))]
        .map(|(field, after)| (field, FieldChange { before: Value::Null, after }));
    let event = crate::bootstrap::event(cx, "api_key.created", key.id.erase(), 1, made);
    changes.event(cx.table.keys(), "api_key", &event, cx.once.as_ref())?;
    Ok((key, secret, changes))
}

fn to_document(key: &ApiKey) -> Result<Document, Error> {
    Ok(serde_json::to_value(key).map_err(Error::bug)?.as_object().cloned().unwrap_or_default())
}

/// A key as it is answered: without its hash.
fn view(mut document: Document, secret: Option<&Secret>) -> Value {
    document.remove("hash");
    document.remove("workspace");
    for optional in ["good_until", "revoked_at", "rate_limit"] {
        document.entry(optional).or_insert(Value::Null);
    }
    if let Some(secret) = secret {
        document.insert("secret".to_owned(), json!(secret.reveal()));
    }
    Value::Object(document)
}

async fn list_api_keys(Context(cx): Context, RawQuery(query): RawQuery) -> Result<Json<Value>> {
    cx.caller.require(Permission::Administer)?;
    let mut after: Option<Id<kinds::ApiKey>> = None;
    for (name, value) in parse_params(query.as_deref())? {
        if name != "cursor" {
            return Err(
                Error::invalid(pointer(&name), "unknown_parameter", "is not a parameter of this operation").into()
            );
        }
        let parsed =
            value.parse().map_err(|_| Error::malformed("cursor_mismatch", "the cursor is not of this list"))?;
        after = Some(parsed);
    }
    let after = after.map(|id| id.to_string());
    let parent = cx.table.keys().api_key_entry(cx.ids.next());
    let found = cx.table.children(&parent, "key_", after.as_deref(), PAGE, true).await?;
    let mut data: Vec<Value> = found.documents.into_iter().map(|document| view(document, None)).collect();
    usage::add_to(&cx, &mut data).await?;
    Ok(Json(page(data, found.next)))
}

async fn create_api_key(write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    cx.caller.require(Permission::Administer)?;
    let new = parse(&body, cx.clock.now()).map_err(Error::from)?;
    let (key, secret, mut changes) = made(&cx, new)?;
    let document = to_document(&key)?;
    if let Some(once) = &cx.once {
        // The secret is not kept: a repeated request learns that the key was made, and which one.
        changes.answer(once.clone(), KeptAnswer::new(201, key.id.erase(), 1, Some(&document)));
    }
    match cx.commit(&changes).await {
        // What a dry run would make is not made: its secret opens nothing and is not shown.
        Ok(_) => Ok((StatusCode::CREATED, Json(view(document, Some(&secret).filter(|_| !cx.dry_run)))).into_response()),
        Err(Refused::Repeated(kept)) => {
            Ok((StatusCode::CREATED, Json(view(kept.document.unwrap_or_default(), None))).into_response())
        }
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(other) => Err(Error::bug(format!("an API key was not written: {other:?}")).into()),
    }
}

async fn revoke_api_key(Path(id): Path<String>, write: Write) -> Result<Json<Value>> {
    let (cx, _) = write.unconditional()?;
    cx.caller.require(Permission::Administer)?;
    let not_found = Error::not_found("api_key");
    let Ok(id) = id.parse::<Id<kinds::ApiKey>>() else { return Err(not_found.into()) };
    let entry = cx.table.get(&cx.table.keys().api_key_entry(id)).await?.ok_or(not_found)?;
    let hash = entry.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned();
    let key: ApiKey = serde_json::from_value(Value::Object(entry.clone())).map_err(Error::unreadable("API key"))?;
    if key.revoked_at.is_some() {
        return Ok(Json(view(entry, None)));
    }
    let revoked = ApiKey { version: key.version + 1, revoked_at: Some(cx.clock.now()), ..key.clone() };
    let document = to_document(&revoked)?;
    let mut entry = document.clone();
    entry.insert("hash".to_owned(), json!(hash));
    let mut changes = Changes::new();
    changes.replace(table::api_key(&hash), Sort::ApiKey, document, key.version);
    changes.replace(cx.table.keys().api_key_entry(id), Sort::ApiKey, entry.clone(), key.version);
    let at = FieldChange { before: Value::Null, after: json!(revoked.revoked_at) };
    let event = crate::bootstrap::event(&cx, "api_key.revoked", id.erase(), revoked.version, [("revoked_at", at)]);
    changes.event(cx.table.keys(), "api_key", &event, None)?;
    match cx.commit(&changes).await {
        Ok(_) => Ok(Json(view(entry, None))),
        // Somebody else has revoked it meanwhile: what was wanted is done.
        Err(Refused::Stale(Some(current))) => Ok(Json(view(current, None))),
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(other) => Err(Error::bug(format!("an API key was not revoked: {other:?}")).into()),
    }
}
