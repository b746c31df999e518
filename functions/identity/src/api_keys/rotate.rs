//! Giving an API key a new secret, while the one from before is good for some time yet.

use api::{Result, Write};
use auth::{ApiKey, Capability};
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use events::{Document, FieldChange};
use http::StatusCode;
use kernel::{Error, Id, kinds, pointer};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Refused, Sort};

use super::{OLD_HASH, Stored, entry_of, require_whole, stored, to_document, view};

/// For how long the secret from before is good, if nobody says, in seconds: a day, for every program to be told.
pub(super) const OVERLAP: i64 = 86_400;
/// For how long it can be at most, in seconds.
pub(super) const MAX_OVERLAP: i64 = 30 * 86_400;

pub(super) async fn rotate_api_key(Path(id): Path<String>, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    cx.require(Capability::ManageApiKeys)?;
    let overlap = parse(&body)?;
    let id: Id<kinds::ApiKey> = id.parse().map_err(|_| Error::not_found("api_key"))?;
    let Stored { key, hash: old_hash, old_hash: older_hash } = stored(&cx, id).await?;
    require_whole(&cx)?;
    // Whoever has the secret is the key's user.
    if key.user != cx.caller.user {
        return Err(Error::denied("this API key is somebody else's: revoke it, and they make another one").into());
    }
    let now = cx.clock.now();
    if key.access(now).is_none() {
        let detail = "this API key has ended: make another one".to_owned();
        return Err(Error::WrongState { code: "ended", detail }.into());
    }
    let secret = auth::new_secret(&cx.ids);
    let hash = auth::hash_secret(secret.reveal()).ok_or_else(|| Error::bug("a new secret has no hash"))?;
    let begins_with = secret.reveal().chars().take(7).collect();
    let rotated = ApiKey { version: key.version + 1, begins_with, ..key.clone() };
    let end = now.plus_seconds(overlap);
    let ending = ApiKey {
        version: key.version + 1,
        good_until: Some(key.good_until.map_or(end, |known| known.min(end))),
        ..key.clone()
    };
    let document = to_document(&rotated)?;
    let mut changes = Changes::new();
    changes.create(table::api_key(&hash), Sort::ApiKey, document.clone());
    changes.replace(table::api_key(&old_hash), Sort::ApiKey, to_document(&ending)?, key.version);
    let mut entry = entry_of(&document, &hash);
    entry.insert(OLD_HASH.to_owned(), json!(old_hash));
    // Two secrets at once are enough: the one before them ends now.
    if let Some(older_hash) = older_hash {
        let ended = ApiKey { revoked_at: Some(now), ..ending.clone() };
        changes.replace(table::api_key(&older_hash), Sort::ApiKey, to_document(&ended)?, key.version);
    }
    changes.replace(cx.table.keys().api_key_entry(id), Sort::ApiKey, entry, key.version);
    let change = FieldChange { before: json!(key.begins_with), after: json!(rotated.begins_with) };
    let changed = [("begins_with", change), ("old_good_until", FieldChange { before: Value::Null, after: json!(end) })];
    let event = crate::bootstrap::event(&cx, "api_key.rotated", id.erase(), rotated.version, changed);
    changes.event(cx.table.keys(), "api_key", &event, cx.once.as_ref())?;
    if let Some(once) = &cx.once {
        changes.answer(once.clone(), KeptAnswer::new(200, id.erase(), rotated.version, Some(&document)));
    }
    let secret = Some(&secret).filter(|_| !cx.dry_run);
    match cx.commit(&changes).await {
        Ok(_) => Ok((StatusCode::OK, Json(view(document, secret))).into_response()),
        // The secret is not kept: whoever repeats the request rotates again if they have lost it.
        Err(Refused::Repeated(kept)) => Ok(Json(view(kept.document.unwrap_or_default(), None)).into_response()),
        Err(Refused::Stale(_)) => Err(Error::unavailable("the API key changed meanwhile").into()),
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(other) => Err(Error::bug(format!("an API key was not rotated: {other:?}")).into()),
    }
}

fn parse(body: &Document) -> Result<i64, Error> {
    if let Some(unknown) = body.keys().find(|name| *name != "overlap_seconds") {
        return Err(Error::invalid(pointer(unknown), "unknown_field", "is not a field of this operation"));
    }
    let Some(overlap) = body.get("overlap_seconds").filter(|overlap| !overlap.is_null()) else { return Ok(OVERLAP) };
    overlap.as_i64().filter(|seconds| (0..=MAX_OVERLAP).contains(seconds)).ok_or_else(|| {
        Error::invalid("/overlap_seconds", "out_of_range", format!("must be 0 to {MAX_OVERLAP} seconds"))
    })
}
