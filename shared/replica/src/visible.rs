//! What a caller may see. Part of every question, so that nobody can forget it.
//!
//! The statements about it are made here and nowhere else. Whoever may not see a record or a field gets the answer that
//! would be given if there were none, to every question.

use std::collections::{BTreeMap, BTreeSet};

use auth::Permission;
use events::Document;
use kernel::{Id, kinds};
use records::{COMMON_FIELDS, Cx, FieldType, Object};
use rusqlite::types::Value as Sql;
use serde::Serialize;

use crate::part::Part;
use crate::schema::{Schema, Table};

/// With whom everybody in the workspace is meant.
const EVERYONE: &str = "everyone";
/// What paths of a company's own fields begin with in a document.
const CUSTOM: &str = "custom";

/// What a caller may see.
///
/// Of objects that are private in the schema a user sees the records that they own, and those that are shared with them,
/// with their team or with everyone. A roll-up over records of such an object has no value for a user, since it would tell
/// of those that they do not see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Visibility {
    /// Whose questions these are; `None`: every record may be seen, as administrators and workers do.
    pub user: Option<Id<kinds::User>>,
    /// The paths of fields, by object in the singular, that the caller may not know: neither answered nor matched, sorted
    /// by, grouped by or searched. Neither are formulas and roll-ups that use them.
    pub hidden: BTreeMap<String, BTreeSet<String>>,
}

impl Visibility {
    /// Every field of every record.
    #[must_use]
    pub const fn all() -> Self {
        Self { user: None, hidden: BTreeMap::new() }
    }

    /// What a user sees who is no administrator, with every field.
    #[must_use]
    pub const fn of(user: Id<kinds::User>) -> Self {
        Self { user: Some(user), hidden: BTreeMap::new() }
    }

    /// What a caller sees: administrators everything, others of private objects what is theirs or shared with them. Everybody
    /// who asks in somebody's name asks with this.
    #[must_use]
    pub fn of_caller(cx: &Cx) -> Self {
        match cx.caller.role.may(Permission::Administer) {
            true => Self::all(),
            false => Self::of(cx.caller.user),
        }
    }

    /// The paths of an object's fields that the caller may not know of.
    #[must_use]
    pub fn hidden_of(&self, schema: &records::Schema, object: &Object) -> BTreeSet<String> {
        let own = object.live().map(|field| field.path.as_str());
        let hidden = own.chain(COMMON_FIELDS.iter().copied()).filter(|path| self.hides(schema, object, path));
        hidden.map(str::to_owned).collect()
    }

    /// Whether the caller may not know a field, by its path or that of a member of it: it is hidden, or follows from one
    /// that is.
    #[must_use]
    pub fn hides(&self, schema: &records::Schema, object: &Object, path: &str) -> bool {
        self.hides_of(&|name| schema.object(name).map(|object| &**object), object, path)
    }

    /// The same by the schema of a replica.
    pub(crate) fn hides_in(&self, schema: &Schema, object: &Object, path: &str) -> bool {
        self.hides_of(&|name| schema.stored(name).map(|table| &*table.object), object, path)
    }

    fn hides_of<'a>(&self, of: &dyn Fn(&str) -> Option<&'a Object>, object: &Object, path: &str) -> bool {
        if self.hidden.is_empty() {
            return false;
        }
        // Of a field's member, `annual_revenue.currency`, the field decides.
        let parent = path.rsplit_once('.').map(|(parent, _)| parent).filter(|parent| *parent != CUSTOM);
        let is_named = |path: &str| self.hidden.get(&object.name).is_some_and(|hidden| hidden.contains(path));
        if is_named(path) || parent.is_some_and(is_named) {
            return true;
        }
        let Some(field) = object.field(path).or_else(|| object.field(parent?)) else { return false };
        match &field.kind {
            FieldType::Formula { .. } => object
                .formula(&field.path)
                .is_some_and(|formula| formula.fields().any(|used| self.hides_of(of, object, used))),
            // What is made of records is made of stored fields and formulas only, so this ends.
            FieldType::RollUp(roll_up) => of(&roll_up.object).is_some_and(|child| {
                let used = std::iter::once(&roll_up.via).chain(&roll_up.field);
                let used = used.chain(roll_up.only.iter().map(|only| &only.field));
                let of_child = |path: &String| {
                    let is_roll_up = child.field(path).is_some_and(|f| matches!(f.kind, FieldType::RollUp(_)));
                    !is_roll_up && self.hides_of(of, child, path)
                };
                used.into_iter().any(of_child)
            }),
            _ => false,
        }
    }

    /// Whether a roll-up over an object's records would tell of some that the caller does not see.
    pub(crate) const fn is_partial(&self, object: &Object) -> bool {
        object.private && self.user.is_some()
    }

    /// A stored document without what the caller may not see in it.
    pub(crate) fn show(&self, object: &str, mut document: Document) -> Document {
        for path in self.hidden.get(object).into_iter().flatten() {
            match path.split_once('.') {
                Some((CUSTOM, name)) => {
                    if let Some(custom) = document.get_mut(CUSTOM).and_then(serde_json::Value::as_object_mut) {
                        custom.remove(name);
                    }
                }
                _ => drop(document.remove(path)),
            }
        }
        document
    }

    /// The condition that a row of a table, by its name in the statement, may be seen. `None`: all may.
    pub(crate) fn condition(&self, schema: &Schema, table: &Table, alias: &str) -> Option<Part> {
        let user = self.user.filter(|_| table.object.private)?.to_string();
        let mut subjects = Part::new("?, ?", vec![Sql::Text(user.clone()), Sql::Text(EVERYONE.to_owned())]);
        let users = schema.stored("user").and_then(|users| Some((users, users.column("team_id")?)));
        if let Some((users, team)) = users {
            let team = format!(", (SELECT {} FROM {} WHERE f_id = ?)", team.name, users.name);
            subjects.push(Part::new(team, vec![Sql::Text(user.clone())]));
        }
        let owned =
            format!("({alias}.f_owner_id IS ? OR {alias}.f_id IN (SELECT record FROM shares WHERE subject IN (");
        let mut condition = Part::new(owned, vec![Sql::Text(user)]);
        condition.push(subjects);
        let of_object = ") AND object = ? AND level IN ('read', 'write')))";
        condition.push(Part::new(of_object, vec![Sql::Text(table.object.name.clone())]));
        Some(condition)
    }
}
