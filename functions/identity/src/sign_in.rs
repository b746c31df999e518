//! Signing in: from a token of the issuer to the workspaces that its owner may enter.
//!
//! Rapport knows users by their email addresses and people by what their issuer calls them. Who signs in is asked of the issuer once more,
//! which says whether the address is theirs; from then on the token alone says it.

mod address;
mod known;
mod new_user;

use api::{App, Operation, Result, Routes, Shape, SignedIn, Tag};
use auth::{Access, MAX_MEMBERSHIPS, Membership, Person};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use events::{Document, FieldChange};
use http::Method;
use kernel::{Error, Id, Secret, kinds};
use records::{Cx, Rights, person_part};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Once, Refused, Sort};

pub(crate) use self::address::{Verified, verified};
use self::known::Known;
pub(crate) use self::new_user::create as create_user;

const TAG: Tag = Tag { name: "sign_in", help: "How people come in, and where they may go." };

pub(crate) fn workspace_schema() -> Value {
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

/// Two requests to the issuer, two reads for where the address may go, and for each workspace a read and a transaction; for one that
/// the person comes into for the first time two reads and a transaction more.
async fn sign_in(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Value>> {
    let (person, verified) = who(&app, &signed_in).await?;
    let (whose, request_id) = ((person, &signed_in.token), &signed_in.request_id);
    let Known { users, invitations, domains } = Known::of(&app, &verified).await?;
    let mut workspaces = Vec::new();
    for membership in users.iter().take(MAX_MEMBERSHIPS) {
        workspaces.extend(enter(&app, whose, membership, request_id).await?);
    }
    for invitation in invitations {
        if workspaces.len() >= MAX_MEMBERSHIPS {
            break;
        }
        if let Some(membership) = new_user::invited(&app, &verified, invitation, request_id).await? {
            workspaces.extend(enter(&app, whose, &membership, request_id).await?);
        }
    }
    for (workspace, role) in domains {
        let is_in = workspaces.iter().any(|(entered, _)| *entered == workspace);
        if is_in || workspaces.len() >= MAX_MEMBERSHIPS {
            continue;
        }
        if let Some(membership) = new_user::of_domain(&app, &verified, (workspace, role), request_id).await? {
            workspaces.extend(enter(&app, whose, &membership, request_id).await?);
        }
    }
    leave(&app, &signed_in.access, person, &workspaces).await?;
    let shown: Vec<&Value> = workspaces.iter().map(|(_, shown)| shown).collect();
    Ok(Json(json!({ "email": verified.email, "workspaces": shown })))
}

/// The person who asks, and their address.
pub(crate) async fn who<'a>(app: &App, signed_in: &'a SignedIn) -> Result<(&'a Person, Verified), Error> {
    let person = signed_in
        .access
        .person
        .as_ref()
        .ok_or_else(|| Error::denied("an API key does not sign in: it is in already"))?;
    let issuer = app.issuer.as_ref().ok_or_else(|| Error::denied("nobody signs in here: there is no issuer"))?;
    Ok((person, verified(issuer, person, &signed_in.token).await?))
}

/// Has a person come into a workspace as a user, if that one still works there. One read and one transaction.
///
/// That they have is an event, once for each token: apps ask as often as they like. Whoever is somebody new has come in anew.
pub(crate) async fn enter(
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

pub(crate) fn context(app: &App, membership: &Membership, request_id: &str) -> Cx {
    let caller = auth::Caller { user: membership.user, api_key: None, workspace: membership.workspace };
    let table = app.tables.workspace(membership.workspace, table::Meter::default());
    let rights = Rights::everything(membership.user);
    let cx = Cx::new(caller, rights, table, app.schemas.clone(), app.clock.clone(), app.ids.clone());
    Cx { request_id: request_id.to_owned(), ..cx }
}
