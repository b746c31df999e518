//! Records of a company's own objects are asked for like any others.

use serde_json::{Value, json};

use crate::app::{App, Caller};

struct World {
    app: App,
    me: Caller,
    acme: String,
    bridge: String,
}

impl World {
    /// Projects for companies, and a tunnel below a bridge.
    async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        me.post("/v1/schema/objects", json!({ "name": "x_project", "plural": "x_projects" })).await.expect(201);
        for (object, field) in [
            ("x_project", json!({ "name": "client", "type": "reference", "object": "company" })),
            ("x_project", json!({ "name": "above", "type": "reference", "object": "x_project", "acyclic": true })),
            ("x_project", json!({ "name": "days", "type": "number" })),
            ("x_project", json!({ "name": "weeks", "type": "formula", "expression": "custom.days / 7" })),
            (
                "company",
                json!({ "name": "days", "type": "roll_up", "object": "x_project", "via": "custom.client", "function": "sum", "field": "custom.days" }),
            ),
        ] {
            me.post(&format!("/v1/schema/objects/{object}/fields"), field).await.expect(201);
        }
        let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
        let acme = id(me.post("/v1/companies", json!({ "name": "Acme", "city": "Köln" })).await.expect(201));
        let bridge = json!({ "name": "Bridge", "tags": ["steel"], "custom": { "client": acme, "days": 14 } });
        let bridge = id(me.post("/v1/x_projects", bridge).await.expect(201));
        let tunnel = json!({ "name": "Tunnel", "custom": { "above": bridge, "days": 7 } });
        me.post("/v1/x_projects", tunnel).await.expect(201);
        app.drain().await;
        Self { app, me, acme, bridge }
    }

    async fn names(&self, path: &str) -> Vec<String> {
        self.me.get(path).await.column("name")
    }
}

#[tokio::test]
async fn they_are_listed_by_any_of_their_fields() {
    let world = World::start().await;
    for (conditions, names) in [
        ("custom.client.city=koln", vec!["Bridge"]),
        ("custom.above.name=bridge", vec!["Tunnel"]),
        ("custom.above.custom.days.gt=10", vec!["Tunnel"]),
        ("custom.weeks=2", vec!["Bridge"]),
        ("tags=Steel", vec!["Bridge"]),
        ("q=tunn", vec!["Tunnel"]),
        ("sort=-custom.days:nulls_first", vec!["Bridge", "Tunnel"]),
    ] {
        assert_eq!(world.names(&format!("/v1/x_projects?{conditions}")).await, names, "{conditions}");
    }
    assert_eq!(world.names("/v1/companies?custom.days=14").await, ["Acme"]);
    let list =
        world.me.get("/v1/x_projects?include=custom.client,custom.above,owner&sort=name&fields=name").await.expect(200);
    let included = list["included"].as_object().unwrap();
    assert_eq!(included.len(), 3);
    assert_eq!(
        (&included[&world.acme]["name"], &included[&world.bridge]["custom"]["weeks"]),
        (&json!("Acme"), &json!(2))
    );
    let filter = json!({ "filter": { "field": "custom.client", "op": "is_null", "value": true } });
    assert_eq!(world.me.post("/v1/x_projects/search", filter).await.column("name"), ["Tunnel"]);
    assert_eq!(world.me.post("/v1/x_nothing/search", json!({})).await.refused(404), "not_found");
    assert_eq!(world.me.post("/v1/x_nothing/aggregate", json!({})).await.refused(404), "not_found");
}

#[tokio::test]
async fn figures_timelines_duplicates_and_the_search_know_them() {
    let world = World::start().await;
    let body = json!({ "group_by": ["custom.client"], "aggregates": [{ "function": "sum", "field": "custom.days" }] });
    let figures = world.me.post("/v1/x_projects/aggregate", body).await.expect(200);
    let expected = json!({ "group": { "custom.client": world.acme }, "values": { "sum(custom.days)": 14 } });
    assert_eq!(figures["data"][0], expected);
    let path = format!("/v1/x_projects/{}", world.bridge);
    world.me.patch(&path, json!({ "custom": { "days": 21 } })).await.expect(200);
    let timeline = world.me.get(&format!("{path}/timeline")).await.expect(200);
    assert_eq!(timeline["data"][0]["title"], "Changed days");
    assert_eq!(timeline["data"][0]["data"]["changes"]["custom.days"], json!({ "before": 14, "after": 21 }));
    let found = world.me.get("/v1/search?q=bridge").await.expect(200);
    assert_eq!((&found["data"][0]["object"], &found["data"][0]["title"]), (&json!("x_project"), &json!("Bridge")));
    let alike = world.me.post("/v1/x_projects/duplicates", json!({ "name": "bridge" })).await.expect(200);
    assert_eq!(
        (&alike["data"][0]["record"]["id"], &alike["data"][0]["reasons"]),
        (&json!(world.bridge), &json!(["name"]))
    );
}

#[tokio::test]
async fn a_view_can_be_of_them() {
    let world = World::start().await;
    let view = json!({
        "name": "Long", "of": "x_project", "columns": ["name", "custom.client.name", "custom.weeks"],
        "query": { "filter": { "field": "custom.days", "op": "gt", "value": 10 }, "sort": ["-custom.weeks"] },
        "layout": "board", "settings": { "group_by": "custom.client" },
    });
    let view = world.me.post("/v1/views", view).await.expect(201);
    world.app.drain().await;
    let path = format!("/v1/x_projects?view={}", view["id"].as_str().unwrap());
    assert_eq!(world.names(&path).await, ["Bridge"]);
    let refused = world.me.post("/v1/views", json!({ "name": "None", "of": "x_nothing" })).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/of");
}
