//! A workspace with secrets in it, made the same way each time but for the secrets: the clock stands still, and ids repeat.

use api::{App as Parts, Authorize, Operation};
use http::Method;
use identity::FirstUser;
use kernel::{Clock, Ids};
use serde_json::{Value, json};

use crate::app::{Answer, App, Caller};
use crate::contract::capabilities;

/// What stands where somebody may not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    One,
    Another,
}

impl Secret {
    fn pick<T>(self, one: T, another: T) -> T {
        match self {
            Self::One => one,
            Self::Another => another,
        }
    }
}

/// The fields of contacts that are hidden from the caller, with what can be said of them and a value.
pub(super) fn hidden() -> Vec<(&'static str, Value)> {
    vec![
        ("custom.hid_code", json!("ALPHA")),
        ("custom.hid_mail", json!("alpha@secret.example")),
        ("custom.hid_stage", json!("a")),
        ("custom.hid_fee", json!({ "amount": 500, "currency": "EUR" })),
        ("custom.hid_score", json!(7)),
        ("custom.hid_since", json!("2020-02-02")),
        ("custom.hid_firm", json!(format!("com_{}", "0".repeat(32)))),
        ("custom.hid_marks", json!(["red"])),
        ("custom.hid_areas", json!(["north"])),
        ("custom.hid_twice", json!(14)),
        ("birthday", json!("1990-01-01")),
        ("job_title", json!("Analyst")),
        ("phone", json!("+4930901820")),
    ]
}

/// A workspace, and somebody in it who may not know everything.
pub(super) struct World {
    pub(super) app: App,
    clock: Clock,
    routers: Vec<(Vec<Operation>, axum::Router)>,
    pub(super) owner: Caller,
    /// Who may not know.
    pub(super) blind: Caller,
    /// Contacts that the caller sees: two of their own, and one of a colleague.
    pub(super) seen: Vec<String>,
    /// Records that they do not see: a contact and a thing.
    pub(super) unseen: Vec<String>,
    pub(super) company: String,
    /// A view of the owner's that speaks of what is hidden, and is shared with everyone.
    pub(super) view: String,
    pub(super) workspace: String,
    pub(super) user: String,
}

impl World {
    pub(super) async fn start(secret: Secret) -> Self {
        let app = App::start().await;
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let parts = Parts { clock: clock.clone(), ids: ids.clone(), authorize: Authorize::Inline, ..app.stack.app() };
        let first = FirstUser { name: "Ada Admin".to_owned(), email: "ada@example.com".to_owned() };
        let made = identity::bootstrap(&parts.tables, &clock, &ids, "North", &first).await.unwrap();
        let owner = Caller::on(axum::Router::new(), made.secret.reveal());
        let routers = routers(&app, &parts);
        let workspace = made.workspace.to_string();
        let mut world = Self {
            blind: owner.clone(),
            owner,
            app,
            clock,
            routers,
            seen: Vec::new(),
            unseen: Vec::new(),
            company: String::new(),
            view: String::new(),
            workspace,
            user: String::new(),
        };
        world.describe().await;
        world.fill(secret).await;
        world.app.drain().await;
        world
    }

    /// Sends a request a second later.
    pub(super) async fn ask(&self, who: &Caller, method: Method, target: &str, body: Option<Value>) -> Answer {
        self.ask_with(who, method, target, &[], body).await
    }

    pub(super) async fn ask_with(
        &self,
        who: &Caller,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        self.clock.advance_millis(1000);
        let path = target.split('?').next().unwrap();
        let fits = |operation: &&Operation| operation.method == method && is_of(path, &operation.path);
        let routers = self.routers.iter();
        let found = routers.filter_map(|(operations, router)| {
            let operations = operations.iter().filter(fits).map(|operation| operation.path.matches('{').count());
            Some((operations.min()?, router))
        });
        let (_, router) = found.min_by_key(|(count, _)| *count).unwrap_or_else(|| panic!("no {method} {path}"));
        let caller = Caller::on(router.clone(), who.secret.as_deref().unwrap());
        caller.send(method, target, headers, body).await
    }

    async fn made(&self, path: &str, body: Value) -> String {
        let made = self.ask(&self.owner, Method::POST, path, Some(body)).await.expect(201);
        made["id"].as_str().unwrap_or_default().to_owned()
    }

    async fn describe(&self) {
        let object = json!({ "name": "x_thing", "plural": "x_things", "label": "Thing", "private": true });
        self.made("/v1/schema/objects", object).await;
        let fields = [
            json!({ "name": "hid_code", "type": "text", "unique": true, "searched": true }),
            json!({ "name": "hid_mail", "type": "email", "unique": true }),
            json!({ "name": "hid_stage", "type": "select", "options": ["a", "b"] }),
            json!({ "name": "hid_fee", "type": "money" }),
            json!({ "name": "hid_score", "type": "number" }),
            json!({ "name": "hid_since", "type": "date" }),
            json!({ "name": "hid_firm", "type": "reference", "object": "company" }),
            json!({ "name": "hid_marks", "type": "tags" }),
            json!({ "name": "hid_areas", "type": "multi_select", "options": ["north", "south"] }),
            json!({ "name": "hid_twice", "type": "formula", "expression": "custom.hid_score * 2" }),
            json!({ "name": "plain", "type": "number" }),
        ];
        for field in fields {
            self.made("/v1/schema/objects/contact/fields", field).await;
        }
        let sum = json!({ "name": "hid_total", "type": "roll_up", "object": "contact", "via": "company_id", "function": "sum", "field": "custom.hid_score" });
        self.made("/v1/schema/objects/company/fields", sum).await;
    }

    async fn fill(&mut self, secret: Secret) {
        let hides: serde_json::Map<String, Value> = hidden()
            .into_iter()
            .filter(|(path, _)| *path != "custom.hid_twice")
            .map(|(path, _)| (path.to_owned(), json!("hidden")))
            .collect();
        let grants = |scope: &str| json!({ "read": scope, "create": scope, "update": scope, "archive": scope, "export": scope, "merge": scope });
        let role = json!({
            "name": "x_blind",
            "objects": { "*": grants("all"), "contact": grants("team") },
            "fields": { "contact": hides, "company": { "annual_revenue": "hidden" } },
            "capabilities": ["import_records", "bulk_edit", "read_audit"],
        });
        self.made("/v1/roles", role).await;
        let team = self.made("/v1/teams", json!({ "name": "Ours" })).await;
        let user = |name: &str, team: Option<&str>| json!({ "name": name, "email": format!("{name}@example.com"), "role": "x_blind", "team_id": team });
        self.user = self.made("/v1/users", user("blind", Some(&team))).await;
        let mate = self.made("/v1/users", user("mate", Some(&team))).await;
        let (tables, ids) = (self.app.stack.app().tables.clone(), Ids::seeded(self.clock.clone(), 2));
        let workspace = self.workspace.parse().unwrap();
        let key = identity::operator_key(&tables, &self.clock, &ids, workspace, self.user.parse().unwrap()).await;
        self.blind = self.owner.with_secret(key.unwrap().reveal());
        let revenue = json!({ "amount": secret.pick(100, 900), "currency": "EUR" });
        let firm = json!({ "name": "Acme", "domain": "acme.example", "annual_revenue": revenue });
        self.company = self.made("/v1/companies", firm).await;
        let rival = self.made("/v1/companies", json!({ "name": "Rival", "domain": "rival.example" })).await;
        let firms = secret.pick([&self.company, &rival], [&rival, &self.company]).map(Clone::clone);
        for (number, owner) in [self.user.clone(), self.user.clone(), mate].iter().enumerate() {
            let contact = contact(secret, number, owner, &self.company, &firms[number % 2]);
            let id = self.made("/v1/contacts", contact).await;
            // Nothing of this is told, but that it was changed.
            let later = json!({ "job_title": secret.pick("Analyst", "Director"), "birthday": secret.pick("1990-01-01", "1991-02-02") });
            self.ask(&self.owner, Method::PATCH, &format!("/v1/contacts/{id}"), Some(later)).await.expect(200);
            self.seen.push(id);
        }
        self.hide(secret).await;
        let filter = json!({ "filter": { "field": "custom.hid_score", "op": "gt", "value": 3 } });
        self.view = self.made("/v1/views", json!({ "name": "Best", "of": "contact", "query": filter })).await;
        let share = format!("/v1/views/{}/shares/everyone", self.view);
        self.ask(&self.owner, Method::PUT, &share, Some(json!({ "level": "read" }))).await.expect(201);
    }

    /// Records that the caller does not see.
    async fn hide(&mut self, secret: Secret) {
        let name = secret.pick("Zanzibar", "Quokka");
        let contact = json!({
            "first_name": name, "last_name": secret.pick("Ada0", "Other"), "email": format!("{name}@example.com"),
            "city": secret.pick("Berlin", "Rome"), "tags": [name], "company_id": self.company,
            "custom": { "plain": secret.pick(1000, 5), "hid_score": 3 },
        });
        let contact = self.made("/v1/contacts", contact).await;
        let thing = self.made("/v1/x_things", json!({ "name": name })).await;
        let link = format!("/v1/contacts/{}/links/contact/{contact}", self.seen[0]);
        self.ask(&self.owner, Method::PUT, &link, Some(json!({}))).await.expect(201);
        self.unseen.extend([contact, thing]);
    }
}

/// A contact that the caller sees, with secrets in the fields that they do not.
fn contact(secret: Secret, number: usize, owner: &str, company: &str, firm: &str) -> Value {
    let word = secret.pick(["alpha", "beta", "gamma"], ["xray", "yankee", "zulu"])[number];
    let score = secret.pick([7, 1, 4], [2, 9, 3])[number];
    let city = ["Berlin", "Bonn", "Berlin"][number];
    let stage = secret.pick(["a", "b", "a"], ["b", "a", "b"])[number];
    json!({
        "first_name": format!("Ada{number}"), "last_name": "Lovelace", "email": format!("ada{number}@example.com"),
        "owner_id": owner, "company_id": company, "city": city,
        // The same phone number of two, or of none.
        "phone": secret.pick("+4930901820".to_owned(), format!("+493090182{number}")),
        "birthday": secret.pick("1980-01-01", "1970-07-07"), "job_title": secret.pick("Boss", "Clerk"),
        "custom": {
            "plain": number, "hid_code": word.to_uppercase(), "hid_mail": format!("{word}@secret.example"),
            "hid_stage": stage,
            "hid_fee": { "amount": score * 100, "currency": secret.pick("EUR", "USD") },
            "hid_score": score, "hid_since": format!("20{}-02-02", 10 + score), "hid_firm": firm,
            "hid_marks": [word], "hid_areas": [secret.pick("north", "south")],
        },
    })
}

/// The routers of all capabilities, with what each answers.
fn routers(app: &App, parts: &Parts) -> Vec<(Vec<Operation>, axum::Router)> {
    let router = |name: &str| match name {
        "identity" => identity::router(parts.clone()),
        "contacts" => contacts::router(parts.clone()),
        "schema" => schema::router(parts.clone()),
        "objects" => objects::router(parts.clone()),
        "views" => views::router(parts.clone()),
        "jobs" => jobs::router(parts.clone()),
        "privacy" => privacy::router(parts.clone()),
        other => panic!("leaks know of no {other}: add it, so that what it answers is looked at"),
    };
    capabilities(app).into_iter().map(|capability| (capability.operations, router(capability.name))).collect()
}

/// Whether a path is one of a template.
fn is_of(path: &str, template: &str) -> bool {
    let (path, template): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), template.split('/').collect());
    let fits = |(part, segment): (&&str, &&str)| part == segment || segment.starts_with('{');
    path.len() == template.len() && path.iter().zip(&template).all(fits)
}
