//! Demonstration data: people that nobody is, the same ones at every first start.
//!
//! It goes through the same use cases as requests do, so everything that follows from a contact follows from these.

mod people;

use anyhow::{Context, Result, bail};
use api::App;
use auth::{Access, Caller, Credential};
use kernel::{AnyId, Id, kinds};
use records::Cx;
use serde_json::{Map, Value, json};
use table::Meter;

use self::people::Person;
use crate::demo_users::{COLLEAGUES, DemoUser};
use crate::state::State;

/// How many contacts there are.
pub(crate) const CONTACTS: usize = 300;

/// The consumer whose checkpoint says how far the demonstration data has come.
const PROGRESS: &str = "seed/contacts";

/// Makes what is not there yet: a start that was interrupted goes on where it was.
pub(crate) async fn demo(app: &App, state: &State, api_key: &str) -> Result<()> {
    let done: usize = state.checkpoint(PROGRESS)?.and_then(|done| done.parse().ok()).unwrap_or(0);
    if done >= CONTACTS {
        return Ok(());
    }
    let cx = context(app, api_key).await?;
    let owners = colleagues(&cx).await?;
    for (number, person) in people::all(CONTACTS).enumerate().skip(done) {
        create_contact(&cx, &person, owners[number % owners.len()]).await?;
        state.set_checkpoint(PROGRESS, &(number + 1).to_string())?;
    }
    Ok(())
}

/// Whether the colleagues are there: they come before the first contact.
pub(crate) fn has_colleagues(state: &State) -> Result<bool> {
    Ok(state.checkpoint(PROGRESS)?.is_some())
}

async fn context(app: &App, api_key: &str) -> Result<Cx> {
    let credential = Credential::from_header(&format!("Bearer {api_key}")).context("the kept API key is not one")?;
    let access: Option<Access> = auth::authenticate(&app.tables, &credential, app.clock.now()).await?;
    let access = access.context("the kept API key is not good any more")?;
    let membership = Caller::choose(&access, None)?;
    let caller = Caller { user: membership.user, api_key: access.api_key, workspace: membership.workspace };
    let table = app.tables.workspace(caller.workspace, Meter::default());
    let rights = app.schemas.rights(&table, &app.clock, &access, membership).await?;
    Ok(Cx::new(caller, rights, table, app.schemas.clone(), app.clock.clone(), app.ids.clone()))
}

/// The ids of those who may own contacts.
async fn colleagues(cx: &Cx) -> Result<Vec<AnyId>> {
    let mut owners = vec![cx.caller.user.erase()];
    for DemoUser { name, email, role } in COLLEAGUES {
        let id: Id<kinds::User> = cx.ids.next();
        let input = document(json!({ "name": name, "email": email, "role": role }));
        if create(cx, "user", id.erase(), &input).await? && role == "rep" {
            owners.push(id.erase());
        }
    }
    Ok(owners)
}

async fn create_contact(cx: &Cx, person: &Person, owner: AnyId) -> Result<()> {
    let mut input = document(json!({
        "first_name": person.first_name, "last_name": person.last_name, "city": person.city, "owner_id": owner.to_string(),
    }));
    if let Some(email) = &person.email {
        input.insert("email".to_owned(), json!(email));
    }
    if let Some(phone) = &person.phone {
        input.insert("phone".to_owned(), json!(phone));
    }
    let id: Id<kinds::Contact> = cx.ids.next();
    create(cx, "contact", id.erase(), &input).await?;
    Ok(())
}

/// Whether it was made; `false` when somebody with that email address is there already.
async fn create(cx: &Cx, object: &str, id: AnyId, input: &Map<String, Value>) -> Result<bool> {
    let object = cx.object(object).await?;
    match records::create(cx, &object, id, input).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == "conflict" || error.code() == "taken" => Ok(false),
        Err(error) => bail!("the demonstration data: {error:?}"),
    }
}

fn document(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
