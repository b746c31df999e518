//! Workspaces that people begin themselves, where the settings of the whole let them.

use api::{App, Members, NoQuery, Operation, Result, Routes, Shape, SignedIn};
use auth::{MAX_MEMBERSHIPS, Membership, Role, SignUp};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use events::Document;
use http::{Method, StatusCode};
use kernel::{Error, Violations, pointer};
use serde_json::Value;

use crate::sign_in::{Newcomer, context, workspace_schema};
use crate::workspace::{Settings, TAG, domain_of, new_schema};

pub(crate) fn routes() -> Routes {
    let summary = "Begin a workspace of your own, as its owner";
    let operation = Operation::new(Method::POST, "/v1/workspaces", "create_workspace", summary)
        .reads()
        .explained(
            "For people with a token of the identity provider, where `sign_up` of `/v1/config` lets them. It is called before \
             there is a workspace to keep an answer in, so it knows no `Idempotency-Key`: `/v1/sign_in` tells what there is.",
        )
        .takes(Shape::Schema(new_schema()))
        .answers(201, Shape::Schema(workspace_schema()));
    Routes::new().add(operation, post(create)).tagged(TAG)
}

/// Why somebody begins no workspace.
const INVITED_ONLY: &str = "you come in by an invitation here: nobody begins a workspace themselves";

/// Two requests to the issuer, two reads and three transactions: the workspace, its owner, and that the owner has come in. If it stops
/// between them, a workspace without a user is there for nobody, and one with its owner is met at the next sign-in.
async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    _: NoQuery,
    Members(body): Members,
) -> Result<(StatusCode, Json<Value>)> {
    // Before the issuer is asked.
    if app.sign_up == SignUp::Closed {
        return Err(Error::denied(INVITED_ONLY).into());
    }
    let newcomer = Newcomer::of(&app, &signed_in).await?;
    if !app.sign_up.admits(&domain_of(&newcomer.verified.email).unwrap_or_default()) {
        return Err(Error::denied(INVITED_ONLY).into());
    }
    // Not what the gateway remembers: several may be begun within its minute.
    if auth::of_person(&app.tables, newcomer.person.clone()).await?.memberships.len() >= MAX_MEMBERSHIPS {
        let detail = format!("nobody is in more than {MAX_MEMBERSHIPS} workspaces");
        return Err(Error::WrongState { code: "too_many_workspaces", detail }.into());
    }
    let name = parse(&body).map_err(Error::from)?;
    let membership = Membership::of(app.ids.next(), app.ids.next());
    let cx = context(&app, &membership, &signed_in.request_id);
    crate::bootstrap::create_workspace(&cx, &name).await?;
    newcomer.become_user(&membership, &Role::OWNER).await?;
    let entered = newcomer.enter(&membership).await?;
    let (_, shown) = entered.ok_or_else(|| Error::bug("a new workspace has no owner"))?;
    Ok((StatusCode::CREATED, Json(shown)))
}

fn parse(body: &Document) -> Result<String, Violations> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| *name != "name") {
        violations.add(pointer(unknown), "unknown_field", "is not said of a new workspace");
    }
    let name = match body.get("name").and_then(Value::as_str).map(Settings::named) {
        Some(Ok(settings)) => settings.name,
        Some(Err(others)) => {
            violations.extend(others);
            String::new()
        }
        None => {
            violations.add("/name", "required", "is required");
            String::new()
        }
    };
    violations.or(name)
}
