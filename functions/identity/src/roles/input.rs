//! What is asked of a role.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Action, Capability, FieldAccess, Grants, OTHERS, Policy, Role};
use events::Document;
use kernel::{Error, Result, Violations, pointer};
use records::{COMMON_FIELDS, Cx, Governed, Schema};
use serde_json::{Value, json};

use super::stored::{Stored, load};

/// The most characters of what people call a role, and of what is said about it.
pub(super) const MAX_LABEL: usize = 60;
/// The most characters of what is said about a role.
pub(super) const MAX_HELP: usize = 500;
/// How many fields a role can say something of.
pub(super) const MAX_FIELDS: usize = 500;

/// A role of the company's own, as it is asked for.
pub(super) struct New {
    pub(super) name: Role,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) policy: Policy,
}

/// A role as it is to become.
pub(super) struct Patched {
    pub(super) label: String,
    pub(super) help: String,
    pub(super) policy: Policy,
}

impl New {
    /// A new role begins with what another one may do (`from`), or with nothing.
    pub(super) async fn parse(cx: &Cx, body: &Document) -> Result<Self> {
        let mut violations = Violations::new();
        let name = body.get("name").and_then(Value::as_str).and_then(Role::parse).filter(Role::is_custom);
        if name.is_none() {
            let detail = "must be x_ and up to 38 small letters, digits and underscores, the first of them a letter";
            violations.add("/name", "bad_name", detail);
        }
        let from = match body.get("from").filter(|from| !from.is_null()) {
            None => None,
            Some(from) => match from.as_str().and_then(Role::parse) {
                Some(role) => load(cx, &role).await.ok(),
                None => None,
            }
            .or_else(|| {
                violations.add("/from", "unknown_option", "must be the name of a role");
                None
            }),
        };
        let policy = from.map(|from| from.policy).unwrap_or_default();
        let spoken = name.as_ref().map(spoken).unwrap_or_default();
        let rest: Document =
            body.iter().filter(|(name, _)| !["name", "from"].contains(&name.as_str())).map(cloned).collect();
        let parsed =
            Parts { label: spoken, help: String::new(), policy }.take(&*cx.schema().await?, &rest, &mut violations);
        violations.or(())?;
        let name = name.ok_or_else(|| Error::bug("a role without a name"))?;
        Ok(Self { name, label: parsed.label, help: parsed.help, policy: parsed.policy })
    }
}

impl Patched {
    pub(super) async fn parse(cx: &Cx, before: &Stored, body: &Document) -> Result<Self> {
        let mut violations = Violations::new();
        let Stored { label, help, policy, .. } = before.clone();
        let parsed = Parts { label, help, policy }.take(&*cx.schema().await?, body, &mut violations);
        violations.or(())?;
        Ok(Self { label: parsed.label, help: parsed.help, policy: parsed.policy })
    }
}

fn cloned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn spoken(role: &Role) -> String {
    let words = role.as_str().trim_start_matches("x_").replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What people can say of a role.
struct Parts {
    label: String,
    help: String,
    policy: Policy,
}

impl Parts {
    /// Takes a JSON Merge Patch (RFC 7396) over: what is absent stays, `null` goes back to what counts where nothing is said.
    fn take(mut self, schema: &Schema, body: &Document, violations: &mut Violations) -> Self {
        for (name, value) in body {
            match name.as_str() {
                "label" => self.label = line(value, "/label", (1, MAX_LABEL), violations),
                "help" if value.is_null() => self.help.clear(),
                "help" => self.help = line(value, "/help", (0, MAX_HELP), violations),
                "objects" => objects(&mut self.policy, schema, value, violations),
                "fields" => fields(&mut self.policy, schema, value, violations),
                "capabilities" => self.policy.capabilities = capabilities(value, violations),
                _ => violations.add(pointer(name), "unknown_field", "is not a field of a role"),
            }
        }
        self
    }
}

fn line(value: &Value, at: &str, (least, most): (usize, usize), violations: &mut Violations) -> String {
    let text = value.as_str().map(str::trim);
    match text.filter(|text| (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)) {
        Some(text) => text.to_owned(),
        None => {
            violations.add(at, "bad_text", format!("must be a line of {least} to {most} characters"));
            String::new()
        }
    }
}

fn objects(policy: &mut Policy, schema: &Schema, value: &Value, violations: &mut Violations) {
    let Value::Object(named) = value else {
        return violations.add("/objects", "wrong_type", "must be an object");
    };
    for (name, value) in named {
        let at = ["/objects", &pointer(name)].concat();
        let is_known = || schema.object(name).is_some_and(|object| object.governed == Governed::Roles);
        if name != OTHERS && !is_known() {
            violations.add(at, "unknown_object", "must be an object in the singular that roles decide about, or *");
            continue;
        }
        if value.is_null() {
            policy.objects.remove(name);
            continue;
        }
        if let Some(grants) = grants(policy.grants(name), value, &at, violations) {
            policy.objects.insert(name.clone(), grants);
        }
    }
}

fn grants(before: Grants, value: &Value, at: &str, violations: &mut Violations) -> Option<Grants> {
    // One word says the same of every action.
    let said = match value {
        Value::String(_) => Action::ALL.iter().map(|action| (action.as_str().to_owned(), value.clone())).collect(),
        Value::Object(said) => said.clone(),
        _ => {
            violations.add(at, "wrong_type", "must be a scope, or an object with a scope for each action");
            return None;
        }
    };
    let mut grants = json!(before);
    for (action, scope) in said {
        let at = [at, &pointer(&action)].concat();
        if !Action::ALL.iter().any(|known| known.as_str() == action) {
            let words = Action::ALL.map(Action::as_str).join(", ");
            violations.add(at, "unknown_field", format!("is not an action: {words}"));
        } else if serde_json::from_value::<auth::Scope>(scope.clone()).is_err() {
            violations.add(at, "unknown_option", "must be none, own, team or all");
        } else {
            grants[action] = scope;
        }
    }
    serde_json::from_value(grants).ok()
}

fn fields(policy: &mut Policy, schema: &Schema, value: &Value, violations: &mut Violations) {
    let Value::Object(named) = value else {
        return violations.add("/fields", "wrong_type", "must be an object");
    };
    for (name, paths) in named {
        let at = ["/fields", &pointer(name)].concat();
        let Some(object) = schema.object(name).filter(|object| object.governed == Governed::Roles) else {
            violations.add(at, "unknown_object", "must be an object in the singular that roles decide about");
            continue;
        };
        let Value::Object(paths) = paths else {
            match paths {
                Value::Null => drop(policy.fields.remove(name)),
                _ => violations.add(at, "wrong_type", "must be an object"),
            }
            continue;
        };
        let known = policy.fields.entry(name.clone()).or_default();
        for (path, access) in paths {
            let at = [at.as_str(), &pointer(path)].concat();
            if COMMON_FIELDS.contains(&path.as_str()) || object.field(path).is_none() {
                violations.add(at, "unknown_field", "must be the path of a field of this object");
                continue;
            }
            match serde_json::from_value::<Option<FieldAccess>>(access.clone()) {
                Ok(None | Some(FieldAccess::Write)) => drop(known.remove(path)),
                Ok(Some(access)) => drop(known.insert(path.clone(), access)),
                Err(_) => violations.add(at, "unknown_option", "must be hidden, read or write"),
            }
        }
    }
    policy.fields.retain(|_, fields| !fields.is_empty());
    let said: usize = policy.fields.values().map(BTreeMap::len).sum();
    if said > MAX_FIELDS {
        violations.add("/fields", "too_many", format!("says something of {said} fields, and may of {MAX_FIELDS}"));
    }
}

fn capabilities(value: &Value, violations: &mut Violations) -> BTreeSet<Capability> {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| {
        let known = Capability::ALL.map(Capability::as_str).join(", ");
        violations.add("/capabilities", "unknown_option", format!("must be a list of some of {known}"));
        BTreeSet::new()
    })
}
