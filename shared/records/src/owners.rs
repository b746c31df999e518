//! Who owns a workspace, and who may be given which role.
//!
//! The part `owners` of the configuration lists the owners. It is bound to its version in every transaction that makes or unmakes one,
//! so that two who unmake each other at once do not leave a workspace that nobody owns.

use std::collections::BTreeSet;

use auth::Role;
use kernel::{Error, Id, Result, Version, kinds, pointer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use table::{Changes, Keys, Sort};

use crate::{Cx, FieldType, Record, normalised};

/// The part of the configuration that lists them.
const PART: &str = "owners";

/// The owners of a workspace, as they will be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owners {
    version: Version,
    users: BTreeSet<Id<kinds::User>>,
}

impl Owners {
    async fn read(cx: &Cx) -> Result<Self> {
        let document = cx.table.get(&cx.table.keys().config(PART)).await?;
        let read = |document| serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("owners"));
        Ok(document.map(read).transpose()?.unwrap_or_default())
    }

    /// What has to be written when there are other owners after a commit.
    pub(crate) fn write(&self, changes: &mut Changes, keys: Keys) -> Result<()> {
        let next = Self { version: self.version + 1, users: self.users.clone() };
        let Value::Object(document) = serde_json::to_value(&next).map_err(Error::bug)? else {
            return Err(Error::bug("owners serialised as no object"));
        };
        match self.version {
            0 => changes.create(keys.config(PART), Sort::Config, document),
            seen => changes.replace(keys.config(PART), Sort::Config, document, seen),
        }
        Ok(())
    }
}

fn role_of(record: &Record) -> Option<Role> {
    record.fields.text("role").and_then(Role::parse)
}

fn is_owner(record: &Record) -> bool {
    record.common.archived_at.is_none() && role_of(record) == Some(Role::OWNER)
}

/// Passes if the caller may make of a user what they are going to be: nobody gives a role that may do more than their own, and only
/// owners make and unmake owners. Notes who owns the workspace from then on; one read more where that changes.
///
/// # Errors
/// [`Error::Invalid`] for a role that there is not, [`Error::Denied`], and `last_owner`.
pub(crate) async fn judge(cx: &Cx, known: &mut Option<Owners>, before: Option<&Record>, after: &Record) -> Result<()> {
    let (was, is) = (before.and_then(role_of), role_of(after));
    let word = |record: &Record| record.fields.text("role").map(str::to_owned);
    // Whoever has the address signs in as the user: to give it another one is to give the role to somebody else.
    let email = |record: &Record| record.fields.text("email").map(|email| normalised(&FieldType::Email {}, email));
    let is_given = before.is_none_or(|before| {
        word(before) != word(after)
            || before.common.archived_at != after.common.archived_at
            || email(before) != email(after)
    });
    if is_given {
        let roles = cx.schemas.roles(&cx.table, &cx.clock).await?;
        let policy = is.as_ref().and_then(|role| roles.policy(role));
        let policy = policy.ok_or_else(|| unknown_role(roles.iter().map(|(role, _)| role.as_str())))?;
        let taken = was.as_ref().and_then(|role| roles.policy(role));
        if !cx.rights.covers(&policy) || taken.is_some_and(|policy| !cx.rights.covers(&policy)) {
            return Err(Error::denied("nobody gives or takes a role that may do more than their own"));
        }
    }
    let user: Id<kinds::User> = after.common.id.of().ok_or_else(|| Error::bug("a user's id is not a user's"))?;
    let (was_owner, is_owner) = (before.is_some_and(is_owner), is_owner(after));
    let concerns_owner = [was.as_ref(), is.as_ref()].contains(&Some(&Role::OWNER));
    if !concerns_owner {
        return Ok(());
    }
    let owners = match known {
        Some(owners) => owners,
        None => known.insert(Owners::read(cx).await?),
    };
    // A workspace of before there were owners has none: its administrators make the first one.
    if *cx.rights.role() != Role::OWNER && !owners.users.is_empty() {
        return Err(Error::denied("only an owner changes an owner, or makes one"));
    }
    match (was_owner, is_owner) {
        (_, true) => drop(owners.users.insert(user)),
        (true, false) => {
            owners.users.remove(&user);
            if owners.users.is_empty() {
                let detail = "a workspace has an owner: make another one first".to_owned();
                return Err(Error::WrongState { code: "last_owner", detail });
            }
        }
        (false, false) => {}
    }
    Ok(())
}

/// Passes if the caller may ask somebody in as what they are going to be: nobody asks anybody into a role that may do more than their
/// own.
///
/// # Errors
/// [`Error::Invalid`] for a role that there is not, [`Error::Denied`].
pub(crate) async fn judge_invitation(cx: &Cx, before: Option<&Record>, after: &Record) -> Result<()> {
    if before.is_some_and(|before| role_of(before) == role_of(after)) {
        return Ok(());
    }
    let role = role_of(after);
    let roles = cx.schemas.roles(&cx.table, &cx.clock).await?;
    let policy = role.as_ref().and_then(|role| roles.policy(role));
    let policy = policy.ok_or_else(|| unknown_role(roles.iter().map(|(role, _)| role.as_str())))?;
    if !cx.rights.covers(&policy) || (role == Some(Role::OWNER) && *cx.rights.role() != Role::OWNER) {
        return Err(Error::denied("nobody asks somebody into a role that may do more than their own"));
    }
    Ok(())
}

fn unknown_role<'a>(known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    Error::invalid(pointer("role"), "unknown_option", format!("must be one of {}", known.join(", ")))
}
