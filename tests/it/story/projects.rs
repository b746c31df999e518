//! The company works.

use serde_json::{Value, json};

use super::{Company, euros, id_of};

/// The ids of three projects: a pier that is being built, a viaduct that is planned, and a footbridge that is an idea.
pub(super) struct Projects {
    pub(super) pier: String,
    pub(super) viaduct: String,
    pub(super) footbridge: String,
}

/// The ids of invoices: two of the pier, one of them paid, and a paid one of the viaduct.
pub(super) struct Invoices {
    pub(super) paid: String,
    pub(super) open: String,
    pub(super) deposit: String,
}

impl Company {
    pub(super) async fn starts_projects(&self) -> Projects {
        let (rita, ada) = (&self.rita, &self.ada);
        let pier = json!({
            "name": "Pier 7",
            "custom": {
                "code": "P-7", "brief": "A pier.\nFor ships of 200 m.", "weeks": 40, "budget": euros(12_000_000),
                "start": "2027-03-01", "kickoff": "2027-02-22T09:00:00+01:00", "phase": "build", "skills": ["steel", "diving"],
                "inbox": "pier@brueckner.example", "site_phone": "+49 30 901820", "plans": "https://plans.example/p7",
                "lead": rita.id, "client": self.harbour, "permit": "1204",
            },
        });
        let pier = rita.me.post("/v1/x_projects", pier).await.expect(201);
        assert_eq!((&pier["object"], &pier["owner_id"]), (&json!("x_project"), &json!(rita.id)));
        let custom = &pier["custom"];
        assert_eq!(custom["kickoff"], "2027-02-22T08:00:00.000Z", "kept in UTC");
        assert_eq!((&custom["site_phone"], &custom["billable"]), (&json!("+4930901820"), &json!(true)));
        assert_eq!((&custom["ends"], &custom["per_week"]), (&json!("2027-12-06"), &euros(300_000)));
        let viaduct = json!({
            "name": "Viaduct", "custom": { "code": "V-1", "phase": "plan", "budget": euros(90_000_000), "weeks": 90, "client": self.railway, "permit": "77" },
        });
        let viaduct = rita.me.post("/v1/x_projects", viaduct).await.expect(201);
        let footbridge = json!({ "name": "Fußgängerbrücke", "custom": { "code": "F-3", "client": self.harbour, "permit": "none yet" } });
        let footbridge = ada.post("/v1/x_projects", footbridge).await.expect(201);
        assert_eq!((&footbridge["custom"]["phase"], &footbridge["custom"]["weeks"]), (&json!("idea"), &json!(12)));
        assert_eq!(footbridge["custom"]["ends"], Value::Null, "it has no start yet");
        Projects { pier: id_of(&pier), viaduct: id_of(&viaduct), footbridge: id_of(&footbridge) }
    }

    pub(super) async fn writes_invoices(&self, projects: &Projects) -> Invoices {
        let invoice = async |name: &str, project: &str, net: i64, paid: bool| {
            let custom = json!({ "project": project, "net": euros(net), "due": "2027-06-30", "paid": paid });
            let made = self.tom.me.post("/v1/x_invoices", json!({ "name": name, "custom": custom })).await.expect(201);
            assert_eq!(made["custom"]["gross"], euros(net * 119 / 100));
            id_of(&made)
        };
        Invoices {
            paid: invoice("2027-001", &projects.pier, 1_000_000, true).await,
            open: invoice("2027-002", &projects.pier, 500_000, false).await,
            deposit: invoice("2027-003", &projects.viaduct, 2_000_000, true).await,
        }
    }

    /// What is paid for a project follows its invoices: when one is paid, moved to another project, put away.
    pub(super) async fn sees_what_was_paid(&self, projects: &Projects, invoices: &Invoices) {
        let paid = async || {
            let mut paid = Vec::new();
            for project in [&projects.pier, &projects.viaduct, &projects.footbridge] {
                let custom = self.read(&format!("/v1/x_projects/{project}")).await["custom"].take();
                paid.push((custom["invoices"].clone(), custom["paid"]["amount"].clone()));
            }
            json!(paid)
        };
        assert_eq!(paid().await, json!([[2, 1_190_000], [1, 2_380_000], [0, null]]));
        let open = format!("/v1/x_invoices/{}", invoices.open);
        self.tom.me.patch(&open, json!({ "custom": { "paid": true } })).await.expect(200);
        assert_eq!(paid().await, json!([[2, 1_785_000], [1, 2_380_000], [0, null]]));
        self.tom.me.patch(&open, json!({ "custom": { "project": projects.footbridge } })).await.expect(200);
        assert_eq!(paid().await, json!([[1, 1_190_000], [1, 2_380_000], [1, 595_000]]));
        self.tom.me.delete(&open).await.expect(200);
        assert_eq!(paid().await, json!([[1, 1_190_000], [1, 2_380_000], [0, null]]));
        self.tom.me.post(&format!("{open}/restore"), json!({})).await.expect(200);
        let back = json!({ "custom": { "project": projects.pier, "paid": false } });
        self.tom.me.patch(&open, back).await.expect(200);
        assert_eq!(paid().await, json!([[2, 1_190_000], [1, 2_380_000], [0, null]]));
        let clients = self.column("/v1/companies?sort=-custom.projects", "name").await;
        assert_eq!(clients, ["Hafen Berlin", "Bahn Bremen"], "two projects and one");
    }

    /// Everything that is wrong is said at once, and a code belongs to one project.
    pub(super) async fn cannot_write_nonsense(&self, projects: &Projects) {
        let wrong = json!({
            "name": "Nonsense",
            "custom": {
                "weeks": 0, "budget": 5, "start": "soon", "kickoff": "2027-02-22", "billable": "yes", "phase": "dream", "skills": ["cooking"],
                "inbox": "nobody", "site_phone": "12", "plans": "ftp://plans.example", "lead": self.harbour, "client": self.rita.id,
                "ends": "2030-01-01", "paid": euros(1),
            },
        });
        let refused = self.rita.me.post("/v1/x_projects", wrong).await.expect(422);
        let mut pointers: Vec<&str> =
            refused["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
        pointers.sort_unstable();
        let all = [
            "billable",
            "budget",
            "code",
            "ends",
            "inbox",
            "kickoff",
            "lead",
            "paid",
            "phase",
            "plans",
            "site_phone",
            "skills",
            "start",
            "weeks",
        ];
        assert_eq!(pointers, all.map(|name| format!("/custom/{name}")));
        let stranger = json!({ "name": "X", "custom": { "code": "X-1", "client": self.rita.id } });
        assert_eq!(
            self.rita.me.post("/v1/x_projects", stranger).await.expect(422)["errors"][0]["pointer"],
            "/custom/client"
        );
        let taken = json!({ "name": "Copy", "custom": { "code": "P-7" } });
        assert_eq!(
            self.rita.me.post("/v1/x_projects", taken).await.expect(409)["errors"][0]["pointer"],
            "/custom/code"
        );
        let again = self.rita.me.put("/v1/x_projects/by/custom.code/P-7", json!({ "custom": { "weeks": 42 } })).await;
        assert_eq!(id_of(&again.expect(200)), projects.pier, "by its code it is found and changed");
        let homeless = json!({ "name": "2027-004", "custom": { "net": euros(1) } });
        assert_eq!(
            self.tom.me.post("/v1/x_invoices", homeless).await.expect(422)["errors"][0]["pointer"],
            "/custom/project"
        );
    }
}
