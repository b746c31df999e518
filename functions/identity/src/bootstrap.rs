//! The first workspace, its first user and the first API key: what nobody can ask for, since nobody can call yet.

use std::collections::BTreeMap;

use auth::{Caller, Role};
use events::{Event, FieldChange};
use kernel::{AnyId, Clock, Error, Id, Ids, Result, Secret, Version, kinds};
use records::{Cx, Rights, Schemas, Written};
use serde_json::{Value, json};
use table::{Changes, Meter, Refused, Sort, Tables};

use crate::api_keys;
use crate::workspace::{Settings, Workspace};

/// Who a new workspace belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUser {
    /// Their name.
    pub name: String,
    /// Their email address.
    pub email: String,
}

/// A new workspace.
#[derive(Debug, Clone)]
pub struct Bootstrapped {
    /// Its id.
    pub workspace: Id<kinds::Workspace>,
    /// Its first user, an owner.
    pub user: Id<kinds::User>,
    /// The secret of that user's API key.
    pub secret: Secret,
}

/// Makes a workspace with an owner and an API key. For operators with access to the table itself; there is no route.
///
/// # Errors
/// When the name or the user is not valid, or the table does not answer.
pub async fn bootstrap(
    tables: &Tables,
    clock: &Clock,
    ids: &Ids,
    name: &str,
    first: &FirstUser,
) -> Result<Bootstrapped> {
    let workspace = ids.next();
    let cx = operator(tables, clock, ids, workspace, ids.next());
    create_workspace(&cx, name).await?;
    let input = json!({ "name": first.name, "email": first.email, "role": Role::OWNER });
    let input = input.as_object().cloned().unwrap_or_default();
    let Written { id, .. } = records::create(&cx, &*cx.object("user").await?, cx.caller.user.erase(), &input).await?;
    let user = id.of().ok_or_else(|| Error::bug("a user's id is not a user's"))?;
    let secret = operator_key(tables, clock, ids, workspace, user).await?;
    Ok(Bootstrapped { workspace, user, secret })
}

/// Makes an API key for a user of a workspace, which may all that the user may. For operators with access to the table itself, who make
/// the first one, or another one when every key was lost.
///
/// # Errors
/// When the table does not answer.
pub async fn operator_key(
    tables: &Tables,
    clock: &Clock,
    ids: &Ids,
    workspace: Id<kinds::Workspace>,
    user: Id<kinds::User>,
) -> Result<Secret> {
    let cx = operator(tables, clock, ids, workspace, user);
    let (secret, changes) = api_keys::of_role(&cx, "made by an operator", Role::OWNER)?;
    committed(cx.commit(&changes).await)?;
    Ok(secret)
}

/// The context of somebody who works on the table itself, in the name of a user.
fn operator(tables: &Tables, clock: &Clock, ids: &Ids, workspace: Id<kinds::Workspace>, user: Id<kinds::User>) -> Cx {
    let caller = Caller { user, api_key: None, workspace };
    let table = tables.workspace(workspace, Meter::default());
    Cx::new(caller, Rights::everything(user), table, Schemas::default(), clock.clone(), ids.clone())
}

pub(crate) async fn create_workspace(cx: &Cx, name: &str) -> Result<()> {
    let settings = Settings::named(name).map_err(Error::from)?;
    let change = FieldChange { before: Value::Null, after: json!(settings.name) };
    let now = cx.clock.now();
    let id = cx.caller.workspace;
    let object = "workspace".to_owned();
    let workspace = Workspace { id, object, version: 1, created_at: now, updated_at: now, settings };
    let mut changes = Changes::new();
    changes.create(cx.table.keys().config("workspace"), Sort::Config, workspace.document()?);
    let event = event(cx, "workspace.created", id.erase(), 1, [("name", change)]);
    changes.event(cx.table.keys(), "workspace", &event, None)?;
    committed(cx.commit(&changes).await)
}

fn committed(outcome: Result<table::Committed, Refused>) -> Result<()> {
    outcome.map(|_| ()).map_err(|refused| match refused {
        Refused::Failed(error) => error,
        other => Error::bug(format!("a new workspace was refused: {other:?}")),
    })
}

/// The event of something that is not a record.
pub(crate) fn event<'a>(
    cx: &Cx,
    name: &str,
    what: AnyId,
    version: Version,
    changes: impl IntoIterator<Item = (&'a str, FieldChange)>,
) -> Event {
    Event {
        id: cx.ids.next(),
        name: name.to_owned(),
        workspace: cx.caller.workspace,
        record: what,
        version,
        at: cx.clock.now(),
        by: cx.caller.actor(),
        request_id: cx.request_id.clone(),
        job: cx.job,
        quiet: cx.quiet,
        changes: changes.into_iter().map(|(field, change)| (field.to_owned(), change)).collect::<BTreeMap<_, _>>(),
        salt: None,
        digest: String::new(),
    }
    .sealed(cx.ids.salt())
}
