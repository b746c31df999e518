//! What a workspace's configuration says, kept for a minute by each process: its schema, its roles, who works there, its settings. All of it
//! comes with one question.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::{Access, Membership, Policy, Role};
use events::Document;
use kernel::{Clock, Error, Id, Result, Timestamp, kinds};
use table::TenantTable;

use crate::role::{self, Roles};
use crate::roster::{Roster, USER, person_part};
use crate::settings::Settings;
use crate::{Definition, Rights, Schema};

/// For how long a schema is used without asking again, in milliseconds.
pub const SCHEMA_MS: i64 = 60_000;
/// How many workspaces' schemas a process keeps.
pub(crate) const MAX_KEPT: usize = 200;

/// The schemas that a process has read. Cheap to clone.
///
/// Others may change a schema meanwhile, so for [`SCHEMA_MS`] a process may accept what was allowed before. What it would
/// refuse it must not refuse on the word of an old schema: [`Schemas::refreshed`] reads it again.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    kept: Arc<Mutex<HashMap<Id<kinds::Workspace>, Kept>>>,
}

#[derive(Debug, Clone)]
struct Kept {
    schema: Arc<Schema>,
    roles: Arc<Roles>,
    roster: Arc<Roster>,
    settings: Settings,
    read_at: Timestamp,
}

impl Schemas {
    fn locked(&self) -> MutexGuard<'_, HashMap<Id<kinds::Workspace>, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schema of a table's workspace. No round trip while it is fresh, otherwise one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of(&self, table: &TenantTable, clock: &Clock) -> Result<Arc<Schema>> {
        Ok(self.fresh(table, clock).await?.schema)
    }

    /// The settings of a table's workspace. No round trip while they are fresh, otherwise one.
    pub(crate) async fn settings(&self, table: &TenantTable, clock: &Clock) -> Result<Settings> {
        Ok(self.fresh(table, clock).await?.settings)
    }

    /// What each role of a table's workspace may do. No round trip while that is fresh, otherwise one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn roles(&self, table: &TenantTable, clock: &Clock) -> Result<Arc<Roles>> {
        Ok(self.fresh(table, clock).await?.roles)
    }

    /// What a member of a table's workspace may do there now. `access` is the credential's.
    ///
    /// No round trip while the configuration is fresh and says who that is, otherwise one: somebody may have become a user, or have
    /// signed in for the first time, within the minute.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a key whose user is no more, [`Error::Denied`] for a person who is none; when the table does
    /// not answer.
    pub async fn rights(
        &self,
        table: &TenantTable,
        clock: &Clock,
        access: &Access,
        membership: &Membership,
    ) -> Result<Rights> {
        let known = self.fresh(table, clock).await?;
        if let Some(rights) = known.rights(access, membership) {
            return Ok(rights);
        }
        let known = match known.read_at == clock.now() {
            true => known,
            false => self.read(table, clock.now()).await?,
        };
        if let Some(rights) = known.rights(access, membership) {
            return Ok(rights);
        }
        let known = self.looked_up(table, known, membership.user).await?;
        known.rights(access, membership).ok_or_else(|| match access.api_key {
            Some(_) => Error::Unauthenticated,
            None => Error::denied("you have no access to this workspace any more"),
        })
    }

    /// The same with what the records say of a user: one whom an earlier release has written is not on the roster yet.
    async fn looked_up(&self, table: &TenantTable, known: Kept, user: Id<kinds::User>) -> Result<Kept> {
        let keys = table.keys();
        let (record, person) = (keys.record(USER, user.erase()), keys.config(&person_part(user)));
        let found = table.get_each(&[record.clone(), person.clone()]).await?;
        let mut roster = Roster::clone(&known.roster);
        roster.put(user, found.get(&record), found.get(&person));
        let known = Kept { roster: Arc::new(roster), ..known };
        if known.roster.member(user).is_some() {
            self.keep(table.workspace_id(), known.clone());
        }
        Ok(known)
    }

    async fn fresh(&self, table: &TenantTable, clock: &Clock) -> Result<Kept> {
        let now = clock.now();
        let kept = self.locked().get(&table.workspace_id()).cloned();
        match kept.filter(|kept| now.as_millis() - kept.read_at.as_millis() < SCHEMA_MS) {
            Some(kept) => Ok(kept),
            None => self.read(table, now).await,
        }
    }

    /// The schema as it was after a moment. No round trip when the one that is known was read later, otherwise one.
    ///
    /// What was written at a moment can have values of fields that a schema of before knows nothing of.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn after(&self, table: &TenantTable, clock: &Clock, moment: Timestamp) -> Result<Arc<Schema>> {
        let kept = self.locked().get(&table.workspace_id()).cloned();
        match kept.filter(|kept| kept.read_at > moment) {
            Some(kept) => Ok(kept.schema),
            None => Ok(self.read(table, clock.now()).await?.schema),
        }
    }

    /// The schema, read again if the one that was used is older than this moment. `None` when nothing has changed in it:
    /// what was refused stays refused.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn refreshed(&self, table: &TenantTable, clock: &Clock, used: &Schema) -> Result<Option<Arc<Schema>>> {
        let now = clock.now();
        let roles = self.locked().get(&table.workspace_id()).map(|kept| Arc::clone(&kept.roles));
        let news = self.read(table, now).await?;
        let is_same = news.schema.versions() == used.versions() && roles.is_none_or(|roles| roles == news.roles);
        Ok((!is_same).then_some(news.schema))
    }

    /// Forgets what is known of a workspace, which was just changed here.
    pub fn forget(&self, workspace: Id<kinds::Workspace>) {
        self.locked().remove(&workspace);
    }

    async fn read(&self, table: &TenantTable, now: Timestamp) -> Result<Kept> {
        let kept = Kept::of(table.config("").await?, now)?;
        self.keep(table.workspace_id(), kept.clone());
        Ok(kept)
    }

    fn keep(&self, workspace: Id<kinds::Workspace>, news: Kept) {
        let mut kept = self.locked();
        if kept.len() >= MAX_KEPT {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.read_at.as_millis()).map(|(id, _)| *id);
            oldest.map(|id| kept.remove(&id));
        }
        kept.insert(workspace, news);
    }
}

impl Kept {
    fn of(parts: Vec<Document>, read_at: Timestamp) -> Result<Self> {
        let (mut definitions, mut roster, mut settings) = (Vec::new(), Roster::default(), None);
        let mut own_roles = BTreeMap::new();
        for mut document in parts {
            let part = document.remove(PART).and_then(|part| part.as_str().map(str::to_owned)).unwrap_or_default();
            if part.starts_with(Definition::PARTS) {
                definitions.push(Definition::read(document)?);
            } else if part == WORKSPACE {
                settings = Some(document);
            } else if let Some((role, policy)) = role::policy_of(&part, &document) {
                own_roles.insert(role, policy);
            } else {
                roster.take(&part, &document);
            }
        }
        let schema = if definitions.is_empty() { Schema::built_in() } else { Arc::new(Schema::of(definitions)) };
        let settings = Settings::read(settings.as_ref());
        Ok(Self { schema, roles: Arc::new(Roles::of(own_roles)), roster: Arc::new(roster), settings, read_at })
    }

    /// What a member may do; `None` for somebody who is not known here, or not in that role.
    fn rights(&self, access: &Access, membership: &Membership) -> Option<Rights> {
        let user = membership.user;
        let member = self.roster.member(user)?;
        if access.person.as_ref().is_some_and(|person| !self.roster.is_person(user, person)) {
            return None;
        }
        let of = |role: &Role| self.roles.policy(role);
        let own = of(&member.role)?;
        let mut role = &member.role;
        let mut policies: Vec<Arc<Policy>> = vec![Arc::clone(&own)];
        if let Some(most) = membership.role.as_ref().filter(|most| **most != member.role) {
            // A key of a role that there is no more is for nothing.
            let limit = of(most).unwrap_or_default();
            // Who may do less by a credential is less: an owner's key of an administrator's role makes no owners.
            if *most != Role::OWNER && own.covers(&limit) {
                role = most;
            }
            policies.push(limit);
        }
        let role = role.clone();
        Some(Rights::new(user, role, policies, membership.scope.clone(), Arc::clone(&self.roster)))
    }
}

/// The member that tells a part of the configuration which one it is.
const PART: &str = "part";
/// The part that has the workspace's settings.
const WORKSPACE: &str = "workspace";

/// Whether an old schema can have been the reason for a refusal: then it must not stand before a newer one was asked.
#[must_use]
pub fn depends_on_schema(error: &Error) -> bool {
    match error {
        Error::Invalid(_) => true,
        Error::NotFound { what } => ["object", "unique field"].contains(&what.as_ref()),
        Error::WrongState { code, .. } => *code == "unique_pending",
        _ => false,
    }
}
