//! The roster: who works in a workspace, as what, and in which team. Small parts of the configuration, so that every process has them with the
//! schema, and knows who a caller is without a question of its own.
//!
//! | part | says | written |
//! |---|---|---|
//! | `user.usr_…` | the role and the team of a user who is not in the trash | with the user, in one transaction |
//! | `person.usr_…` | who signs in as the user: a hash ([`auth::Person`]) | at a sign-in; taken away when the user's email changes |
//! | `EMAIL#hash` / `wsp_…` | which user has an address, for whoever signs in with it | with the user, in one transaction |
//! | `EMAIL#hash` / `wsp_…#LEFT` | that its owner worked there, and does no more: a mail domain lets them in no more | with the user, in one transaction |
//! | `EMAIL#hash` / `wsp_…#INVITED` | which invitation asks its owner in, or has | with the invitation, in one transaction |
//! | `team.tea_…` | the lead of a team, and the team above it | with the team, in one transaction |

use std::collections::{BTreeMap, BTreeSet};

use auth::{Person, Role};
use events::Document;
use kernel::{AnyId, Id, Result, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use table::{Changes, Keys, Sort};

use crate::invitation::{INVITATION, InvitationState, is_open};
use crate::{Cx, FieldType, Record, normalised};

/// The user object, whose records the roster follows.
pub(crate) const USER: &str = "user";
/// The team object, whose records it follows.
pub(crate) const TEAM: &str = "team";

type UserId = Id<kinds::User>;
type TeamId = Id<kinds::Team>;

/// A user on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<TeamId>,
}

/// A team on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Team {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lead: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<TeamId>,
}

/// Who works in a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    members: BTreeMap<UserId, Member>,
    persons: BTreeMap<UserId, Person>,
    teams: BTreeMap<TeamId, Team>,
}

/// The part that says what a user is.
fn user_part(id: AnyId) -> String {
    [USER, &id.to_string()].join(".")
}

/// The part that says who signs in as a user.
#[must_use]
pub fn person_part(id: UserId) -> String {
    ["person", &id.to_string()].join(".")
}

fn team_part(id: AnyId) -> String {
    [TEAM, &id.to_string()].join(".")
}

impl Roster {
    /// Takes over a part of the configuration, if it is one of the roster. What a later release has written in another form is as
    /// if it was not there: who is not on the roster may do nothing.
    pub(crate) fn take(&mut self, part: &str, document: &Document) {
        let read = || Value::Object(document.clone());
        match part.split_once('.') {
            Some((USER, id)) => {
                let member = id.parse().ok().zip(serde_json::from_value(read()).ok());
                self.members.extend(member);
            }
            Some(("person", id)) => {
                let person = document.get("person").cloned().and_then(|person| serde_json::from_value(person).ok());
                self.persons.extend(id.parse().ok().zip(person));
            }
            Some((TEAM, id)) => {
                let team = id.parse().ok().zip(serde_json::from_value(read()).ok());
                self.teams.extend(team);
            }
            _ => {}
        }
    }

    /// Takes over what was just read of one user: their record, if there is one, and who signs in as them.
    pub(crate) fn put(&mut self, user: UserId, record: Option<&Document>, person: Option<&Document>) {
        match record.and_then(member_of) {
            Some(member) => drop(self.members.insert(user, member)),
            None => drop(self.members.remove(&user)),
        }
        self.persons.remove(&user);
        if let Some(person) = person {
            self.take(&person_part(user), person);
        }
    }

    /// What a user is; `None` for somebody who does not work here, or no more.
    pub(crate) fn member(&self, user: UserId) -> Option<&Member> {
        self.members.get(&user)
    }

    /// Whether somebody signs in as a user.
    pub(crate) fn is_person(&self, user: UserId, person: &Person) -> bool {
        self.persons.get(&user) == Some(person)
    }

    /// The users of a role.
    pub fn of_role<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = UserId> + 'a {
        self.members.iter().filter(move |(_, member)| member.role == *role).map(|(user, _)| *user)
    }

    /// The team of a user, and all teams above it: what is shared with one of them is shared with the user. With the teams that
    /// the user leads.
    pub(crate) fn teams_of(&self, user: UserId) -> BTreeSet<TeamId> {
        let mut teams: BTreeSet<TeamId> = self.led_by(user).collect();
        let mut above = self.members.get(&user).and_then(|member| member.team);
        while let Some(team) = above.filter(|team| teams.insert(*team)) {
            above = self.teams.get(&team).and_then(|known| known.parent);
        }
        teams
    }

    /// Whose records are those of a user's team: everybody in it, in the teams that the user leads, and in all teams below these.
    /// The user as well.
    pub(crate) fn colleagues(&self, user: UserId) -> BTreeSet<UserId> {
        let own = self.members.get(&user).and_then(|member| member.team);
        let mut teams: BTreeSet<TeamId> = self.led_by(user).chain(own).collect();
        loop {
            let before = teams.len();
            let below = self.teams.iter().filter(|(_, team)| team.parent.is_some_and(|above| teams.contains(&above)));
            let below: Vec<TeamId> = below.map(|(id, _)| *id).collect();
            teams.extend(below);
            if teams.len() == before {
                break;
            }
        }
        let is_in = |member: &Member| member.team.is_some_and(|team| teams.contains(&team));
        let members = self.members.iter().filter(|(_, member)| is_in(member)).map(|(id, _)| *id);
        members.chain([user]).collect()
    }

    /// Whether there is a team, and it is not in the trash.
    pub(crate) fn has_team(&self, team: TeamId) -> bool {
        self.teams.contains_key(&team)
    }

    fn led_by(&self, user: UserId) -> impl Iterator<Item = TeamId> + '_ {
        self.teams.iter().filter(move |(_, team)| team.lead == Some(user)).map(|(id, _)| *id)
    }
}

/// What a user's stored record makes of them; `None` for one who is in the trash.
fn member_of(record: &Document) -> Option<Member> {
    if record.contains_key("archived_at") {
        return None;
    }
    let role = Role::parse(record.get("role")?.as_str()?)?;
    Some(Member { role, team: record.get("team_id").and_then(|id| id.as_str()?.parse().ok()) })
}

/// The address that a user signs in with; `None` for one who is in the trash.
fn email_of(user: &Record) -> Option<String> {
    address(user).filter(|_| user.common.archived_at.is_none())
}

fn address(record: &Record) -> Option<String> {
    Some(normalised(&FieldType::Email {}, record.fields.text("email")?))
}

/// What the index of addresses says of a user and of an invitation.
fn entry(id: AnyId, workspace: Id<kinds::Workspace>, what: &str) -> Document {
    let entry = [("workspace", workspace.to_string()), (what, id.to_string())];
    entry.map(|(name, value)| (name.to_owned(), Value::String(value))).into_iter().collect()
}

/// Adds to a commit what the roster says of a user or a team from then on. For records of other objects nothing.
pub(crate) fn follow(
    changes: &mut Changes,
    keys: Keys,
    workspace: Id<kinds::Workspace>,
    before: Option<&Record>,
    after: &Record,
) {
    let (id, document) = (after.common.id, after.document());
    match after.common.object.as_str() {
        USER => {
            let part = keys.config(&user_part(id));
            match member_of(&document).map(serde_json::to_value) {
                Some(Ok(Value::Object(member))) => changes.set(part, Sort::Config, member),
                _ => changes.clear(part),
            }
            if before.is_some_and(|before| email_of(before) != email_of(after))
                && let Some(user) = id.of()
            {
                changes.clear(keys.config(&person_part(user)));
            }
            follow_address(changes, workspace, before, after);
        }
        INVITATION => {
            let Some(hash) = address(after).map(|email| auth::email_hash(&email)) else { return };
            let key = table::email_invited(&hash, workspace);
            match is_open(after) {
                true => changes.set(key, Sort::Membership, entry(id, workspace, INVITATION)),
                // By it the invitation is found when its user is erased.
                false if after.fields.text("state") == Some(InvitationState::Accepted.as_str()) => {}
                false => changes.clear(key),
            }
        }
        TEAM => {
            let part = keys.config(&team_part(id));
            let of = |path: &str| after.fields.text(path).and_then(|id| id.parse().ok());
            let user = |path: &str| after.fields.text(path).and_then(|id| id.parse().ok());
            let team = Team { lead: user("lead_id"), parent: of("parent_id") };
            match serde_json::to_value(team) {
                Ok(Value::Object(team)) if after.common.archived_at.is_none() => changes.set(part, Sort::Config, team),
                _ => changes.clear(part),
            }
        }
        _ => {}
    }
}

/// Adds to a commit whose an address is from then on.
fn follow_address(changes: &mut Changes, workspace: Id<kinds::Workspace>, before: Option<&Record>, after: &Record) {
    let hash = |email: &str| auth::email_hash(email);
    let (was, is) = (before.and_then(email_of), email_of(after));
    if let Some(was) = was.as_deref().filter(|was| Some(*was) != is.as_deref()) {
        changes.clear(table::email_entry(&hash(was), workspace));
        if after.common.archived_at.is_some() {
            let left = entry(after.common.id, workspace, "left");
            changes.set(table::email_left(&hash(was), workspace), Sort::Membership, left);
        }
    }
    // Also where it was before: users of an earlier release get there when they are written.
    if let Some(is) = is {
        let user = entry(after.common.id, workspace, USER);
        changes.set(table::email_entry(&hash(&is), workspace), Sort::Membership, user);
        if before.is_some_and(|before| before.common.archived_at.is_some()) {
            changes.clear(table::email_left(&hash(&is), workspace));
        }
    }
}

/// The invitation that the index of addresses names for the address of a record. One read.
pub(crate) async fn invitation_for(cx: &Cx, record: &Record) -> Result<Option<AnyId>> {
    let Some(email) = address(record) else { return Ok(None) };
    let key = table::email_invited(&auth::email_hash(&email), cx.caller.workspace);
    let entry = cx.table.get(&key).await?;
    Ok(entry.and_then(|entry| entry.get(INVITATION)?.as_str()?.parse().ok()))
}

/// Adds to a commit that an invitation is erased: the index of addresses does not name it any more. One read.
pub(crate) async fn forget_invitation(cx: &Cx, changes: &mut Changes, invitation: &Record) -> Result<()> {
    if invitation_for(cx, invitation).await? == Some(invitation.common.id)
        && let Some(email) = address(invitation)
    {
        changes.clear(table::email_invited(&auth::email_hash(&email), cx.caller.workspace));
    }
    Ok(())
}
