//! What a company changes of built-in objects.

use serde_json::json;

use super::{Projects, field_of, wrong};

const STAGE: &str = "/v1/schema/objects/contact/fields/lifecycle_stage";

#[tokio::test]
async fn a_company_says_what_people_see_and_what_they_have_to_fill_in() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let object = json!({ "label": "Patient", "label_plural": "Patients", "help": "Somebody we treat." });
    let patch = me.patch("/v1/schema/objects/contact", object).await.expect(200);
    assert_eq!(
        (&patch["label_plural"], &patch["help"], &patch["version"]),
        (&json!("Patients"), &json!("Somebody we treat."), &json!(1))
    );
    let city = "/v1/schema/objects/contact/fields/city";
    let described = me.patch(city, json!({ "label": "Town", "required": true, "default": "Bonn" })).await.expect(200);
    assert_eq!(field_of(&described, "city")["label"], "Town");
    assert_eq!(me.post("/v1/contacts", json!({ "last_name": "A" })).await.expect(201)["city"], "Bonn");
    let refused = me.post("/v1/contacts", json!({ "last_name": "A", "city": null })).await;
    assert_eq!(wrong(refused), ["/city required"]);
    let back = me.patch(city, json!({ "label": null, "required": false, "default": null })).await.expect(200);
    assert_eq!(field_of(&back, "city")["label"], "City");
    assert_eq!(me.post("/v1/contacts", json!({ "last_name": "A" })).await.expect(201)["city"], json!(null));
}

#[tokio::test]
async fn what_rapport_relies_on_stays() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let change = async |path: &str, patch| wrong(me.patch(&format!("/v1/schema/objects/{path}"), patch).await);
    assert_eq!(
        change("contact/fields/email", json!({ "type": "text", "unique": false, "searched": false, "max": 5 })).await,
        ["/type built_in", "/unique built_in", "/searched built_in", "/max built_in"]
    );
    assert_eq!(change("company/fields/name", json!({ "required": false })).await, ["/required built_in"]);
    assert_eq!(change("view/fields/layout", json!({ "options": ["table", "pile"] })).await, ["/options built_in"]);
    assert_eq!(change("user", json!({ "private": true })).await, ["/private built_in"]);
    assert_eq!(
        change("contact", json!({ "only_administrators_write": true })).await,
        ["/only_administrators_write built_in"]
    );
    assert_eq!(me.delete("/v1/schema/objects/contact").await.refused(409), "built_in");
    assert_eq!(me.delete("/v1/schema/objects/contact/fields/email").await.refused(409), "built_in");
    assert_eq!(me.delete("/v1/schema/objects/nobody").await.refused(404), "not_found");
    assert_eq!(me.delete("/v1/schema/objects/contact/fields/nobody").await.refused(404), "not_found");
}

#[tokio::test]
async fn a_company_has_its_own_stages() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let lead = me.post("/v1/contacts", json!({ "last_name": "A", "lifecycle_stage": "lead" })).await.expect(201);
    let path = format!("/v1/contacts/{}", lead["id"].as_str().unwrap());
    let options = json!([
        "waiting",
        "treated",
        "customer",
        "subscriber",
        "qualified",
        "opportunity",
        "evangelist",
        "former",
        "other"
    ]);
    let patch = json!({ "options": options, "replace_with": { "lead": "waiting" } });
    let described = me.patch(STAGE, patch).await.expect(200);
    assert_eq!(field_of(&described, "lifecycle_stage")["options"][0]["value"], "waiting");
    assert_eq!(me.get(&path).await.expect(200)["lifecycle_stage"], "waiting", "read as what has taken its place");
    assert_eq!(wrong(me.patch(&path, json!({ "lifecycle_stage": "lead" })).await), ["/lifecycle_stage unknown_option"]);
    me.patch(&path, json!({ "lifecycle_stage": "treated" })).await.expect(200);
}

#[tokio::test]
async fn fields_of_its_own_stand_in_built_in_objects_as_in_others() {
    let projects = Projects::start().await;
    let me = &projects.me;
    for object in ["contact", "company", "user", "team"] {
        let path = format!("/v1/schema/objects/{object}/fields");
        me.post(&path, json!({ "name": "tier", "type": "select", "options": ["gold", "tin"] })).await.expect(201);
    }
    let made = me.post("/v1/contacts", json!({ "last_name": "A", "custom": { "tier": "gold" } })).await.expect(201);
    assert_eq!(made["custom"], json!({ "tier": "gold" }));
    let team = me.post("/v1/teams", json!({ "name": "A", "custom": { "tier": "tin" } })).await.expect(201);
    assert_eq!(team["custom"]["tier"], "tin");
}
