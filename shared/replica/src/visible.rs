//! What a caller may see. Part of every question, so that nobody can forget it.
//!
//! The statements about it are made here and nowhere else. Whoever may not see a record or a field gets the answer that
//! would be given if there were none, to every question.

use std::sync::Arc;

use auth::{Action, Scope};
use kernel::{Id, kinds};
use records::{Cx, Hidden, Object, Rights};
use rusqlite::types::Value as Sql;
use serde::Serialize;
use serde_json::json;

use crate::part::Part;
use crate::schema::{Schema, Table};

/// With whom everybody in the workspace is meant.
const EVERYONE: &str = "everyone";

/// What a caller may see.
///
/// Of objects that are private in the schema a user sees the records that they own, and those that are shared with them,
/// with their team or with everyone; of others as many as their role says. A roll-up over records of an object of which a user does not see
/// all has no value for that user, since it would tell of those that they do not see.
#[derive(Debug, Clone, Serialize)]
pub struct Visibility {
    /// Whose questions these are; `None`: every record may be seen, as workers do.
    pub user: Option<Id<kinds::User>>,
    /// What that user may do; `None`: whatever an open object allows.
    #[serde(skip)]
    rights: Option<Arc<Rights>>,
    /// What the records are wanted for.
    action: Action,
    /// The fields that the caller may not know of.
    pub hidden: Hidden,
}

impl Default for Visibility {
    fn default() -> Self {
        Self::all()
    }
}

impl PartialEq for Visibility {
    fn eq(&self, other: &Self) -> bool {
        let rights = |one: &Self| one.rights.is_some();
        (self.user, self.action, &self.hidden, rights(self)) == (other.user, other.action, &other.hidden, rights(other))
    }
}

impl Visibility {
    /// Every field of every record.
    #[must_use]
    pub fn all() -> Self {
        Self { user: None, rights: None, action: Action::Read, hidden: Hidden::default() }
    }

    /// What a user sees whose role hides nothing, with every field.
    #[must_use]
    pub fn of(user: Id<kinds::User>) -> Self {
        Self { user: Some(user), ..Self::all() }
    }

    /// The same without some fields.
    #[must_use]
    pub fn hiding(self, hidden: Hidden) -> Self {
        Self { hidden, ..self }
    }

    /// What a caller sees. Everybody who asks in somebody's name asks with this.
    #[must_use]
    pub fn of_caller(cx: &Cx) -> Self {
        Self::for_action(cx, Action::Read)
    }

    /// What a caller may do something with, of what they see.
    #[must_use]
    pub fn for_action(cx: &Cx, action: Action) -> Self {
        Self { user: Some(cx.caller.user), rights: Some(Arc::clone(&cx.rights)), action, hidden: cx.rights.hidden() }
    }

    /// Whether the caller may not know a field, by the schema of a replica.
    pub(crate) fn hides_in(&self, schema: &Schema, object: &Object, path: &str) -> bool {
        self.hidden.hides_by(&|name| schema.stored(name).map(|table| &*table.object), object, path)
    }

    /// Whose records of an object may be seen, besides those that are shared.
    fn scope(&self, object: &Object) -> Scope {
        match (&self.rights, self.user) {
            (Some(rights), _) => rights.scope(object, self.action),
            (None, Some(_)) if object.private => Scope::Own,
            (None, _) => Scope::All,
        }
    }

    /// Whether a roll-up over an object's records would tell of some that the caller does not see.
    pub(crate) fn is_partial(&self, object: &Object) -> bool {
        self.scope(object) != Scope::All
    }

    /// The condition that a row of a table, by its name in the statement, may be seen. `None`: all may.
    pub(crate) fn condition(&self, schema: &Schema, table: &Table, alias: &str) -> Option<Part> {
        let scope = self.scope(&table.object);
        let user = match (scope, self.user) {
            (Scope::All, _) => return None,
            (Scope::None, _) | (_, None) => return Some(Part::none()),
            (Scope::Own | Scope::Team, Some(user)) => user,
        };
        let mut condition = Part::new(format!("({alias}.f_owner_id "), Vec::new());
        condition.push(match (scope, &self.rights) {
            (Scope::Team, Some(rights)) => {
                let colleagues = Sql::Text(json!(rights.colleagues()).to_string());
                Part::new("IN (SELECT value FROM json_each(?))", vec![colleagues])
            }
            _ => Part::new("IS ?", vec![Sql::Text(user.to_string())]),
        });
        condition.push(Part::new(format!(" OR {alias}.f_id IN (SELECT record FROM shares WHERE subject IN ("), vec![]));
        condition.push(self.subjects(schema, user));
        let of_object = ") AND object = ? AND level IN ('read', 'write')))";
        condition.push(Part::new(of_object, vec![Sql::Text(table.object.name.clone())]));
        Some(condition)
    }

    /// With whom what the user sees is shared.
    fn subjects(&self, schema: &Schema, user: Id<kinds::User>) -> Part {
        let user = user.to_string();
        if let Some(rights) = &self.rights {
            let subjects = Sql::Text(json!(rights.subjects()).to_string());
            return Part::new("SELECT value FROM json_each(?)", vec![subjects]);
        }
        let mut subjects = Part::new("?, ?", vec![Sql::Text(user.clone()), Sql::Text(EVERYONE.to_owned())]);
        let users = schema.stored("user").and_then(|users| Some((users, users.column("team_id")?)));
        if let Some((users, team)) = users {
            let team = format!(", (SELECT {} FROM {} WHERE f_id = ?)", team.name, users.name);
            subjects.push(Part::new(team, vec![Sql::Text(user)]));
        }
        subjects
    }
}
