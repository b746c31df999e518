//! The other workspace, and everything of it that one might get hold of.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Caller};

/// A word that stands in its records and nowhere else.
pub(super) const SECRET: &str = "Zanzibarbarossa";
/// An idempotency key that it has used.
pub(super) const ONCE: &str = "theirs-1";
/// Addresses that it has given to a contact and to a user.
pub(super) const EMAILS: [&str; 2] = ["theirs@example.com", "their.user@example.com"];

/// What it has sent with that key. Nothing in it is secret: somebody else may send the same.
pub(super) fn once_body() -> Value {
    json!({ "first_name": "Shared", "email": EMAILS[0] })
}

/// An object of the company's own that both workspaces have.
pub(super) fn object() -> Value {
    json!({ "name": "x_thing", "plural": "x_things", "label": "Thing" })
}

/// The other workspace.
pub(super) struct Foreign {
    pub(super) caller: Caller,
    /// Ids of contacts, a user, a company, an API key, an event and the workspace itself.
    pub(super) ids: Vec<String>,
    pub(super) user: String,
    pub(super) view: String,
    pub(super) event: String,
    /// Of its contacts, a page of one.
    pub(super) cursor: String,
    pub(super) position: String,
    /// What nobody else may be told, unless they have said it themselves.
    pub(super) secrets: Vec<String>,
    /// All its items.
    pub(super) before: Vec<String>,
    workspace: String,
}

impl Foreign {
    pub(super) async fn make(app: &App, caller: Caller) -> Self {
        let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
        caller.patch("/v1/workspace", json!({ "name": format!("{SECRET} Ltd") })).await.expect(200);
        let once = [("idempotency-key", ONCE)];
        let made = caller.send(Method::POST, "/v1/contacts", &once, Some(once_body())).await;
        let position = made.header("rapport-position");
        let first = id(&made.expect(201));
        let secret = json!({ "last_name": SECRET, "city": format!("{SECRET} City"), "phone": "+49 30 2312599" });
        caller.patch(&format!("/v1/contacts/{first}"), secret).await.expect(200);
        let second = id(&caller.post("/v1/contacts", json!({ "last_name": SECRET })).await.expect(201));
        let trash = id(&caller.post("/v1/contacts", json!({ "last_name": SECRET })).await.expect(201));
        caller.delete(&format!("/v1/contacts/{trash}")).await.expect(200);
        let user = json!({ "name": SECRET, "email": EMAILS[1], "role": "rep" });
        let user = id(&caller.post("/v1/users", user).await.expect(201));
        let company = id(&caller.post("/v1/companies", json!({ "name": SECRET })).await.expect(201));
        caller.put(&format!("/v1/contacts/{first}/links/company/{company}?label=advises"), json!({})).await.expect(201);
        let shares = format!("/v1/contacts/{first}/shares/{user}");
        caller.put(&shares, json!({ "level": "read" })).await.expect(201);
        let invited = json!({ "email": "asked.in@example.com", "name": SECRET, "role": "rep" });
        let invited = id(&caller.post("/v1/invitations", invited).await.expect(201));
        let view = json!({ "name": SECRET, "of": "contact" });
        let view = id(&caller.post("/v1/views", view).await.expect(201));
        let key = id(&caller.post("/v1/api_keys", json!({ "name": SECRET, "role": "rep" })).await.expect(201));
        caller.post("/v1/schema/objects", object()).await.expect(201);
        let field = json!({ "name": "email", "type": "email", "unique": true, "help": SECRET });
        caller.post("/v1/schema/objects/x_thing/fields", field).await.expect(201);
        let thing = json!({ "name": SECRET, "custom": { "email": EMAILS[0] } });
        let thing = id(&caller.post("/v1/x_things", thing).await.expect(201));
        let history = caller.get(&format!("/v1/contacts/{first}/history")).await.expect(200);
        let event = id(&history["data"][0]);
        app.drain().await;
        let page = caller.get("/v1/contacts?limit=1").await.expect(200);
        let cursor = page["page"]["next_cursor"].as_str().unwrap().to_owned();
        let workspace = caller.made.as_ref().unwrap().workspace.to_string();
        let records = [first, second, trash, thing, user.clone(), company, invited, view.clone()];
        let ids: Vec<String> = records.into_iter().chain([key, event.clone(), workspace.clone()]).collect();
        let secrets = ids.iter().cloned().chain([SECRET.to_owned(), "2312599".to_owned()]).collect();
        let mut foreign =
            Self { caller, ids, user, view, event, cursor, position, secrets, before: Vec::new(), workspace };
        foreign.before = foreign.items(app);
        assert!(foreign.before.len() > 15, "{}", foreign.before.len());
        foreign
    }

    /// Every item that has to do with it, in order.
    pub(super) fn items(&self, app: &App) -> Vec<String> {
        let mut items: Vec<String> = app.items().into_iter().filter(|item| item.contains(&self.workspace)).collect();
        items.sort();
        items
    }
}
