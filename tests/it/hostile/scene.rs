//! A workspace with something of everything, and another one whose ids, cursors and positions have leaked.

use serde_json::{Value, json};

use crate::app::{App, Caller};

/// Everything that hostile requests are about.
pub(super) struct Scene {
    pub(super) app: App,
    /// An administrator: nothing may be refused for want of rights.
    pub(super) me: Caller,
    pub(super) contact: String,
    /// The email of that contact.
    pub(super) email: String,
    pub(super) other_contact: String,
    pub(super) company: String,
    pub(super) project: String,
    pub(super) team: String,
    /// A saved view.
    pub(super) view: String,
    pub(super) foreign: Foreign,
}

/// What is another workspace's.
pub(super) struct Foreign {
    pub(super) contact: String,
    pub(super) company: String,
    pub(super) user: String,
    pub(super) workspace: String,
    pub(super) cursor: String,
    pub(super) position: String,
}

/// The fields that a company has made of its own, of every type, by name.
pub(super) const CUSTOM: [(&str, &str); 16] = [
    ("line", "text"),
    ("lines", "long_text"),
    ("score", "number"),
    ("fee", "money"),
    ("day", "date"),
    ("moment", "datetime"),
    ("yes", "boolean"),
    ("tier", "select"),
    ("channels", "multi_select"),
    ("mail", "email"),
    ("line_phone", "phone"),
    ("page", "url"),
    ("site", "domain"),
    ("buddy", "user"),
    ("partner", "reference"),
    ("double", "formula"),
];

/// A field's definition, as it is asked for.
fn definition(name: &str, kind: &str) -> Value {
    let mut field = json!({ "name": name, "type": kind });
    match kind {
        "select" => field["options"] = json!(["gold", "silver"]),
        "multi_select" => field["options"] = json!(["mail", "phone"]),
        "reference" => field["object"] = json!("company"),
        "formula" => field["expression"] = json!("custom.score * 2"),
        "text" => field["max"] = json!(1000),
        "long_text" => field["max"] = json!(20_000),
        _ => {}
    }
    field
}

impl Scene {
    pub(super) async fn make() -> Self {
        let app = App::start().await;
        let (me, other) = (app.workspace("north").await, app.workspace("south").await);
        let project = json!({ "name": "x_project", "plural": "x_projects" });
        me.post("/v1/schema/objects", project).await.expect(201);
        for (name, kind) in CUSTOM {
            me.post("/v1/schema/objects/contact/fields", definition(name, kind)).await.expect(201);
        }
        let customers = json!({ "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count" });
        me.post("/v1/schema/objects/company/fields", customers).await.expect(201);
        let email = "ada@example.com".to_owned();
        let company = made(&me, "/v1/companies", json!({ "name": "Acme", "domain": "acme.example" })).await;
        let ada = json!({
            "first_name": "Ada", "email": email, "company_id": company, "custom": { "tier": "gold", "score": 7 },
        });
        let contact = made(&me, "/v1/contacts", ada).await;
        let other_contact = made(&me, "/v1/contacts", json!({ "first_name": "Grace" })).await;
        let project = made(&me, "/v1/x_projects", json!({ "name": "Bridge" })).await;
        let team = made(&me, "/v1/teams", json!({ "name": "Sales" })).await;
        let view = made(&me, "/v1/views", json!({ "name": "Gold", "of": "contact", "query": {} })).await;
        let foreign = Foreign::make(&app, &other).await;
        app.drain().await;
        // The replica's file and the schema are there before anything is compared.
        me.get("/v1/contacts").await.expect(200);
        Self { app, me, contact, email, other_contact, company, project, team, view, foreign }
    }

    /// Fields of contacts with the word of their type, custom ones and built-in ones.
    pub(super) fn fields(&self) -> Vec<(String, &'static str)> {
        let own = [
            ("first_name", "text"),
            ("description", "long_text"),
            ("email", "email"),
            ("phone", "phone"),
            ("website", "url"),
            ("birthday", "date"),
            ("owner_id", "user"),
            ("company_id", "reference"),
            ("lifecycle_stage", "select"),
            ("tags", "tags"),
            ("external_id", "external_id"),
        ];
        let own = own.into_iter().map(|(name, kind)| (name.to_owned(), kind));
        own.chain(CUSTOM.iter().map(|(name, kind)| (format!("custom.{name}"), *kind))).collect()
    }

    /// A value with the other workspace's ids in the places that stand for them.
    pub(super) fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.as_str() {
                "$user" => json!(self.foreign.user),
                "$contact" => json!(self.foreign.contact),
                "$company" => json!(self.foreign.company),
                _ => value.clone(),
            },
            Value::Array(values) => values.iter().map(|value| self.named(value)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.named(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }

    /// Every route that was asked something bad answers what is good.
    pub(super) async fn is_well(&self) {
        let (contact, other) = (&self.contact, &self.other_contact);
        for list in [
            "/v1/contacts?sort=-custom.score&custom.tier=gold&q=ada&count=exact",
            "/v1/companies?sort=custom.people",
            "/v1/x_projects",
            "/v1/schema",
            "/v1/jobs",
            "/v1/search?q=ada&objects=contact&limit=5",
            "/v1/contacts/duplicates?limit=5",
            &format!("/v1/contacts/{contact}/timeline"),
            &format!("/v1/contacts/{contact}/history"),
            &format!("/v1/contacts/{contact}/links"),
            &format!("/v1/contacts/{contact}/shares"),
            &format!("/v1/views/{}", self.view),
            &format!("/v1/companies/{}", self.company),
        ] {
            self.me.get(list).await.expect(200);
        }
        let dry = |path: &str| format!("{path}?validate=only");
        let search = json!({ "filter": { "and": [{ "field": "city", "op": "is_null", "value": true }] }, "limit": 5 });
        self.me.post("/v1/contacts/search", search).await.expect(200);
        let figures =
            json!({ "group_by": ["custom.tier"], "aggregates": [{ "function": "sum", "field": "custom.score" }] });
        self.me.post("/v1/contacts/aggregate", figures).await.expect(200);
        self.me.post("/v1/contacts/duplicates", json!({ "email": self.email })).await.expect(200);
        self.me.post(&dry("/v1/contacts"), json!({ "first_name": "Eve" })).await.expect(201);
        self.me.patch(&dry(&format!("/v1/contacts/{contact}")), json!({ "city": "Rome" })).await.expect(200);
        self.me
            .put(&dry(&format!("/v1/contacts/by/email/{}", self.email)), json!({ "city": "Rome" }))
            .await
            .expect(200);
        let merge = dry(&format!("/v1/contacts/{contact}/merge"));
        self.me.post(&merge, json!({ "others": [other] })).await.expect(200);
        let batch = json!({ "operations": [{ "op": "create", "data": { "first_name": "Eve" } }], "atomic": true });
        self.me.post(&dry("/v1/contacts/batch"), batch).await.expect(200);
        let bulk = json!({ "filter": {}, "change": { "city": "Rome" } });
        self.me.post(&dry("/v1/contacts/bulk"), bulk).await.expect(202);
        let link = format!("/v1/contacts/{contact}/links/company/{}", self.company);
        self.me.put(&dry(&link), json!({})).await.expect(201);
        let share = format!("/v1/contacts/{contact}/shares/{}", self.team);
        self.me.put(&dry(&share), json!({ "level": "read" })).await.expect(201);
        let field = json!({ "name": "fine", "type": "formula", "expression": "custom.score + 1" });
        self.me.post(&dry("/v1/schema/objects/contact/fields"), field).await.expect(201);
        self.me.post(&dry("/v1/schema/objects"), json!({ "name": "x_fine", "plural": "x_fines" })).await.expect(201);
        self.me.patch(&dry(&format!("/v1/x_projects/{}", self.project)), json!({ "name": "Tunnel" })).await.expect(200);
    }
}

impl Foreign {
    async fn make(app: &App, other: &Caller) -> Self {
        let company = made(other, "/v1/companies", json!({ "name": "Theirs" })).await;
        let first = other.post("/v1/contacts", json!({ "first_name": "Their", "city": "Rome" })).await;
        let position = first.header("rapport-position");
        let contact = first.expect(201)["id"].as_str().unwrap().to_owned();
        other.post("/v1/contacts", json!({ "first_name": "Second" })).await.expect(201);
        app.drain().await;
        let page = other.get("/v1/contacts?limit=1").await.expect(200);
        let cursor = page["page"]["next_cursor"].as_str().unwrap().to_owned();
        let made = other.made.as_ref().unwrap();
        let (user, workspace) = (made.user.to_string(), made.workspace.to_string());
        Self { contact, company, user, workspace, cursor, position }
    }
}

/// The id of something new.
pub(super) async fn made(caller: &Caller, path: &str, body: Value) -> String {
    caller.post(path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}
