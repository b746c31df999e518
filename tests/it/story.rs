//! How a company bends Rapport to its own process, through the API alone and without a restart.
//!
//! Brückner & Co. builds bridges. It keeps its customers in Rapport already; now it wants its projects and its invoices there as
//! well, with the fields that it needs, seen by those who may, in the lists that it works with. A year later it wants some of
//! that differently.

mod lists;
mod mind;
mod permissions;
mod process;
mod projects;

use serde_json::{Value, json};

use crate::app::{App, Caller};

/// The company, and everything that it comes to have in the course of the story.
struct Company {
    app: App,
    /// Ada runs it.
    ada: Caller,
    /// Rita sells.
    rita: Colleague,
    /// Tom is in the finance team.
    tom: Colleague,
    /// Vera may only look.
    vera: Colleague,
    /// The finance team.
    finance: String,
    /// Customers from before: of Berlin, and of Bremen.
    harbour: String,
    railway: String,
}

/// Somebody with a key of their own.
struct Colleague {
    id: String,
    me: Caller,
}

#[tokio::test]
async fn a_company_models_its_own_process_and_changes_its_mind() {
    let company = Company::with_customers().await;

    company.describes_projects().await;
    company.describes_invoices().await;
    company.still_reads_what_was_there_before().await;

    let projects = company.starts_projects().await;
    let invoices = company.writes_invoices(&projects).await;
    company.sees_what_was_paid(&projects, &invoices).await;
    company.cannot_write_nonsense(&projects).await;

    company.lists_projects().await;
    company.looks_one_step_further(&projects).await;
    company.adds_up_by_phase().await;
    company.keeps_its_questions_as_views().await;
    company.ties_projects_to_people(&projects).await;

    company.keeps_invoices_to_finance(&invoices).await;
    company.shares_one_invoice(&invoices).await;
    company.lets_vera_look_only(&projects).await;

    company.remembers_how_it_was(&projects).await;

    company.retires_a_phase(&projects).await;
    company.calls_a_field_something_else(&projects).await;
    company.turns_text_into_a_number(&projects).await;
    company.counts_everything_once_more(&projects, &invoices).await;
}

impl Company {
    /// Before the story: people, two customers, and a contact at one of them.
    async fn with_customers() -> Self {
        let app = App::start().await;
        let ada = app.workspace("brueckner").await;
        let finance = id_of(&ada.post("/v1/teams", json!({ "name": "Finance" })).await.expect(201));
        let rita = Colleague::joins(&app, &ada, "Rita", "rep", json!(null)).await;
        let tom = Colleague::joins(&app, &ada, "Tom", "rep", json!(finance)).await;
        let vera = Colleague::joins(&app, &ada, "Vera", "viewer", json!(null)).await;
        let harbour = json!({ "name": "Hafen Berlin", "city": "Berlin", "domain": "hafen.example" });
        let harbour = id_of(&ada.post("/v1/companies", harbour).await.expect(201));
        let railway = json!({ "name": "Bahn Bremen", "city": "Bremen", "domain": "bahn.example" });
        let railway = id_of(&ada.post("/v1/companies", railway).await.expect(201));
        let erika = json!({ "first_name": "Erika", "email": "erika@hafen.example", "company_id": harbour });
        ada.post("/v1/contacts", erika).await.expect(201);
        app.drain().await;
        Self { app, ada, rita, tom, vera, finance, harbour, railway }
    }

    /// One record as it is read, with what is computed over others.
    async fn read(&self, path: &str) -> Value {
        self.app.drain().await;
        self.ada.get(path).await.expect(200)
    }

    /// One member of all records of a list, after everything that was written.
    async fn column(&self, list: &str, name: &str) -> Vec<String> {
        self.app.drain().await;
        self.ada.get(list).await.column(name)
    }
}

impl Colleague {
    async fn joins(app: &App, ada: &Caller, name: &str, role: &str, team: Value) -> Self {
        let email = format!("{}@brueckner.example", name.to_lowercase());
        let user = json!({ "name": name, "email": email, "role": role, "team_id": team });
        let id = id_of(&ada.post("/v1/users", user).await.expect(201));
        let me = app.key_of(ada, &id).await;
        Self { id, me }
    }
}

fn id_of(record: &Value) -> String {
    record["id"].as_str().unwrap_or_else(|| panic!("no id: {record:#}")).to_owned()
}

fn euros(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}
