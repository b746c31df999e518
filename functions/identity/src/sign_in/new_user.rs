//! People who become users as they sign in: invited, or by the domain of their address.

use api::App;
use auth::{Membership, Role};
use kernel::{Error, Id, Result, kinds};
use serde_json::{Value, json};

use super::address::Verified;
use super::context;

type WorkspaceId = Id<kinds::Workspace>;

/// Accepts an invitation. `None` when it is over.
pub(super) async fn invited(
    app: &App,
    person: &Verified,
    (workspace, invitation): (WorkspaceId, Id<kinds::Invitation>),
    request_id: &str,
) -> Result<Option<Membership>> {
    let membership = Membership::of(workspace, app.ids.next());
    let cx = context(app, &membership, request_id);
    let is_accepted = records::accept(&cx, invitation, person.name.as_deref()).await?;
    Ok(is_accepted.then_some(membership))
}

/// Makes a user of somebody whose domain is let in. `None` when that is not possible by now.
pub(super) async fn of_domain(
    app: &App,
    person: &Verified,
    (workspace, role): (WorkspaceId, Role),
    request_id: &str,
) -> Result<Option<Membership>> {
    let membership = Membership::of(workspace, app.ids.next());
    match create(app, person, &membership, &role, request_id).await {
        Ok(()) => Ok(Some(membership)),
        // The role is gone, or somebody has the address by now.
        Err(Error::Invalid(_) | Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a user of a person, in their own name.
pub(crate) async fn create(
    app: &App,
    person: &Verified,
    membership: &Membership,
    role: &Role,
    request_id: &str,
) -> Result<()> {
    let cx = context(app, membership, request_id);
    let name = person.name.as_deref().or(person.email.split('@').next());
    let input = json!({ "name": name, "email": person.email, "role": role });
    let Value::Object(input) = input else { return Err(Error::bug("a user's input is no object")) };
    let users = cx.object("user").await?;
    records::create(&cx, &users, membership.user.erase(), &input).await.map(drop)
}
