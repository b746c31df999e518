//! Workspaces that people begin themselves, where the settings of the whole let them.

use api::{App, Members, NoQuery, Operation, Result, Routes, Shape, SignedIn};
use auth::{MAX_MEMBERSHIPS, Membership, Role};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use events::Document;
use http::{Method, StatusCode};
use kernel::{Error, Violations, pointer};
use serde_json::Value;

use crate::sign_in::{context, create_user, enter, who, workspace_schema};
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

/// Two requests to the issuer and four transactions: the workspace, its owner, and that the owner has come in. If it stops between
/// them, what is there is nobody's and nobody meets it.
async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    _: NoQuery,
    Members(body): Members,
) -> Result<(StatusCode, Json<Value>)> {
    let (person, verified) = who(&app, &signed_in).await?;
    if !app.sign_up.admits(&domain_of(&verified.email).unwrap_or_default()) {
        return Err(Error::denied("you come in by an invitation here: nobody begins a workspace themselves").into());
    }
    if signed_in.access.memberships.len() >= MAX_MEMBERSHIPS {
        let detail = format!("nobody is in more than {MAX_MEMBERSHIPS} workspaces");
        return Err(Error::WrongState { code: "too_many_workspaces", detail }.into());
    }
    let name = parse(&body).map_err(Error::from)?;
    let membership = Membership::of(app.ids.next(), app.ids.next());
    let cx = context(&app, &membership, &signed_in.request_id);
    crate::bootstrap::create_workspace(&cx, &name).await?;
    create_user(&app, &verified, &membership, &Role::OWNER, &signed_in.request_id).await?;
    let entered = enter(&app, (person, &signed_in.token), &membership, &signed_in.request_id).await?;
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
