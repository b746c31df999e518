//! Invitations: what becomes of them. One that was accepted or revoked is in the trash: nobody needs it any more, its address can be
//! asked in again, and it is erased in its time.

use std::sync::Arc;

use auth::{Access, Membership};
use kernel::{Error, Id, Result, Timestamp, kinds};
use serde_json::{Value, json};

use crate::create::plan_creation;
use crate::load::find;
use crate::plan::{Plan, committed};
use crate::roster::USER;
use crate::update::next;
use crate::write::MAX_TRIES;
use crate::{Cx, Object, Record};

/// What invitations are called where objects are named.
pub const INVITATION: &str = "invitation";

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// Nobody has accepted it.
    Open,
    /// Somebody came in by it.
    Accepted,
    /// It was taken back.
    Revoked,
}

impl InvitationState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Accepted, Self::Revoked];

    /// Its word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }
}

impl Record {
    /// Ends an invitation: in this state, and in the trash. Does nothing to one that has ended in it.
    ///
    /// # Errors
    /// [`Error::WrongState`] for one that has ended in another.
    pub fn end_invitation(&mut self, state: InvitationState, now: Timestamp) -> Result<()> {
        if self.fields.text("state") == Some(state.as_str()) && self.common.archived_at.is_some() {
            return Ok(());
        }
        self.must_be_open()?;
        self.fields.set("state", Some(json!(state.as_str())));
        self.common.archived_at = Some(now);
        Ok(())
    }

    /// Passes if an invitation was neither accepted nor taken back. Its time may be over.
    ///
    /// # Errors
    /// [`Error::WrongState`].
    pub fn must_be_open(&self) -> Result<()> {
        if is_open(self) {
            return Ok(());
        }
        let state = self.fields.text("state").unwrap_or_default();
        Err(Error::WrongState { code: "not_open", detail: format!("this invitation was {state}: make another one") })
    }
}

/// Whether an invitation was neither accepted nor taken back.
pub(crate) fn is_open(invitation: &Record) -> bool {
    invitation.common.archived_at.is_none() && invitation.fields.text("state") == Some(InvitationState::Open.as_str())
}

/// Makes the caller's new user of an invitation; `name` is what the person's issuer calls them.
///
/// It gives nothing that whoever made it could not give today. `false` when it cannot be accepted: it has ended, its time is over,
/// nobody may give the role any more, or the address is somebody else's by now. Two or three reads and one transaction.
///
/// # Errors
/// When the table does not answer.
pub async fn accept(cx: &Cx, id: Id<kinds::Invitation>, name: Option<&str>) -> Result<bool> {
    let (object, users) = (cx.object(INVITATION).await?, cx.object(USER).await?);
    for tries in 1..=MAX_TRIES {
        let Some(invitation) = find(cx, &object, id.erase()).await?.filter(|found| is_good(found, cx.clock.now()))
        else {
            return Ok(false);
        };
        let planned = match in_the_name_of_its_owner(cx, &invitation).await {
            Ok(cx) => plan_acceptance(&cx, &object, &users, &invitation, name).await,
            Err(error) => Err(error),
        };
        let outcome = match planned {
            Ok(plan) => committed(cx, &users, &plan).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(true) => return Ok(true),
            Ok(false) => tokio::time::sleep(kernel::backoff(tries)).await,
            Err(Error::Denied { .. } | Error::Unauthenticated | Error::Invalid(_) | Error::Conflict { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("an invitation kept changing while it was accepted"))
}

fn is_good(invitation: &Record, now: Timestamp) -> bool {
    let end = invitation.fields.text("good_until").and_then(|end| end.parse::<Timestamp>().ok());
    is_open(invitation) && end.is_some_and(|end| now < end)
}

/// The context of the new user, who may do what the inviter may.
async fn in_the_name_of_its_owner(cx: &Cx, invitation: &Record) -> Result<Cx> {
    let inviter = invitation.common.owner_id.ok_or_else(|| Error::denied("this invitation is nobody's any more"))?;
    let access = Access { api_key: None, person: None, rate_limit: None, memberships: Vec::new() };
    let membership = Membership::of(cx.caller.workspace, inviter);
    let rights = cx.schemas.rights(&cx.table, &cx.clock, &access, &membership).await?;
    Ok(Cx { rights: Arc::new(rights), ..cx.clone() })
}

async fn plan_acceptance(
    cx: &Cx,
    object: &Object,
    users: &Object,
    invitation: &Record,
    name: Option<&str>,
) -> Result<Plan> {
    let text = |path: &str| invitation.fields.text(path);
    let email = text("email").unwrap_or_default();
    let name = text("name").or(name).or(email.split('@').next());
    // A team that was dissolved meanwhile keeps nobody out.
    let team = text("team_id").filter(|team| team.parse().is_ok_and(|team| cx.rights.roster().has_team(team)));
    let input = json!({ "name": name, "email": email, "role": text("role"), "team_id": team });
    let Value::Object(input) = input else { return Err(Error::bug("a user's input is no object")) };
    let mut plan = Plan::default();
    plan_creation(cx, &mut plan, users, cx.caller.user.erase(), &input).await?;
    let mut after = next(cx, invitation);
    after.end_invitation(InvitationState::Accepted, cx.clock.now())?;
    after.fields.set("user_id", Some(json!(cx.caller.user)));
    plan.write(cx, object, "accepted", Some(invitation), &after).await?;
    Ok(plan)
}
