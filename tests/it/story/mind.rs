//! The company changes its mind, a year later.

use serde_json::{Value, json};

use super::Company;
use super::projects::Projects;

impl Company {
    /// Everything that was done is told, and a project can be read as it was.
    pub(super) async fn remembers_how_it_was(&self, projects: &Projects) {
        let path = format!("/v1/x_projects/{}", projects.viaduct);
        let before = self.ada.get(&path).await.expect(200);
        self.rita.me.patch(&path, json!({ "name": "Viaduct II", "custom": { "weeks": 95 } })).await.expect(200);
        self.rita
            .me
            .patch(&path, json!({ "name": "Viaduct", "custom": { "weeks": 90, "phase": "done" } }))
            .await
            .expect(200);
        let history = self.ada.get(&format!("{path}/history")).await.expect(200);
        let names: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
        assert_eq!(names, ["x_project.changed", "x_project.changed", "x_project.created"]);
        let last = &history["data"][0];
        assert_eq!(last["changes"]["custom.phase"], json!({ "before": "plan", "after": "done" }));
        assert_eq!(last["by"]["user"], json!(self.rita.id));
        let moment = history["data"][1]["at"].as_str().unwrap();
        let then = self.ada.get(&format!("{path}?as_of={moment}")).await.expect(200);
        assert_eq!((&then["name"], &then["custom"]["phase"]), (&json!("Viaduct II"), &json!("plan")));
        let first = self.ada.get(&format!("{path}?as_of={}", before["updated_at"].as_str().unwrap())).await.expect(200);
        assert_eq!(
            (&first["name"], &first["custom"]["weeks"], &first["version"]),
            (&json!("Viaduct"), &json!(90), &json!(1))
        );
    }

    /// Nobody plans any more: projects that are planned keep the word, and no other gets it.
    pub(super) async fn retires_a_phase(&self, projects: &Projects) {
        let field = "/v1/schema/objects/x_project/fields/phase";
        let idea = format!("/v1/x_projects/{}", projects.footbridge);
        self.ada.patch(&idea, json!({ "custom": { "phase": "plan" } })).await.expect(200);
        self.app.drain().await;
        let options = json!({ "options": ["idea", { "value": "build", "label": "Under construction" }, "done"] });
        self.ada.patch(field, options).await.expect(200);
        let kept = self.ada.get(&idea).await.expect(200);
        assert_eq!(kept["custom"]["phase"], "plan");
        self.ada.patch(&idea, json!({ "name": "Footbridge" })).await.expect(200);
        let other = format!("/v1/x_projects/{}", projects.pier);
        let refused = self.ada.patch(&other, json!({ "custom": { "phase": "plan" } })).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "unknown_option");
        assert_eq!(self.column("/v1/x_projects?custom.phase=plan", "name").await, ["Footbridge"]);
        // Later it is said what planning has become.
        let options = json!({ "options": ["idea", "draft", "build", "done"], "replace_with": { "plan": "draft" } });
        self.ada.patch(field, options).await.expect(200);
        assert_eq!(self.read(&idea).await["custom"]["phase"], "draft", "nothing was rewritten");
        assert_eq!(self.column("/v1/x_projects?custom.phase=draft", "name").await, ["Footbridge"]);
    }

    /// A label is for people; the name stays, and so does everything that is said by it.
    pub(super) async fn calls_a_field_something_else(&self, projects: &Projects) {
        let label = json!({ "label": "Duration in weeks", "help": "From the first day on site." });
        self.ada.patch("/v1/schema/objects/x_project/fields/weeks", label).await.expect(200);
        let object = self.ada.get("/v1/schema/objects/x_project").await.expect(200);
        let weeks = object["fields"].as_array().unwrap().iter().find(|field| field["name"] == "weeks").unwrap();
        assert_eq!(weeks["label"], "Duration in weeks");
        let pier = self.read(&format!("/v1/x_projects/{}", projects.pier)).await;
        assert_eq!((&pier["custom"]["weeks"], &pier["custom"]["ends"]), (&json!(42), &json!("2027-12-20")));
    }

    /// Permits turn out to be numbers. What would be lost is told first, and nothing is lost without a word.
    pub(super) async fn turns_text_into_a_number(&self, projects: &Projects) {
        let field = "/v1/schema/objects/x_project/fields/permit";
        let number = json!({ "type": "number" });
        self.app.drain().await;
        let preview = self.ada.patch(&format!("{field}?validate=only"), number.clone()).await.expect(409);
        let effect = &preview["effect"];
        assert_eq!((&effect["kept"], &effect["lost"]), (&json!(2), &json!(1)));
        assert_eq!(effect["samples"][0]["value"], "none yet");
        assert_eq!(self.ada.patch(field, number.clone()).await.refused(409), "would_lose_values");
        assert_eq!(self.read(&format!("/v1/x_projects/{}", projects.pier)).await["custom"]["permit"], "1204");
        self.ada.patch(&format!("{field}?accept_loss=true"), number).await.expect(200);
        let permits = async || {
            let mut permits = Vec::new();
            for project in [&projects.pier, &projects.viaduct, &projects.footbridge] {
                permits.push(self.read(&format!("/v1/x_projects/{project}")).await["custom"]["permit"].take());
            }
            permits
        };
        assert_eq!(permits().await, [json!(1204), json!(77), Value::Null]);
        assert_eq!(self.column("/v1/x_projects?custom.permit.gt=100", "name").await, ["Pier 7"]);
        assert_eq!(self.column("/v1/x_projects?sort=custom.permit", "name").await, ["Viaduct", "Pier 7", "Footbridge"]);
        // And back: what nobody has overwritten is still what it was.
        self.ada.patch(field, json!({ "type": "text" })).await.expect(200);
        assert_eq!(permits().await, [json!("1204"), json!("77"), json!("none yet")]);
    }
}
