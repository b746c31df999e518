//! Roles as they are kept, and what becomes of them.

use std::collections::BTreeMap;

use auth::{Capability, Grants, OTHERS, Policy, Role, standard};
use events::{Document, FieldChange};
use kernel::{Error, Result, Timestamp, Version};
use records::{Cx, Governed, Hidden, Schema, role_part};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Sort};

use super::Change;
use super::input::{New, Patched};

/// A role as it is kept. A standard role that nobody has changed is kept nowhere, and has the version 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) role: Role,
    pub(super) version: Version,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) help: String,
    pub(super) policy: Policy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
}

/// A role of a workspace, strongly consistent. One round trip.
pub(super) async fn load(cx: &Cx, role: &Role) -> Result<Stored> {
    let document = cx.table.get(&cx.table.keys().config(&role_part(role))).await?;
    match document {
        Some(document) if !role.is_fixed() => Stored::read(document),
        _ => Stored::standard(role).ok_or_else(|| Error::not_found("role")),
    }
}

/// Every role of a workspace: the standard ones first, then its own by name. One round trip.
pub(super) async fn all(cx: &Cx) -> Result<Vec<Stored>> {
    let documents = cx.table.config("role.").await?;
    let mut kept: BTreeMap<Role, Stored> = BTreeMap::new();
    for document in documents {
        let stored = Stored::read(document)?;
        kept.insert(stored.role.clone(), stored);
    }
    let standard = Role::STANDARD.iter().filter_map(|role| match kept.remove(role) {
        Some(stored) if !role.is_fixed() => Some(stored),
        _ => Stored::standard(role),
    });
    let mut all: Vec<Stored> = standard.collect();
    all.extend(kept.into_values());
    Ok(all)
}

impl Stored {
    fn standard(role: &Role) -> Option<Self> {
        let (label, help) = super::shapes::spoken(role);
        Some(Self {
            role: role.clone(),
            version: 0,
            label: label.to_owned(),
            help: help.to_owned(),
            policy: standard(role)?,
            updated_at: None,
        })
    }

    pub(super) fn read(document: Document) -> Result<Self> {
        serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("role"))
    }

    fn document(&self) -> Result<Document> {
        match serde_json::to_value(self).map_err(Error::bug)? {
            Value::Object(document) => Ok(document),
            _ => Err(Error::bug("a role serialised as no object")),
        }
    }

    /// The role as it is answered: with what it may do with each object of the workspace, and who has it.
    pub(super) fn view(&self, cx: &Cx, schema: &Schema) -> Value {
        let objects = schema.objects().filter(|object| object.governed == Governed::Roles);
        let grants: BTreeMap<&str, Grants> = objects
            .map(|object| (object.name.as_str(), self.policy.grants(&object.name)))
            .chain([(OTHERS, self.policy.grants(OTHERS))])
            .collect();
        // Who does not make roles is not told by them which fields there are that they may not know of.
        let hidden = if cx.rights.may(Capability::ManageRoles) { Hidden::default() } else { cx.rights.hidden() };
        let mut fields = self.policy.fields.clone();
        for (name, paths) in &mut fields {
            let object = schema.object(name);
            paths.retain(|path, _| !object.is_some_and(|object| hidden.hides(schema, object, path)));
        }
        fields.retain(|_, paths| !paths.is_empty());
        json!({
            "object": "role",
            "name": self.role,
            "version": self.version,
            "label": self.label,
            "help": self.help,
            "custom": self.role.is_custom(),
            "fixed": self.role.is_fixed(),
            "objects": grants,
            "fields": fields,
            "capabilities": self.policy.capabilities,
            "users": cx.rights.roster().of_role(&self.role).count(),
            "updated_at": self.updated_at,
        })
    }

    /// A new role of the company's own.
    pub(super) fn made(cx: &Cx, new: New) -> Result<Change> {
        let New { name, label, help, policy } = new;
        if !cx.rights.covers(&policy) {
            return Err(too_much());
        }
        let updated_at = Some(cx.clock.now());
        let after = Self { role: name, version: 1, label, help, policy, updated_at };
        let before = Self { version: 0, policy: Policy::default(), ..after.clone() };
        Ok(Change { before, after, is_removed: false })
    }

    /// The role with a patch.
    pub(super) fn patched(self, cx: &Cx, patched: Patched) -> Result<Change> {
        self.changeable(cx)?;
        let Patched { label, help, policy } = patched;
        if !cx.rights.covers(&policy) {
            return Err(too_much());
        }
        let same = Self { label, help, policy, ..self.clone() };
        if same == self {
            return Ok(Change { before: self, after: same, is_removed: false });
        }
        let after = Self { version: self.version + 1, updated_at: Some(cx.clock.now()), ..same };
        Ok(Change { before: self, after, is_removed: false })
    }

    /// The role given up, or what it was.
    pub(super) fn removed(self, cx: &Cx) -> Result<Change> {
        self.changeable(cx)?;
        let users = cx.rights.roster().of_role(&self.role).count();
        if self.role.is_custom() && users > 0 {
            let detail = format!("{users} users have this role: give them another one first");
            return Err(Error::WrongState { code: "in_use", detail });
        }
        let after = Self::standard(&self.role).unwrap_or(Self { policy: Policy::default(), ..self.clone() });
        if !cx.rights.covers(&after.policy) {
            return Err(too_much());
        }
        if self.version == 0 {
            return Ok(Change { after: self.clone(), before: self, is_removed: false });
        }
        Ok(Change { before: self, after, is_removed: true })
    }

    fn changeable(&self, cx: &Cx) -> Result<()> {
        if self.role.is_fixed() {
            let detail = format!("what {} may do cannot be changed: somebody has to be able to mend things", self.role);
            return Err(Error::WrongState { code: "fixed_role", detail });
        }
        if cx.rights.covers(&self.policy) { Ok(()) } else { Err(too_much()) }
    }
}

fn too_much() -> Error {
    Error::denied("nobody changes a role that may do more than their own, or makes one")
}

impl Change {
    /// Everything that has to be written, with the event that tells of it.
    pub(super) fn changes(&self, cx: &Cx, status: u16) -> Result<Changes> {
        let (keys, role) = (cx.table.keys(), &self.after.role);
        let key = keys.config(&role_part(role));
        let document = self.after.document()?;
        let mut changes = Changes::new();
        match (self.is_removed, self.before.version) {
            (true, seen) => changes.remove(key, seen),
            (false, 0) => changes.create(key, Sort::Config, document.clone()),
            (false, seen) => changes.replace(key, Sort::Config, document.clone(), seen),
        }
        let parts = |stored: &Stored| -> Result<BTreeMap<String, Value>> {
            let policy = serde_json::to_value(&stored.policy).map_err(Error::bug)?;
            let mut parts: BTreeMap<String, Value> =
                policy.as_object().cloned().unwrap_or_default().into_iter().collect();
            parts.extend([("label".to_owned(), json!(stored.label)), ("help".to_owned(), json!(stored.help))]);
            Ok(parts)
        };
        let (was, is) = (parts(&self.before)?, parts(&self.after)?);
        let changed = is.into_iter().filter_map(|(part, after)| {
            let before = was.get(&part).cloned().unwrap_or_default();
            (before != after).then(|| ([role.as_str(), &part].join("."), FieldChange { before, after }))
        });
        let changed: Vec<_> = changed.collect();
        let name = match (self.is_removed, self.before.version) {
            (true, _) => "role.removed",
            (false, 0) if role.is_custom() => "role.created",
            _ => "role.changed",
        };
        let of = cx.caller.workspace.erase();
        let told = changed.iter().map(|(path, change)| (path.as_str(), change.clone()));
        let event = crate::bootstrap::event(cx, name, of, self.after.version, told);
        changes.event(keys, "role", &event, cx.once.as_ref())?;
        if let Some(once) = &cx.once {
            changes.answer(once.clone(), KeptAnswer::new(status, of, self.after.version, Some(&document)));
        }
        Ok(changes)
    }
}
