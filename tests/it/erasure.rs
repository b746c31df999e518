//! Whoever is erased is nowhere: every byte of the table, the journal, the replicas' files and the bucket is looked through for
//! their name, their address and their number.

use std::path::{Path, PathBuf};

use events::{SnapshotReason, SnapshotRequest};
use http::Method;
use kernel::Clock;
use serde_json::{Value, json};
use table::Meter;

use crate::app::{App, Caller};
use crate::imports::upload;
use crate::links::made;

const FIRST: &str = "Zebulonia";
const LAST: &str = "Quagmÿre";
const EMAIL: &str = "Zebulonia.Quagmyre@rare-mail.example";
const FURTHER: &str = "zq@further-mail.example";
const PHONE: &str = "+4915799887766";

/// Everything that must not be found, as it is written, folded and dialled.
const TRACES: [&str; 7] =
    ["zebulonia", "quagmÿre", "quagmyre", "rare-mail", "further-mail", "15799887766", "1579 9887766"];

/// Somebody in a workspace who has left traces everywhere.
struct Person {
    app: App,
    me: Caller,
    workspace: kernel::Id<kernel::kinds::Workspace>,
    id: String,
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

impl Person {
    async fn known() -> Self {
        let nobody = Self::nobody().await;
        let person = json!({
            "first_name": FIRST, "last_name": LAST, "email": EMAIL, "phone": PHONE, "job_title": "Analyst",
            "emails": [{ "email": FURTHER }], "tags": ["rare"],
        });
        let key = [("idempotency-key", "once")];
        let id = id_of(&nobody.me.send(Method::POST, "/v1/contacts", &key, Some(person)).await.expect(201));
        let this = Self { id, ..nobody };
        this.written().await;
        this.tied().await;
        this.in_files().await;
        this
    }

    /// A workspace in which nobody has left a trace so far.
    async fn nobody() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let workspace = me.made.as_ref().unwrap().workspace;
        Self { app, me, workspace, id: String::new() }
    }

    /// The day can be sealed, and nothing is wrong with it.
    async fn is_sealed(&self) {
        let table = self.app.stack.app().tables.workspace(self.workspace, Meter::default());
        let (clock, today) = (Clock::System, Clock::System.now().day());
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        privacy::seal(&table, &clock, &today, until).await.unwrap();
        let verdict =
            privacy::verify(&table, clock.now(), None, None, |told| assert_eq!(told.wrong, [])).await.unwrap();
        assert_eq!((verdict.days, verdict.wrong), (1, 0));
    }

    fn path(&self) -> String {
        format!("/v1/contacts/{}", self.id)
    }

    async fn drain(&self) {
        self.app.drain().await;
    }

    async fn job(&self, path: &str, body: Value) -> Value {
        let job = self.me.post(path, body).await.expect(202);
        for _ in 0..200 {
            self.drain().await;
            let job = self.me.get(&format!("/v1/jobs/{}", id_of(&job))).await.expect(200);
            if job["state"] == "done" {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the job does not end");
    }

    /// Changed in every way, with keys and without.
    async fn written(&self) {
        let key = [("idempotency-key", "twice")];
        let change = json!({ "description": format!("{FIRST} is called {LAST}") });
        self.me.send(Method::PATCH, &self.path(), &key, Some(change)).await.expect(200);
        self.me.put(&format!("/v1/contacts/by/email/{EMAIL}"), json!({ "city": "Oslo" })).await.expect(200);
        let batch = json!({ "operations": [{ "op": "update", "id": self.id, "data": { "department": LAST } }] });
        self.me.send(Method::POST, "/v1/contacts/batch", &[("idempotency-key", "b")], Some(batch)).await.expect(200);
        self.me.delete(&self.path()).await.expect(200);
        self.me.post(&format!("{}/restore", self.path()), json!({})).await.expect(200);
        self.drain().await;
        let bulk = json!({ "filter": { "field": "city", "value": "oslo" }, "add_tags": ["bulk"] });
        self.job("/v1/contacts/bulk", bulk).await;
    }

    /// Tied to others, merged, shared, asked for, denied to somebody.
    async fn tied(&self) {
        let acme = made(&self.me, "companies", json!({ "name": "Acme" })).await;
        self.me.put(&format!("{}/links/company/{acme}?label=advises", self.path()), json!({})).await.expect(201);
        self.me.put(&format!("{}/shares/everyone", self.path()), json!({ "level": "read" })).await.expect(201);
        let twin = made(&self.me, "contacts", json!({ "first_name": FIRST, "last_name": LAST, "phone": PHONE })).await;
        self.me.post(&format!("{}/merge", self.path()), json!({ "others": [twin] })).await.expect(200);
        let viewer = self.me.with_role("viewer").await;
        assert_eq!(viewer.patch(&self.path(), json!({ "last_name": LAST })).await.refused(403), "denied");
        self.drain().await;
        let found = self.me.get("/v1/contacts?q=zebulonia").await.column("id");
        assert_eq!(found, [self.id.as_str()], "merged, so there is one");
        self.me.get("/v1/search?q=zebulonia").await.expect(200);
    }

    /// In files that came and went, and in a snapshot.
    async fn in_files(&self) {
        let rows = format!("First,Last,Mail,Phone\n{FIRST},{LAST},{EMAIL},{PHONE}\n{FIRST},Wrong,no mail,{PHONE}\n");
        let upload = upload(&self.app.stack.app().files, &self.me, rows.into_bytes()).await;
        let columns = json!([
            { "column": "First", "field": "first_name" }, { "column": "Last", "field": "last_name" },
            { "column": "Mail", "field": "email" }, { "column": "Phone", "field": "phone" },
        ]);
        let file = json!({ "upload": upload, "object": "contact", "match_by": ["email"], "columns": columns });
        let tried = json!({ "files": [file], "dry_run": true });
        self.job("/v1/imports", tried).await;
        self.me.patch(&self.path(), json!({ "last_name": "Other" })).await.expect(200);
        let done = self.job("/v1/imports", json!({ "files": [file] })).await;
        assert_eq!((&done["counts"]["changed"], &done["counts"]["failed"]), (&json!(1), &json!(1)), "{done:#}");
        let filter = json!({ "field": "last_name", "value": LAST });
        for format in ["csv", "jsonl"] {
            self.job("/v1/exports", json!({ "object": "contact", "format": format, "filter": filter })).await;
        }
        let request = SnapshotRequest { workspace: self.workspace, reason: SnapshotReason::Behind, record: None };
        self.app.stack.app().queues.ask_snapshot(&request).await.unwrap();
        self.drain().await;
    }

    /// Every place that has a trace, with the traces.
    async fn traces(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut look = |place: String, bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            found
                .extend(TRACES.iter().filter(|trace| text.contains(*trace)).map(|trace| format!("{trace} in {place}")));
        };
        for item in self.app.items() {
            look(format!("the table: {item:.400}"), item.as_bytes());
        }
        let table = self.app.stack.app().tables.workspace(self.workspace, Meter::default());
        let mut after = 0;
        loop {
            let page = table.journal_after(after, 100, true).await.unwrap();
            for entry in &page.entries {
                let changes = events::decode(&entry.packed).unwrap();
                look(format!("the journal, {}", entry.seq), &serde_json::to_vec(&changes).unwrap());
            }
            match page.entries.last() {
                Some(entry) if page.more => after = entry.seq,
                _ => break,
            }
        }
        // The engine's own file has its stream as well, for the 24 hours that streams have: the table was looked through above.
        let is_engine =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("table."));
        for path in files(self.app.stack.data_dir()).into_iter().filter(|path| !is_engine(path)) {
            let bytes = std::fs::read(&path).unwrap();
            look(path.display().to_string(), &bytes);
            if let Ok(unpacked) = zstd::stream::decode_all(bytes.as_slice()) {
                look(format!("{}, unpacked", path.display()), &unpacked);
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}

#[tokio::test]
async fn a_user_who_is_erased_is_found_nowhere() {
    let person = Person::nobody().await;
    let user = json!({ "name": format!("{FIRST} {LAST}"), "email": EMAIL, "role": "rep" });
    let id = id_of(&person.me.post("/v1/users", user).await.expect(201));
    let path = format!("/v1/users/{id}");
    // Somebody of the same name was asked in before, and mailed to.
    let invitation = json!({ "name": LAST, "email": format!("again.{EMAIL}"), "role": "rep" });
    let invitation = id_of(&person.me.post("/v1/invitations", invitation).await.expect(201));
    person.me.patch(&path, json!({ "name": format!("{LAST}, {FIRST}") })).await.expect(200);
    person.me.get("/v1/users?q=zebulonia").await.expect(200);
    person.drain().await;
    let request = SnapshotRequest { workspace: person.workspace, reason: SnapshotReason::Behind, record: None };
    person.app.stack.app().queues.ask_snapshot(&request).await.unwrap();
    person.drain().await;
    let before = person.traces().await;
    for place in ["the table", "the journal", "unpacked", "/replicas/", "mail"] {
        assert!(before.iter().any(|trace| trace.contains(place)), "nothing to be found in {place}: {before:#?}");
    }
    person.me.post(&format!("/v1/invitations/{invitation}/erase"), json!({})).await.expect(204);
    person.me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    person.drain().await;
    for path in ["/v1/users?q=zebulonia", "/v1/contacts", "/v1/search?q=quagmyre"] {
        person.me.get(path).await.expect(200);
    }
    person.me.post("/v1/contacts/bulk?validate=only", json!({ "filter": {}, "add_tags": ["x"] })).await.expect(202);
    person.drain().await;
    let after = person.traces().await;
    assert!(after.is_empty(), "{after:#?}");
    person.is_sealed().await;
}

#[tokio::test]
async fn whoever_is_erased_is_found_nowhere() {
    let person = Person::known().await;
    let before = person.traces().await;
    for place in ["the table", "the journal", "unpacked", "/replicas/", "/uploads/", "/results/"] {
        assert!(before.iter().any(|trace| trace.contains(place)), "nothing to be found in {place}: {before:#?}");
    }
    person.me.post(&format!("{}/erase", person.path()), json!({})).await.expect(204);
    person.drain().await;
    // Whoever asks next catches up: that is when the other instances' files lose what was erased.
    for path in ["/v1/contacts?q=zebulonia", "/v1/contacts", "/v1/search?q=quagmyre"] {
        person.me.get(path).await.expect(200);
    }
    person.me.post("/v1/contacts/bulk?validate=only", json!({ "filter": {}, "add_tags": ["x"] })).await.expect(202);
    person.drain().await;
    let after = person.traces().await;
    assert!(after.is_empty(), "{after:#?}");
    person.is_sealed().await;
}
