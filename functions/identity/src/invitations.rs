//! Invitations: who is asked into the workspace, as what, and until when. They are accepted at a sign-in; lists of them are `views`'.

use api::{Of, Operation, Parameter, Result, Routes, Shape, Tag, Write, erase_route, history_route, written};
use auth::{Action, Role};
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{delete, post};
use events::Document;
use http::Method;
use kernel::{AnyId, Error, Id, Timestamp, Violations, kinds, pointer};
use records::{Cx, FieldType, Fields, INVITATION, InvitationState, Object, Written, normalised};
use serde_json::{Value, json};

const TAG: Tag = Tag { name: "invitations", help: "People who are asked into the workspace." };

/// For how many days an invitation is good if nobody says.
const DAYS: i64 = 14;
/// For how many days it may be.
const MAX_DAYS: i64 = 90;
/// How often one is sent: each time that it is, it gets another version.
const MAX_SENT: u64 = 10;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What says for how many days.
const FOR_DAYS: &str = "good_for_days";
/// What people say of a new one; the rest Rapport does.
const MEMBERS: [&str; 6] = ["email", "name", "role", "team_id", "language", "good_for_days"];

fn days_schema() -> Value {
    json!({
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MAX_DAYS,
        "default": DAYS,
        "description": "For how many days from now it can be accepted.",
    })
}

fn new_schema() -> Value {
    json!({
        "title": "InvitationInput",
        "type": "object",
        "required": ["email", "role"],
        "properties": {
            "email": { "type": "string", "format": "email", "maxLength": 254, "examples": ["ada@example.com"] },
            "name": { "type": ["string", "null"], "maxLength": 200, "examples": ["Ada"] },
            "role": { "type": "string", "description": "The name of a role that may do no more than yours.", "examples": [Role::REP] },
            "team_id": { "type": ["string", "null"], "pattern": "^tea_[0-9a-f]{32}$" },
            "language": { "enum": ["en", "ru", null], "description": "The language of the mail; English if nobody says." },
            "good_for_days": days_schema(),
        },
        "additionalProperties": false,
    })
}

fn again_schema() -> Value {
    json!({
        "title": "InvitationAgain",
        "type": "object",
        "properties": { "good_for_days": days_schema() },
        "additionalProperties": false,
    })
}

pub(crate) fn routes() -> Routes {
    let of = Of::BuiltIn(INVITATION, "invitations");
    let id = || Parameter::id("id", "The invitation's id.", "inv");
    let own = Routes::new()
        .add(
            Operation::new(Method::POST, "/v1/invitations", "create_invitation", "Ask somebody in, by mail")
                .unconditional()
                .takes(Shape::Schema(new_schema()))
                .answers(201, Shape::Record(INVITATION)),
            post(create),
        )
        .add(
            Operation::new(Method::DELETE, "/v1/invitations/{id}", "revoke_invitation", "Take an invitation back")
                .names(id())
                .answers(200, Shape::Record(INVITATION)),
            delete(revoke),
        )
        .add(
            Operation::new(
                Method::POST,
                "/v1/invitations/{id}/send",
                "send_invitation",
                "Send an invitation again, and make it good for longer",
            )
            .names(id())
            .takes(Shape::Schema(again_schema()))
            .answers(200, Shape::Record(INVITATION)),
            post(send_again),
        )
        .tagged(TAG);
    own.and(erase_route(of)).and(history_route(of))
}

/// One read for whose the address is, and one transaction; the mail goes out by the event.
async fn create(write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    let object = cx.object(INVITATION).await?;
    let outcome = try_create(&cx, &object, &body).await;
    let outcome = records::or_kept(&cx, &object, outcome).await?;
    Ok(written(&object.plural, outcome, cx.dry_run))
}

async fn try_create(cx: &Cx, object: &Object, body: &Document) -> Result<Written, Error> {
    cx.rights.require_any(object, Action::Create)?;
    let input = parse(object, body, cx.clock.now())?;
    let email = input.get("email").and_then(Value::as_str).unwrap_or_default();
    let user = cx.table.keys().unique("user.email", &normalised(&FieldType::Email {}, email));
    if cx.table.get(&user).await?.is_some() {
        return Err(Error::Conflict { field: "email".to_owned() });
    }
    let id: Id<kinds::Invitation> = cx.ids.next();
    records::create(cx, object, id.erase(), &input).await
}

/// What a new invitation says, with what Rapport adds to it.
fn parse(object: &Object, body: &Document, now: Timestamp) -> Result<Document, Violations> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        violations.add(pointer(unknown), "unknown_field", "is not a field of an invitation");
    }
    let taken = MEMBERS.into_iter().filter(|name| *name != FOR_DAYS);
    let mut input: Document = taken.filter_map(|name| Some((name.to_owned(), body.get(name)?.clone()))).collect();
    input.insert("good_until".to_owned(), json!(end(body, now, &mut violations)));
    input.insert("state".to_owned(), json!(InvitationState::Open.as_str()));
    if let Err(others) = Fields::parse(object, &input) {
        violations.extend(others);
    }
    violations.or(input)
}

/// Until when an invitation is to be good.
fn end(body: &Document, now: Timestamp, violations: &mut Violations) -> Timestamp {
    let days = match body.get(FOR_DAYS) {
        None | Some(Value::Null) => Some(DAYS),
        Some(days) => days.as_i64().filter(|days| (1..=MAX_DAYS).contains(days)),
    };
    if days.is_none() {
        violations.add(pointer(FOR_DAYS), "out_of_range", format!("must be 1 to {MAX_DAYS} days"));
    }
    now.plus_millis(days.unwrap_or(DAYS) * DAY_MS)
}

fn parse_id(id: &str) -> Result<AnyId, Error> {
    let id: Id<kinds::Invitation> = id.parse().map_err(|_| Error::not_found(INVITATION))?;
    Ok(id.erase())
}

/// One read and one transaction.
async fn revoke(Path(id): Path<String>, Write { cx, seen, .. }: Write) -> Result<Response> {
    let object = cx.object(INVITATION).await?;
    let now = cx.clock.now();
    let outcome = records::transition(&cx, &object, parse_id(&id)?, seen, "revoked", |invitation| {
        invitation.end_invitation(InvitationState::Revoked, now)
    });
    let outcome = records::or_kept(&cx, &object, outcome.await).await?;
    Ok(written(&object.plural, outcome, cx.dry_run))
}

/// One read and one transaction; the mail goes out by the event.
async fn send_again(Path(id): Path<String>, Write { cx, body, seen }: Write) -> Result<Response> {
    let object = cx.object(INVITATION).await?;
    let outcome = try_send_again(&cx, &object, &id, &body, seen).await;
    let outcome = records::or_kept(&cx, &object, outcome).await?;
    Ok(written(&object.plural, outcome, cx.dry_run))
}

async fn try_send_again(
    cx: &Cx,
    object: &Object,
    id: &str,
    body: &Document,
    seen: Option<kernel::Version>,
) -> Result<Written, Error> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| *name != FOR_DAYS) {
        violations.add(pointer(unknown), "unknown_field", "is not a part of this request");
    }
    let end = end(body, cx.clock.now(), &mut violations);
    violations.or(())?;
    records::transition(cx, object, parse_id(id)?, seen, "sent_again", |invitation| {
        invitation.must_be_open()?;
        if invitation.common.version > MAX_SENT {
            let detail = format!("an invitation is sent {MAX_SENT} times: revoke it, and make another one");
            return Err(Error::WrongState { code: "sent_too_often", detail });
        }
        invitation.fields.set("good_until", Some(json!(end)));
        Ok(())
    })
    .await
}
