//! People who become users as they sign in: invited, by the domain of their address, or as owners of a workspace that they begin.

use auth::{Membership, Role};
use kernel::{Error, Id, Result, kinds};
use serde_json::{Value, json};

use super::context;
use super::enter::Newcomer;

type WorkspaceId = Id<kinds::Workspace>;

impl Newcomer<'_> {
    /// Accepts an invitation. `None` when it is over.
    pub(super) async fn accept(
        &self,
        (workspace, invitation): (WorkspaceId, Id<kinds::Invitation>),
    ) -> Result<Option<Membership>> {
        let membership = Membership::of(workspace, self.app.ids.next());
        let cx = context(self.app, &membership, self.request_id);
        let is_accepted = records::accept(&cx, invitation, self.verified.name.as_deref()).await?;
        Ok(is_accepted.then_some(membership))
    }

    /// Makes a user of somebody whose domain is let in. `None` when that is not possible by now.
    pub(super) async fn join(&self, workspace: WorkspaceId, role: &Role) -> Result<Option<Membership>> {
        let membership = Membership::of(workspace, self.app.ids.next());
        match self.become_user(&membership, role).await {
            Ok(()) => Ok(Some(membership)),
            // The role is gone, or somebody has the address by now.
            Err(Error::Invalid(_) | Error::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a user of them, in their own name.
    pub(crate) async fn become_user(&self, membership: &Membership, role: &Role) -> Result<()> {
        let cx = context(self.app, membership, self.request_id);
        let name = self.verified.name.as_deref().or(self.verified.email.split('@').next());
        let input = json!({ "name": name, "email": self.verified.email, "role": role });
        let Value::Object(input) = input else { return Err(Error::bug("a user's input is no object")) };
        let users = cx.object("user").await?;
        records::create(&cx, &users, membership.user.erase(), &input).await.map(drop)
    }
}
