//! One sample of every domain event, as the real code makes it with a clock that stands still and ids that repeat.
//!
//! Events outlive releases: whoever changes one of these files changes what older events are read as.

use std::collections::{BTreeMap, BTreeSet};

use api::{App as Parts, Authorize};
use events::Event;
use http::Method;
use identity::FirstUser;
use kernel::{Clock, Id, Ids, kinds};
use serde_json::{Value, json};

use super::{compare, pretty};
use crate::app::{App, Caller};
use crate::contract::nouns::{Noun, Sociable, nouns, own_object, sociables};
use crate::contract::{capabilities, path};

/// Where the samples are.
const FOLDER: &str = "events/domain";

/// Rapport's capabilities with a clock and ids of the test's own, in a new workspace.
struct Seeded {
    app: App,
    clock: Clock,
    /// Callers of capabilities, by what their paths begin with.
    callers: Vec<(&'static str, Caller)>,
    workspace: String,
    user: Id<kinds::User>,
    ids: Ids,
}

impl Seeded {
    async fn start() -> Self {
        let app = App::start().await;
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        // Without a gateway the functions look the credential up themselves.
        let parts = Parts { clock: clock.clone(), ids: ids.clone(), authorize: Authorize::Inline, ..app.stack.app() };
        let first = FirstUser { name: "Ada Admin".to_owned(), email: "ada@example.com".to_owned() };
        let made = identity::bootstrap(&parts.tables, &clock, &ids, "North", &first).await.unwrap();
        let caller = |router| Caller::on(router, made.secret.reveal());
        Self {
            callers: vec![
                ("/v1/jobs", caller(jobs::router(parts.clone()))),
                ("/v1/contacts", caller(contacts::router(parts.clone()))),
                ("/v1/companies", caller(contacts::router(parts.clone()))),
                ("/v1/schema", caller(schema::router(parts.clone()))),
                ("/v1/audit", caller(privacy::router(parts.clone()))),
                ("/v1/x_", caller(objects::router(parts.clone()))),
                ("/v1/views", caller(views::router(parts.clone()))),
                ("/v1/", caller(identity::router(parts))),
            ],
            workspace: made.workspace.to_string(),
            user: made.user,
            ids,
            app,
            clock,
        }
    }

    /// Calls an operation a second later, and gives the id of what it answers.
    async fn call(&self, path: &str, method: Method, body: Value) -> String {
        self.clock.advance_millis(1000);
        // Many records are the business of jobs, whatever they are.
        let is_job = ["/bulk", "/reassign", "/v1/exports", "/v1/imports"].iter().any(|end| path.ends_with(end));
        let wanted = if is_job { "/v1/jobs" } else { path };
        let (_, caller) = self.callers.iter().find(|(start, _)| wanted.starts_with(start)).unwrap();
        let answer = caller.send(method.clone(), path, &[], Some(body)).await;
        assert!(answer.status.is_success(), "{method} {path}: {:#}", answer.body);
        // A merge answers no record but a job.
        ["id", "job"].iter().find_map(|name| answer.body[name].as_str()).unwrap_or_default().to_owned()
    }

    /// Takes the merge of a job back, a second later.
    async fn take_back(&self, job: &str) {
        self.clock.advance_millis(1000);
        let caller = auth::Caller { user: self.user, api_key: None, workspace: self.workspace.parse().unwrap() };
        let parts = self.app.stack.app();
        let table = parts.tables.workspace(caller.workspace, table::Meter::default());
        let cx = records::Cx::new(
            caller,
            records::Rights::everything(self.user),
            table,
            parts.schemas,
            self.clock.clone(),
            self.ids.clone(),
        );
        records::unmerge(&cx, job.parse().unwrap()).await.unwrap();
    }

    /// What changes nothing and is noted all the same: an attempt that is denied, a file that is handed out, the log that is taken
    /// away.
    async fn noted(&self, export: &str) {
        self.clock.advance_millis(1000);
        let (_, identity) = self.callers.last().unwrap();
        let key = identity.post("/v1/api_keys", json!({ "name": "viewer", "role": "viewer" })).await.expect(201);
        let (_, contacts) = self.callers.iter().find(|(start, _)| *start == "/v1/contacts").unwrap();
        let viewer = contacts.with_secret(key["secret"].as_str().unwrap());
        let id = self.ids.next::<kinds::Contact>();
        viewer.patch(&format!("/v1/contacts/{id}"), json!({ "city": "Bonn" })).await.refused(403);
        // As its worker leaves the job.
        let table = self.app.stack.app().tables.workspace(self.workspace.parse().unwrap(), table::Meter::default());
        let mut job = records::Job::find(&table, export.parse().unwrap()).await.unwrap().unwrap();
        job.place.insert("files".to_owned(), json!([{ "name": "contacts.csv", "bytes": 7 }]));
        let mut changes = table::Changes::new();
        let (id, version) = (job.common.id, job.common.version);
        changes.replace_record(table.keys(), "job", id, job.document().unwrap(), version);
        table.commit(&changes).await.unwrap();
        self.call(&format!("/v1/jobs/{export}/files"), Method::GET, json!({})).await;
        self.call("/v1/audit/jsonl", Method::GET, json!({})).await;
    }

    /// The events of the workspace, in their order.
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for item in self.app.items() {
            let item: serde_dynamo::Item = serde_json::from_str(&item).unwrap();
            let Ok(event) = serde_dynamo::from_item::<_, Event>(item.clone()) else { continue };
            if event.workspace.to_string() == self.workspace {
                events.push(event);
            }
        }
        events.sort_by_key(|event| (event.at, event.id));
        events
    }
}

/// Every way in which a record of an object is written together with others.
async fn together(seeded: &Seeded, Sociable { id: noun, ids: nouns, kind, plural, new }: Sociable) -> Vec<String> {
    let all = format!("/v1/{plural}");
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(seeded.call(&all, Method::POST, new.clone()).await);
    }
    let one = format!("{all}/{}", ids[0]);
    let link = format!("{one}/links/{kind}/{}", ids[1]);
    seeded.call(&link, Method::PUT, json!({})).await;
    seeded.call(&link, Method::DELETE, json!({})).await;
    seeded.call(&format!("{one}/shares/everyone"), Method::PUT, json!({ "level": "read" })).await;
    seeded.call(&format!("{one}/shares/everyone"), Method::DELETE, json!({})).await;
    let job = seeded.call(&format!("{one}/merge"), Method::POST, json!({ "others": [ids[1]] })).await;
    seeded.take_back(&job).await;
    let batch = json!({ "operations": [{ "op": "create", "data": new }] });
    seeded.call(&format!("{all}/batch"), Method::POST, batch).await;
    let verbs = ["link", "unlink", "share", "unshare", "merge"].map(|verb| format!("{verb}_{noun}"));
    verbs.into_iter().chain([format!("batch_{nouns}")]).collect()
}

/// Every way in which many records of an object are written, by a job that is cancelled before it begins.
async fn bulk(seeded: &Seeded, Sociable { ids, plural, new, .. }: &Sociable) -> Vec<String> {
    let all = format!("/v1/{plural}");
    let id = seeded.call(&all, Method::POST, new.clone()).await;
    let edit = json!({ "ids": [id], "add_tags": ["new"] });
    let job = seeded.call(&format!("{all}/bulk"), Method::POST, edit).await;
    for verb in ["cancel", "undo"] {
        seeded.call(&format!("/v1/jobs/{job}/{verb}"), Method::POST, json!({})).await;
    }
    vec![format!("bulk_edit_{ids}"), "cancel_job".to_owned(), "undo_job".to_owned()]
}

/// Every operation that writes, at least once.
async fn everything(seeded: &Seeded) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (path, body) in own_object() {
        seeded.call(path, Method::POST, body).await;
    }
    for Noun { id: noun, plural, new, patch, by, upsert } in nouns() {
        let all = format!("/v1/{plural}");
        let id = seeded.call(&all, Method::POST, new.clone()).await;
        let one = format!("{all}/{id}");
        seeded.call(&one, Method::PATCH, patch).await;
        seeded.call(&one, Method::DELETE, json!({})).await;
        seeded.call(&format!("{one}/restore"), Method::POST, json!({})).await;
        // Somebody else is erased: erasing empties the events of whom it erases.
        let other = match by {
            Some(by) => seeded.call(&format!("{all}/by/{by}"), Method::PUT, upsert).await,
            None => seeded.call(&all, Method::POST, new).await,
        };
        seeded.call(&format!("{all}/{other}/erase"), Method::POST, json!({})).await;
        used.extend(by.map(|_| format!("upsert_{noun}")));
        used.extend(["create", "update", "archive", "restore", "erase"].map(|verb| format!("{verb}_{noun}")));
        if noun == "view" {
            let share = format!("{one}/shares/everyone");
            seeded.call(&share, Method::PUT, json!({ "level": "read" })).await;
            seeded.call(&share, Method::DELETE, json!({})).await;
            used.extend(["share_view", "unshare_view"].map(str::to_owned));
        }
    }
    for sociable in sociables() {
        used.extend(bulk(seeded, &sociable).await);
        used.extend(together(seeded, sociable).await);
    }
    schema(seeded).await;
    let verbs = ["create", "update", "archive", "restore"];
    used.extend(["object", "field"].into_iter().flat_map(|noun| verbs.map(|verb| format!("{verb}_{noun}"))));
    seeded.call("/v1/workspace", Method::PATCH, json!({ "name": "Nord" })).await;
    let key = seeded.call("/v1/api_keys", Method::POST, json!({ "name": "import", "role": "rep" })).await;
    seeded.call(&format!("/v1/api_keys/{key}/rotate"), Method::POST, json!({})).await;
    seeded.call(&format!("/v1/api_keys/{key}"), Method::DELETE, json!({})).await;
    seeded.call("/v1/roles", Method::POST, json!({ "name": "x_partner", "from": "rep" })).await;
    let less =
        json!({ "objects": { "contact": { "read": "own" } }, "fields": { "contact": { "birthday": "hidden" } } });
    seeded.call("/v1/roles/x_partner", Method::PATCH, less).await;
    seeded.call("/v1/roles/x_partner", Method::DELETE, json!({})).await;
    used.extend(["create_role", "update_role", "remove_role", "rotate_api_key"].map(str::to_owned));
    used.extend(invited(seeded).await);
    used.insert(reassigned(seeded).await);
    let export = json!({ "object": "contact", "format": "csv" });
    let export = seeded.call("/v1/exports", Method::POST, export).await;
    seeded.noted(&export).await;
    let upload: Id<kinds::Upload> = seeded.ids.next();
    let file = format!("uploads/{}/{}/{upload}", seeded.workspace, seeded.user);
    seeded.app.stack.app().files.put(&file, "Name\nAda\n".into()).await.unwrap();
    let columns = json!([{ "column": "Name", "field": "full_name" }]);
    let import = json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] });
    seeded.call("/v1/imports", Method::POST, import).await;
    let others = ["update_workspace", "create_api_key", "revoke_api_key", "create_export", "create_import"];
    used.extend(others.map(str::to_owned));
    used
}

/// What becomes of invitations.
async fn invited(seeded: &Seeded) -> [String; 4] {
    let new = json!({ "email": "new@example.com", "name": "Ada", "role": "rep", "language": "en" });
    let made = seeded.call("/v1/invitations", Method::POST, new.clone()).await;
    let one = format!("/v1/invitations/{made}");
    seeded.call(&format!("{one}/send"), Method::POST, json!({})).await;
    seeded.call(&one, Method::DELETE, json!({})).await;
    let other = seeded.call("/v1/invitations", Method::POST, new).await;
    seeded.call(&format!("/v1/invitations/{other}/erase"), Method::POST, json!({})).await;
    ["create", "send", "revoke", "erase"].map(|verb| format!("{verb}_invitation"))
}

/// Everything of a user's becomes another one's.
async fn reassigned(seeded: &Seeded) -> String {
    let user = |name: &str| json!({ "name": name, "email": format!("{name}@people.example"), "role": "rep" });
    let from = seeded.call("/v1/users", Method::POST, user("from")).await;
    let to = seeded.call("/v1/users", Method::POST, user("to")).await;
    seeded.call(&format!("/v1/users/{from}/reassign"), Method::POST, json!({ "to": to })).await;
    "reassign_user".to_owned()
}

/// Every change of the schema that is no creation.
async fn schema(seeded: &Seeded) {
    let object = "/v1/schema/objects/x_thing";
    let field = format!("{object}/fields/number");
    for (one, patch) in [(object, json!({ "label": "Item" })), (&field, json!({ "label": "No." }))] {
        seeded.call(one, Method::PATCH, patch).await;
        seeded.call(one, Method::DELETE, json!({})).await;
        seeded.call(&format!("{one}/restore"), Method::POST, json!({})).await;
    }
}

#[tokio::test]
async fn every_domain_event_has_a_sample_that_is_what_the_code_makes() {
    let seeded = Seeded::start().await;
    let used = everything(&seeded).await;
    let writes: BTreeSet<String> = capabilities(&seeded.app)
        .into_iter()
        .flat_map(|capability| capability.operations)
        .filter(|operation| operation.writes)
        .map(|operation| operation.id)
        .collect();
    assert_eq!(writes, used, "every write may have an event of its own");

    let mut samples: BTreeMap<String, Event> = BTreeMap::new();
    for event in seeded.events().into_iter().filter(|event| event.salt.is_some()) {
        assert_eq!(event.is_intact(), Some(true), "{event:?}");
        samples.entry(event.name.clone()).or_insert(event);
    }
    for (name, event) in &samples {
        compare(&format!("{FOLDER}/{name}.json"), &pretty(&serde_json::to_value(event).unwrap()));
    }
    let files: BTreeSet<String> = std::fs::read_dir(path(FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".json").to_owned())
        .collect();
    assert_eq!(files, samples.into_keys().collect(), "a sample of an event that nothing makes any more");
}

#[test]
fn events_of_earlier_releases_are_still_read() {
    for entry in std::fs::read_dir(path(FOLDER)).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let event: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(event.is_intact(), Some(true), "{}", file.display());
    }
}
