//! The company looks at what it has: lists, figures, saved views, ties.

use serde_json::{Value, json};

use super::projects::Projects;
use super::{Company, euros, id_of};

impl Company {
    /// By any field that the company has made, sorted by any other.
    pub(super) async fn lists_projects(&self) {
        for (query, names) in [
            ("custom.phase=build", &["Pier 7"][..]),
            ("custom.phase.in=plan,build&sort=custom.code", &["Pier 7", "Viaduct"]),
            ("custom.skills=diving", &["Pier 7"]),
            ("custom.budget.gte=50000000", &["Viaduct"]),
            ("custom.weeks.between=12,50&sort=-custom.weeks", &["Pier 7", "Fußgängerbrücke"]),
            ("custom.start.lt=2027-04-01", &["Pier 7"]),
            ("custom.ends.gte=2027-12-01", &["Pier 7"]),
            ("custom.billable=true&sort=name", &["Fußgängerbrücke", "Pier 7", "Viaduct"]),
            ("custom.brief.contains=SHIPS", &["Pier 7"]),
            ("custom.paid.gte=2000000", &["Viaduct"]),
            ("custom.invoices=0", &["Fußgängerbrücke"]),
            ("sort=-custom.paid", &["Viaduct", "Pier 7", "Fußgängerbrücke"]),
            ("sort=custom.per_week:nulls_first", &["Fußgängerbrücke", "Pier 7", "Viaduct"]),
            ("q=fussganger", &["Fußgängerbrücke"]),
            ("q=v-1", &["Viaduct"]),
        ] {
            assert_eq!(self.column(&format!("/v1/x_projects?{query}"), "name").await, names, "{query}");
        }
        let mine = self.rita.me.get("/v1/x_projects?owner_id=me&sort=name&count=exact").await.expect(200);
        assert_eq!((&mine["count"], &mine["data"][0]["name"]), (&json!(2), &json!("Pier 7")));
        let led = format!("/v1/x_projects?custom.lead={}", self.rita.id);
        assert_eq!(self.column(&led, "name").await, ["Pier 7"]);
    }

    /// Fields of a record one step away, in lists and in trees; and the record itself, when asked for.
    pub(super) async fn looks_one_step_further(&self, projects: &Projects) {
        let berlin = self.column("/v1/x_projects?custom.client.city=berlin&sort=custom.code", "name").await;
        assert_eq!(berlin, ["Fußgängerbrücke", "Pier 7"]);
        let by_client = self.column("/v1/x_projects?sort=custom.client.name,-custom.weeks", "name").await;
        assert_eq!(by_client, ["Viaduct", "Pier 7", "Fußgängerbrücke"]);
        let built = self.column("/v1/x_invoices?custom.project.custom.phase=build&sort=name", "name").await;
        assert_eq!(built, ["2027-001", "2027-002"]);
        let tree = json!({
            "filter": { "and": [
                { "or": [
                    { "field": "custom.project.custom.phase", "op": "eq", "value": "plan" },
                    { "field": "custom.gross", "op": "lt", "value": 1_000_000 },
                ] },
                { "not": { "field": "custom.due", "op": "is_null", "value": true } },
            ] },
            "sort": ["-custom.net"],
        });
        assert_eq!(self.ada.post("/v1/x_invoices/search", tree).await.column("name"), ["2027-003", "2027-002"]);
        let with =
            self.ada.get(&format!("/v1/x_projects/{}?include=custom.client,owner", projects.pier)).await.expect(200);
        let included = |id: &str| with["included"][id]["name"].clone();
        assert_eq!((included(&self.harbour), included(&self.rita.id)), (json!("Hafen Berlin"), json!("Rita")));
        let everywhere = self.ada.get("/v1/search?q=pier").await.expect(200);
        let first = &everywhere["data"][0];
        assert_eq!(
            (&first["object"], &first["id"], &first["title"]),
            (&json!("x_project"), &json!(projects.pier), &json!("Pier 7"))
        );
    }

    /// How much is in which phase.
    pub(super) async fn adds_up_by_phase(&self) {
        let question = json!({
            "group_by": ["custom.phase"],
            "aggregates": [
                "count",
                { "function": "sum", "field": "custom.budget" },
                { "function": "max", "field": "custom.weeks" },
            ],
            "sort": ["-max(custom.weeks)"],
        });
        let figures = self.ada.post("/v1/x_projects/aggregate", question).await.expect(200);
        let rows: Vec<Value> = figures["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                json!([
                    row["group"]["custom.phase"],
                    row["values"]["count"],
                    row["values"]["sum(custom.budget)"],
                    row["values"]["max(custom.weeks)"]
                ])
            })
            .collect();
        // Of money there is one sum for each currency.
        let plan = json!(["plan", 1, [euros(90_000_000)], 90]);
        assert_eq!(rows, [plan, json!(["build", 1, [euros(12_000_000)], 42]), json!(["idea", 1, [], 12])]);
    }

    /// Rita's list of what is being built becomes everybody's.
    pub(super) async fn keeps_its_questions_as_views(&self) {
        let view = json!({
            "name": "Under construction", "of": "x_project", "layout": "board", "columns": ["name", "custom.client", "custom.paid"],
            "query": { "filter": { "field": "custom.phase", "op": "eq", "value": "build" }, "sort": ["-custom.paid"] },
            "settings": { "group_by": "custom.phase" },
        });
        let view = id_of(&self.rita.me.post("/v1/views", view).await.expect(201));
        self.app.drain().await;
        assert_eq!(self.rita.me.get("/v1/views").await.column("name"), ["Under construction"]);
        assert!(self.tom.me.get("/v1/views").await.column("name").is_empty(), "it is hers alone");
        assert_eq!(self.tom.me.get(&format!("/v1/views/{view}")).await.refused(404), "not_found");
        let shared = self.rita.me.put(&format!("/v1/views/{view}/shares/everyone"), json!({ "level": "read" })).await;
        shared.expect(201);
        self.app.drain().await;
        assert_eq!(self.tom.me.get("/v1/views").await.column("name"), ["Under construction"]);
        let read = self.tom.me.get(&format!("/v1/views/{view}")).await.expect(200);
        assert_eq!(self.tom.me.post("/v1/x_projects/search", read["query"].clone()).await.column("name"), ["Pier 7"]);
        assert_eq!(
            self.tom.me.patch(&format!("/v1/views/{view}"), json!({ "name": "Mine" })).await.refused(403),
            "denied"
        );
    }

    /// Erika decides about the pier. Whoever looks at either sees it.
    pub(super) async fn ties_projects_to_people(&self, projects: &Projects) {
        let erika =
            self.ada.get("/v1/contacts?q=erika").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let link = format!("/v1/x_projects/{}/links/contact/{erika}?label=decides", projects.pier);
        self.rita.me.put(&link, json!({})).await.expect(201);
        self.rita.me.put(&link, json!({})).await.expect(200);
        let of_project = self.ada.get(&format!("/v1/x_projects/{}/links", projects.pier)).await.expect(200);
        let linked = |links: &Value| {
            let link = &links["data"][0];
            json!([link["object"], link["label"], link["direction"], link["title"]])
        };
        assert_eq!(linked(&of_project), json!(["contact", "decides", "out", "Erika"]));
        let of_erika = self.ada.get(&format!("/v1/contacts/{erika}/links?label=decides")).await.expect(200);
        assert_eq!(linked(&of_erika), json!(["x_project", "decides", "in", "Pier 7"]));
    }

    /// In the end everything is there, each once.
    pub(super) async fn counts_everything_once_more(&self, projects: &Projects, invoices: &super::projects::Invoices) {
        self.app.drain().await;
        for (list, count) in [("x_projects", 3), ("x_invoices", 3), ("companies", 2), ("contacts", 1)] {
            let page = self.ada.get(&format!("/v1/{list}?count=exact&limit=1&archived=any")).await.expect(200);
            assert_eq!(page["count"], count, "{list}");
        }
        let pier = self.read(&format!("/v1/x_projects/{}", projects.pier)).await;
        assert_eq!((&pier["custom"]["paid"], &pier["custom"]["invoices"]), (&euros(1_190_000), &json!(2)));
        let paid = self.read(&format!("/v1/x_invoices/{}", invoices.paid)).await;
        assert_eq!(paid["custom"]["project"], json!(projects.pier));
        let deposit = self.read(&format!("/v1/x_invoices/{}", invoices.deposit)).await;
        assert_eq!(deposit["custom"]["gross"], euros(2_380_000));
    }
}
