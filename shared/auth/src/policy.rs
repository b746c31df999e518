//! What a role may do: data, and the same for the standard roles and a company's own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Whose records an action is allowed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Nobody's.
    None,
    /// The caller's own.
    Own,
    /// Those of the caller's team, of the teams that the caller leads, and of all teams below these; the caller's own as well.
    Team,
    /// Everybody's, and those that are nobody's.
    All,
}

/// What is done with records of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Look at them. Whoever may not read a record is not told that there is one.
    Read,
    /// Make new ones, that belong to whoever is in scope.
    Create,
    /// Change and share them, and tie them to others.
    Update,
    /// Put them into the trash, and take them out again.
    Archive,
    /// Take them out of Rapport as files.
    Export,
    /// Make several of them one.
    Merge,
}

/// A switch for something that is not about single records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Users, teams and invitations.
    ManageUsers,
    /// Roles, and what they may do.
    ManageRoles,
    /// API keys of everybody.
    ManageApiKeys,
    /// Fields, objects and what else describes records.
    ManageSchema,
    /// The workspace's settings.
    ManageWorkspace,
    /// See and change private records of others: saved views, jobs, records of private objects.
    SeePrivate,
    /// Erase records for good.
    EraseRecords,
    /// Bring files in.
    ImportRecords,
    /// Change, archive and restore many records at once.
    BulkEdit,
    /// Look at what everybody has done.
    ReadAudit,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] = [Self::Read, Self::Create, Self::Update, Self::Archive, Self::Export, Self::Merge];

    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Archive => "archive",
            Self::Export => "export",
            Self::Merge => "merge",
        }
    }
}

impl Capability {
    /// Every switch.
    pub const ALL: [Self; 10] = [
        Self::ManageUsers,
        Self::ManageRoles,
        Self::ManageApiKeys,
        Self::ManageSchema,
        Self::ManageWorkspace,
        Self::SeePrivate,
        Self::EraseRecords,
        Self::ImportRecords,
        Self::BulkEdit,
        Self::ReadAudit,
    ];

    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ManageUsers => "manage_users",
            Self::ManageRoles => "manage_roles",
            Self::ManageApiKeys => "manage_api_keys",
            Self::ManageSchema => "manage_schema",
            Self::ManageWorkspace => "manage_workspace",
            Self::SeePrivate => "see_private",
            Self::EraseRecords => "erase_records",
            Self::ImportRecords => "import_records",
            Self::BulkEdit => "bulk_edit",
            Self::ReadAudit => "read_audit",
        }
    }
}

/// What may be done with records of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// For [`Action::Read`].
    pub read: Scope,
    /// For [`Action::Create`].
    pub create: Scope,
    /// For [`Action::Update`].
    pub update: Scope,
    /// For [`Action::Archive`].
    pub archive: Scope,
    /// For [`Action::Export`].
    pub export: Scope,
    /// For [`Action::Merge`].
    pub merge: Scope,
}

impl Grants {
    /// The same for every action.
    #[must_use]
    pub const fn every(scope: Scope) -> Self {
        Self { read: scope, create: scope, update: scope, archive: scope, export: scope, merge: scope }
    }

    /// Records may be looked at, and nothing else.
    pub const READ_ALL: Self = Self { read: Scope::All, ..Self::every(Scope::None) };

    /// For an action. Nothing is done to what may not be read: what somebody may do reaches no further than what they see.
    #[must_use]
    pub fn scope(&self, action: Action) -> Scope {
        let granted = match action {
            // Making a record takes no look at one.
            Action::Create => return self.create,
            Action::Read => self.read,
            Action::Update => self.update,
            Action::Archive => self.archive,
            Action::Export => self.export,
            Action::Merge => self.merge,
        };
        granted.min(self.read)
    }
}

/// What may be done with a field. Where nothing is said it can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldAccess {
    /// It is as if there were no such field.
    Hidden,
    /// It is shown and cannot be written.
    Read,
    /// It can be written.
    Write,
}

/// What a role may do. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// By object in the singular; `*` stands for all that are not named.
    pub objects: BTreeMap<String, Grants>,
    /// By object, and by the path of a field.
    #[serde(default)]
    pub fields: BTreeMap<String, BTreeMap<String, FieldAccess>>,
    /// What is switched on.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
}

/// The object that stands for all that are not named.
pub const OTHERS: &str = "*";

impl Policy {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::of(Grants::every(Scope::All), Capability::ALL)
    }

    /// The same of all objects, and some switches.
    #[must_use]
    pub fn of(grants: Grants, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        Self {
            objects: BTreeMap::from([(OTHERS.to_owned(), grants)]),
            fields: BTreeMap::new(),
            capabilities: capabilities.into_iter().collect(),
        }
    }

    /// With other grants for an object.
    #[must_use]
    pub fn with(mut self, object: &str, grants: Grants) -> Self {
        self.objects.insert(object.to_owned(), grants);
        self
    }

    /// What may be done with records of an object.
    #[must_use]
    pub fn grants(&self, object: &str) -> Grants {
        let named = self.objects.get(object).or_else(|| self.objects.get(OTHERS));
        named.copied().unwrap_or(Grants::every(Scope::None))
    }

    /// What may be done with a field.
    #[must_use]
    pub fn field(&self, object: &str, path: &str) -> FieldAccess {
        self.fields.get(object).and_then(|fields| fields.get(path)).copied().unwrap_or(FieldAccess::Write)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Whether it allows all that another one does: nobody gives away more than they have.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let objects: BTreeSet<&String> = self.objects.keys().chain(other.objects.keys()).collect();
        let grants = objects.into_iter().all(|object| {
            let (mine, theirs) = (self.grants(object), other.grants(object));
            Action::ALL.into_iter().all(|action| mine.scope(action) >= theirs.scope(action))
        });
        let limits = self.fields.iter().flat_map(|(object, fields)| fields.keys().map(move |path| (object, path)));
        let fields = limits.into_iter().all(|(object, path)| self.field(object, path) >= other.field(object, path));
        grants && fields && other.capabilities.is_subset(&self.capabilities)
    }
}

#[cfg(test)]
mod tests;
