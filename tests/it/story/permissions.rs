//! Who may see what.

use serde_json::json;

use super::Company;
use super::projects::{Invoices, Projects};

impl Company {
    /// Invoices become private: who is no administrator sees their own, in every way of looking.
    pub(super) async fn keeps_invoices_to_finance(&self, invoices: &Invoices) {
        let paid = format!("/v1/x_invoices/{}", invoices.paid);
        self.rita.me.get(&paid).await.expect(200);
        self.ada.patch("/v1/schema/objects/x_invoice", json!({ "private": true })).await.expect(200);
        self.app.drain().await;
        let (rita, tom) = (&self.rita.me, &self.tom.me);
        assert_eq!(tom.get("/v1/x_invoices?sort=name").await.column("name"), ["2027-001", "2027-002", "2027-003"]);
        assert!(rita.get("/v1/x_invoices").await.column("name").is_empty());
        assert_eq!(rita.get("/v1/x_invoices?count=exact").await.expect(200)["count"], 0);
        assert!(rita.get("/v1/x_invoices?q=2027").await.column("name").is_empty());
        assert!(!rita.get("/v1/search?q=2027").await.expect(200).to_string().contains(&invoices.paid));
        for refused in [
            rita.get(&paid).await,
            rita.patch(&paid, json!({ "custom": { "paid": false } })).await,
            rita.delete(&paid).await,
            rita.get(&format!("{paid}/history")).await,
            rita.get(&format!("{paid}/links")).await,
            rita.get(&format!("{paid}/shares")).await,
            rita.put(&format!("{paid}/shares/{}", self.rita.id), json!({ "level": "write" })).await,
        ] {
            assert_eq!(refused.refused(404), "not_found");
        }
        assert_eq!(self.column("/v1/x_invoices?sort=name", "name").await.len(), 3, "an administrator sees all of them");
    }

    /// Tom shows Rita one invoice, and lets her change it later. His team and everybody come next.
    pub(super) async fn shares_one_invoice(&self, invoices: &Invoices) {
        let (rita, tom) = (&self.rita.me, &self.tom.me);
        let paid = format!("/v1/x_invoices/{}", invoices.paid);
        let with = |subject: &str| format!("{paid}/shares/{subject}");
        tom.put(&with(&self.rita.id), json!({ "level": "read" })).await.expect(201);
        self.app.drain().await;
        assert_eq!(rita.get("/v1/x_invoices").await.column("name"), ["2027-001"]);
        assert_eq!(rita.get(&paid).await.expect(200)["name"], "2027-001");
        assert_eq!(rita.patch(&paid, json!({ "custom": { "vat": 7 } })).await.refused(403), "denied");
        tom.put(&with(&self.rita.id), json!({ "level": "write" })).await.expect(200);
        rita.patch(&paid, json!({ "custom": { "due": "2027-07-31" } })).await.expect(200);
        tom.delete(&with(&self.rita.id)).await.expect(204);
        self.app.drain().await;
        assert!(rita.get("/v1/x_invoices").await.column("name").is_empty());
        assert_eq!(rita.get(&paid).await.refused(404), "not_found");
        // Rita joins finance, with which the invoice is shared.
        tom.put(&with(&self.finance), json!({ "level": "read" })).await.expect(201);
        self.ada.patch(&format!("/v1/users/{}", self.rita.id), json!({ "team_id": self.finance })).await.expect(200);
        self.app.drain().await;
        assert_eq!(rita.get("/v1/x_invoices").await.column("name"), ["2027-001"]);
        assert_eq!(rita.get(&paid).await.expect(200)["custom"]["due"], "2027-07-31");
        self.ada.patch(&format!("/v1/users/{}", self.rita.id), json!({ "team_id": null })).await.expect(200);
        self.app.drain().await;
        assert!(rita.get("/v1/x_invoices").await.column("name").is_empty());
        let shares = tom.get(&format!("{paid}/shares")).await.column("subject");
        assert_eq!(shares, [self.finance.as_str()]);
    }

    /// Vera looks at projects, and changes nothing.
    pub(super) async fn lets_vera_look_only(&self, projects: &Projects) {
        let vera = &self.vera.me;
        let pier = format!("/v1/x_projects/{}", projects.pier);
        assert_eq!(vera.get(&pier).await.expect(200)["name"], "Pier 7");
        assert_eq!(vera.get("/v1/x_projects").await.column("name").len(), 3);
        assert!(vera.get("/v1/x_invoices").await.column("name").is_empty(), "invoices are private");
        for refused in [
            vera.post("/v1/x_projects", json!({ "name": "Mine", "custom": { "code": "M-1" } })).await,
            vera.patch(&pier, json!({ "name": "Mine" })).await,
            vera.delete(&pier).await,
            vera.put(&format!("{pier}/links/company/{}", self.railway), json!({})).await,
            vera.post(
                "/v1/x_projects/batch",
                json!({ "operations": [{ "op": "archive", "id": projects.pier }], "atomic": true }),
            )
            .await,
            vera.post("/v1/schema/objects/x_project/fields", json!({ "name": "mine", "type": "text" })).await,
        ] {
            assert_eq!(refused.refused(403), "denied");
        }
        let by_rita =
            self.rita.me.post("/v1/schema/objects/x_project/fields", json!({ "name": "mine", "type": "text" })).await;
        assert_eq!(by_rita.refused(403), "denied", "what the company works with is the administrators' business");
    }
}
