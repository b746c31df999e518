//! Coming into a workspace as one of its users, and out of one.

use api::{App, SignedIn};
use auth::{Membership, Person};
use events::{Document, FieldChange};
use kernel::{Error, Id, Result, Secret, kinds};
use records::{Cx, FieldType, normalised, person_part};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Once, Refused, Sort};

use super::address::{Verified, verified};
use super::context;

/// How often it is tried while somebody writes the user.
const MAX_TRIES: u32 = 5;

/// Which address the issuer had verified when a person came in as a user: beside who that is, a hash of it.
pub(crate) const PROVEN: &str = "email";

/// Where somebody has come in, as it is answered.
pub(crate) type Entered = (Id<kinds::Workspace>, Value);

/// Somebody who has signed in, and whose address is known.
#[derive(Debug)]
pub(crate) struct Newcomer<'a> {
    pub(crate) app: &'a App,
    pub(crate) person: &'a Person,
    pub(crate) verified: Verified,
    token: &'a Secret,
    pub(crate) request_id: &'a str,
}

impl<'a> Newcomer<'a> {
    /// Asks the issuer who somebody is.
    pub(crate) async fn of(app: &'a App, signed_in: &'a SignedIn) -> Result<Self> {
        let SignedIn { access, token, request_id } = signed_in;
        let person =
            access.person.as_ref().ok_or_else(|| Error::denied("an API key does not sign in: it is in already"))?;
        let issuer = app.issuer.as_ref().ok_or_else(|| Error::denied("nobody signs in here: there is no issuer"))?;
        let verified = verified(issuer, person, token).await?;
        Ok(Self { app, person, verified, token, request_id })
    }

    /// Has them come into a workspace as a user, if that one still works there and has their address. One read and one transaction.
    ///
    /// That they have is an event, once for each token: apps ask as often as they like. Whoever is somebody new has come in anew.
    pub(crate) async fn enter(&self, membership: &Membership) -> Result<Option<Entered>> {
        let cx = context(self.app, membership, self.request_id);
        for tries in 1..=MAX_TRIES {
            match self.try_enter(&cx, membership).await {
                Ok(entered) => return Ok(entered),
                Err(Refused::Stale(_)) => tokio::time::sleep(kernel::backoff(tries)).await,
                Err(Refused::Failed(error)) => return Err(error),
                Err(other) => return Err(Error::bug(format!("a sign-in was not written: {other:?}"))),
            }
        }
        Err(Error::unavailable("a user kept changing while they signed in"))
    }

    async fn try_enter(&self, cx: &Cx, membership: &Membership) -> Result<Option<Entered>, Refused> {
        let keys = cx.table.keys();
        let (record, workspace) = (keys.record("user", membership.user.erase()), keys.config("workspace"));
        let bound = keys.config(&person_part(membership.user));
        let once = Once::new(&["sign_in", &membership.user.to_string()], self.token.reveal(), &[], cx.clock.now());
        let noted = keys.once(once.hash());
        let found = cx.table.get_each(&[record.clone(), workspace.clone(), bound.clone(), noted.clone()]).await?;
        let Some(user) = found.get(&record).filter(|user| self.is(user)) else { return Ok(None) };
        let before = found.get(&bound).and_then(|bound| bound.get("person")).cloned().unwrap_or_default();
        let (is_new, is_noted) = (before != json!(self.person), found.contains_key(&noted));
        let version = user.get("version").and_then(Value::as_u64).unwrap_or_default();
        let mut changes = Changes::new();
        // Whoever gives the user another address meanwhile makes them somebody else.
        changes.require_version(record, version);
        let proof = json!({ "person": self.person, PROVEN: auth::email_hash(&self.verified.email) });
        changes.set(bound, Sort::Config, document(&proof));
        let key = table::membership(self.person.hash(), membership.workspace);
        let entry = json!({ "workspace": membership.workspace, "user": membership.user });
        changes.set(key, Sort::Membership, document(&entry));
        if is_new || !is_noted {
            // Whether it is somebody new is told; who it is at the issuer is nobody's business.
            let told = [("is_new", FieldChange { before: Value::Null, after: json!(is_new) })];
            let event = crate::bootstrap::event(cx, "user.signed_in", membership.user.erase(), version, told);
            changes.event(keys, "user", &event, None)?;
        }
        if !is_noted {
            changes.answer(once, KeptAnswer::new(200, membership.user.erase(), version, None));
        }
        match cx.commit(&changes).await {
            // The same token came in twice at once: the other one has done all of it.
            Ok(_) | Err(Refused::Repeated(_)) => {}
            Err(refused) => return Err(refused),
        }
        if is_new {
            cx.schemas.forget(membership.workspace);
        }
        let shown = json!({
            "id": membership.workspace,
            "name": text(found.get(&workspace), "name"),
            "user": membership.user,
            "role": text(Some(user), "role"),
        });
        Ok(Some((membership.workspace, shown)))
    }

    /// Whether a stored user is them, and works there.
    fn is(&self, user: &Document) -> bool {
        let email = normalised(&FieldType::Email {}, &text(Some(user), "email"));
        !user.contains_key("archived_at") && email == self.verified.email
    }

    /// Takes them out of a workspace where their address is nobody's any more.
    pub(super) async fn leave(&self, membership: &Membership) -> Result<()> {
        let cx = context(self.app, membership, self.request_id);
        let mut changes = Changes::new();
        changes.clear(table::membership(self.person.hash(), membership.workspace));
        cx.commit(&changes).await.map(drop).map_err(|refused| match refused {
            Refused::Failed(error) => error,
            other => Error::bug(format!("a membership was not taken away: {other:?}")),
        })
    }
}

fn document(value: &Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

fn text(document: Option<&Document>, name: &str) -> String {
    document.and_then(|document| document.get(name)?.as_str()).unwrap_or_default().to_owned()
}
