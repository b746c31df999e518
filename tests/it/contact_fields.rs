//! Jobs and further email addresses of a contact, through HTTP.

use serde_json::{Value, json};

use crate::app::App;
use crate::links::made;

#[tokio::test]
async fn whoever_changes_company_has_worked_at_the_old_one() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
    let apex = made(&me, "companies", json!({ "name": "Apex" })).await;
    let ada = json!({ "first_name": "Ada", "company_id": acme, "job_title": "Analyst" });
    let path = format!("/v1/contacts/{}", made(&me, "contacts", ada).await);
    let moved = me.patch(&path, json!({ "company_id": apex, "job_title": "Director" })).await.expect(200);
    assert_eq!(moved["former_jobs"], json!([{ "company_id": acme, "job_title": "Analyst" }]));
    let left = me.patch(&path, json!({ "company_id": null })).await.expect(200);
    let jobs = json!([{ "company_id": apex, "job_title": "Director" }, { "company_id": acme, "job_title": "Analyst" }]);
    assert_eq!(left["former_jobs"], jobs);
    let history = me.get(&format!("{path}/history")).await.expect(200);
    assert_eq!(history["data"][0]["changes"]["former_jobs"]["after"], jobs);
    let said = json!([{ "company_id": acme, "until": "2020-05-01" }]);
    assert_eq!(me.patch(&path, json!({ "former_jobs": said })).await.expect(200)["former_jobs"], said);
    let unknown = json!([{ "company_id": "com_019b76daa8007838a5822a6f9e62da21" }]);
    let refused = me.patch(&path, json!({ "former_jobs": unknown })).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/former_jobs/0/company_id");
}

fn emails(addresses: &[&str]) -> Value {
    addresses.iter().map(|email| json!({ "email": email })).collect()
}

#[tokio::test]
async fn two_contacts_share_no_email_first_or_further() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = json!({ "first_name": "Ada", "email": "ada@example.com", "emails": emails(&["ada@home.example", "a@work.example"]) });
    let path = format!("/v1/contacts/{}", made(&me, "contacts", ada).await);
    for taken in ["ADA@example.com", "ada@home.example", "A@Work.example"] {
        let as_first = me.post("/v1/contacts", json!({ "first_name": "Eve", "email": taken })).await;
        assert_eq!(as_first.refused(409), "conflict");
        let as_further = json!({ "first_name": "Eve", "emails": emails(&["eve@example.com", taken]) });
        assert_eq!(me.post("/v1/contacts", as_further).await.refused(409), "conflict");
    }
    // First and further change places within one write.
    let swapped = json!({ "email": "ada@home.example", "emails": emails(&["ada@example.com"]) });
    let swapped = me.patch(&path, swapped).await.expect(200);
    assert_eq!((&swapped["email"], &swapped["emails"]), (&json!("ada@home.example"), &emails(&["ada@example.com"])));
    // What was taken away is free, what is left is not.
    let eve = json!({ "first_name": "Eve", "email": "a@work.example" });
    made(&me, "contacts", eve).await;
    let taken = me.put("/v1/contacts/by/email/ada@example.com", json!({ "city": "Rome" })).await.expect(200);
    assert_eq!((&taken["first_name"], &taken["email"]), (&json!("Ada"), &json!("ada@home.example")));
    me.delete(&path).await.expect(200);
    made(&me, "contacts", json!({ "first_name": "Bob", "emails": emails(&["ada@example.com", "ada@home.example"]) }))
        .await;
    assert_eq!(me.post(&format!("{path}/restore"), json!({})).await.refused(409), "conflict");
}
