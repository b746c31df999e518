//! Sharing records, through HTTP.

use serde_json::{Value, json};
use table::{Changes, Meter, Sort};

use crate::app::{App, Caller};
use crate::links::made;

/// Says in a workspace's configuration that contacts are private.
pub(crate) async fn make_contacts_private(app: &App, admin: &Caller) {
    let parts = app.stack.app();
    let workspace = admin.made.as_ref().unwrap().workspace;
    let table = parts.tables.workspace(workspace, Meter::default());
    let definition = json!({ "object": "contact", "version": 1, "updated_at": parts.clock.now(), "private": true });
    let mut changes = Changes::new();
    changes.create(table.keys().config("object.contact"), Sort::Config, definition.as_object().cloned().unwrap());
    table.commit(&changes).await.unwrap();
    parts.schemas.forget(workspace);
}

/// A colleague of the role rep, and their id.
pub(crate) async fn colleague(app: &App, admin: &Caller, name: &str, team: Option<&str>) -> (Caller, String) {
    let user = json!({ "name": name, "email": format!("{name}@example.com"), "role": "rep", "team_id": team });
    let id = made(admin, "users", user).await;
    (app.key_of(admin, &id).await, id)
}

#[tokio::test]
async fn a_private_contact_is_shared_with_a_colleague_and_taken_back() {
    let app = App::start().await;
    let admin = app.workspace("north").await;
    make_contacts_private(&app, &admin).await;
    let (owner, _) = colleague(&app, &admin, "olga", None).await;
    let (other, id) = colleague(&app, &admin, "otto", None).await;
    let contact = made(&owner, "contacts", json!({ "first_name": "Ada" })).await;
    let path = format!("/v1/contacts/{contact}");
    let share = format!("{path}/shares/{id}");
    assert_eq!(other.get(&path).await.refused(404), "not_found");
    assert_eq!(other.patch(&path, json!({ "city": "Rome" })).await.refused(404), "not_found");
    assert_eq!(other.put(&share, json!({ "level": "write" })).await.refused(404), "not_found");

    let made = owner.put(&share, json!({ "level": "read" })).await.expect(201);
    assert_eq!(json!([made["subject"], made["level"]]), json!([id, "read"]));
    assert_eq!(other.get(&path).await.expect(200)["first_name"], "Ada");
    assert_eq!(other.patch(&path, json!({ "city": "Rome" })).await.refused(403), "denied");
    assert_eq!(other.put(&share, json!({ "level": "write" })).await.refused(403), "denied");

    assert_eq!(owner.put(&share, json!({ "level": "write" })).await.expect(200)["level"], "write");
    other.patch(&path, json!({ "city": "Rome" })).await.expect(200);
    let listed = other.get(&format!("{path}/shares")).await.expect(200);
    assert_eq!(json!([listed["data"][0]["name"], listed["data"][0]["level"]]), json!(["otto", "write"]));
    owner.delete(&share).await.expect(204);
    owner.delete(&share).await.expect(204);
    assert_eq!(other.get(&path).await.refused(404), "not_found");
    let history = admin.get(&format!("{path}/history")).await.expect(200);
    let names: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    let expected = ["contact.unshared", "contact.changed", "contact.shared", "contact.shared", "contact.created"];
    assert_eq!(json!(names), json!(expected));
}

#[tokio::test]
async fn a_share_with_a_team_or_everyone_reaches_its_members() {
    let app = App::start().await;
    let admin = app.workspace("north").await;
    make_contacts_private(&app, &admin).await;
    let team = made(&admin, "teams", json!({ "name": "Sales" })).await;
    let (member, _) = colleague(&app, &admin, "mia", Some(&team)).await;
    let (outsider, _) = colleague(&app, &admin, "otto", None).await;
    let contact = made(&admin, "contacts", json!({ "first_name": "Ada" })).await;
    let path = format!("/v1/contacts/{contact}");
    admin.put(&format!("{path}/shares/{team}"), json!({ "level": "read" })).await.expect(201);
    member.get(&path).await.expect(200);
    assert_eq!(outsider.get(&path).await.refused(404), "not_found");
    admin.put(&format!("{path}/shares/everyone"), json!({ "level": "read" })).await.expect(201);
    outsider.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_share_that_cannot_be_is_refused() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let contact = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    let path = format!("/v1/contacts/{contact}/shares");
    let level = json!({ "level": "read" });
    assert_eq!(me.put(&format!("{path}/nobody"), level.clone()).await.refused(404), "not_found");
    assert_eq!(me.put(&format!("{path}/{contact}"), level.clone()).await.refused(404), "not_found");
    let unknown = "usr_019b76daa8007838a5822a6f9e62da21";
    assert_eq!(me.put(&format!("{path}/{unknown}"), level.clone()).await.refused(404), "not_found");
    for body in [json!({}), json!({ "level": "own" }), json!({ "level": "read", "until": 1 })] {
        assert_eq!(me.put(&format!("{path}/everyone"), body).await.refused(422), "invalid");
    }
    me.put(&format!("{path}/everyone?validate=only"), level.clone()).await.expect(201);
    assert_eq!(me.get(&path).await.expect(200)["data"], json!([]));
    me.delete(&format!("/v1/contacts/{contact}")).await.expect(200);
    assert_eq!(me.put(&format!("{path}/everyone"), level).await.refused(409), "archived");
}

#[tokio::test]
async fn nobody_is_told_of_links_with_records_that_they_may_not_know_of() {
    let app = App::start().await;
    let admin = app.workspace("north").await;
    make_contacts_private(&app, &admin).await;
    let (other, id) = colleague(&app, &admin, "otto", None).await;
    let (hidden, shared) = (
        made(&admin, "contacts", json!({ "first_name": "Hidden" })).await,
        made(&admin, "contacts", json!({ "first_name": "Shared" })).await,
    );
    admin.put(&format!("/v1/contacts/{shared}/shares/{id}"), json!({ "level": "read" })).await.expect(201);
    let company = made(&admin, "companies", json!({ "name": "Acme" })).await;
    let path = format!("/v1/companies/{company}");
    for contact in [&shared, &hidden] {
        admin.put(&format!("{path}/links/contact/{contact}?label=advises"), json!({})).await.expect(201);
    }
    admin.delete(&format!("{path}/links/contact/{hidden}?label=advises")).await.expect(204);
    let told = async |caller: &Caller, list: &str| {
        let page = caller.get(&format!("{path}/{list}")).await.expect(200).to_string();
        (page.contains(&hidden), page.contains(&shared))
    };
    for list in ["history", "timeline"] {
        assert_eq!(told(&admin, list).await, (true, true), "{list}");
        assert_eq!(told(&other, list).await, (false, true), "{list}");
    }
    // A page of nothing but such events is not the end.
    let page = other.get(&format!("{path}/timeline?limit=2")).await.expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["page"]["has_more"]), (0, &json!(true)));
    let cursor = page["page"]["next_cursor"].as_str().unwrap();
    let page = other.get(&format!("{path}/timeline?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    // What is gone may have been anybody's.
    admin.post(&format!("/v1/contacts/{hidden}/erase"), json!({})).await.expect(204);
    assert_eq!(told(&other, "history").await, (false, true));
}

#[tokio::test]
async fn what_went_wrong_with_records_that_one_may_not_know_of_is_not_told() {
    let app = App::start().await;
    let admin = app.workspace("north").await;
    make_contacts_private(&app, &admin).await;
    let (other, _) = colleague(&app, &admin, "otto", None).await;
    let (left, gone) = (
        made(&other, "companies", json!({ "name": "A" })).await,
        made(&other, "companies", json!({ "name": "B" })).await,
    );
    let mine = made(&other, "contacts", json!({ "first_name": "Mine", "company_id": gone })).await;
    let hidden = made(&admin, "contacts", json!({ "first_name": "Hidden", "company_id": gone })).await;
    app.drain().await;
    let merged = other.post(&format!("/v1/companies/{left}/merge"), json!({ "others": [gone] })).await.expect(200);
    app.drain().await;
    for (caller, contact) in [(&other, &mine), (&admin, &hidden)] {
        caller.patch(&format!("/v1/contacts/{contact}"), json!({ "company_id": null })).await.expect(200);
    }
    let job = merged["job"].as_str().unwrap();
    let undo = other.post(&format!("/v1/jobs/{job}/undo"), json!({})).await.expect(202);
    app.drain().await;
    let path = format!("/v1/jobs/{}", undo["id"].as_str().unwrap());
    assert_eq!(other.get(&path).await.expect(200)["counts"]["kept"], 2);
    let mut all = vec![mine.clone(), hidden];
    all.sort();
    let mut told = admin.get(&format!("{path}/errors")).await.column("record");
    told.sort();
    assert_eq!(told, all);
    assert_eq!(other.get(&format!("{path}/errors")).await.column("record"), [mine]);
}
