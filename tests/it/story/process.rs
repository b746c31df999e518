//! The company describes what it works with.

use serde_json::json;

use super::Company;

impl Company {
    /// A project has a client, a lead, a budget, phases; and it knows what was paid for it, once there are invoices.
    pub(super) async fn describes_projects(&self) {
        let project = json!({
            "name": "x_project", "plural": "x_projects", "label": "Project", "label_plural": "Projects", "help": "Something we build.",
        });
        let made = self.ada.post("/v1/schema/objects", project).await.expect(201);
        assert_eq!((&made["name"], &made["label"]), (&json!("x_project"), &json!("Project")));
        for field in [
            json!({ "name": "code", "type": "text", "max": 10, "required": true, "unique": true, "searched": true }),
            json!({ "name": "brief", "type": "long_text", "help": "What is to be built." }),
            json!({ "name": "weeks", "type": "number", "min": 1, "max": 500, "default": 12 }),
            json!({ "name": "budget", "type": "money" }),
            json!({ "name": "start", "type": "date" }),
            json!({ "name": "kickoff", "type": "datetime" }),
            json!({ "name": "billable", "type": "boolean", "default": true }),
            json!({ "name": "phase", "type": "select", "options": ["idea", "plan", { "value": "build", "label": "Under construction" }, "done"], "default": "idea" }),
            json!({ "name": "skills", "type": "multi_select", "options": ["steel", "concrete", "diving"] }),
            json!({ "name": "inbox", "type": "email" }),
            json!({ "name": "site_phone", "type": "phone" }),
            json!({ "name": "plans", "type": "url" }),
            json!({ "name": "lead", "type": "user" }),
            json!({ "name": "client", "type": "reference", "object": "company" }),
            json!({ "name": "ends", "type": "formula", "expression": "add_days(custom.start, custom.weeks * 7)" }),
            json!({ "name": "per_week", "type": "formula", "expression": "custom.budget / custom.weeks" }),
            json!({ "name": "permit", "type": "text" }),
        ] {
            self.ada.post("/v1/schema/objects/x_project/fields", field).await.expect(201);
        }
    }

    /// An invoice is of a project, and of nothing else. What was paid is added up for the project.
    pub(super) async fn describes_invoices(&self) {
        let invoice =
            json!({ "name": "x_invoice", "plural": "x_invoices", "label": "Invoice", "label_plural": "Invoices" });
        self.ada.post("/v1/schema/objects", invoice).await.expect(201);
        for field in [
            json!({ "name": "project", "type": "reference", "object": "x_project", "required": true }),
            json!({ "name": "net", "type": "money", "required": true }),
            json!({ "name": "vat", "type": "number", "decimals": 1, "default": 19 }),
            json!({ "name": "due", "type": "date" }),
            json!({ "name": "paid", "type": "boolean", "default": false }),
            json!({ "name": "gross", "type": "formula", "expression": "custom.net * (1 + custom.vat / 100)" }),
        ] {
            self.ada.post("/v1/schema/objects/x_invoice/fields", field).await.expect(201);
        }
        let of_invoices = |name: &str, function: &str| json!({ "name": name, "type": "roll_up", "object": "x_invoice", "via": "custom.project", "function": function });
        let mut paid = of_invoices("paid", "sum");
        paid["field"] = json!("custom.gross");
        paid["only"] = json!([{ "field": "custom.paid", "equals": true }]);
        for field in [paid, of_invoices("invoices", "count")] {
            self.ada.post("/v1/schema/objects/x_project/fields", field).await.expect(201);
        }
        let schema = self.ada.get("/v1/schema").await.expect(200);
        let names: Vec<&str> =
            schema["objects"].as_array().unwrap().iter().filter_map(|object| object["name"].as_str()).collect();
        assert!(["contact", "company", "x_invoice", "x_project"].iter().all(|name| names.contains(name)), "{names:?}");
    }

    /// Customers get fields too. Those from before have no value in them, and lose nothing.
    pub(super) async fn still_reads_what_was_there_before(&self) {
        let before = self.read(&format!("/v1/companies/{}", self.harbour)).await;
        for field in [
            json!({ "name": "credit", "type": "money" }),
            json!({ "name": "rating", "type": "select", "options": ["a", "b", "c"], "default": "b" }),
            json!({ "name": "projects", "type": "roll_up", "object": "x_project", "via": "custom.client", "function": "count" }),
        ] {
            self.ada.post("/v1/schema/objects/company/fields", field).await.expect(201);
        }
        let mut after = self.read(&format!("/v1/companies/{}", self.harbour)).await;
        assert_eq!(after["custom"], json!({ "credit": null, "rating": null, "projects": 0 }));
        after["custom"] = json!({});
        assert_eq!(after, before, "nothing else is different");
        let made = self.ada.post("/v1/companies?validate=only", json!({ "name": "New" })).await.expect(201);
        assert_eq!(made["custom"]["rating"], "b", "a new one has the default");
        let found = self.column("/v1/companies?custom.rating.is_null=true&sort=name", "name").await;
        assert_eq!(found, ["Bahn Bremen", "Hafen Berlin"]);
        let rated =
            self.ada.patch(&format!("/v1/companies/{}", self.railway), json!({ "custom": { "rating": "a" } })).await;
        assert_eq!(rated.expect(200)["custom"]["rating"], "a", "and an old one can be given a value");
        let found = self.column("/v1/companies?sort=custom.rating:nulls_first,name", "name").await;
        assert_eq!(found, ["Hafen Berlin", "Bahn Bremen"]);
    }
}
