//! Every operation that writes may be sent again with its idempotency key, and is answered again.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::capabilities;
use super::nouns::{Noun, Sociable, nouns, own_object, sociables};
use crate::app::{Answer, App, Caller};

/// Operations that keep no answer, as docs/API.md says: what they do twice is what they do once.
const KEEP_NO_ANSWER: [&str; 1] = ["revoke_api_key"];

/// Sends a request twice with one key: the second answer is the first.
async fn twice(me: &Caller, id: &str, method: Method, path: &str, body: Value) -> Answer {
    let headers = [("idempotency-key", id)];
    let first = me.send(method.clone(), path, &headers, Some(body.clone())).await;
    assert!(first.status.is_success(), "{id}: {:#}", first.body);
    let again = me.send(method, path, &headers, Some(body)).await;
    let mut expected = first.body.clone();
    if let Some(members) = expected.as_object_mut() {
        // Shown once, and not kept to be shown again.
        members.remove("secret");
    }
    assert_eq!((again.status, &again.body), (first.status, &expected), "{id}");
    if first.headers.contains_key("rapport-position") {
        assert_eq!(again.header("idempotency-replayed"), "true", "{id}");
        assert_eq!(again.header("rapport-position"), first.header("rapport-position"), "{id}");
    }
    first
}

/// Every way in which a record of an object is written together with others.
async fn together(me: &Caller, Sociable { id: noun, ids: nouns, kind, plural, new }: Sociable) -> Vec<String> {
    let all = format!("/v1/{plural}");
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(me.post(&all, new.clone()).await.expect(201)["id"].as_str().unwrap().to_owned());
    }
    let one = format!("{all}/{}", ids[0]);
    let link = format!("{one}/links/{kind}/{}?label=knows", ids[1]);
    twice(me, &format!("link_{noun}"), Method::PUT, &link, json!({})).await;
    twice(me, &format!("unlink_{noun}"), Method::DELETE, &link, json!({})).await;
    let share = format!("{one}/shares/everyone");
    twice(me, &format!("share_{noun}"), Method::PUT, &share, json!({ "level": "read" })).await;
    twice(me, &format!("unshare_{noun}"), Method::DELETE, &share, json!({})).await;
    twice(me, &format!("merge_{noun}"), Method::POST, &format!("{one}/merge"), json!({ "others": [ids[1]] })).await;
    let batch = json!({ "operations": [{ "op": "create", "data": new }, { "op": "archive", "id": ids[0] }] });
    twice(me, &format!("batch_{nouns}"), Method::POST, &format!("{all}/batch"), batch).await;
    let verbs = ["link", "unlink", "share", "unshare", "merge"].map(|verb| format!("{verb}_{noun}"));
    verbs.into_iter().chain([format!("batch_{nouns}")]).collect()
}

/// Every way in which many records of an object are written.
async fn bulk(me: &Caller, Sociable { ids, plural, new, .. }: &Sociable) -> Vec<String> {
    let all = format!("/v1/{plural}");
    let made = me.post(&all, new.clone()).await.expect(201);
    let (edit, edits) = (json!({ "ids": [made["id"]], "add_tags": ["new"] }), format!("bulk_edit_{ids}"));
    let job = twice(me, &edits, Method::POST, &format!("{all}/bulk"), edit).await.expect(202);
    for verb in ["cancel", "undo"] {
        let path = format!("/v1/jobs/{}/{verb}", job["id"].as_str().unwrap());
        twice(me, &format!("{verb}_job_of_{ids}"), Method::POST, &path, json!({})).await;
    }
    vec![edits, "cancel_job".to_owned(), "undo_job".to_owned()]
}

/// Views are shared, and nothing else is done with several of them.
async fn shared_view(me: &Caller) -> [String; 2] {
    let view = me.post("/v1/views", json!({ "name": "All", "of": "contact" })).await.header("location");
    let share = format!("{view}/shares/everyone");
    twice(me, "share_view", Method::PUT, &share, json!({ "level": "read" })).await;
    twice(me, "unshare_view", Method::DELETE, &share, json!({})).await;
    ["share_view", "unshare_view"].map(str::to_owned)
}

/// Invitations.
async fn invited(me: &Caller) -> [String; 4] {
    let new = json!({ "email": "new@example.com", "role": "rep" });
    let made = twice(me, "create_invitation", Method::POST, "/v1/invitations", new).await.expect(201);
    let one = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    twice(me, "send_invitation", Method::POST, &format!("{one}/send"), json!({})).await.expect(200);
    twice(me, "revoke_invitation", Method::DELETE, &one, json!({})).await.expect(200);
    twice(me, "erase_invitation", Method::POST, &format!("{one}/erase"), json!({})).await.expect(204);
    ["create", "send", "revoke", "erase"].map(|verb| format!("{verb}_invitation"))
}

/// Everything of a user's becomes another one's.
async fn reassigned(me: &Caller) -> String {
    let user = |name: &str| json!({ "name": name, "email": format!("{name}@people.example"), "role": "rep" });
    let from = me.post("/v1/users", user("from")).await.header("location");
    let to = me.post("/v1/users", user("to")).await.expect(201);
    twice(me, "reassign_user", Method::POST, &format!("{from}/reassign"), json!({ "to": to["id"] })).await.expect(202);
    "reassign_user".to_owned()
}

/// Roles and API keys.
async fn access(me: &Caller) -> Vec<String> {
    let partner = json!({ "name": "x_partner", "from": "rep" });
    twice(me, "create_role", Method::POST, "/v1/roles", partner).await.expect(201);
    let less = json!({ "objects": { "contact": { "read": "own" } } });
    twice(me, "update_role", Method::PATCH, "/v1/roles/x_partner", less).await.expect(200);
    twice(me, "remove_role", Method::DELETE, "/v1/roles/x_partner", json!({})).await.expect(204);
    let key = json!({ "name": "import", "role": "rep" });
    let key = twice(me, "create_api_key", Method::POST, "/v1/api_keys", key).await.expect(201);
    let rotate = format!("/v1/api_keys/{}/rotate", key["id"].as_str().unwrap());
    twice(me, "rotate_api_key", Method::POST, &rotate, json!({})).await.expect(200);
    ["create_role", "update_role", "remove_role", "create_api_key", "rotate_api_key"].map(str::to_owned).into()
}

#[tokio::test]
async fn every_write_is_answered_again_for_its_key() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let mut used = BTreeSet::new();
    for (path, body) in own_object() {
        let id = if path.ends_with("fields") { "create_field" } else { "create_object" };
        twice(&me, id, Method::POST, path, body).await.expect(201);
    }
    for Noun { id: noun, plural, new, patch, by, upsert } in nouns() {
        let all = format!("/v1/{plural}");
        let made = twice(&me, &format!("create_{noun}"), Method::POST, &all, new).await.expect(201);
        let one = format!("{all}/{}", made["id"].as_str().unwrap());
        twice(&me, &format!("update_{noun}"), Method::PATCH, &one, patch).await;
        if let Some(by) = by {
            twice(&me, &format!("upsert_{noun}"), Method::PUT, &format!("{all}/by/{by}"), upsert).await;
            used.insert(format!("upsert_{noun}"));
        }
        twice(&me, &format!("archive_{noun}"), Method::DELETE, &one, json!({})).await;
        twice(&me, &format!("restore_{noun}"), Method::POST, &format!("{one}/restore"), json!({})).await;
        twice(&me, &format!("erase_{noun}"), Method::POST, &format!("{one}/erase"), json!({})).await;
        used.extend(["create", "update", "archive", "restore", "erase"].map(|verb| format!("{verb}_{noun}")));
    }
    for sociable in sociables() {
        used.extend(bulk(&me, &sociable).await);
        used.extend(together(&me, sociable).await);
    }
    used.extend(shared_view(&me).await);
    used.extend(invited(&me).await);
    used.insert(reassigned(&me).await);
    let object = "/v1/schema/objects/x_thing";
    let field = format!("{object}/fields/number");
    for (noun, one) in [("field", field.as_str()), ("object", object)] {
        twice(&me, &format!("update_{noun}"), Method::PATCH, one, json!({ "label": "Other" })).await;
        twice(&me, &format!("archive_{noun}"), Method::DELETE, one, json!({})).await;
        twice(&me, &format!("restore_{noun}"), Method::POST, &format!("{one}/restore"), json!({})).await;
        used.extend(["create", "update", "archive", "restore"].map(|verb| format!("{verb}_{noun}")));
    }
    twice(&me, "update_workspace", Method::PATCH, "/v1/workspace", json!({ "name": "Nord" })).await;
    used.insert("update_workspace".to_owned());
    let export = json!({ "object": "contact", "format": "csv" });
    twice(&me, "create_export", Method::POST, "/v1/exports", export).await.expect(202);
    used.insert("create_export".to_owned());
    let upload = crate::imports::upload(&app.stack.app().files, &me, b"Name\nAda\n".to_vec()).await;
    let columns = json!([{ "column": "Name", "field": "full_name" }]);
    let import = json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] });
    twice(&me, "create_import", Method::POST, "/v1/imports", import).await.expect(202);
    used.insert("create_import".to_owned());
    used.extend(access(&me).await);
    used.extend(KEEP_NO_ANSWER.map(str::to_owned));
    let writes: BTreeSet<String> = capabilities(&app)
        .into_iter()
        .flat_map(|capability| capability.operations)
        .filter(|operation| operation.writes)
        .map(|operation| operation.id)
        .collect();
    assert_eq!(used, writes);
}
