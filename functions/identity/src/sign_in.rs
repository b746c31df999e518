//! Signing in: from a token of the issuer to the workspaces that its owner may enter.
//!
//! Rapport knows users by their email addresses and people by what their issuer calls them. Who signs in is asked of the issuer once more,
//! which says whether the address is theirs; from then on the token alone says it.

mod address;
mod enter;
mod known;
mod new_user;

use api::{App, Operation, Result, Routes, Shape, SignedIn, Tag};
use auth::{MAX_MEMBERSHIPS, Membership};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use http::Method;
use records::{Cx, Rights};
use serde_json::{Value, json};

use self::enter::Entered;
pub(crate) use self::enter::{Newcomer, PROVEN};
use self::known::Known;

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
    let newcomer = Newcomer::of(&app, &signed_in).await?;
    let Known { mut users, invitations, domains, is_cut } = Known::of(&app, &newcomer.verified).await?;
    // Where somebody is already counts first: whoever writes their address into other workspaces keeps them out of none.
    let was_in = &signed_in.access.memberships;
    users.sort_by_key(|user| !was_in.iter().any(|known| known.workspace == user.workspace));
    let passed_over = users.split_off(users.len().min(MAX_MEMBERSHIPS));
    let mut workspaces: Vec<Entered> = Vec::new();
    for membership in &users {
        workspaces.extend(newcomer.enter(membership).await?);
    }
    for invitation in invitations {
        if workspaces.len() >= MAX_MEMBERSHIPS {
            break;
        }
        if let Some(membership) = newcomer.accept(invitation).await? {
            workspaces.extend(newcomer.enter(&membership).await?);
        }
    }
    for (workspace, role) in domains {
        let is_in = workspaces.iter().any(|(entered, _)| *entered == workspace);
        if is_in || workspaces.len() >= MAX_MEMBERSHIPS {
            continue;
        }
        if let Some(membership) = newcomer.join(workspace, &role).await? {
            workspaces.extend(newcomer.enter(&membership).await?);
        }
    }
    // What was not looked at says nothing.
    let is_known = |workspace| !is_cut && passed_over.iter().all(|membership| membership.workspace != workspace);
    let is_in = |workspace| workspaces.iter().any(|(entered, _)| *entered == workspace);
    for membership in was_in.iter().filter(|known| is_known(known.workspace) && !is_in(known.workspace)) {
        newcomer.leave(membership).await?;
    }
    let shown: Vec<&Value> = workspaces.iter().map(|(_, shown)| shown).collect();
    Ok(Json(json!({ "email": newcomer.verified.email, "workspaces": shown })))
}

pub(crate) fn context(app: &App, membership: &Membership, request_id: &str) -> Cx {
    let caller = auth::Caller { user: membership.user, api_key: None, workspace: membership.workspace };
    let table = app.tables.workspace(membership.workspace, table::Meter::default());
    let rights = Rights::everything(membership.user);
    let cx = Cx::new(caller, rights, table, app.schemas.clone(), app.clock.clone(), app.ids.clone());
    Cx { request_id: request_id.to_owned(), ..cx }
}
