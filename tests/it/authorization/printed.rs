//! `docs/permissions.txt`: what roles may do, for people, and read again as what is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use auth::{Action, Capability, Role, standard};
use records::{Governed, Schema};
use serde_json::Value;

use super::rows::rows;

/// The file.
pub(crate) const PERMISSIONS: &str = "docs/permissions.txt";

const RECORDS: &str = "WHAT ROLES MAY DO WITH RECORDS";
const CAPABILITIES: &str = "WHAT ELSE ROLES MAY DO";
const OBJECTS: &str = "WHO SAYS SO";
const OPERATIONS: &str = "WHAT OPERATIONS TAKE";

const BEGINNING: &str = "\
Who may do what, before a company says otherwise. Written by `cargo xtask openapi` from the standard roles, the built-in objects
and tests/it/authorization/rows.rs; tests ask every operation as every role and compare what is answered with what stands here.

none: nobody's. own: the caller's own. team: those of the caller's team, of teams that the caller leads and of those below.
all: everybody's, and those that are nobody's. Whoever may not read a record is not told that there is one (404); whoever reads it
and may not do a thing is told so (403). A share makes one record more to be read, and to be written where it says so; it gives no
action that a role does not have at all. Of private objects everybody has their own and what is shared with them, whatever stands
here, but for roles with see_private. Roles can hide fields, and let others be read only.
";

/// The file as it should be.
pub(crate) fn printed() -> String {
    let mut text = BEGINNING.to_owned();
    let actions = Action::ALL.map(Action::as_str);
    write!(text, "\n{RECORDS}\n`*` stands for all objects that are not named.\n\n").unwrap();
    line(&mut text, &["role", "object"].into_iter().chain(actions).collect::<Vec<_>>());
    for role in Role::STANDARD {
        let policy = standard(&role).unwrap();
        for (object, grants) in &policy.objects {
            let scopes = Action::ALL.map(|action| word(&serde_json::to_value(grants.scope(action)).unwrap()));
            let scopes = scopes.iter().map(String::as_str);
            line(&mut text, &[role.as_str(), object].into_iter().chain(scopes).collect::<Vec<_>>());
        }
    }
    write!(text, "\n{CAPABILITIES}\n\n").unwrap();
    line(&mut text, &["capability"].into_iter().chain(Role::STANDARD.iter().map(Role::as_str)).collect::<Vec<_>>());
    for capability in Capability::ALL {
        let has = |role: &Role| if standard(role).unwrap().has(capability) { "yes" } else { "-" };
        line(&mut text, &[capability.as_str()].into_iter().chain(Role::STANDARD.iter().map(has)).collect::<Vec<_>>());
    }
    write!(
        text,
        "\n{OBJECTS}\nroles: what stands above. everybody: all may do everything with theirs. A capability: all read, and who has it does \
         the rest.\nA company's own objects are governed by roles, and private where the company says so.\n\n"
    )
    .unwrap();
    line(&mut text, &["object", "governed_by", "private"]);
    for object in Schema::built_in().objects() {
        let by = match object.governed {
            Governed::Roles => "roles",
            Governed::Everybody => "everybody",
            Governed::By(capability) => capability.as_str(),
        };
        line(&mut text, &[&object.name, by, if object.private { "private" } else { "-" }]);
    }
    write!(
        text,
        "\n{OPERATIONS}\nsome: any records of the object. this: the one that is named. other: the second one.\n\n"
    )
    .unwrap();
    for (id, needs) in rows() {
        writeln!(text, "{id:<34}{needs}").unwrap();
    }
    text
}

/// A line of columns.
fn line(text: &mut String, columns: &[&str]) {
    let width = |index: usize| if index == 0 { 18 } else { 14 };
    let columns: String =
        columns.iter().enumerate().map(|(index, column)| format!("{column:<0$}", width(index))).collect();
    writeln!(text, "{}", columns.trim_end()).unwrap();
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Whose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reaches {
    None,
    Own,
    Team,
    All,
}

impl Reaches {
    fn parse(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "own" => Self::Own,
            "team" => Self::Team,
            "all" => Self::All,
            _ => panic!("{word} is no scope"),
        }
    }
}

/// A role as the file has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printed {
    /// By object and action.
    pub(crate) grants: BTreeMap<String, BTreeMap<String, Reaches>>,
    pub(crate) capabilities: BTreeSet<String>,
}

/// The file, read.
#[derive(Debug, Clone)]
pub(crate) struct Permissions {
    pub(crate) roles: BTreeMap<String, Printed>,
    /// Who says what may be done with records of an object, and whether they are private.
    pub(crate) objects: BTreeMap<String, (String, bool)>,
    /// What operations take.
    pub(crate) operations: BTreeMap<String, String>,
}

impl Permissions {
    pub(crate) fn read(text: &str) -> Self {
        let mut roles: BTreeMap<String, Printed> = BTreeMap::new();
        for row in table(text, RECORDS) {
            let [role, object] = ["role", "object"].map(|name| row[name].clone());
            let scopes = row.into_iter().filter(|(name, _)| name != "role" && name != "object");
            let scopes = scopes.map(|(action, scope)| (action, Reaches::parse(&scope))).collect();
            roles.entry(role).or_default().grants.insert(object, scopes);
        }
        for row in table(text, CAPABILITIES) {
            for (role, _) in row.iter().filter(|(_, has)| *has == "yes") {
                roles.get_mut(role).unwrap().capabilities.insert(row["capability"].clone());
            }
        }
        let objects = table(text, OBJECTS).into_iter();
        let objects =
            objects.map(|row| (row["object"].clone(), (row["governed_by"].clone(), row["private"] == "private")));
        let (_, operations) = text.split_once(OPERATIONS).unwrap();
        let operations = operations.split_once("\n\n").unwrap().1.lines();
        let operations = operations.map(|line| line.split_once(' ').unwrap());
        Self {
            roles,
            objects: objects.collect(),
            operations: operations.map(|(id, needs)| (id.to_owned(), needs.trim().to_owned())).collect(),
        }
    }

    /// The same with a role of a company's own, as it is made by the API.
    pub(crate) fn with_role(mut self, body: &Value) -> Self {
        let mut role = Printed::default();
        for (object, grants) in body["objects"].as_object().unwrap() {
            let grants = grants.as_object().unwrap().iter();
            let grants = grants.map(|(action, scope)| (action.clone(), Reaches::parse(&word(scope)))).collect();
            role.grants.insert(object.clone(), grants);
        }
        role.capabilities = body["capabilities"].as_array().unwrap().iter().map(word).collect();
        self.roles.insert(word(&body["name"]), role);
        self
    }

    /// The same with a private object of a company's own.
    pub(crate) fn with_private_object(mut self, name: &str) -> Self {
        self.objects.insert(name.to_owned(), ("roles".to_owned(), true));
        self
    }
}

/// The rows of a part of the file, by the names of its columns.
fn table(text: &str, part: &str) -> Vec<BTreeMap<String, String>> {
    let (_, rest) = text.split_once(&format!("\n{part}\n")).unwrap_or_else(|| panic!("no {part} in {PERMISSIONS}"));
    // What is said of the part ends with an empty line.
    let body = rest.trim_start_matches('\n');
    let body = match rest.starts_with('\n') {
        true => body,
        false => body.split_once("\n\n").unwrap().1,
    };
    let body = body.split("\n\n").next().unwrap();
    let mut lines = body.lines().map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    lines.map(|columns| names.iter().cloned().zip(columns).collect()).collect()
}
