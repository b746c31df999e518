//! API keys: made, listed, revoked. The secret is shown once, in the answer that makes it.

mod input;
mod rotate;
mod shapes;

use api::{Context, Operation, Parameter, Result, Routes, Shape, Tag, Write, page, parse_params};
use auth::{ApiKey, Capability, KeyScope, Role};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use events::{Document, FieldChange};
use http::{Method, StatusCode};
use kernel::{Error, Id, Secret, kinds, pointer};
use records::Cx;
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Refused, Sort};

use crate::usage;

use self::input::{NewKey, parse};
use self::rotate::rotate_api_key;
use self::shapes::{key_schema, listed_key_schema, made_key_schema, new_key_schema, rotate_schema};

/// How many keys a page has.
const PAGE: u16 = 50;

const TAG: Tag = Tag { name: "api_keys", help: "Credentials of programs, each with a role and, if wanted, an end." };

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
        .add(
            Operation::new(
                Method::POST,
                "/v1/api_keys/{id}/rotate",
                "rotate_api_key",
                "Give an API key a new secret; it is shown once",
            )
            .unconditional()
            .names(Parameter::id("id", "The key's id.", "key"))
            .takes(Shape::Schema(rotate_schema()))
            .answers(200, Shape::Schema(made_key_schema())),
            post(rotate_api_key),
        )
        .tagged(TAG)
}

/// A new key with its secret, and everything that has to be written for it.
fn made(cx: &Cx, new: NewKey) -> Result<(ApiKey, Secret, Changes), Error> {
    let NewKey { name, role, scope, good_until, rate_limit } = new;
    let secret = auth::new_secret(&cx.ids);
    let hash = auth::hash_secret(secret.reveal()).ok_or_else(|| Error::bug("a new secret has no hash"))?;
    let key = ApiKey {
        id: cx.ids.next(),
        version: 1,
        workspace: cx.caller.workspace,
        user: cx.caller.user,
        role: role.clone(),
        scope,
        name: name.clone(),
        rate_limit,
        begins_with: secret.reveal().chars().take(7).collect(),
        created_at: cx.clock.now(),
        good_until,
        revoked_at: None,
    };
    let mut changes = Changes::new();
    let document = to_document(&key)?;
    let entry = entry_of(&document, &hash);
    changes.create(table::api_key(&hash), Sort::ApiKey, document);
    changes.create(cx.table.keys().api_key_entry(key.id), Sort::ApiKey, entry);
    let made = [("name", json!(name)), ("role", json!(role))]
        .map(|(field, after)| (field, FieldChange { before: Value::Null, after }));
    let event = crate::bootstrap::event(cx, "api_key.created", key.id.erase(), 1, made);
    changes.event(cx.table.keys(), "api_key", &event, cx.once.as_ref())?;
    Ok((key, secret, changes))
}

/// A key of a role without an end, and everything that has to be written for it.
pub(crate) fn of_role(cx: &Cx, name: &str, role: Role) -> Result<(Secret, Changes), Error> {
    let new = NewKey { name: name.to_owned(), role, scope: KeyScope::default(), good_until: None, rate_limit: None };
    made(cx, new).map(|(_, secret, changes)| (secret, changes))
}

/// What the workspace keeps of a key, to find it by its id.
fn entry_of(document: &Document, hash: &str) -> Document {
    let mut entry = document.clone();
    entry.insert("hash".to_owned(), json!(hash));
    entry
}

/// A key of the workspace as its entry says.
struct Stored {
    key: ApiKey,
    /// The hash of its secret.
    hash: String,
    /// The hash of the secret from before, which may be good for some time yet.
    old_hash: Option<String>,
}

async fn stored(cx: &Cx, id: Id<kinds::ApiKey>) -> Result<Stored, Error> {
    let entry = cx.table.get(&cx.table.keys().api_key_entry(id)).await?.ok_or(Error::not_found("api_key"))?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let (hash, old_hash) = (text("hash").unwrap_or_default(), text(OLD_HASH));
    let key = serde_json::from_value(Value::Object(entry)).map_err(Error::unreadable("API key"))?;
    Ok(Stored { key, hash, old_hash })
}

/// Where an entry has the hash of the secret from before.
const OLD_HASH: &str = "old_hash";

/// Passes if the caller's credential may all that its user may: none that is limited makes one that is not.
fn require_whole(cx: &Cx) -> Result<(), Error> {
    match cx.rights.is_whole() {
        true => Ok(()),
        false => Err(Error::denied("a key that may do less than its user makes no keys")),
    }
}

fn to_document(key: &ApiKey) -> Result<Document, Error> {
    Ok(serde_json::to_value(key).map_err(Error::bug)?.as_object().cloned().unwrap_or_default())
}

/// A key as it is answered: without its hash.
fn view(mut document: Document, secret: Option<&Secret>) -> Value {
    document.remove("hash");
    document.remove(OLD_HASH);
    document.remove("workspace");
    let scope = document.remove("scope").unwrap_or_default();
    for (limit, none) in [("read_only", json!(false)), ("objects", Value::Null), ("fields", Value::Null)] {
        document.insert(limit.to_owned(), scope.get(limit).cloned().unwrap_or(none));
    }
    for optional in ["good_until", "revoked_at", "rate_limit"] {
        document.entry(optional).or_insert(Value::Null);
    }
    if let Some(secret) = secret {
        document.insert("secret".to_owned(), json!(secret.reveal()));
    }
    Value::Object(document)
}

async fn list_api_keys(Context(cx): Context, RawQuery(query): RawQuery) -> Result<Json<Value>> {
    cx.require(Capability::ManageApiKeys)?;
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
    cx.require(Capability::ManageApiKeys)?;
    require_whole(&cx)?;
    let (schema, roles) = (cx.schema().await?, cx.schemas.roles(&cx.table, &cx.clock).await?);
    let new = match parse(&body, &schema, &roles, cx.clock.now()) {
        Ok(new) => new,
        // Others may have made the role or the object meanwhile.
        Err(wrong) => match cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await? {
            Some(schema) => {
                let roles = cx.schemas.roles(&cx.table, &cx.clock).await?;
                parse(&body, &schema, &roles, cx.clock.now()).map_err(Error::from)?
            }
            None => return Err(Error::from(wrong).into()),
        },
    };
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
    cx.require(Capability::ManageApiKeys)?;
    let id: Id<kinds::ApiKey> = id.parse().map_err(|_| Error::not_found("api_key"))?;
    let Stored { key, hash, old_hash } = stored(&cx, id).await?;
    if key.revoked_at.is_some() {
        return Ok(Json(view(to_document(&key)?, None)));
    }
    let revoked = ApiKey { version: key.version + 1, revoked_at: Some(cx.clock.now()), ..key.clone() };
    let document = to_document(&revoked)?;
    let entry = entry_of(&document, &hash);
    let mut changes = Changes::new();
    changes.replace(table::api_key(&hash), Sort::ApiKey, document, key.version);
    changes.replace(cx.table.keys().api_key_entry(id), Sort::ApiKey, entry.clone(), key.version);
    if let Some(old_hash) = old_hash {
        let ended = to_document(&ApiKey { revoked_at: revoked.revoked_at, ..revoked.clone() })?;
        changes.replace(table::api_key(&old_hash), Sort::ApiKey, ended, key.version);
    }
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
