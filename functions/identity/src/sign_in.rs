//! Signing in: from a token of the issuer to the workspaces that its owner may enter.
//!
//! Rapport knows users by their email addresses and people by what their issuer calls them. Who signs in is asked of the issuer once more,
//! which says whether the address is theirs; from then on the token alone says it.

use api::{App, Operation, Result, Routes, Shape, SignedIn, Tag};
use auth::{Access, Issuer, MAX_MEMBERSHIPS, Membership, Person};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use cloud::Web;
use events::{Document, FieldChange};
use http::Method;
use kernel::{Error, Id, Secret, kinds};
use records::{Cx, FieldType, Rights, coerce, normalised, person_part};
use serde::Deserialize;
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Once, Refused, Sort};

const TAG: Tag = Tag { name: "sign_in", help: "How people come in, and where they may go." };

/// Why nobody is signed in.
const NOT_VERIFIED: &str = "your identity provider does not say that your email address is yours";

fn workspace_schema() -> Value {
    json!({
        "title": "EnteredWorkspace",
        "type": "object",
        "required": ["id", "name", "user", "role"],
        "properties": {
            "id": { "type": "string", "pattern": "^wsp_[0-9a-f]{32}$" },
            "name": { "type": "string" },
            "user": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$", "description": "Who you are there." },
            "role": { "type": "string", "examples": ["rep"] },
        },
    })
}

pub(crate) fn routes() -> Routes {
    let shape = json!({
        "title": "SignIn",
        "type": "object",
        "required": ["email", "workspaces"],
        "properties": {
            "email": { "type": "string", "format": "email" },
            "workspaces": { "type": "array", "items": workspace_schema(), "maxItems": MAX_MEMBERSHIPS },
        },
    });
    let summary = "Come in with a token of the identity provider, and learn which workspaces are yours";
    let operation = Operation::new(Method::POST, "/v1/sign_in", "create_sign_in", summary)
        .reads()
        .explained(
            "An app calls this once after people have signed in, with their access token, and names one of the workspaces in \
             `Rapport-Workspace` from then on where there are several. It can be called as often as one likes.",
        )
        .answers(200, Shape::Schema(shape));
    Routes::new().add(operation, post(sign_in)).tagged(TAG)
}

/// Two requests to the issuer, one read for whose address it is, and for each workspace a read and a transaction.
async fn sign_in(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Value>> {
    let SignedIn { access, token, request_id } = signed_in;
    let person =
        access.person.as_ref().ok_or_else(|| Error::denied("an API key does not sign in: it is in already"))?;
    let issuer = app.issuer.as_ref().ok_or_else(|| Error::denied("nobody signs in here: there is no issuer"))?;
    let email = verified_email(issuer, person, &token).await?;
    let hash = auth::email_hash(&email);
    let limit = u16::try_from(MAX_MEMBERSHIPS).map_err(Error::bug)?;
    let mut workspaces = Vec::new();
    for entry in app.tables.of_email(&hash, limit).await? {
        let entry: Membership =
            serde_json::from_value(Value::Object(entry)).map_err(Error::unreadable("membership"))?;
        workspaces.extend(enter(&app, (person, &token), &entry, &request_id).await?);
    }
    leave(&app, &access, person, &workspaces).await?;
    let shown: Vec<&Value> = workspaces.iter().map(|(_, shown)| shown).collect();
    Ok(Json(json!({ "email": email, "workspaces": shown })))
}

/// What an issuer says of the owner of a token (OpenID Connect Core 1.0, section 5.1).
#[derive(Debug, Deserialize)]
struct About {
    sub: String,
    email: Option<String>,
    /// Cognito says it as a text.
    email_verified: Option<Value>,
}

async fn verified_email(issuer: &Issuer, person: &Person, token: &Secret) -> Result<String, Error> {
    let web = Web::of(&issuer.url);
    let described = issuer.describe(&web).await?;
    let endpoint =
        described.userinfo_endpoint.ok_or_else(|| Error::unavailable("the issuer tells nothing of people"))?;
    let got = web.get(&endpoint, Some(token)).await?;
    match got.status {
        200 => {}
        401 | 403 => return Err(Error::Unauthenticated),
        status => return Err(Error::unavailable(format!("the issuer answers {status} to who somebody is"))),
    }
    let about: About = serde_json::from_slice(&got.body).map_err(Error::unreadable("answer of the issuer"))?;
    if Person::of(&issuer.url, &about.sub) != *person {
        return Err(Error::Unauthenticated);
    }
    let is_verified = [Some(json!(true)), Some(json!("true"))].contains(&about.email_verified);
    let email = about.email.filter(|_| is_verified).map(Value::String);
    let email = email.as_ref().and_then(|email| coerce(&FieldType::Email {}, email));
    let email = email.as_ref().and_then(Value::as_str).ok_or_else(|| Error::denied(NOT_VERIFIED))?;
    Ok(normalised(&FieldType::Email {}, email))
}

/// Has a person come into a workspace as a user, if that one still works there. One read and one transaction.
///
/// That they have is an event, once for each token: apps ask as often as they like. Whoever is somebody new has come in anew.
async fn enter(
    app: &App,
    (person, token): (&Person, &Secret),
    entry: &Membership,
    request_id: &str,
) -> Result<Option<(Id<kinds::Workspace>, Value)>, Error> {
    let cx = context(app, entry, request_id);
    let keys = cx.table.keys();
    let (user, workspace) = (keys.record("user", entry.user.erase()), keys.config("workspace"));
    let bound = keys.config(&person_part(entry.user));
    let once = Once::new(&["sign_in", &entry.user.to_string()], token.reveal(), &[], cx.clock.now());
    let noted = keys.once(once.hash());
    let found = cx.table.get_each(&[user.clone(), workspace.clone(), bound.clone(), noted.clone()]).await?;
    let Some(user) = found.get(&user).filter(|user| !user.contains_key("archived_at")) else { return Ok(None) };
    let text = |document: Option<&Document>, name: &str| {
        document.and_then(|document| document.get(name)?.as_str()).unwrap_or_default().to_owned()
    };
    let before = found.get(&bound).and_then(|bound| bound.get("person")).cloned().unwrap_or_default();
    let mut changes = Changes::new();
    let document = |value: Value| value.as_object().cloned().unwrap_or_default();
    changes.set(bound, Sort::Config, document(json!({ "person": person })));
    let membership = table::membership(person.hash(), entry.workspace);
    let entered = document(json!({ "workspace": entry.workspace, "user": entry.user }));
    changes.set(membership, Sort::Membership, entered);
    let version = user.get("version").and_then(Value::as_u64).unwrap_or_default();
    // Whether it is somebody new is told; who it is at the issuer is nobody's business.
    let is_new = before != json!(person);
    if is_new || !found.contains_key(&noted) {
        let told = FieldChange { before: Value::Null, after: json!(is_new) };
        let event = crate::bootstrap::event(&cx, "user.signed_in", entry.user.erase(), version, [("is_new", told)]);
        changes.event(keys, "user", &event, None)?;
    }
    if !found.contains_key(&noted) {
        changes.answer(once, KeptAnswer::new(200, entry.user.erase(), version, None));
    }
    match cx.commit(&changes).await {
        // The same token came in twice at once: the other one has done all of it.
        Ok(_) | Err(Refused::Repeated(_)) => {}
        Err(Refused::Failed(error)) => return Err(error),
        Err(other) => return Err(Error::bug(format!("a sign-in was not written: {other:?}"))),
    }
    if is_new {
        cx.schemas.forget(entry.workspace);
    }
    let shown = json!({
        "id": entry.workspace,
        "name": text(found.get(&workspace), "name"),
        "user": entry.user,
        "role": text(Some(user), "role"),
    });
    Ok(Some((entry.workspace, shown)))
}

/// Takes a person out of the workspaces where their address is nobody's any more.
async fn leave(
    app: &App,
    access: &Access,
    person: &Person,
    entered: &[(Id<kinds::Workspace>, Value)],
) -> Result<(), Error> {
    let is_left = |membership: &&Membership| entered.iter().all(|(workspace, _)| *workspace != membership.workspace);
    for membership in access.memberships.iter().filter(is_left) {
        let cx = context(app, membership, "");
        let mut changes = Changes::new();
        changes.clear(table::membership(person.hash(), membership.workspace));
        cx.commit(&changes).await.map_err(|refused| match refused {
            Refused::Failed(error) => error,
            other => Error::bug(format!("a membership was not taken away: {other:?}")),
        })?;
    }
    Ok(())
}

fn context(app: &App, membership: &Membership, request_id: &str) -> Cx {
    let caller = auth::Caller { user: membership.user, api_key: None, workspace: membership.workspace };
    let table = app.tables.workspace(membership.workspace, table::Meter::default());
    let rights = Rights::everything(membership.user);
    let cx = Cx::new(caller, rights, table, app.schemas.clone(), app.clock.clone(), app.ids.clone());
    Cx { request_id: request_id.to_owned(), ..cx }
}
