//! Somebody of every role, and records of every sort that they meet.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::verdict::Whose;
use crate::app::{App, Caller};
use crate::imports::upload;
use crate::links::made;

/// The objects whose records belong to somebody, and their plurals.
const OWNED: [(&str, &str); 4] =
    [("contact", "contacts"), ("company", "companies"), ("custom_record", "x_things"), ("view", "views")];

/// A role of the company's own, with scopes that no standard role has.
pub(super) fn own_role() -> Value {
    // As in the list of actions.
    let grants = |scopes: [&str; 6]| {
        let named =
            auth::Action::ALL.iter().zip(scopes).map(|(action, scope)| (action.as_str().to_owned(), json!(scope)));
        Value::Object(named.collect())
    };
    json!({
        "name": "x_field",
        "objects": {
            "*": grants(["none"; 6]),
            "contact": grants(["team", "own", "own", "own", "team", "own"]),
            "company": grants(["all", "team", "team", "none", "none", "team"]),
        },
        "capabilities": ["erase_records", "manage_schema"],
    })
}

/// One caller.
pub(super) struct Somebody {
    pub(super) role: String,
    pub(super) caller: Caller,
    pub(super) id: String,
    /// A file that they have brought.
    pub(super) upload: String,
    /// Two records of theirs of each object.
    own: BTreeMap<&'static str, [String; 2]>,
}

/// Everybody, and everything that they meet.
pub(super) struct Cast {
    pub(super) app: App,
    pub(super) everybody: Vec<Somebody>,
    pub(super) mate: String,
    pub(super) other: String,
    /// A user and a team that requests are about, a key and what stands in another workspace.
    pub(super) spares: BTreeMap<&'static str, String>,
    shared: BTreeMap<(&'static str, Whose), String>,
}

impl Cast {
    pub(super) async fn gather() -> Self {
        let app = App::start().await;
        let (owner, south) = (app.workspace("north").await, app.workspace("south").await);
        for admin in [&owner, &south] {
            let object = json!({ "name": "x_thing", "plural": "x_things", "label": "Thing", "private": true });
            admin.post("/v1/schema/objects", object).await.expect(201);
            let number = json!({ "name": "number", "type": "text", "unique": true });
            admin.post("/v1/schema/objects/x_thing/fields", number).await.expect(201);
        }
        owner.post("/v1/roles", own_role()).await.expect(201);
        owner.post("/v1/roles", json!({ "name": "x_spare" })).await.expect(201);
        let team = made(&owner, "teams", json!({ "name": "Ours" })).await;
        let (mate, mates_key) = person(&app, &owner, "mate", "admin", Some(&team)).await;
        let (other, others_key) = person(&app, &owner, "other", "admin", None).await;
        let mut cast =
            Self { app, everybody: Vec::new(), mate, other, spares: BTreeMap::new(), shared: BTreeMap::new() };
        cast.everyones(&owner, &mates_key, &others_key).await;
        cast.foreign(&south).await;
        cast.spare(&owner).await;
        cast.enter(&owner, &team).await;
        cast.app.drain().await;
        cast
    }

    /// Records that are nobody's of those who ask.
    async fn everyones(&mut self, owner: &Caller, mates_key: &Caller, others_key: &Caller) {
        for (object, plural) in OWNED {
            for (whose, of) in [
                (Whose::Team, &self.mate),
                (Whose::Other, &self.other),
                (Whose::SharedToRead, &self.other),
                (Whose::SharedToWrite, &self.other),
            ] {
                let id = made(owner, plural, new(object, &format!("{whose:?}"), Some(of))).await;
                let level = match whose {
                    Whose::SharedToRead => Some("read"),
                    Whose::SharedToWrite => Some("write"),
                    _ => None,
                };
                if let Some(level) = level {
                    let share = format!("/v1/{plural}/{id}/shares/everyone");
                    owner.put(&share, json!({ "level": level })).await.expect(201);
                }
                self.shared.insert((object, whose), id);
            }
        }
        self.shared.insert(("invitation", Whose::Team), invited(mates_key, "by_mate").await);
        self.shared.insert(("invitation", Whose::Other), invited(others_key, "by_other").await);
        let contact = self.shared[&("contact", Whose::Other)].clone();
        self.shared.insert(("job", Whose::Team), job(mates_key, &contact).await);
        self.shared.insert(("job", Whose::Other), job(others_key, &contact).await);
    }

    /// What another workspace has.
    async fn foreign(&mut self, south: &Caller) {
        for (object, plural) in OWNED {
            let id = made(south, plural, new(object, "foreign", None)).await;
            self.shared.insert((object, Whose::Foreign), id);
        }
        let contact = self.shared[&("contact", Whose::Foreign)].clone();
        self.shared.insert(("job", Whose::Foreign), job(south, &contact).await);
        self.shared.insert(("invitation", Whose::Foreign), invited(south, "from_south").await);
        let user = json!({ "name": "Far", "email": "far@example.com", "role": "viewer" });
        self.shared.insert(("user", Whose::Foreign), made(south, "users", user).await);
        self.shared.insert(("team", Whose::Foreign), made(south, "teams", json!({ "name": "Far" })).await);
    }

    /// Users, teams and keys that belong to nobody.
    async fn spare(&mut self, owner: &Caller) {
        let user = json!({ "name": "Spare", "email": "spare@example.com", "role": "viewer" });
        self.shared.insert(("user", Whose::Other), made(owner, "users", user).await);
        self.shared.insert(("team", Whose::Other), made(owner, "teams", json!({ "name": "Spare" })).await);
        self.spares.insert("api_key", made(owner, "api_keys", json!({ "name": "spare", "role": "viewer" })).await);
    }

    /// Somebody of every role, with records of their own.
    async fn enter(&mut self, owner: &Caller, team: &str) {
        let standard = auth::Role::STANDARD.iter().map(|role| role.as_str().to_owned());
        let contact = self.shared[&("contact", Whose::Other)].clone();
        for role in standard.chain(["x_field".to_owned()]) {
            let first = if role == "owner" { "owner" } else { "admin" };
            let (id, key) = person(&self.app, owner, &format!("the_{role}"), first, Some(team)).await;
            let mut own = BTreeMap::new();
            for (object, plural) in OWNED {
                let one = made(owner, plural, new(object, &format!("{role}_1"), Some(&id))).await;
                own.insert(object, [one, made(owner, plural, new(object, &format!("{role}_2"), Some(&id))).await]);
            }
            let keys = json!({ "name": "mine", "role": "viewer" });
            let one = made(&key, "api_keys", keys.clone()).await;
            own.insert("api_key", [one, made(&key, "api_keys", keys).await]);
            let one = invited(&key, &format!("by_{role}_1")).await;
            own.insert("invitation", [one, invited(&key, &format!("by_{role}_2")).await]);
            let one = job(&key, &contact).await;
            own.insert("job", [one.clone(), one]);
            // A key that limits nothing, made while they still make keys.
            let caller = match role.as_str() {
                "owner" => key,
                _ => key.with_role(&role).await,
            };
            owner.patch(&format!("/v1/users/{id}"), json!({ "role": role })).await.expect(200);
            let file = b"First name,Email\nAda,new@example.com\n".to_vec();
            let upload = upload(&self.app.stack.app().files, &caller, file).await;
            self.everybody.push(Somebody { role, caller, id, upload, own });
        }
    }

    /// The record of an object that is somebody's, seen from a caller; `None` where there is no such thing.
    pub(super) fn record(&self, object: &str, whose: Whose, me: &Somebody) -> Option<String> {
        match whose {
            Whose::Own => me.own.get(object).map(|own| own[0].clone()),
            whose => self.shared.iter().find(|((of, is), _)| *of == object && *is == whose).map(|(_, id)| id.clone()),
        }
    }

    /// Another record that is the caller's.
    pub(super) fn second(object: &str, me: &Somebody) -> Option<String> {
        me.own.get(object).map(|own| own[1].clone())
    }
}

/// What a record's unique value is made of.
pub(super) fn label(whose: Whose, role: &str) -> String {
    match whose {
        Whose::Own => format!("{role}_1"),
        whose => format!("{whose:?}"),
    }
}

/// The unique value of a record.
pub(super) fn unique(object: &str, label: &str) -> String {
    let label = label.to_lowercase().replace('_', "");
    match object {
        "company" => format!("{label}.example"),
        "contact" => format!("{label}@example.com"),
        _ => label,
    }
}

fn new(object: &str, label: &str, owner: Option<&str>) -> Value {
    let value = unique(object, label);
    let mut new = match object {
        "contact" => json!({ "first_name": label, "email": value }),
        "company" => json!({ "name": label, "domain": value }),
        "custom_record" => json!({ "name": label, "custom": { "number": value } }),
        _ => json!({ "name": label, "of": "contact" }),
    };
    if let Some(owner) = owner {
        new["owner_id"] = json!(owner);
    }
    new
}

async fn person(app: &App, owner: &Caller, name: &str, role: &str, team: Option<&str>) -> (String, Caller) {
    let email = format!("{name}@people.example");
    let user = json!({ "name": name, "email": email, "role": role, "team_id": team });
    let id = made(owner, "users", user).await;
    let key = app.key_of(owner, &id).await;
    (id, key)
}

/// An invitation of somebody's.
async fn invited(caller: &Caller, name: &str) -> String {
    made(caller, "invitations", json!({ "email": format!("{name}@invited.example"), "role": "viewer" })).await
}

/// A job of somebody's.
async fn job(caller: &Caller, contact: &str) -> String {
    let edit = json!({ "ids": [contact], "add_tags": ["met"] });
    caller.post("/v1/contacts/bulk", edit).await.expect(202)["id"].as_str().unwrap().to_owned()
}
