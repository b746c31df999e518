//! Lists: fields of every type, fields of what a record refers to, what is included, what it costs.

use serde_json::{Value, json};

use crate::app::{App, Caller};

/// A field of each type on contacts, and figures about contacts on companies.
fn definitions() -> Value {
    json!([
        { "object": "contact", "fields": [
            { "name": "nick", "type": "text", "max": 100, "searched": true },
            { "name": "size", "type": "number", "decimals": 2 },
            { "name": "budget", "type": "money" },
            { "name": "since", "type": "date" },
            { "name": "met_at", "type": "datetime" },
            { "name": "vip", "type": "boolean" },
            { "name": "tier", "type": "select", "options": [{ "value": "gold" }, { "value": "silver" }] },
            { "name": "likes", "type": "multi_select", "options": [{ "value": "tea" }, { "value": "jazz" }] },
            { "name": "site", "type": "url" },
            { "name": "buddy", "type": "user" },
            { "name": "employer", "type": "reference", "object": "company" },
            { "name": "twice", "type": "formula", "expression": "custom.size * 2" },
        ] },
        { "object": "company", "fields": [
            { "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count" },
        ] },
    ])
}

/// Two companies, and three contacts: one who has everything, one who has little, one who has nothing.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) me: Caller,
    pub(crate) acme: String,
    pub(crate) apex: String,
    pub(crate) ada: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        app.define(&me, definitions()).await;
        let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
        let company = async |body: Value| id(me.post("/v1/companies", body).await.expect(201));
        let revenue = json!({ "amount": 5_000_000, "currency": "EUR" });
        let acme = company(json!({ "name": "Acme", "city": "Berlin", "annual_revenue": revenue })).await;
        let apex = company(json!({ "name": "Apex", "city": "Århus", "parent_id": acme })).await;
        let user = me.made.as_ref().unwrap().user;
        let ada = json!({
            "first_name": "Ada", "company_id": acme, "tags": ["Press", "VIP"], "birthday": "1985-12-10",
            "emails": [{ "email": "ada@home.example" }], "phone": "+49 30 901820",
            "external_id": { "source": "hubspot", "key": "42" },
            "former_jobs": [{ "company_id": apex }],
            "custom": {
                "nick": "Łady", "size": 2.5, "budget": { "amount": 1250, "currency": "USD" }, "since": "2024-02-29",
                "met_at": "2026-01-02T03:04:05Z", "vip": true, "tier": "gold", "likes": ["tea", "jazz"],
                "site": "https://ada.example/", "buddy": user, "employer": apex,
            },
        });
        let ada = id(me.post("/v1/contacts", ada).await.expect(201));
        let bob = json!({
            "first_name": "Bob", "company_id": apex, "tags": ["press"],
            "custom": { "size": 10, "budget": { "amount": 900, "currency": "EUR" }, "tier": "silver", "likes": ["tea"] },
        });
        me.post("/v1/contacts", bob).await.expect(201);
        me.post("/v1/contacts", json!({ "first_name": "Cy" })).await.expect(201);
        app.drain().await;
        // The first question of an instance makes its file.
        me.get("/v1/contacts?limit=1").await.expect(200);
        Self { app, me, acme, apex, ada }
    }

    /// Who fits some conditions, in the order of their names.
    async fn found(&self, conditions: &str) -> String {
        let answer = self.me.get(&format!("/v1/contacts?sort=first_name&{conditions}")).await;
        answer.column("first_name").join(" ")
    }

    async fn searched(&self, body: Value) -> String {
        self.me.post("/v1/contacts/search", body).await.column("first_name").join(" ")
    }
}

#[tokio::test]
async fn every_type_of_field_is_compared_as_its_values_are() {
    let world = World::start().await;
    for (conditions, found) in [
        ("custom.nick=lady", "Ada"),
        ("custom.nick.contains=AD", "Ada"),
        ("custom.size=2.5", "Ada"),
        ("custom.size.gte=2.5", "Ada Bob"),
        ("custom.size.between=3,10", "Bob"),
        ("custom.budget.gt=1000", "Ada"),
        ("custom.budget.gte=900%20EUR", "Bob"),
        ("custom.budget.currency=USD", "Ada"),
        ("custom.since=2024-02-29", "Ada"),
        ("custom.since.lt=2024-02-29", ""),
        ("custom.met_at=2026-01-02", "Ada"),
        ("custom.met_at.gt=2026-01-02", ""),
        ("custom.vip=true", "Ada"),
        ("custom.vip.ne=true", "Bob Cy"),
        ("custom.tier.in=gold,silver", "Ada Bob"),
        ("custom.tier.is_null=true", "Cy"),
        ("custom.likes=jazz", "Ada"),
        ("custom.likes.not_in=jazz", "Bob Cy"),
        ("custom.site.starts_with=https://ada", "Ada"),
        ("custom.buddy=me", "Ada"),
        ("custom.twice=5", "Ada"),
        ("tags=press", "Ada Bob"),
        ("tags.ne=vip", "Bob Cy"),
        ("emails.email=ADA@home.example", "Ada"),
        ("external_id.key=42&external_id.source=hubspot", "Ada"),
        ("phone.contains=30%20901", "Ada"),
        ("birthday.lte=1985-12-31", "Ada"),
        ("owner_id=me", "Ada Bob Cy"),
        ("q=lad", "Ada"),
    ] {
        assert_eq!(world.found(conditions).await, found, "{conditions}");
    }
}

#[tokio::test]
async fn a_filter_tree_finds_what_no_query_string_can_say() {
    let world = World::start().await;
    let is = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let either = json!({ "or": [is("custom.vip", "eq", json!(true)), { "not": is("tags", "is_null", json!(false)) }] });
    assert_eq!(world.searched(json!({ "filter": either, "sort": ["first_name"] })).await, "Ada Cy");
    let dear = is("custom.budget", "gte", json!({ "amount": 1000, "currency": "USD" }));
    let body =
        json!({ "filter": { "and": [dear, is("owner_id", "in", json!(["me"]))] }, "count": "exact", "limit": 1 });
    let answer = world.me.post("/v1/contacts/search", body).await.expect(200);
    assert_eq!((&answer["count"], &answer["data"][0]["first_name"]), (&json!(1), &json!("Ada")));
    let first = json!({ "sort": [{ "field": "first_name", "direction": "descending" }], "limit": 2 });
    let page = world.me.post("/v1/contacts/search", first.clone()).await.expect(200);
    let mut second = first;
    second["cursor"] = page["page"]["next_cursor"].clone();
    assert_eq!(world.searched(second).await, "Ada");
}

#[tokio::test]
async fn fields_of_what_a_record_refers_to_are_compared_and_sorted_by() {
    let world = World::start().await;
    for (conditions, found) in [
        ("company.city=berlin", "Ada"),
        ("company.city=arhus", "Bob"),
        ("company.name.starts_with=a", "Ada Bob"),
        ("company.city.is_null=true", "Cy"),
        ("custom.employer.city=Aarhus", ""),
        ("custom.employer.name=apex", "Ada"),
        ("owner.name.contains=admin", "Ada Bob Cy"),
        ("company.annual_revenue.gte=5000000", "Ada"),
        ("company.custom.people=1", "Ada Bob"),
    ] {
        assert_eq!(world.found(conditions).await, found, "{conditions}");
    }
    assert_eq!(world.me.get("/v1/contacts?sort=-company.name").await.column("first_name"), ["Bob", "Ada", "Cy"]);
}

#[tokio::test]
async fn records_without_a_value_come_where_they_are_wanted() {
    let world = World::start().await;
    for (sort, order) in [
        ("custom.size", "Ada Bob Cy"),
        ("-custom.size", "Bob Ada Cy"),
        ("custom.size:nulls_first", "Cy Ada Bob"),
        ("-custom.tier:nulls_first,first_name", "Cy Bob Ada"),
        ("custom.vip,-first_name", "Ada Cy Bob"),
    ] {
        let page = world.me.get(&format!("/v1/contacts?sort={sort}")).await;
        assert_eq!(page.column("first_name").join(" "), order, "{sort}");
    }
}

#[tokio::test]
async fn what_records_refer_to_is_included_once_and_costs_no_round_trip() {
    let world = World::start().await;
    let path = "/v1/contacts?sort=first_name&include=company,owner,former_jobs.company,custom.employer";
    let answer = world.me.get(path).await;
    assert_eq!((answer.timing("round_trips"), answer.timing("read_units")), (1.0, 0.5));
    assert!(answer.timing("replica") > 0.0);
    let body = answer.expect(200);
    let included = body["included"].as_object().unwrap();
    let mut names: Vec<&str> = included.values().map(|record| record["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Acme", "Ada Admin", "Apex"]);
    assert_eq!(included[&world.acme]["city"], "Berlin");
    let plain = world.me.get("/v1/contacts").await;
    assert_eq!((plain.timing("round_trips"), plain.timing("read_units")), (1.0, 0.5));
    assert!(plain.expect(200).get("included").is_none());
    let one = world.me.get(&format!("/v1/contacts/{}?include=company", world.ada)).await;
    assert_eq!((one.header("etag").as_str(), one.timing("round_trips")), ("\"1\"", 2.0));
    assert_eq!(one.expect(200)["included"][&world.acme]["name"], "Acme");
}

#[tokio::test]
async fn only_the_wanted_fields_are_answered() {
    let world = World::start().await;
    let answer = world.me.get("/v1/contacts?first_name=ada&fields=first_name,custom.tier").await.expect(200);
    let expected = json!({
        "id": world.ada, "object": "contact", "version": 1, "first_name": "Ada", "custom": { "tier": "gold" },
    });
    assert_eq!(answer["data"], json!([expected]));
    let one = world.me.get(&format!("/v1/contacts/{}?fields=city", world.ada)).await.expect(200);
    assert_eq!(one, json!({ "id": world.ada, "object": "contact", "version": 1, "city": null }));
}

#[tokio::test]
async fn roll_ups_are_answered_where_records_are_read() {
    let world = World::start().await;
    let companies = world.me.get("/v1/companies?sort=name").await.expect(200);
    assert_eq!(companies["data"][0]["custom"]["people"], 1);
    let moved = world.me.patch(&format!("/v1/contacts/{}", world.ada), json!({ "company_id": world.apex })).await;
    let position = moved.header("rapport-position");
    moved.expect(200);
    let one = world.me.get_at(&format!("/v1/companies/{}", world.apex), &position).await;
    assert_eq!(one.expect(200)["custom"]["people"], 2);
    let none = world.me.get_at(&format!("/v1/companies/{}", world.acme), &position).await;
    assert_eq!(none.expect(200)["custom"]["people"], 0);
}

#[tokio::test]
async fn linked_records_are_found_from_both_ends() {
    let world = World::start().await;
    let path = format!("/v1/contacts/{}/links/company/{}?label=advises", world.ada, world.acme);
    world.me.put(&path, json!({})).await.expect(201);
    world.app.drain().await;
    let (acme, ada) = (&world.acme, &world.ada);
    assert_eq!(world.found(&format!("linked={acme}")).await, "Ada");
    assert_eq!(world.found(&format!("linked={acme}&linked.label=advises")).await, "Ada");
    assert_eq!(world.found(&format!("linked={acme}&linked.label=owns")).await, "");
    let companies = world.me.get(&format!("/v1/companies?linked={ada}")).await;
    assert_eq!(companies.column("name"), ["Acme"]);
    let body = json!({ "linked": { "record": acme, "label": "advises" } });
    assert_eq!(world.searched(body).await, "Ada");
}

#[tokio::test]
async fn a_field_that_was_made_a_moment_ago_is_known_at_once() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    me.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    app.drain().await;
    assert_eq!(me.get("/v1/contacts?sort=first_name").await.column("first_name"), ["Ada"]);
    app.define(&me, definitions()).await;
    let bob = me.post("/v1/contacts", json!({ "first_name": "Bob", "custom": { "tier": "gold" } })).await;
    let (path, position) = (bob.header("location"), bob.header("rapport-position"));
    bob.expect(201);
    let list = me.get_at("/v1/contacts?custom.tier=gold", &position).await.expect(200);
    assert_eq!(list["data"][0]["custom"]["tier"], "gold");
    assert_eq!(me.get(&path).await.expect(200)["custom"]["tier"], "gold");
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_with_its_place() {
    let world = World::start().await;
    let pointers = |body: Value| -> Vec<String> {
        let errors = body["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    for (query, pointer) in [
        ("include=nobody", "/include"),
        ("include=company.parent", "/include"),
        ("fields=nick", "/fields"),
        ("fields=", "/fields"),
        ("linked=x", "/linked"),
        ("linked.label=x", "/linked.label"),
        ("view=x", "/view"),
        ("company.nick=x", "/company.nick"),
        ("custom.size=many", "/custom.size"),
        ("custom.tier=bronze", "/custom.tier"),
        ("custom.vip.contains=x", "/custom.vip.contains"),
        ("sort=a.b.c", "/sort"),
    ] {
        let refused = world.me.get(&format!("/v1/contacts?{query}")).await.expect(422);
        assert_eq!(pointers(refused), [pointer], "{query}");
    }
    let body = json!({ "filter": { "and": [{ "field": "nick", "op": "eq", "value": 1 }, { "field": "city" }] } });
    let refused = pointers(world.me.post("/v1/contacts/search", body).await.expect(422));
    assert_eq!(refused, ["/filter/and/1/value"], "what is not compared otherwise is to be equal");
    let body = json!({ "filter": { "and": [{ "field": "nick", "op": "eq", "value": 1 }] } });
    let refused = pointers(world.me.post("/v1/contacts/search", body).await.expect(422));
    assert_eq!(refused, ["/filter/and/0/field"]);
    assert_eq!(world.me.post("/v1/contacts/search?limit=1", json!({})).await.refused(422), "invalid");
    assert_eq!(world.me.post("/v1/contacts/search", json!([])).await.refused(400), "not_an_object");
    assert_eq!(world.me.get("/v1/x_projects?limit=1").await.status, 404);
}
